"""Random points of the field for an architecture, and the conditions that may be put on them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprove.case import MODULUS, Case, Layer, Loss


@dataclass(frozen=True)
class Architecture:
    """Sizes n_0, …, n_L, and the activation of each layer."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]

    def __str__(self) -> str:
        return "-".join(map(str, self.sizes))


Draw = Callable[[tuple[int, ...]], Any]


def uniform(random: np.random.Generator) -> Draw:
    """Uniform elements of the field."""
    return lambda shape: random.integers(0, MODULUS, size=shape)


def point(architecture: Architecture, loss: str, draw: Draw, *, samples: int = 1, reduction: str = "sum") -> Case:
    """A network with biases in every layer, its samples and targets, all numbers drawn."""
    layers = [
        Layer(draw((n, m)), draw((n,)), name)
        for (m, n), name in zip(itertools.pairwise(architecture.sizes), architecture.activations, strict=True)
    ]
    inputs, targets = draw((samples, architecture.sizes[0])), draw((samples, architecture.sizes[-1]))
    return Case(tuple(layers), inputs, targets, Loss(loss), reduction, modulus=MODULUS)


def sum_to_1(case: Case) -> Case:
    """The last target of each sample made 1 less the others."""
    rows = [[int(t) for t in row[:-1]] for row in case.targets.tolist()]
    targets = [[*row, 1 - sum(row)] for row in rows]
    if case.modulus:
        targets = [[t % case.modulus for t in row] for row in targets]
    return replace(case, targets=np.array(targets, dtype=np.int64))


def without_bias(case: Case) -> Case:
    return replace(case, layers=tuple(Layer(layer.weights, None, layer.activation) for layer in case.layers))


def with_bias(case: Case, l: int, j: int, draw: Draw) -> Case:
    """Another bias drawn for unit j of layer l (both 0-based)."""
    layers = list(case.layers)
    bias = [int(b) for b in np.asarray(layers[l].bias).tolist()]
    bias[j] = int(draw((1,))[0])
    layers[l] = replace(layers[l], bias=np.array(bias, dtype=np.int64))
    return replace(case, layers=tuple(layers))


def one_sample(case: Case) -> Case:
    return replace(case, inputs=case.inputs[:1], targets=case.targets[:1])


def summed(case: Case) -> Case:
    return replace(case, reduction="sum")


Condition = Callable[[Case], Case]

TARGETS_SUM_TO_1 = "the targets of each sample sum to 1"
CONDITIONS: dict[str, Condition] = {
    TARGETS_SUM_TO_1: sum_to_1,
    "there is one sample": one_sample,
    "the reduction is sum": summed,
    "no layer has a bias": without_bias,
}
