"""What a function is the gradient of: the problems that reproduce its numbers on every network.

A problem is the activations, the loss and a constant factor, written as a formula of N (samples) and K (outputs). Its
gradient is that of the rounding analysis, with the radius of every entry: nothing is fitted but the choice.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from backprove.case import ACTIVATIONS, LOSSES, Case, Layer, Loss, blocks
from backprove.domains import DOMAINS
from backprove.rounding import Float, analyse

Observation = tuple[Case, Float, str] | tuple[Case, Float, str, Float | None]
"""A case, the flat gradient that the function gave, its precision (float64 or float32), and its blur, if it has any."""

SHAPES = ("1", "1/N", "1/NK", "N", "K", "1/K", "NK")
NUMBERS = (Fraction(1), Fraction(1, 2), Fraction(2), Fraction(1, 4), Fraction(4))
SIGNS = (1, -1)
REDUCTIONS = {"1": "sum", "1/N": "mean", "1/NK": "mean_all"}


@dataclass(frozen=True)
class Factor:
    """sign · number · shape."""

    sign: int = 1
    number: Fraction = Fraction(1)
    shape: str = "1"

    def of(self, N: int, K: int) -> float:
        """Its value for N samples and K outputs."""
        sizes = {"1": 1.0, "N": N, "K": K, "NK": N * K, "1/N": 1 / N, "1/K": 1 / K, "1/NK": 1 / (N * K)}
        return self.sign * float(self.number) * sizes[self.shape]


def _rank(factor: Factor) -> tuple[bool, bool, bool]:
    """The simplest first: reductions, then numbers, then what only a mistake multiplies by."""
    return factor.sign < 0, factor.shape not in REDUCTIONS, factor.number != 1


FACTORS = tuple(sorted((Factor(*parts) for parts in itertools.product(SIGNS, NUMBERS, SHAPES)), key=_rank))


@dataclass(frozen=True)
class Problem:
    """A loss of a network with these activations (hidden, output; or one for each layer), times a factor."""

    activations: tuple[str, ...]
    loss: str
    factor: Factor = Factor()

    @property
    def reduction(self) -> str | None:
        """The reduction that its factor is, if it is one."""
        return REDUCTIONS.get(self.factor.shape)

    def posed(self, case: Case) -> Case:
        """The case with this problem's activations and loss, unscaled and summed."""
        names = self.activations
        if len(names) != len(case.layers):
            names = (names[0],) * (len(case.layers) - 1) + (names[-1],)
        layers = tuple(Layer(c.weights, c.bias, name) for c, name in zip(case.layers, names, strict=True))
        return replace(case, layers=layers, loss=Loss(self.loss), reduction="sum", published=())


def problems(first: Problem | None = None) -> Iterator[Problem]:
    """All of them, those of `first` before the others."""
    if first:
        yield replace(first, factor=Factor())
        yield from (replace(first, loss=loss, factor=Factor()) for loss in LOSSES)
    for hidden, output, loss in itertools.product(ACTIVATIONS, ACTIVATIONS, LOSSES):
        yield Problem((hidden, output), loss)


PARTS = ("all", "weights", "output weights")
"""What of a gradient is to be the problem's: most mistakes leave some of it as it is."""


def _part(case: Case, part: str) -> npt.NDArray[np.intp]:
    """The entries of that part, as `blocks` counts them."""
    spots = [
        np.arange(at, at + math.prod(shape))
        for l, kind, shape, at in blocks(case)
        if part == "all" or (kind == "W" and (part == "weights" or l == len(case.layers)))
    ]
    return np.concatenate(spots)


def factors_of(problem: Problem, seen: Sequence[Observation], part: str = "all") -> list[Factor]:
    """The factors with which the problem's gradient is what was observed, on every network, within rounding.

    None where no network tells: every entry zero, or no larger than its rounding.
    """
    left, told = list(FACTORS), False
    for case, values, precision, *blurs in seen:
        blur = 0.0 if not blurs or blurs[0] is None else blurs[0]
        domain = DOMAINS[precision]
        analysis = analyse(problem.posed(case), domain)
        if analysis.undefined():
            return []
        at = _part(case, part)
        exact, radius = _flat(analysis.weights, analysis.biases)[at], analysis.radii()[at]
        values, blur = values[at], blur if isinstance(blur, float) else blur[at]
        if not (np.isfinite(exact).all() and np.isfinite(radius).all()):
            return []
        N, K = case.targets.shape
        told |= bool((np.abs(exact) > 2**10 * (radius + blur)).any())
        left = [f for f in left if _within(values, f.of(N, K), exact, radius, blur)]
        if not left:
            return []
    return left if told else []


def _within(values: Float, factor: float, exact: Float, radius: Float, blur: Float | float) -> bool:
    # 2 radii: the function's own and the analysis's
    return bool((np.abs(values - factor * exact) <= 2 * abs(factor) * radius + blur).all())


def _flat(weights: Sequence[object], biases: Sequence[object]) -> Float:
    parts = []
    for W, b in zip(weights, biases, strict=True):
        parts += [W.value.ravel()] + ([] if b is None else [b.value])  # type: ignore[attr-defined]
    return np.concatenate(parts)


def gradient_of(seen: Sequence[Observation], first: Problem | None = None, *, part: str = "all") -> list[Problem]:
    """The problems whose gradient was observed, or that part of it, the simplest factor first; [] where there is none.

    Observations of different N and K tell factors apart; networks of one layer cannot tell hidden activations.
    """
    if not seen:
        return []
    # One softmax output, or a gradient of zeros, tells nothing.
    telling = sorted(
        seen,
        key=lambda one: (one[0].sizes[-1] == 1, not one[1][_part(one[0], part)].any(), -len(one[0].layers)),
    )
    found: list[Problem] = []
    for problem in dict.fromkeys(problems(first)):
        if factors_of(problem, telling[:1], part):
            found += [replace(problem, factor=f) for f in factors_of(problem, seen, part)]
            if found and problem == first:
                break
    return sorted(found, key=lambda p: FACTORS.index(p.factor))
