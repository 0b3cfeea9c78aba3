"""Who draws the networks: this process, several, or a cluster; and what a state is told of engines."""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from backprove.errors import BackproveError, MissingExtra

if TYPE_CHECKING:
    from backprove.campaign import Settings


# Another process takes a second or two of a core to begin with: by default one for so many networks, or seconds.
NETWORKS_A_JOB, SECONDS_A_JOB = 300, 10


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def by_default(settings: "Settings") -> int:
    """How many processes draw where nobody says: as many as there are cores, where that is worth their beginning."""
    if settings.seconds is not None:
        return cores() if settings.seconds >= SECONDS_A_JOB else 1
    return max(1, min(cores(), len(settings.domains) * settings.networks // NETWORKS_A_JOB))


@contextlib.contextmanager
def workers(cluster: str | None, jobs: int | None, settings: "Settings") -> Iterator[Executor | None]:
    """The executor that was asked for; None: this process alone. Raises BackproveError where there is none."""
    if cluster is not None:
        if jobs is not None:
            raise BackproveError("--jobs and --executor: a cluster has workers of its own; leave one out")
        with _cluster(cluster) as executor:
            yield executor
        return
    jobs = jobs or by_default(settings)
    if jobs == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    from backprove.campaign.shards import worker

    # Not by fork: a process with threads, such as those of BLAS, does not survive that in one piece.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), worker)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():  # what they are at now is not waited for: nobody wants it any more
            process.terminate()


@contextlib.contextmanager
def _cluster(where: str) -> Iterator[Executor]:
    kind, colon, address = where.partition(":")
    if kind != "dask" or not colon or not address:
        raise BackproveError(f"--executor: {where[:60]!r} is not dask:ADDRESS, such as dask:tcp://127.0.0.1:8786")
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingExtra("distributed", "distributed") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what is lost is said here, in a line
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise BackproveError(f"--executor: no scheduler answers at {address}: {said}") from None
    with client:
        yield client.get_executor(pure=False)


def digests(engines: list[str], budget: str | None) -> dict[str, str]:
    """Name → a digest of the file that an engine is from; what comes with backprove has its version, and its budget."""
    found = {}
    for name in engines:
        file = Path(name.rpartition(":")[0] or name)
        is_file = bool(file.suffix) and file.is_file()
        own = "backprove's own" if name != "paths" or budget is None else f"backprove's own, {budget}"
        found[name] = hashlib.sha256(file.read_bytes()).hexdigest() if is_file else own
    return found
