"""Mistakes in biases and their gradients: rows 1 to 3 of the observed mistakes."""

from backprove.mistakes.backward import Pass
from backprove.mistakes.bounded import Bounded, join
from backprove.mistakes.mistake import Chosen, Mistake, Right

_RIGHT = "dC/db^l_j = Σ_samples delta^l_j"


def _over_units(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    total = P("bias_delta", l).sum(axis=0).sum(axis=0, keepdims=True)
    return (total / P.n(l) if c["over the units"] == "averaged" else total).spread((P.n(l),))


def _averaged(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    N = len(P.case.inputs)
    if c["bias"] == "averaged once more":
        return right() / N
    return right() if P.case.reduction == "sum" else right() * N


def _of_other_layer(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    other = l + 1 if c["layer"] == "l+1" else l - 1
    return P("delta", other) if other and P.n(other) == P.n(l) else right()


def _not_added(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return right() if P.b(l) is None else P("fed", l) @ P.W(l).T


def _column_carried(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    b = P.b(l)
    if b is None or c["where"] != "on the way back":
        return right()
    column, W = b[:, None], right()
    return join(column, W)[:, :-1] if c["bias column"] == "first" else join(W, column)[:, 1:]


def _column_of_weights(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if P.b(l) is None or c["where"] != "in the gradient":
        return right()
    dW, db = right(), P("bias_delta", l).sum(axis=0)[:, None]
    return join(db, dW[:, :-1]) if c["bias column"] == "first" else join(dW[:, 1:], db)


def _column_of_bias(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if c["where"] != "in the gradient":
        return right()
    dW = P("weight_delta", l).T @ P("incoming", l)
    return dW[:, -1] if c["bias column"] == "first" else dW[:, 0]


BIASES = (
    Mistake(
        "bias-summed-over-units",
        {"db": _over_units},
        {
            "summed": "dC/db^l_j = Σ_samples Σ_k delta^l_k, the same for every unit j",
            "averaged": "dC/db^l_j = Σ_samples 1/n_l Σ_k delta^l_k, the same for every unit j",
        },
        _RIGHT,
        "The deltas are added up over the units of the layer as well as over the samples (a sum without an axis), so "
        "that all biases of a layer get one and the same number. Each bias has a delta of its own.",
        "4 programs, and many more elsewhere",
        "layers of one unit; behind a softmax output the sum is always 0, which looks like convergence",
        "a layer of several units with a bias",
        {"over the units": ("summed", "averaged")},
    ),
    Mistake(
        "bias-mean-weights-sum",
        {"db": _averaged},
        {
            "averaged once more": "dC/db^l = 1/N Σ_samples delta^l beside dC/dW^l = Σ_samples delta^l (a^{l-1})ᵀ",
            "summed": "dC/db^l = N Σ_samples delta^l, where delta^l already holds the 1/N of the mean",
        },
        _RIGHT,
        "Weights and biases are reduced over the samples in two different ways, so that the bias gradient is off by a "
        "factor of N. Whatever reduction C has, it is the same for both.",
        "3 programs",
        "a batch of one sample",
        "a batch of several samples, and biases",
        {"bias": ("averaged once more", "summed")},
    ),
    Mistake(
        "bias-missing",
        {"bias": lambda P, l, right, c: right().keep(False)},
        "dC/db^l = 0",
        _RIGHT,
        "The network has biases, but they get no gradient and stay where they were initialised.",
        "in 5 programs with the other faults of biases",
        "networks without biases",
        "biases",
    ),
    Mistake(
        "bias-from-other-layer",
        {"bias_delta": _of_other_layer},
        "dC/db^l = Σ_samples delta^{⟨layer⟩}",
        _RIGHT,
        "The bias gradient is taken from the delta of a neighbouring layer: an index that is off by one, and layers of "
        "equal width let it pass.",
        "in 5 programs with the other faults of biases",
        "layers of different widths, where it does not run",
        "two neighbouring layers of the same width",
        {"layer": ("l+1", "l-1")},
    ),
    Mistake(
        "bias-not-in-forward",
        {"net_input": _not_added},
        "z^l = W^l a^{l-1}",
        "z^l = W^l a^{l-1} + b^l",
        "The bias is updated but never added in the forward pass, so that every z, a and slope is that of another "
        "network.",
        "in 5 programs with the other faults of biases",
        "biases that are 0, as they are when training begins",
        "biases",
    ),
    Mistake(
        "bias-wrong-column",
        {"back_weights": _column_carried, "dW": _column_of_weights, "db": _column_of_bias},
        {
            "on the way back": "delta^l = f'(z^l) ∘ Vᵀ delta^{l+1}; V = W^{l+1} with b^{l+1} as its ⟨bias column⟩ "
            "column, less the column at the other end",
            "in the gradient": "D = delta^l (a^{l-1} with a 1 as its ⟨bias column⟩ element)ᵀ; dC/db^l = D's column at "
            "the other end, dC/dW^l = the rest of D",
        },
        "delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^{l+1}; dC/db^l is the column that the 1 stands in",
        "With the bias kept as an extra column of the weights, the column at the wrong end is cut off. What is left "
        "has the right shape, but every weight stands in its neighbour's place.",
        "in 5 programs with the other faults of biases",
        "nothing but networks without biases",
        "biases, on the way back above layer 1",
        {"where": ("on the way back", "in the gradient"), "bias column": ("first", "last")},
    ),
)
