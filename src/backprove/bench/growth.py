"""What a gradient costs by each engine, the bound and each oracle, as networks grow: in width, depth, samples."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from backprove.bench import networks
from backprove.bench.clock import WITHIN, peak, shortest
from backprove.bench.networks import network
from backprove.case import Case
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, paths
from backprove.findings import Cost, CostPoint, Growth, GrowthPoint
from backprove.oracles import central, complex_step, forward
from backprove.rounding import analyse

FLOAT64 = DOMAINS["float64"]
QUICK = 6  # sizes
PATIENCE = 0.04  # seconds of one gradient; where the next is expected to take longer, a way goes no further
Way = Callable[[Case], object]

ORACLES: dict[str, Way] = {
    "forward differences": forward,
    "central differences": central,
    "complex step": complex_step,
}
"""The loss a little way off, for every weight once; twice and in several steps; once, in complex numbers."""


def _of_engine(name: str, case: Case) -> object:
    return ENGINES[name](case, FLOAT64)


GRADIENTS: dict[str, Way] = {**{name: partial(_of_engine, name) for name in ENGINES}, **ORACLES}
WAYS: dict[str, Way] = {
    **{name: partial(_of_engine, name) for name in ENGINES},
    "rounding bound": lambda case: analyse(case, FLOAT64),
    "whole check": lambda case: compare(case, FLOAT64, ENGINES),
    **ORACLES,
}
"""`whole check`: the three engines, the bound, and the verdict on every entry."""

SIDES: dict[str, tuple[Sequence[int], Callable[[int], Case]]] = {
    "width": ((2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), lambda n: network(n, n, n, n)),
    "depth": ((1, 2, 4, 7, 8, 9, 10, 16, 64), lambda n: network(*[4] * (n + 1))),
    "batch": ((1, 4, 16, 64, 256, 1024, 4096), lambda n: network(8, 8, 8, 8, batch=n)),
}
"""What grows: its sizes, and the network of one size."""
WIDTHS = (2, 4, 8, 16, 32, 64, 128)


def costs() -> list[Cost]:
    """Every way to a gradient on networks n-n-n-n of sigmoid units with one sample, in a second or two."""
    return [_cost(name, run) for name, run in _warm(GRADIENTS).items()]


def growths(*, quick: bool = False, tick: Callable[[], None] = lambda: None) -> Iterator[Growth]:
    """Every way along every side, each as far as its paths and our patience let it go."""
    patience = PATIENCE / 6 if quick else PATIENCE
    for along, (sizes, of_size) in SIDES.items():
        for name, run in _warm(WAYS).items():
            points: list[GrowthPoint] = []
            stopped = ""
            for size in sizes[: QUICK if quick else None]:
                case = of_size(size)
                if stopped := _too_long(name, [(p.size, p.seconds) for p in points], size, case, patience):
                    break
                once = partial(run, case)
                points.append(
                    GrowthPoint(
                        size=size,
                        network=networks.name(case),
                        entries=case.entries,
                        paths=networks.paths(case),
                        seconds=shortest(once, within=0.01 if quick else WITHIN),
                        peak_bytes=peak(once),
                    )
                )
            exponent, base = fitted([p.size for p in points], [p.seconds for p in points], along)
            yield Growth(way=name, along=along, points=points, exponent=exponent, base=base, stopped=stopped)
            tick()


def fitted(sizes: Sequence[float], seconds: Sequence[float], along: str) -> tuple[float | None, float | None]:
    """(p, None) where the time grows as size^p, (None, b) where it grows as b^size; by the last three sizes.

    With depth the number of paths grows exponentially, hence there, by the last four, what fits better: log time over
    log size, or over size. Elsewhere everything is a power. (None, None) of fewer than four sizes.
    """
    if len(sizes) < 4:
        return None, None
    x, y = np.array(sizes, dtype=float), np.log(seconds)
    by_power, by_rate = (float(np.polyfit(of[-4:], y[-4:], 1, full=True)[1].sum()) for of in (np.log(x), x))
    if along == "depth" and by_rate < by_power:
        return None, float(np.exp(np.polyfit(x[-3:], y[-3:], 1)[0]))
    return float(np.polyfit(np.log(x[-3:]), y[-3:], 1)[0]), None


def _warm(ways: dict[str, Way]) -> dict[str, Way]:
    for run in ways.values():
        run(network(2, 2, 2))  # what is slow the first time only
    return ways


def _cost(name: str, run: Way) -> Cost:
    points: list[CostPoint] = []
    stopped = ""
    for n in WIDTHS:
        case = network(n, n, n, n)
        if stopped := _too_long(name, [(p.entries, p.seconds) for p in points], case.entries, case, PATIENCE):
            break
        points.append(
            CostPoint(network=networks.name(case), entries=case.entries, seconds=shortest(partial(run, case)))
        )
    exponent = _slope([(p.entries, p.seconds) for p in points])
    return Cost(way=name, points=points, exponent=exponent, stopped=stopped)


def _slope(points: Iterable[tuple[float, float]]) -> float | None:
    """p of time ~ size^p, by the last two (size, seconds)."""
    last = list(points)[-2:]
    if len(last) < 2:
        return None
    (x, s), (y, t) = last
    return math.log(t / s) / math.log(y / x)


def _too_long(name: str, points: list[tuple[int, float]], size: int, case: Case, patience: float) -> str:
    """Why a way is not measured on a larger network, or ""."""
    said = networks.name(case)
    if name in ("paths", "whole check") and (count := networks.paths(case)) > paths.BUDGET["hardware"]:
        return f"{said} has {count:,} paths, of at most {paths.BUDGET['hardware']:,} that it multiplies out"
    if len(points) < 2:
        return ""
    at, seconds = points[-1]
    expected = seconds * (size / at) ** max(_slope(points) or 1.0, 1.0)
    if seconds > patience or expected > 8 * patience:
        return f"{said} would take too long"
    return ""
