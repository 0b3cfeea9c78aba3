"""Other networks of the shape of a given one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case import Case, Layer
from backprove.generate.tape import SMALL_INTEGERS, Float


def plainer(case: Case) -> Iterator[Case]:
    """The same network at small whole numbers, for people to read: all ones first."""
    for seed in range(12):
        random = np.random.default_rng(seed)

        def numbers(like: npt.NDArray[Any], random: np.random.Generator = random, ones: bool = not seed) -> Float:
            return np.ones(like.shape) if ones else SMALL_INTEGERS[random.integers(0, 5, size=like.shape)]

        layers = [
            Layer(numbers(c.weights), None if c.bias is None else numbers(c.bias), c.activation) for c in case.layers
        ]
        inputs, targets = numbers(case.inputs), numbers(case.targets)
        yield Case(tuple(layers), inputs, targets, case.loss, case.reduction, case.kink)


def mild(case: Case, seed: int = 0, *, zeros: bool = False) -> Case:
    """The network with weights, biases and inputs between -1 and 1: nothing is saturated, little nearly 0.

    `zeros`: what is 0 remains so.
    """
    random = np.random.default_rng(seed)
    return _with(case, lambda part: np.where(zeros & (part == 0), 0, random.uniform(-1, 1, part.shape)))


def scaled(case: Case, factor: float) -> Case:
    """The network with weights, biases and inputs that many times as large."""
    return _with(case, lambda part: factor * part)


def between(start: Case, end: Case, way: float) -> Case:
    """The network that far on the straight way from one to another: 0 is the start, 1 the end, whose targets it has."""
    starts = iter([*(part for c in start.layers for part in (c.weights, c.bias) if part is not None), start.inputs])
    return _with(end, lambda part: (1 - way) * next(starts) + way * part)


def _with(case: Case, changed: Callable[[Float], Float]) -> Case:
    layers = tuple(
        Layer(changed(c.weights), None if c.bias is None else changed(c.bias), c.activation) for c in case.layers
    )
    return replace(case, layers=layers, inputs=changed(case.inputs), published=())
