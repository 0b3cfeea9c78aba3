"""What a gradient costs by each engine and each oracle, as networks grow: measured side by side."""

import math
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from backprove.case import Case, Layer, Loss
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, paths
from backprove.findings import Cost, CostPoint
from backprove.oracles import central, complex_step, forward

WIDTHS = (2, 4, 8, 16, 32, 64, 128)
WEIGHT_LAYERS = 3
PATIENCE = 0.06  # seconds of one gradient; where the next is expected to take longer, a way goes no further
REPEATS, WITHIN = 5, 0.03
ORACLES: dict[str, Callable[[Case], Any]] = {
    "forward differences": forward,
    "central differences": central,
    "complex step": complex_step,
}
"""The loss a little way off, for every weight once; twice and in several steps; once, in complex numbers."""


def costs() -> list[Cost]:
    """Every way on networks n-n-n-n of sigmoid units with one sample, from small ones on, in a second or two."""
    ways: dict[str, Callable[[Case], Any]] = {
        **{name: partial(_of_engine, name) for name in ENGINES},
        **ORACLES,
    }
    for run in ways.values():
        run(_network(WIDTHS[0]))  # what is slow the first time only
    return [_cost(name, run) for name, run in ways.items()]


def _of_engine(name: str, case: Case) -> Any:
    return ENGINES[name](case, DOMAINS["float64"])


def _cost(name: str, run: Callable[[Case], Any]) -> Cost:
    points: list[CostPoint] = []
    stopped = ""
    for case in map(_network, WIDTHS):
        if stopped := _too_long(name, points, case):
            break
        sizes = "-".join(map(str, case.sizes))
        points.append(CostPoint(network=sizes, entries=case.entries, seconds=_seconds(partial(run, case))))
    return Cost(way=name, points=points, exponent=_exponent(points), stopped=stopped)


def _too_long(name: str, points: list[CostPoint], case: Case) -> str:
    """Why a way is not measured on a larger network, or ""."""
    sizes = "-".join(map(str, case.sizes))
    if name == "paths" and (count := _paths(case)) > paths.BUDGET["hardware"]:
        return f"{sizes} has {count:,} paths, of at most {paths.BUDGET['hardware']:,} that it multiplies out"
    if len(points) < 2:
        return ""
    expected = points[-1].seconds * (case.entries / points[-1].entries) ** max(_exponent(points) or 1.0, 1.0)
    if points[-1].seconds > PATIENCE or expected > 8 * PATIENCE:
        return f"{sizes} would take too long for a report"
    return ""


def _paths(case: Case) -> int:
    """From all weights and biases of a network with one sample to the loss."""
    sizes = case.sizes
    return sum(sizes[l] * (sizes[l - 1] + 1) * math.prod(sizes[l + 1 :]) for l in range(1, len(sizes)))


def _exponent(points: list[CostPoint]) -> float | None:
    if len(points) < 2:
        return None
    a, b = points[-2:]
    return math.log(b.seconds / a.seconds) / math.log(b.entries / a.entries)


def _network(n: int) -> Case:
    random = np.random.default_rng(n)

    def layers() -> Iterator[Layer]:
        for _ in range(WEIGHT_LAYERS):
            yield Layer(random.normal(size=(n, n)) / math.sqrt(n), random.normal(size=n), "sigmoid")

    inputs, targets = random.normal(size=(1, n)), random.uniform(size=(1, n))
    return Case(tuple(layers()), inputs, targets, Loss("squared_error", Fraction(1, 2)))


def _seconds(run: Callable[[], object]) -> float:
    """The shortest of some times: of several, unless they take long."""
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < WITHIN:
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
