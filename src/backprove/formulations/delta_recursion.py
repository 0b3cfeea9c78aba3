"""Row `delta-recursion`: one vector delta per layer and sample, from the output back.

    base       delta^L = (f^L)' ∘ ∇_{a^L} C
    recursion  delta^{l-1} = (f^{l-1})' ∘ (W^l)ᵀ delta^l
    gradient   dC/dW^l = delta^l (a^{l-1})ᵀ;  dC/db^l = delta^l; added up over the samples

∘ is the product entry by entry, so that (f')∘ may be taken before or after the sum in (W^l)ᵀ delta^l. For a softmax
output f' is no vector: ∂a_i/∂z_j = a_i ([i=j] - a_j) is a matrix.
"""

import operator
from collections.abc import Callable
from functools import reduce

import numpy as np

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import by_layer, loss_factor
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading
from backprove.formulations.units import ELEMENTWISE, f, slope

Back = Callable[[Array, Array, Array], Array]
Base = Callable[[Array, Array], Array]


def _softmax(D: Domain, z: Array) -> Array:
    e = D.exp(z - D.peak(z))
    return e / e.sum()


def _loss_gradient(D: Domain, case: Case, a: Array, t: Array) -> Array:
    """∇_{a^L} C of one sample, (n_L,)."""
    c = loss_factor(D, case)
    if case.loss.name == "squared_error":
        return c * 2 * (a - t)
    if case.loss.name == "output":
        return np.full(a.shape, c, dtype=a.dtype)
    gradient = -t / a
    if case.loss.name == "binary_cross_entropy":
        gradient = gradient + (1 - t) / (1 - a)
    return c * gradient


def _slope_after(slopes: Array, W: Array, delta: Array) -> Array:
    """f' ∘ (Wᵀ delta)."""
    return slopes * (W.T @ delta)


def _slope_before(slopes: Array, W: Array, delta: Array) -> Array:
    """(f' ∘ Wᵀ) delta, each row of Wᵀ times the slope of its unit."""
    return (slopes[:, None] * W.T) @ delta


def _vector(a: Array, gradient: Array) -> Array:
    """The softmax slope taken for that of a sigmoid."""
    return a * (1 - a) * gradient


def _jacobian(a: Array, gradient: Array) -> Array:
    """Σ_i ∂C/∂a_i a_i ([i=j] - a_j), for each j."""
    return (np.diag(a) - np.outer(a, a)).T @ gradient


def _forward(D: Domain, case: Case, W: list[Array], b: list[Array | None], x: Array) -> tuple[list[Array], list[Array]]:
    """(z^1 … z^L, a^0 … a^L) of one sample."""
    z, a = [], [x]
    for layer, W_l, b_l in zip(case.layers, W, b, strict=True):
        z.append(W_l @ a[-1] if b_l is None else W_l @ a[-1] + b_l)
        a.append(_softmax(D, z[-1]) if layer.activation == "softmax" else f(D, layer.activation, z[-1]))
    return z, a


def _engine(back: Back = _slope_after, softmax: Base = _jacobian) -> Engine:
    def deltas(D: Domain, case: Case, W: list[Array], z: list[Array], a: list[Array], gradient: Array) -> list[Array]:
        """delta^1 … delta^L of one sample, from ∇_{a^L} C."""
        kink, names = D.number(case.kink), [layer.activation for layer in case.layers]
        if names[-1] == "softmax":
            found = [softmax(a[-1], gradient)]
        else:
            found = [slope(D, names[-1], z[-1], a[-1], kink) * gradient]
        for l in reversed(range(len(W) - 1)):
            found.insert(0, back(slope(D, names[l], z[l], a[l + 1], kink), W[l + 1], found[0]))
        return found

    def engine(case: Case, domain: Domain) -> Gradient:
        D, L = domain, len(case.layers)
        W = [D.array(layer.weights) for layer in case.layers]
        b = [None if layer.bias is None else D.array(layer.bias) for layer in case.layers]
        samples, gradients = [], []
        for x, t in zip(D.array(case.inputs), D.array(case.targets), strict=True):
            z, a = _forward(D, case, W, b, x)
            gradients.append(_loss_gradient(D, case, a[-1], t))
            samples.append((z, a, deltas(D, case, W, z, a, gradients[-1])))
        zs, outs, delta = map(by_layer, zip(*samples, strict=True))
        dW = [reduce(operator.add, map(np.outer, delta[l], outs[l])) for l in range(L)]
        db = [None if b[l] is None else reduce(operator.add, delta[l]) for l in range(L)]
        return Gradient(dW, db, Trace(zs, outs[1:], [*[None] * (L - 1), gradients], delta))

    return engine


_ANY = Posed(activations=ELEMENTWISE, losses=("squared_error", "output"))
_LOGARITHMIC = ("binary_cross_entropy", "categorical_cross_entropy")
_SOFTMAX = Posed(fixed=("tanh", "softmax"))
_GRADIENT = "dC/dW^l = delta^l (a^{l-1})ᵀ;  dC/db^l = delta^l"
_BASE = "delta^L = (f^L)' ∘ ∇_{a^L} C"
_RECURSION = "delta^{l-1} = (f^{l-1})' ∘ ((W^l)ᵀ delta^l)"

ROW = Formulation(
    id="delta-recursion",
    title="delta recursion",
    source="Wikipedia, Backpropagation, as quoted in two answers on Stack Exchange",
    form="One vector per layer, the gradient of the loss for that layer's net inputs, from the output back. The "
    "weights in it are those of the layer from which it comes; at the output there are none, and the loss stands in "
    "their place.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "The slopes times the product (W^l)ᵀ delta^l, entry by entry.",
            (_BASE, _RECURSION, _GRADIENT),
            _ANY,
            _engine(),
        ),
        Reading(
            "other-brackets",
            Kind.PRINTED,
            "As it can also be read: each row of (W^l)ᵀ times its slope, then the product with delta^l.",
            (_BASE, "delta^{l-1} = ((f^{l-1})' ∘ (W^l)ᵀ) delta^l", _GRADIENT),
            _ANY,
            _engine(back=_slope_before),
        ),
        Reading(
            "cross-entropy",
            Kind.PRINTED,
            "The base case of a cross-entropy as the product that it is, nothing cancelled.",
            ("∇_{a^L} C = -t/a + (1-t)/(1-a), categorical: -t/a", _BASE, _RECURSION, _GRADIENT),
            Posed(fixed=("tanh", "sigmoid"), losses=_LOGARITHMIC, domains=("ball", "modular")),
            _engine(),
        ),
        Reading(
            "softmax-slope",
            Kind.CONTRAST,
            "Softmax outputs with the vector a (1 - a) for (f^L)', as if each depended on its own z alone.",
            ("delta^L = a^L (1 - a^L) ∘ ∇_{a^L} C", _RECURSION, _GRADIENT),
            _SOFTMAX,
            _engine(softmax=_vector),
        ),
        Reading(
            "softmax-jacobian",
            Kind.CORRECTED,
            "Softmax outputs with all the slopes ∂a_i/∂z_j.",
            ("delta^L = Jᵀ ∇_{a^L} C,  J = diag(a^L) - a^L (a^L)ᵀ", _RECURSION, _GRADIENT),
            _SOFTMAX,
            _engine(),
        ),
    ),
)
