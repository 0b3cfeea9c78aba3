"""Who draws the networks: this process, several, or a cluster; and what a state is told of engines."""

import contextlib
import hashlib
import math
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from backprove.errors import BackproveError, MissingExtra

if TYPE_CHECKING:
    from backprove.campaign import Settings


def shards(settings: "Settings") -> float:
    """How many shards there are at least."""
    from backprove.campaign.shards import SHARD

    return math.inf if settings.seconds else len(settings.domains) * math.ceil(settings.networks / SHARD)


@contextlib.contextmanager
def workers(cluster: str | None, jobs: int | None, parts: float) -> Iterator[Executor | None]:
    """The executor that was asked for; None: this process alone. Raises BackproveError where there is none."""
    if cluster is not None:
        if jobs is not None:
            raise BackproveError("--jobs and --executor: a cluster has workers of its own; leave one out")
        with _cluster(cluster) as executor:
            yield executor
        return
    if jobs is None or jobs == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from backprove.campaign.shards import quiet_worker

    # Not by fork: a process with threads, such as those of BLAS, does not survive that in one piece.
    with ProcessPoolExecutor(int(min(jobs, parts)), get_context("spawn"), quiet_worker) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _cluster(where: str) -> Iterator[Executor]:
    kind, colon, address = where.partition(":")
    if kind != "dask" or not colon or not address:
        raise BackproveError(f"--executor: {where[:60]!r} is not dask:ADDRESS, such as dask:tcp://127.0.0.1:8786")
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingExtra("distributed", "distributed") from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise BackproveError(f"--executor: no scheduler answers at {address}: {said}") from None
    with client:
        yield client.get_executor(pure=False)


def digests(engines: list[str]) -> dict[str, str]:
    """Name → a digest of the file that an engine is from; what comes with backprove has its version."""
    found = {}
    for name in engines:
        file = Path(name.rpartition(":")[0])
        is_file = bool(file.suffix) and file.is_file()
        found[name] = hashlib.sha256(file.read_bytes()).hexdigest() if is_file else "backprove's own"
    return found
