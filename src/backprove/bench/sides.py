"""Side by side in one run: what backprove does, and what a user would take instead."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from backprove.bench import barest, others
from backprove.bench.clock import in_turn, peak, shortest
from backprove.bench.networks import name, network, paths
from backprove.case import Case
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, matrix, neuron
from backprove.engines import paths as by_paths
from backprove.findings import PathRate, Ratio

FLOAT64 = DOMAINS["float64"]
WIDTHS = (16, 64, 256, 1024)
BATCH = 64
CHECKED = ((3, 3, 3, 1), (4, 5, 4, 3), (16, 16, 16, 4), (64, 64, 10))
PATH_WIDTHS = (10, 17, 32, 56, 99)  # 10^4, 10^5, … 10^8 paths

Tick = Callable[[], None]


def ratios(missing: Sequence[str], *, quick: bool, tick: Tick) -> Iterator[Ratio]:
    """Every pair, but for those that need a library that is missing."""
    repeats, within = (10, 0.3) if quick else (50, 1.0)

    def pair(what: str, run: Callable[[], object], against: str, other: Callable[[], object], case: Case) -> Ratio:
        other()  # what it compiles or imports at first is not counted
        seconds, theirs = in_turn([run, other], repeats=repeats, within=within)
        tick()
        return Ratio(what=what, against=against, network=name(case), seconds=seconds, against_seconds=theirs)

    for width in WIDTHS[: 3 if quick else None]:
        case = network(*[width] * 4, batch=BATCH)
        run = partial(matrix.engine, case, FLOAT64)
        yield pair("matrix", run, "its products of matrices alone", barest.products(case), case)
        if "torch" not in missing:
            yield pair("matrix", run, "torch, forward and backward", others.torch_gradient(case), case)
    case = network(16, 32, 32, 8, batch=4)
    yield pair("neuron", partial(neuron.engine, case, FLOAT64), "the barest loops", barest.loops(case), case)
    if "micrograd" not in missing:
        case = network(16, 32, 32, 8, batch=4, activation="relu", output="identity")
        run = partial(neuron.engine, case, FLOAT64)
        yield pair("neuron", run, "micrograd, forward and backward", others.micrograd_gradient(case), case)
    for sizes in CHECKED[: 2 if quick else None]:
        case = network(*sizes)
        check = partial(compare, case, FLOAT64, ENGINES)
        for checker, make in others.CHECKERS.items():
            if others.WANTS[checker] not in missing:
                yield pair("whole check", check, checker, make(case), case)


def path_rates(*, quick: bool, tick: Tick) -> Iterator[PathRate]:
    """Engine paths without a budget, on networks of 10^4 … 10^8 paths."""
    for width in PATH_WIDTHS[: 3 if quick else None]:
        case = network(*[width] * 4)
        count = paths(case)
        run = partial(by_paths.engine, case, FLOAT64, budget=count)
        seconds = shortest(run, repeats=5, within=1.0)
        yield PathRate(
            network=name(case), paths=count, seconds=seconds, per_second=count / seconds, peak_bytes=peak(run)
        )
        tick()
