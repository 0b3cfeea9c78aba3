"""Row `two-equations`: the two fundamental equations, and the same in terms of δ_j.

    w_ij      from neuron i to neuron j of the next layer; a_j = Σ_i y_i w_ij, y_j its output
    first     ∂J/∂w_ij = ∂J/∂y_j ∂y_j/∂a_j y_i
    second    ∂J/∂y_i = Σ_j ∂J/∂y_j ∂y_j/∂a_j w_ij, over all neurons j of the next layer
    with δ    δ_j = ∂J/∂a_j = ∂J/∂y_j ∂y_j/∂a_j;  δ_i = (Σ_j δ_j w_ij) ∂y_i/∂a_i;  ∂J/∂w_ij = δ_j y_i

A hidden neuron needs no target: the second equation gives what it does to J by way of the next layer. The formulas are
images that the excerpt has lost; these are what its text describes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import by_layer, loss_factor
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading
from backprove.formulations.units import ELEMENTWISE, f, slope

Sample = list[Array]
"""One array of numbers a layer."""
Backward = Callable[[Domain, Sample, Sample, Array], tuple[list[Any], Sample]]
"""From w, ∂y/∂a and ∂J/∂y of the outputs: (∂J/∂y of every layer or None, ∂J/∂a of every layer)."""


def _forward(D: Domain, case: Case, w: Sample, x: Array) -> tuple[Sample, Sample, Sample]:
    """(a, y, ∂y/∂a) of every layer, the inputs among y."""
    a, y, slopes = [], [x], []
    for layer, w_l in zip(case.layers, w, strict=True):
        a.append(y[-1] @ w_l)
        y.append(f(D, layer.activation, a[-1]))
        slopes.append(slope(D, layer.activation, a[-1], y[-1], D.number(case.kink)))
    return a, y, slopes


def _outgoing(D: Domain, w: Array, values: Array) -> Array:
    """Σ_j values_j w_ij for each neuron i."""
    sums = []
    for w_i in w:
        total = D.number(0)
        for value, w_ij in zip(values, w_i, strict=True):
            total = total + value * w_ij
        sums.append(total)
    return D.own(sums)


def _two_equations(D: Domain, w: Sample, slopes: Sample, dJ_dy: Array) -> tuple[list[Any], Sample]:
    by_y, products = [dJ_dy], [dJ_dy * slopes[-1]]
    for l in reversed(range(len(w) - 1)):
        by_y.insert(0, _outgoing(D, w[l + 1], products[0]))
        products.insert(0, by_y[0] * slopes[l])
    return by_y, products


def _with_delta(D: Domain, w: Sample, slopes: Sample, dJ_dy: Array) -> tuple[list[Any], Sample]:
    delta = [dJ_dy * slopes[-1]]
    for l in reversed(range(len(w) - 1)):
        delta.insert(0, _outgoing(D, w[l + 1], delta[0]) * slopes[l])
    return [*(None for _ in w[1:]), dJ_dy], delta


def _cost(D: Domain, case: Case, y: Array, t: Array) -> Array:
    """∂J/∂y of the outputs of one sample."""
    if case.loss.name == "output":
        return np.full(y.shape, loss_factor(D, case), dtype=y.dtype)
    return loss_factor(D, case) * 2 * (y - t)


def _engine(backward: Backward) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D = domain
        w = [D.array(layer.weights).T for layer in case.layers]
        dJ_dw = [D.array(np.zeros(w_l.shape)) for w_l in w]
        samples = []
        for x, t in zip(D.array(case.inputs), D.array(case.targets), strict=True):
            a, y, slopes = _forward(D, case, w, x)
            dJ_dy, dJ_da = backward(D, w, slopes, _cost(D, case, y[-1], t))
            dJ_dw = [total + np.outer(y_i, d) for total, y_i, d in zip(dJ_dw, y, dJ_da, strict=False)]
            samples.append((a, y[1:], dJ_dy, dJ_da))
        nets, outs, by_y, by_a = map(by_layer, zip(*samples, strict=True))
        known = [None if layer[0] is None else layer for layer in by_y]
        return Gradient([total.T for total in dJ_dw], [None] * len(w), Trace(nets, outs, known, by_a))

    return engine


_POSED = Posed(activations=ELEMENTWISE, losses=("squared_error", "output"), biases=False)
_TURNED = "transposition: w_ij runs from i to j, and is W[j, i]"

ROW = Formulation(
    id="two-equations",
    title="two fundamental equations",
    source="Spacagna, Slater, Phuong Vo.T.H and Zocca, Python Deep Learning, as excerpted in an article",
    form="One equation for the weights and one that goes back a layer, both in ∂J/∂y, the derivative for a neuron's "
    "output, or both in δ_j, that for its activation value. No hidden neuron has a target: what it does to J it does "
    "by way of the next layer.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "In terms of ∂J/∂y_j.",
            ("∂J/∂y_i = Σ_j ∂J/∂y_j ∂y_j/∂a_j w_ij", "∂J/∂w_ij = ∂J/∂y_j ∂y_j/∂a_j y_i"),
            _POSED,
            _engine(_two_equations),
            conversion=_TURNED,
        ),
        Reading(
            "delta",
            Kind.PRINTED,
            "In terms of δ_j = ∂J/∂a_j.",
            ("δ_i = (Σ_j δ_j w_ij) ∂y_i/∂a_i", "∂J/∂w_ij = δ_j y_i"),
            _POSED,
            _engine(_with_delta),
            conversion=_TURNED,
        ),
    ),
)
