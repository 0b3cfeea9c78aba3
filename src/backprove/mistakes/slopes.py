"""Mistakes in the slope f': rows 5 to 10 of the observed mistakes."""

from collections.abc import Callable, Mapping

import numpy as np

from backprove.mistakes.backward import Pass
from backprove.mistakes.bounded import Bounded, slope
from backprove.mistakes.mistake import EVERY, HIDDEN, OUTPUT, WHERE, Chosen, Mistake, Right, at

_HIDDEN_RIGHT = "delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^{l+1}"
_OUTPUT_RIGHT = "delta^L = f'(z^L) ∘ dC/da^L"
_SLOPES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "square")

# Slopes written in terms of the output a = f(z), as code that keeps only the activations has them.
OF_OUTPUT: Mapping[str, Callable[[Bounded], Bounded]] = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "elu": lambda a: a.keep(a.value <= 0) + np.ones(a.shape),
}


def _no_slope(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("error", l) if l == P.L and P.activation(l) != "identity" else right()


def _no_slope_back(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("error", l) if l == P.L and P.activation(l) != "identity" else right()


def _no_slope_in_weights(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("error", l) if l == P.L else right()


def _no_slope_in_bias(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("error", l) if l == P.L and c["output bias"] == "wrong too" else right()


def _no_hidden_slope(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    missing = {"every hidden layer": l < P.L, "layer 1": l == 1 < P.L, "layer L-1": l == P.L - 1}
    return P("error", l) if missing[c["layers"]] and P.activation(l) != "identity" else right()


def _of_activation(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    name = P.activation(l)
    if not at(c["where"], P, l):
        return right()
    if c["fed"] == "a to f'(z)":
        return slope(name, P("activation", l), float(P.case.kink))
    return OF_OUTPUT[name](P("net_input", l)) if name in OF_OUTPUT else right()


def _of_other_activation(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    which = c["slope"].removesuffix(" of a")
    if not at(c["where"], P, l) or P.activation(l) == which:
        return right()
    if c["slope"] != which:
        return OF_OUTPUT[which](P("activation", l))
    return slope(which, P("net_input", l), float(P.case.kink))


def _of_other_layer(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    other = l + 1 if c["layer"] == "l+1" else l - 1
    if not 0 < other <= P.L or P.n(other) != P.n(l):
        return right()
    name = P.activation(other) if c["f"] == "that layer's own" else P.activation(l)
    return right() if name == "softmax" else slope(name, P("net_input", other), float(P.case.kink))


SLOPES = (
    Mistake(
        "output-slope-missing",
        {"through": _no_slope},
        "delta^L = dC/da^L",
        _OUTPUT_RIGHT,
        "The output's delta is the derivative of C by a^L, but it must be the one by z^L: f'(z^L) is missing, and with "
        "it every layer is off. For a sigmoid or softmax output with squared error this is exactly the gradient of "
        "cross-entropy, which is why it trains so well.",
        "3 programs",
        "nothing, but for a linear output",
        "an output activation other than identity",
    ),
    Mistake(
        "output-slope-missing-in-propagation",
        {"carried": _no_slope_back},
        "delta^{L-1} = f'(z^{L-1}) ∘ (W^L)ᵀ dC/da^L",
        "delta^{L-1} = f'(z^{L-1}) ∘ (W^L)ᵀ delta^L, delta^L = f'(z^L) ∘ dC/da^L",
        "The raw error is carried back instead of the output's delta, so that the hidden layers lack f'(z^L). The "
        "output weights themselves are right.",
        "3 programs",
        "a linear output",
        "a hidden layer, and an output activation other than identity",
    ),
    Mistake(
        "output-slope-missing-in-output-weights",
        {"weight_delta": _no_slope_in_weights, "bias_delta": _no_slope_in_bias},
        "dC/dW^L = dC/da^L (a^{L-1})ᵀ",
        "dC/dW^L = delta^L (a^{L-1})ᵀ, delta^L = f'(z^L) ∘ dC/da^L",
        "The output weights are credited with the raw error, without f'(z^L). What is carried back to the hidden "
        "layers is right.",
        "1 program",
        "a linear output",
        "an output activation other than identity",
        {"output bias": ("wrong too", "right")},
    ),
    Mistake(
        "hidden-slope-missing",
        {"through": _no_hidden_slope},
        "delta^l = (W^{l+1})ᵀ delta^{l+1}",
        _HIDDEN_RIGHT,
        "The error that arrives at a hidden layer is dC/da^l; without f'(z^l) it is taken for dC/dz^l, and every layer "
        "from there down is off.",
        "2 programs",
        "linear hidden units, and relu units that are all on",
        "a hidden layer whose activation is not identity",
        {"layers": ("every hidden layer", "layer 1", "layer L-1")},
    ),
    Mistake(
        "slope-of-activation",
        {"slope": _of_activation},
        {
            "a to f'(z)": "delta^l = f'(a^l) ∘ dC/da^l (⟨where⟩)",
            "z to the formula in a": "delta^l = g(z^l) ∘ dC/da^l with g(a) = f'(z), such as a (1 - a) (⟨where⟩)",
        },
        "delta^l = f'(z^l) ∘ dC/da^l; where f'(z) is written in a = f(z), such as a (1 - a), it takes a^l",
        "The formula for the slope is a right one, but it is fed the wrong quantity: f' written in z gets a^l (the "
        "activation is applied twice), or f' written in a gets z^l.",
        "5 programs",
        "small weights, where sigmoid and tanh are nearly straight; relu, whose slope at z and at a is the same",
        "an activation whose slope at z and at a differ",
        {"fed": ("a to f'(z)", "z to the formula in a"), "where": WHERE},
    ),
    Mistake(
        "slope-of-other-activation",
        {"slope": _of_other_activation},
        "delta^l = g'(z^l) ∘ dC/da^l with g = ⟨slope⟩ (⟨where⟩), though a^l = f(z^l) with another f",
        "delta^l = f'(z^l) ∘ dC/da^l with the f of the forward pass",
        "The layer computes one activation forward and multiplies by the slope of another one backward.",
        "in 3 programs with slope-of-other-layer",
        "inputs at which both slopes are the same",
        "layers that are not softmax",
        {"slope": (*_SLOPES, "sigmoid of a", "tanh of a"), "where": (HIDDEN, EVERY, OUTPUT)},
    ),
    Mistake(
        "slope-of-other-layer",
        {"slope": _of_other_layer},
        "delta^l = f'(z^{⟨layer⟩}) ∘ dC/da^l",
        "delta^l = f'(z^l) ∘ dC/da^l",
        "The slope, or the mask of active relu units, is taken from a neighbouring layer's z. Each unit's error passes "
        "through its own slope.",
        "in 3 programs with slope-of-other-activation",
        "layers of different widths, where it does not run; linear units",
        "two neighbouring layers of the same width",
        {"layer": ("l+1", "l-1"), "f": ("that layer's own", "this layer's")},
    ),
)
