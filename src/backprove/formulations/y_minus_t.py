"""The textbooks' output delta of a logarithmic loss, y - t, as a formulation of the output layer's gradient."""

import numpy as np

from backprove.case import Case, Expanded, Gradient
from backprove.domains import Domain
from backprove.engines import matrix

NAME = "y - t"
# The output activations and losses for which textbooks print it.
CLAIMED = {("sigmoid", "binary_cross_entropy"), ("softmax", "categorical_cross_entropy")}


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^L = (Y - T)ᵀ A^{L-1} and dC/db^L = column sums of Y - T, times scale and reduction; no other layer.

    Y and A^{L-1} are those of engine `matrix`. Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.109.
    """
    whole = matrix.engine(case, domain)
    assert whole.trace is not None
    A = [domain.array(case.inputs), *whole.trace.a]
    Delta = (A[-1] - domain.array(case.targets)) * domain.number(case.factor)
    last = len(case.layers) - 1
    weights, biases = list(whole.weights), list(whole.biases)
    weights[last] = Delta.T @ A[-2]
    biases[last] = None if case.layers[last].bias is None else Delta.sum(axis=0)
    W = [np.full(layer.weights.shape, l == last) for l, layer in enumerate(case.layers)]
    b = [None if layer.bias is None else np.full(layer.bias.shape, l == last) for l, layer in enumerate(case.layers)]
    return Gradient(weights, biases, expanded=Expanded(W, b, "the output layer"))
