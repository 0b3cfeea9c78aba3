"""Times and memory of something that can be run again."""

import time
import tracemalloc
from collections.abc import Callable, Sequence

REPEATS, WITHIN = 50, 0.03

Run = Callable[[], object]


def shortest(run: Run, *, repeats: int = REPEATS, within: float = WITHIN) -> float:
    """The shortest of some times, in seconds: of several, unless they take long."""
    return in_turn([run], repeats=repeats, within=within)[0]


def in_turn(runs: Sequence[Run], *, repeats: int, within: float) -> list[float]:
    """The shortest time of each, in seconds. They take turns, so that what disturbs the machine disturbs all alike.

    At least once each; no more rounds than `repeats`, nor after `within` seconds.
    """
    best = [float("inf")] * len(runs)
    started = time.perf_counter()
    for done in range(repeats):
        if done and time.perf_counter() - started > within:
            break
        for i, run in enumerate(runs):
            before = time.perf_counter()
            answer = run()
            best[i] = min(best[i], time.perf_counter() - before)
            del answer
    return best


def peak(run: Run) -> int:
    """The most bytes in use at a time, beyond what was before; of what Python and NumPy ask for."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        if not running:
            tracemalloc.stop()
