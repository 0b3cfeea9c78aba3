"""What several rows share: numbers in lists, the textbook sigmoid, conversions, networks cut to what a source has."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprove.case import Case, Gradient, Layer
from backprove.domains import Domain
from backprove.engines import Engine

HALF = Fraction(1, 2)


def numbers(D: Domain, values: Any) -> list[Any]:
    """Numbers of the case in (nested) lists, of the kind that arrays hold: where Python's own floats raise at
    exp(-z), these go to infinity, and 1 / (1 + exp(-z)) to 0.
    """
    array = D.array(values)
    return list(array) if array.ndim == 1 else [list(row) for row in array]


def sigmoid(D: Domain, z: Any) -> Any:
    """1 / (1 + exp(-z)), of a number or an array."""
    return 1 / (1 + D.exp(-z))


def by_layer(samples: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """From the layers of each sample to the samples of each layer."""
    return [list(layer) for layer in zip(*samples, strict=True)]


def loss_factor(D: Domain, case: Case) -> Any:
    """What scale and reduction multiply the summed loss by."""
    return D.number(case.factor)


def times(factor: int | Fraction, engine: Engine) -> Engine:
    """The numbers of an engine times a constant; its trace stays as its own form has it."""

    def converted(case: Case, domain: Domain) -> Gradient:
        found, c = engine(case, domain), domain.number(factor)
        dW = [domain.own(W) * c for W in found.weights]
        db = [None if b is None else domain.own(b) * c for b in found.biases]
        return replace(found, weights=dW, biases=db)

    return converted


def _cut(layer: Layer, units: int, inputs: int) -> Layer:
    bias = None if layer.bias is None else layer.bias[:units]
    return replace(layer, weights=layer.weights[:units, :inputs], bias=bias)


def one_output(case: Case) -> Case:
    """The network with its first output alone."""
    last = case.layers[-1]
    layers = (*case.layers[:-1], _cut(last, 1, last.weights.shape[1]))
    return replace(case, layers=layers, targets=case.targets[:, :1])


def of_one_width(case: Case) -> Case:
    """The network with so many units in every layer as the narrowest has; its inputs remain."""
    n = min(case.sizes[1:])
    layers = tuple(_cut(layer, n, n if l else case.sizes[0]) for l, layer in enumerate(case.layers))
    return replace(case, layers=layers, targets=case.targets[:, :n])


def bias_in_layer_1_alone(case: Case) -> Case:
    return replace(case, layers=(case.layers[0], *(replace(layer, bias=None) for layer in case.layers[1:])))


def _with_targets(case: Case, change: Callable[[list[Any]], list[Any]]) -> Case:
    rows = [change(row) for row in case.targets.tolist()]
    if case.modulus:
        rows = [[t % case.modulus for t in row] for row in rows]
    return replace(case, targets=np.array(rows, dtype=case.targets.dtype))


def classes(case: Case) -> Case:
    """Targets that sum to 1: in a field, where none do, the last made 1 less the others."""
    return _with_targets(case, lambda t: [*t[:-1], 1 - sum(t[:-1])]) if case.modulus else case


def no_classes(case: Case) -> Case:
    """Targets that do not sum to 1: outside a field, where they do, the first made 1 larger."""
    return case if case.modulus else _with_targets(case, lambda t: [t[0] + 1, *t[1:]])
