"""Row `bias-trick`: whole layers as matrices, a list of deltas built from the back, the bias as a column of ones.

    X         the inputs with an extra column of ones; A[0] = X
    W[l]      from layer l to layer l+1, (n_l + 1, n_{l+1} + 1): row = from, column = to; the output has no extra column
    forward   A[l+1] = σ(A[l] · W[l])
    deltas    D = [(A[L] - y) * A[L] (1 - A[L])], then delta = (D[-1] · W[l]ᵀ) * A[l] (1 - A[l]) appended, D reversed
    gradient  A[l]ᵀ · D[l], which the update subtracts α times

The extra column of a hidden layer's W is a unit like the others, with weights of its own and σ(net) for output. Only
the column of ones beside the inputs is constant: there is a bias in layer 1, and none behind it.
"""

from dataclasses import replace

import numpy as np

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.formulations.common import HALF, bias_in_layer_1_alone, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading


def _beside(D: Domain, A: Array, number: float) -> Array:
    """A with one more column of that number."""
    column = np.full((len(A), 1), D.number(number), dtype=A.dtype)
    return np.concatenate([A, column], axis=1)


def _below(D: Domain, W: Array, b: object) -> Array:
    """W turned (rows: from, columns: to), the bias as its last row."""
    return np.concatenate([W.T, D.array([b])])


def _passes(D: Domain, case: Case, W: list[Array], *, constant: bool = False) -> tuple[list[Array], Trace]:
    """(A[l]ᵀ · D[l] for every W[l], the quantities on the way).

    `constant`: every layer's activations get the column of ones, not the inputs alone.
    """
    L = len(W)
    A, nets = [_beside(D, D.array(case.inputs), 1)], []
    for l in range(L):
        nets.append(A[l] @ W[l])
        out = sigmoid(D, nets[l])
        A.append(_beside(D, out, 1) if constant and l < L - 1 else out)
    errors = [A[L] - D.array(case.targets)]
    deltas = [errors[0] * (A[L] * (1 - A[L]))]
    for l in range(L - 1, 0, -1):
        delta, out = deltas[-1] @ W[l].T, A[l]
        if constant:  # nothing goes back to a constant
            delta, out = delta[:, :-1], out[:, :-1]
        errors.append(delta)
        deltas.append(delta * (out * (1 - out)))
    deltas, errors = deltas[::-1], errors[::-1]
    outs = [out[:, : net.shape[1]] for out, net in zip(A[1:], nets, strict=True)]
    return [A[l].T @ deltas[l] for l in range(L)], Trace(nets, outs, errors, deltas)


def _as_believed(case: Case, domain: Domain) -> Gradient:
    """b^l in the last row of W[l-1]; the extra column of hidden layers 0, so that their extra unit is always σ(0)."""
    D, last = domain, len(case.layers) - 1
    W = [_below(D, D.array(layer.weights), layer.bias) for layer in case.layers]
    W = [_beside(D, W_l, 0) if l < last else W_l for l, W_l in enumerate(W)]
    dW, _ = _passes(D, case, W)
    dW = [dW_l[:, : len(layer.weights)] for dW_l, layer in zip(dW, case.layers, strict=True)]
    return Gradient([dW_l[:-1].T for dW_l in dW], [dW_l[-1] for dW_l in dW])


def _as_it_is(case: Case, domain: Domain) -> Gradient:
    D = domain
    W = [D.array(layer.weights).T for layer in case.layers]
    W[0] = _below(D, W[0].T, case.layers[0].bias)
    dW, trace = _passes(D, case, W)
    return Gradient([dW[0][:-1].T, *(dW_l.T for dW_l in dW[1:])], [dW[0][-1], *(None for _ in dW[1:])], trace)


def _with_ones(case: Case, domain: Domain) -> Gradient:
    D = domain
    W = [_below(D, D.array(layer.weights), layer.bias) for layer in case.layers]
    dW, trace = _passes(D, case, W, constant=True)
    return Gradient([dW_l[:-1].T for dW_l in dW], [dW_l[-1] for dW_l in dW], trace)


_BIASED = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=True)
_DELTAS = ("D[0] = (A[L] - y) * A[L] * (1 - A[L])", "D[i+1] = (D[i] · W[l]ᵀ) * A[l] * (1 - A[l]),  l = L-1 … 1")

ROW = Formulation(
    id="bias-trick",
    title="bias-trick matrix code",
    source="Rosebrock, Backpropagation from scratch with Python (pyimagesearch.com, 2021)",
    form="Whole layers as matrices that are stored from × to. A list of deltas is built from the back and reversed; "
    "slopes are taken from the activations. The weights of the current layer are those that start there: W[l] leads "
    "from layer l to layer l+1, which others call the next layer's weights.",
    network="NeuralNetwork([2, 2, 1]) is a 2-3-1 network with a bias in layer 1 alone: the extra column of a hidden "
    "layer's matrix is a sigmoid unit with weights of its own.",
    fault="Not the deltas but the bias behind layer 1: what is weighted there is the output σ(net) of a unit, σ(0) = ½ "
    "where nothing leads to it, and not the constant 1.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "A bias in either of two layers, put where the bias trick has it.",
            ("X = [x, 1];  A[l+1] = σ(A[l] · W[l]),  b as the last row of W[l]", *_DELTAS, "dC/dW[l] = A[l]ᵀ · D[l]"),
            replace(_BIASED, depth=2),
            _as_believed,
        ),
        Reading(
            "as-it-is",
            Kind.CONVERTED,
            "The same formulas, for the network that the matrices make.",
            ("X = [x, 1];  A[l+1] = σ(A[l] · W[l])", *_DELTAS, "dC/dW[l] = A[l]ᵀ · D[l]"),
            replace(_BIASED, adapt=bias_in_layer_1_alone),
            _as_it_is,
            conversion="network: hidden layers one unit wider, a bias in layer 1 only; transposition: W[l]ᵀ is W^{l+1}",
        ),
        Reading(
            "column-of-ones",
            Kind.CORRECTED,
            "A column of ones beside every layer's activations, and nothing sent back to it.",
            ("A[l+1] = [σ(A[l] · W[l]), 1],  b as the last row of W[l]", *_DELTAS, "dC/dW[l] = A[l]ᵀ · D[l]"),
            _BIASED,
            _with_ones,
            conversion="transposition: W[l] without its last row is (W^{l+1})ᵀ",
        ),
    ),
)
