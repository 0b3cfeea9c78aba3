"""Row `finite-differences`: the loss of a network with one weight moved, and no derivative formula.

    forward   dC/dw ≈ (C(w + h) - C(w)) / h          off by about C'' h / 2, and by rounding of about u C / h
    central   dC/dw ≈ (C(w + h) - C(w - h)) / (2h)   off by about C''' h² / 6, and by rounding of about u C / h
    limit     C(w + h) = C(w) + dC/dw h where h² = 0: dual numbers, as exact as their parts

h is about √u or ∛u, where the two errors are of one size, as a power of 2; 2^-10 in numbers that do not round at all.
C(w + h) is a whole evaluation of the loss, for each weight anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprove.case import Case, Gradient
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import loss_factor, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Index = tuple[int, ...]
Loss = Callable[[list[Any]], Any]
"""C of all weights and biases, arrays or duals: W^1, b^1 where there is one, W^2, …"""
Quotient = Callable[[Domain, Loss, list[Array], int, Index], Any]
"""dC/dw of entry `index` of array `p`."""


@dataclass(frozen=True)
class Dual:
    """value + slope · h with h² = 0, an array of each."""

    value: Any
    slope: Any

    @property
    def T(self) -> Dual:
        return Dual(self.value.T, self.slope.T)

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Dual) -> Dual:
        return Dual(self.value - other.value, self.slope - other.slope)

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __matmul__(self, other: Dual) -> Dual:
        return Dual(self.value @ other.value, self.value @ other.slope + self.slope @ other.value)

    def sum(self) -> Dual:
        return Dual(self.value.sum(), self.slope.sum())


def _constant(D: Domain, x: Array) -> Dual:
    return Dual(x, D.array(np.zeros(x.shape)))


def _f(D: Domain, name: str, Z: Any) -> Any:
    if name == "square":
        return Z * Z
    if name == "identity":
        return Z
    if not isinstance(Z, Dual):
        return sigmoid(D, Z)
    s = sigmoid(D, Z.value)
    return Dual(s, s * (1 - s) * Z.slope)


def _squares(D: Domain, case: Case, parameters: list[Any]) -> Any:
    """Σ (a - t)² over all samples and outputs."""
    A: Any = D.array(case.inputs)
    T: Any = D.array(case.targets)
    if isinstance(parameters[0], Dual):
        A, T = _constant(D, A), _constant(D, T)
    each = iter(parameters)
    for layer in case.layers:
        Z = A @ next(each).T
        A = _f(D, layer.activation, Z if layer.bias is None else Z + next(each))
    return ((A - T) * (A - T)).sum()


def _moved(parameters: list[Array], p: int, index: Index, h: Any) -> list[Array]:
    moved = parameters[p].copy()
    moved[index] = moved[index] + h
    return [*parameters[:p], moved, *parameters[p + 1 :]]


def _step(D: Domain, order: int) -> Any:
    """About u^(1 / order)."""
    return D.number(2.0 ** -(D.bits // order or 10))


def _forward(D: Domain, C: Loss, parameters: list[Array], p: int, index: Index) -> Any:
    h = _step(D, 2)
    return (C(_moved(parameters, p, index, h)) - C(parameters)) / h


def _central(D: Domain, C: Loss, parameters: list[Array], p: int, index: Index) -> Any:
    h = _step(D, 3)
    return (C(_moved(parameters, p, index, h)) - C(_moved(parameters, p, index, -h))) / (h + h)


def _limit(D: Domain, C: Loss, parameters: list[Array], p: int, index: Index) -> Any:
    duals = [_constant(D, x) for x in parameters]
    duals[p].slope[index] = D.number(1)
    return C(duals).slope


def _engine(quotient: Quotient) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D = domain
        parts = [part for layer in case.layers for part in (layer.weights, layer.bias) if part is not None]
        parameters, gradients = [D.array(part) for part in parts], [D.array(np.zeros(part.shape)) for part in parts]
        for p, gradient in enumerate(gradients):
            for index in np.ndindex(gradient.shape):
                slope = quotient(D, lambda moved: _squares(D, case, moved), parameters, p, index)
                gradient[index] = loss_factor(D, case) * slope
        each = iter(gradients)
        pairs = [(next(each), None if layer.bias is None else next(each)) for layer in case.layers]
        return Gradient([W for W, _ in pairs], [b for _, b in pairs])

    return engine


_POSED = Posed(activations=("identity", "square", "sigmoid"))

ROW = Formulation(
    id="finite-differences",
    title="finite differences",
    source="a question of 23 January 2017 on Stack Exchange",
    form="Every weight is moved by itself and the loss worked out anew. That needs no formula for any derivative, and "
    "one or two evaluations of the loss for each weight, where backpropagation needs the time of a few for all.",
    readings=(
        Reading(
            "forward",
            Kind.PRINTED,
            "Forward differences with a step of about √u (2^-10 where numbers do not round).",
            ("dC/dw ≈ (C(w + h) - C(w)) / h",),
            _POSED,
            _engine(_forward),
        ),
        Reading(
            "central",
            Kind.PRINTED,
            "Central differences with a step of about ∛u (2^-10 where numbers do not round).",
            ("dC/dw ≈ (C(w + h) - C(w - h)) / (2h)",),
            _POSED,
            _engine(_central),
        ),
        Reading(
            "limit",
            Kind.CORRECTED,
            "The difference with an h whose square is 0: dual numbers, one evaluation for each weight still.",
            ("C(w + h) = C(w) + dC/dw · h,  h² = 0",),
            _POSED,
            _engine(_limit),
        ),
        Reading(
            "central-on-a-quadratic",
            Kind.CONTRAST,
            "Central differences, without rounding, of one linear layer: its loss is a quadratic, with C''' = 0.",
            ("dC/dw = (C(w + h) - C(w - h)) / (2h)",),
            Posed(fixed=("identity",), depth=1, domains=("rational", "ball", "modular")),
            _engine(_central),
        ),
    ),
    fault="An h that is not 0 leaves C'' h / 2 or C''' h² / 6 over, and rounding about u C / h: no h makes both as "
    "small as the rounding of the gradient itself.",
)
