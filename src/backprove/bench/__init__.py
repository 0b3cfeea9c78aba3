"""What everything costs, as networks grow and beside what a user would take instead; measured, never asserted."""

import os
import platform
import time
from collections.abc import Callable
from typing import Any

from backprove.bench import others
from backprove.bench.growth import costs, growths
from backprove.bench.main_job import campaign, jobs
from backprove.bench.sides import path_rates, ratios
from backprove.findings import BenchReport
from backprove.versions import installed, versions

__all__ = ["bench", "costs"]

JOBS = 2


def bench(*, quick: bool = False, cores: int = 1, tick: Callable[[], None] = lambda: None) -> BenchReport:
    """Measure all of it: in two minutes or so; `quick`, on fewer and smaller networks, in a quarter of that.

    `cores`: how many processes may run at once. `tick` is called after each part. KeyboardInterrupt ends it; the report
    then holds what was measured so far.
    """
    started = time.perf_counter()
    found: dict[str, Any] = {"growth": [], "ratios": [], "paths": [], "campaign": [], "jobs": None}
    absent: list[str] = []
    interrupted = False
    try:
        for growth in growths(quick=quick, tick=tick):
            found["growth"].append(growth)
        for cost in campaign(quick=quick, tick=tick):
            found["campaign"].append(cost)
        found["jobs"] = jobs(min(JOBS, cores), quick=quick, tick=tick)
        for rate in path_rates(quick=quick, tick=tick):
            found["paths"].append(rate)
        absent = others.missing()  # not before: what other libraries load slows down the rest
        for one in ratios(absent, quick=quick, tick=tick):
            found["ratios"].append(one)
    except KeyboardInterrupt:
        interrupted = True
    return BenchReport(
        versions=versions() | installed(sorted({*others.WANTS.values()} - {*absent})),
        machine={"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count() or 1},
        settings={"quick": quick},
        missing=absent,
        seconds=time.perf_counter() - started,
        interrupted=interrupted,
        **found,
    )
