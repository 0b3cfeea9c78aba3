"""The network that is explained where none is given."""

from fractions import Fraction

import numpy as np

from backprove.case import Case, Layer, Loss


def default() -> Case:
    """3 inputs, two layers of 3 sigmoid units, 1 sigmoid output, E = Σ ½(target - out)², as in the question.

    The question names no numbers; these are plain ones of either sign.
    """
    W1 = np.array([[0.5, 0.25, -0.75], [-0.5, 1.0, 0.25], [0.25, 0.5, -0.5]])
    W2 = np.array([[1.0, -0.75, 0.5], [0.25, 0.5, -0.5], [-1.0, 0.25, 0.75]])
    W3 = np.array([[1.5, -1.0, 0.5]])
    return Case(
        tuple(Layer(W, None, "sigmoid") for W in (W1, W2, W3)),
        inputs=np.array([[1.0, 0.5, -0.5]]),
        targets=np.array([[1.0]]),
        loss=Loss("squared_error", Fraction(1, 2)),
        title="3-3-3-1, sigmoid, E = Σ ½(target - out)²",
        source="A question of 23 January 2017 on Stack Exchange; its E, Out, net_O, n_2,1 and w_3,1,1 are "
        "C, a3[1], z3[1], a2[1] and W3[1,1] here. The numbers are backprove's own.",
    )
