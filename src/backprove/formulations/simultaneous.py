"""Row `simultaneous`: when the weights change, and how many of them.

    deltas          delta^L = (a^L - t) ∘ a^L (1 - a^L);  delta^l = ((W^{l+1})ᵀ delta^{l+1}) ∘ a^l (1 - a^l)
    simultaneous    all delta^l with the weights as they were, then all dE/dW^l = delta^l (a^{l-1})ᵀ
    layer by layer  W^{l+1} := W^{l+1} - η dE/dW^{l+1} before delta^l is formed with it; η = ½
    largest         only the weight with the largest |dE/dw| of all changes

E = Σ ½ (Target - Out)² over outputs and samples; sigmoid units, no biases.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprove.case import Case, Gradient
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading


def _backwards(D: Domain, case: Case, *, updated: bool) -> Iterator[Array]:
    """dE/dW^L … dE/dW^1; `updated`: delta comes back through weights that have been moved already."""
    W, A = [D.array(layer.weights) for layer in case.layers], [D.array(case.inputs)]
    for W_l in W:
        A.append(sigmoid(D, A[-1] @ W_l.T))
    error = A[-1] - D.array(case.targets)
    for l in reversed(range(len(W))):
        delta = error * (A[l + 1] * (1 - A[l + 1]))
        dW = delta.T @ A[l]
        yield dW
        error = delta @ (W[l] - D.number(HALF) * dW if updated else W[l])


def _engine(*, updated: bool) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        dW = list(_backwards(domain, case, updated=updated))[::-1]
        return Gradient(dW, [None] * len(dW))

    return engine


def _largest(case: Case, domain: Domain) -> Gradient:
    dW = list(_backwards(domain, case, updated=False))[::-1]
    sizes = [np.abs(dW_l) for dW_l in dW]
    chosen = max(range(len(dW)), key=lambda l: sizes[l].max())
    alone = [domain.array(np.zeros(dW_l.shape)) for dW_l in dW]
    at = np.unravel_index(sizes[chosen].argmax(), sizes[chosen].shape)
    alone[chosen][at] = dW[chosen][at]
    return Gradient(alone, [None] * len(dW))


_SIGMOID = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=False)
_TWO_LAYERS = replace(_SIGMOID, depth=2)
_DELTA = "delta^l = ((W^{l+1})ᵀ delta^{l+1}) ∘ a^l (1 - a^l)"

ROW = Formulation(
    id="simultaneous",
    title="simultaneous or layer by layer",
    source="a question of 23 January 2017 on Stack Exchange",
    form="Each delta is formed from those of the layer behind, so that they come a layer at a time, yet all deltas and "
    "gradients from the weights as they were. Only then do the weights change, every one of them.",
    readings=(
        Reading(
            "simultaneous",
            Kind.CORRECTED,
            "All deltas from the old weights, and then every weight changed.",
            (_DELTA, "dE/dW^l = delta^l (a^{l-1})ᵀ"),
            _SIGMOID,
            _engine(updated=False),
        ),
        Reading(
            "layer-by-layer",
            Kind.CONTRAST,
            "The weights of a layer updated before the error goes back through them, in two layers of weights.",
            ("W^2 := W^2 - η dE/dW^2,  η = ½", "then delta^1 = ((W^2)ᵀ delta^2) ∘ a^1 (1 - a^1)"),
            _TWO_LAYERS,
            _engine(updated=True),
        ),
        Reading(
            "largest-delta",
            Kind.PRINTED,
            "The question's premise: only the weight with the largest delta changes, here the largest |dE/dw|.",
            ("dE/dw where |dE/dw| is the largest of all, 0 elsewhere",),
            replace(_SIGMOID, domains=("float64", "float32")),
            _largest,
        ),
    ),
    fault="Only the weight with the highest delta is changed: the gradient has an entry for every weight, and a step "
    "against it changes them all.",
)
