"""Row `error-signal`: errors distributed back, and accumulators over the samples.

    Θ^(l)     from layer l to layer l+1, (s_{l+1}, s_l + 1), the bias in column 0; a_0 = 1 in all layers but the last
    output    δ^(L) = a^(L) - y
    hidden    δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)), without its entry 0;  g'(z) = a .* (1 - a)
    sums      Δ^(l) := Δ^(l) + δ^(l+1) (a^(l))ᵀ over the m samples
    gradient  Δ^(l) / m

Here l = 1 is the input layer, as there.
"""

from fractions import Fraction

import numpy as np

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, by_layer, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading


def _theta(D: Domain, case: Case) -> list[Array]:
    """(s_{l+1}, s_l + 1) each, the bias in column 0."""
    parts = ((D.array(layer.bias), D.array(layer.weights)) for layer in case.layers)
    return [np.concatenate([b[:, None], W], axis=1) for b, W in parts]


def _with_1(D: Domain, a: Array) -> Array:
    return np.concatenate([np.full(1, D.number(1), dtype=a.dtype), a])


def _forward(D: Domain, Theta: list[Array], x: Array) -> tuple[list[Array], list[Array]]:
    """(z of every layer but the inputs, a of every layer with a_0 = 1, but for the outputs)."""
    z, a = [], [x]
    for Theta_l in Theta:
        a[-1] = _with_1(D, a[-1])
        z.append(Theta_l @ a[-1])
        a.append(sigmoid(D, z[-1]))
    return z, a


def _backward(Theta: list[Array], a: list[Array], y: Array, sloped: bool) -> tuple[list[Array], list[Array]]:
    """(the errors before they are multiplied by g', δ), layers 2 … L in the course's count."""
    error = a[-1] - y
    errors, deltas = [error], [error * (a[-1] * (1 - a[-1])) if sloped else error]
    for l in reversed(range(1, len(Theta))):
        error = (Theta[l].T @ deltas[0])[1:]
        errors.insert(0, error)
        deltas.insert(0, error * (a[l] * (1 - a[l]))[1:])
    return errors, deltas


def _engine(*, sloped: bool) -> Engine:
    """`sloped`: δ^(L) times g'(z^(L)) too."""

    def engine(case: Case, domain: Domain) -> Gradient:
        D, Theta = domain, _theta(domain, case)
        Delta = [D.array(np.zeros(Theta_l.shape)) for Theta_l in Theta]
        samples = []
        for x, y in zip(D.array(case.inputs), D.array(case.targets), strict=True):
            z, a = _forward(D, Theta, x)
            errors, deltas = _backward(Theta, a, y, sloped)
            Delta = [total + np.outer(delta, a_l) for total, delta, a_l in zip(Delta, deltas, a, strict=False)]
            samples.append((z, [*(a_l[1:] for a_l in a[1:-1]), a[-1]], errors, deltas))
        nets, outs, by_a, by_z = map(by_layer, zip(*samples, strict=True))
        known = [*by_a[:-1], by_a[-1] if sloped else None]
        m = D.number(len(case.inputs))
        G = [Delta_l / m for Delta_l in Delta]
        return Gradient([G_l[:, 1:] for G_l in G], [G_l[:, 0] for G_l in G], Trace(nets, outs, known, by_z))

    return engine


_HIDDEN = (
    "δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* a^(l) .* (1 - a^(l)), without entry 0",
    "Δ^(l) := Δ^(l) + δ^(l+1) (a^(l))ᵀ;  D^(l) = Δ^(l) / m",
)
_SQUARES = Posed(fixed=("sigmoid",), scale=HALF, reduction="mean", biases=True)

ROW = Formulation(
    id="error-signal",
    title="error-signal course notation",
    source="Ng, Machine Learning (Coursera, 2011), as asked about on Stack Exchange (2017)",
    form="The error of the outputs, a - y, is distributed back through the weights; Δ accumulates products of errors "
    "and activations, sample by sample. That error is the gradient for the output's net input: the course's loss, "
    "binary cross-entropy, has cancelled the slope of the sigmoid.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "The course's loss: binary cross-entropy, averaged over the m samples.",
            ("δ^(L) = a^(L) - y", *_HIDDEN),
            Posed(
                fixed=("sigmoid",), losses=("binary_cross_entropy",), scale=Fraction(1), reduction="mean", biases=True
            ),
            _engine(sloped=False),
        ),
        Reading(
            "squared-error",
            Kind.CONTRAST,
            "The same a - y with half the squared error, where nothing cancels the slope.",
            ("δ^(L) = a^(L) - y", *_HIDDEN),
            _SQUARES,
            _engine(sloped=False),
        ),
        Reading(
            "squared-error-with-slope",
            Kind.CORRECTED,
            "Half the squared error, the slope of the output units put in.",
            ("δ^(L) = (a^(L) - y) .* a^(L) .* (1 - a^(L))", *_HIDDEN),
            _SQUARES,
            _engine(sloped=True),
        ),
    ),
)
