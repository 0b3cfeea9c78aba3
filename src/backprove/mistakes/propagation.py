"""Mistakes on the way back from one layer to the next: rows 4, 11, 12 and 15 of the observed mistakes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from backprove.mistakes.backward import Pass
from backprove.mistakes.bounded import Bounded, of
from backprove.mistakes.mistake import Chosen, Mistake, Replacement, Right

_RIGHT = "delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^{l+1}"


def _fits(P: Pass, l: int, width: int) -> bool:
    """Whether (N, width) can stand for a layer's (N, n_l): of its width, or a column that every unit shares."""
    return width in (1, P.n(l))


def _to(P: Pass, l: int, x: Bounded) -> Bounded:
    return x.spread((x.shape[0], P.n(l)))


@dataclass(frozen=True)
class Rate:
    """A learning rate, known but for `off`."""

    value: float
    off: float = 0.0

    def __str__(self) -> str:
        return f"{self.value:.6g}" if self.off else repr(self.value)


def _updated(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    rate = c["rate"] if isinstance(c["rate"], Rate) else Rate(float(c["rate"]))
    value = np.asarray(rate.value)
    bounded = Bounded(value, np.abs(value) + rate.off, np.asarray(rate.off), P.problem.held.u)
    return right() - bounded * P("dW", l) if l > 1 else right()


def _without_weights(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l == P.L:
        return right()
    carried = P("carried", l + 1)
    if c["deltas"] == "summed":
        return _to(P, l, carried.sum(axis=1, keepdims=True))
    return _to(P, l, carried) if _fits(P, l, P.n(l + 1)) else right()


def _of_layer_below(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l < 2:
        return right()
    W = P.W(l - 1) if c["weights"] == "W^l" else P.W(l - 1).T
    return W if W.shape == P.W(l).shape else right()


def _not_transposed(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P.W(l).T if l > 1 and P.n(l) == P.n(l - 1) else right()


def _raw(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l == P.L or not _fits(P, l, P.n(P.L)):
        return right()
    if c["error"] == "dC/da^L":
        return _to(P, l, P("error", P.L))
    return _to(P, l, P("activation", P.L) - P.problem.held.T)


def _reused(what: str) -> Replacement:
    def step(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
        carried = what == "delta^{l+1}"
        fits = P.n(l) == P.n(P.L) if carried else _fits(P, l, P.n(P.L))
        return _to(P, l, P("delta", P.L)) if c["as"] == what and l < P.L and fits else right()

    return step


def _against_target(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l == P.L or P.case.loss.name == "output" or not _fits(P, l, P.n(P.L)):
        return right()
    return scaled(P, P("activation", l) - P.problem.held.T)


def scaled(P: Pass, difference: Bounded) -> Bounded:
    """A difference a - t times the factor that the loss and its reduction have: 2 scale for squared error."""
    loss = P.case.loss
    factor = (2 if loss.name == "squared_error" else 1) * float(loss.scale) / P.case.divisor
    exact = factor * P.case.divisor == float(loss.scale) * (2 if loss.name == "squared_error" else 1)
    u = difference.u
    bounded = of(factor, u)
    return difference * (bounded if exact else Bounded(bounded.value, bounded.size, 2 * u * bounded.size, u))


def _one_path(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l == P.L:
        return right()
    carried, W = P("carried", l + 1), P("back_weights", l + 1)
    if c["path"] == "through the unit of the same place":
        return carried @ W.keep(np.eye(*W.shape, dtype=bool))
    only: Any = slice(0, 1) if c["path"] == "through the first unit" else slice(-1, None)
    return carried[:, only] @ W[only]


PROPAGATION = (
    Mistake(
        "updated-weights",
        {"back_weights": _updated},
        "delta^l = f'(z^l) ∘ (W^{l+1} - η dC/dW^{l+1})ᵀ delta^{l+1}, η = ⟨rate⟩",
        _RIGHT,
        "A layer's weights are updated before its delta is carried back through them. The gradient is the one at the "
        "old weights: work out all deltas first, then update.",
        "6 programs",
        "a small learning rate; training works all the same, and the angle to the true gradient is small",
        "a hidden layer",
        {"rate": (Rate(0.5),)},
        inferred="rate",
        looks_ahead=True,
    ),
    Mistake(
        "next-weights-missing",
        {"error": _without_weights},
        {
            "summed": "delta^l_k = f'(z^l_k) Σ_j delta^{l+1}_j",
            "unit by unit": "delta^l = f'(z^l) ∘ delta^{l+1}",
        },
        "delta^l_k = f'(z^l_k) Σ_j w^{l+1}_jk delta^{l+1}_j",
        "A delta is carried back without the weights of the connections that it crosses. How much a unit contributed "
        "to the units above depends on them.",
        "in 3 programs with the other faults of weights on the way back",
        "weights of 1",
        "a hidden layer; unit by unit: layers of the same width, or a layer of one unit above",
        {"deltas": ("summed", "unit by unit")},
    ),
    Mistake(
        "wrong-layer-weights",
        {"back_weights": _of_layer_below},
        {
            "W^l": "delta^l = f'(z^l) ∘ (W^l)ᵀ delta^{l+1}",
            "(W^l)ᵀ": "delta^l = f'(z^l) ∘ W^l delta^{l+1}",
        },
        _RIGHT,
        "The layer's own incoming weights W^l are used to carry the delta back; it comes from the layer above, through "
        "W^{l+1}.",
        "in 3 programs with the other faults of weights on the way back",
        "shapes that do not fit, where it does not run",
        "square layers; transposed: n_{l+1} = n_{l-1}",
        {"weights": ("W^l", "(W^l)ᵀ")},
    ),
    Mistake(
        "weights-not-transposed",
        {"back_weights": _not_transposed},
        "delta^l = f'(z^l) ∘ W^{l+1} delta^{l+1}",
        _RIGHT,
        "Forward, unit j sums over row j of W^{l+1}; backward, unit k sums over column k. Without the transposition "
        "each delta travels along another unit's connections.",
        "in 3 programs with the other faults of weights on the way back",
        "one unit a layer, symmetric weights; where n_l and n_{l+1} differ it does not run",
        "a square W^{l+1} above a hidden layer",
    ),
    Mistake(
        "raw-error-at-hidden",
        {"error": _raw},
        "delta^l = f'(z^l) ∘ ⟨error⟩",
        _RIGHT,
        "Every hidden layer multiplies its slope with the error of the outputs, as if it were an output layer itself. "
        "A hidden unit's error is what its connections bring back.",
        "in 3 programs with the other wrong deltas",
        "shapes that do not fit, where it does not run",
        "hidden layers as wide as the output, or one output",
        {"error": ("dC/da^L", "a^L - t")},
    ),
    Mistake(
        "output-delta-reused",
        {"delta": _reused("delta^l"), "error": _reused("dC/da^l"), "carried": _reused("delta^{l+1}")},
        {
            "delta^l": "dC/dW^l = delta^L (a^{l-1})ᵀ",
            "dC/da^l": "delta^l = f'(z^l) ∘ delta^L",
            "delta^{l+1}": "delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^L",
        },
        "dC/dW^l = delta^l (a^{l-1})ᵀ, " + _RIGHT,
        "The output's delta is used again further down. Each layer has a delta of its own, made from that of the layer "
        "right above it.",
        "in 3 programs with the other wrong deltas",
        "one hidden layer, if only what is carried back is wrong; shapes that do not fit, where it does not run",
        "hidden layers as wide as the output, or one output",
        {"as": ("delta^l", "dC/da^l", "delta^{l+1}")},
    ),
    Mistake(
        "hidden-compared-with-target",
        {"error": _against_target},
        "delta^l = f'(z^l) ∘ (a^l - t), scaled as the loss is",
        _RIGHT,
        "Hidden activations are compared with the targets. Targets say what the outputs should be; for hidden units "
        "there are none, only what comes back from above.",
        "in 3 programs with the other wrong deltas",
        "shapes that do not fit, where it does not run",
        "hidden layers as wide as the output, or one output",
    ),
    Mistake(
        "single-path",
        {"error": _one_path},
        "delta^l_k = f'(z^l_k) w^{l+1}_jk delta^{l+1}_j for one j (⟨path⟩)",
        "delta^l_k = f'(z^l_k) Σ_j w^{l+1}_jk delta^{l+1}_j",
        "Only one path to the outputs is followed. A unit acts on C through every unit of the next layer, and the "
        "chain rule adds all those paths up.",
        "not in these programs; learners ask about it",
        "one unit in every layer above the first",
        "a layer of several units above a hidden layer",
        {"path": ("through the first unit", "through the last unit", "through the unit of the same place")},
    ),
)
