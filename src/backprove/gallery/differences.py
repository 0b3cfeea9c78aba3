"""How inaccurate finite differences are, and how many evaluations of the loss they take, measured as networks grow."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from backprove.case import Case, Layer, Loss
from backprove.domains import DOMAINS
from backprove.engines import matrix, neuron
from backprove.formulations import FORMULATIONS
from backprove.gallery.training import of
from backprove.oracles import central_fixed, complex_step, forward
from backprove.rounding import Float

WIDTHS = (2, 4, 8, 16)
_ONE_BY_ONE = FORMULATIONS["finite-differences/forward"]
FLOAT64 = DOMAINS["float64"]


@dataclass(frozen=True)
class Measured:
    """One network: largest errors as shares of its largest entry, each against engine `neuron`."""

    network: str
    weights: int
    forward_evaluations: int
    """Of the loss, for a whole gradient."""
    central_evaluations: int
    forward: float
    central: float
    complex_step: float
    engine: float
    """How far engine `matrix` is off."""
    seconds_ratio: float
    """The time of a gradient by forward differences, one evaluation after the other, over that of engine `matrix`."""


def measured(seed: int) -> Iterator[Measured]:
    """Networks n-n-n-n of sigmoid units with random weights and one sample."""
    random = np.random.default_rng([seed, 2017])
    for n in WIDTHS:
        layers = tuple(Layer(random.normal(size=(n, n)), random.normal(size=n), "sigmoid") for _ in range(3))
        inputs, targets = random.normal(size=(1, n)), random.uniform(size=(1, n))
        case = Case(layers, inputs, targets, Loss("squared_error", Fraction(1, 2)))
        truth = of(neuron.engine(case, FLOAT64))
        yield Measured(
            network=f"{n}-{n}-{n}-{n}",
            weights=case.entries,
            forward_evaluations=case.entries + 1,
            central_evaluations=2 * case.entries,
            forward=_off(forward(case), truth),
            central=_off(central_fixed(case), truth),
            complex_step=_off(complex_step(case).values, truth),
            engine=_off(of(matrix.engine(case, FLOAT64)), truth),
            seconds_ratio=_seconds(partial(_ONE_BY_ONE, case, FLOAT64))
            / _seconds(partial(matrix.engine, case, FLOAT64)),
        )


def _seconds(run: Callable[[], object]) -> float:
    """The shortest of some times."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def _off(values: Float, truth: Float) -> float:
    return float(np.abs(values - truth).max() / np.abs(truth).max())
