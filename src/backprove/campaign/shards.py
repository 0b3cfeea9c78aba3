"""The parts of a campaign: each one run of Hypothesis with a seed of its own, surveyed by itself, here or elsewhere.

Nothing is raised while surveying: everything is counted. Surveys are added up in the order of the shards, wherever and
whenever they were made, so that the outcome does not depend on how many processes there were.
"""

import contextlib
import gc
import itertools
import multiprocessing
import os
import pickle
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from dataclasses import dataclass
from functools import lru_cache

from backprove.campaign.draw import explore, shard_seed
from backprove.campaign.look import look
from backprove.campaign.settings import Settings, strategy
from backprove.campaign.survey import Survey
from backprove.case import Case
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.errors import BackproveError
from backprove.versions import versions

SHARD = 100
REPEAT_EVERY = 20
AHEAD = 4  # shards in the hands of an executor for each of its workers, about
MANY = 64  # workers, of an executor that does not say how many it has

Load = Callable[[], Mapping[str, Engine]]
"""What gives the engines in another process."""
Advance = Callable[[str, int], None]
"""Called with a domain and how many more of its networks are done."""


@dataclass(frozen=True)
class Shard:
    """One part of one domain's networks."""

    domain: str
    index: int
    networks: int

    @property
    def name(self) -> str:
        return f"{self.domain}-{self.index:06}-{self.networks}"


def shard_size(settings: Settings) -> int:
    """Networks of a shard; by the clock they are small, so that all domains have their turn."""
    return SHARD if settings.seconds is None else SHARD // 4


def plan(settings: Settings, domains: list[str]) -> Iterator[Shard]:
    """All shards, domain by domain; without end, round by round, where it is the time that is limited."""
    size = shard_size(settings)
    if settings.seconds is None:
        for domain in domains:
            for index, start in enumerate(range(0, settings.networks, size)):
                yield Shard(domain, index, min(size, settings.networks - start))
        return
    for index in itertools.count():
        for domain in domains:
            yield Shard(domain, index, size)


def surveyed(
    settings: Settings,
    shard: Shard,
    engines: Mapping[str, Engine],
    until: float = float("inf"),
    advance: Advance = lambda domain, more: None,
    *,
    fail_fast: bool = False,
) -> Survey:
    """Draw one shard, compare the engines on it, count.

    No network begins after `until` (seconds since 1970), nor, with `fail_fast`, after one that disagrees; the survey
    then says that it was `cut`.
    """
    survey = Survey(DOMAINS[shard.domain])
    started = time.perf_counter()

    def visit(case: Case) -> None:
        survey.cut |= time.time() > until or (fail_fast and bool(survey.found))
        if survey.cut:
            return
        repeat = survey.networks % REPEAT_EVERY == 0
        survey.count(look(case, survey.domain, engines, repeat=repeat), shard.index)
        advance(shard.domain, 1)

    seed = shard_seed(settings.seed, shard.domain, shard.index)
    try:
        with _seldom_collecting():
            explore(strategy(settings, shard.domain), seed, shard.networks, visit, shrink=False)
    except KeyboardInterrupt:
        survey.interrupted = survey.cut = True
    survey.seconds = time.perf_counter() - started
    return survey


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Networks leave hardly any cycles; looking for them every 700 objects is a tenth of all time."""
    before = gc.get_threshold()
    gc.set_threshold(50 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


Counted = tuple[Shard, Survey]


def here(
    shards: Iterable[Shard],
    settings: Settings,
    engines: Mapping[str, Engine],
    until: float,
    advance: Advance,
    fail_fast: bool,
) -> Iterator[Counted]:
    """The shards, one after the other."""
    for shard in shards:
        yield shard, surveyed(settings, shard, engines, until, advance, fail_fast=fail_fast)


def spread(
    shards: Iterable[Shard],
    settings: Settings,
    load: Load,
    until: float,
    advance: Advance,
    fail_fast: bool,
    executor: Executor,
) -> Iterator[Counted]:
    """The shards by an executor, in order. Raises BackproveError where a worker dies and nobody takes its place."""
    try:
        packed = pickle.dumps(load)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise BackproveError(f"an engine cannot be sent to another process: {error}; say how to load it") from None
    # Other machines have other clocks; there a shard that has begun is drawn to its end.
    their_until = until if isinstance(executor, (ProcessPoolExecutor, ThreadPoolExecutor)) else float("inf")
    waiting: deque[tuple[Shard, Future[Survey]]] = deque()
    rest = iter(shards)
    ahead = AHEAD * (getattr(executor, "_max_workers", None) or MANY)
    own = versions()
    try:
        while True:
            while len(waiting) < ahead and (shard := next(rest, None)) is not None:
                with _said(shard):
                    future = executor.submit(_elsewhere, settings, shard, packed, their_until, fail_fast, own)
                waiting.append((shard, future))
            if not waiting:
                return
            shard, future = waiting.popleft()
            if time.time() >= until and future.cancel():
                return
            with _said(shard):
                survey = future.result()
            advance(shard.domain, survey.networks)
            yield shard, survey
    except BackproveError:
        waiting.clear()  # a pool that broke deals with the others itself
        raise
    finally:
        for _, future in waiting:
            future.cancel()


@contextlib.contextmanager
def _said(shard: Shard) -> Iterator[None]:
    """What an executor raises, in a line: raises BackproveError."""
    at = f"at {shard.domain}, shard {shard.index}"
    try:
        yield
    except BackproveError:
        raise
    except BrokenExecutor:
        what = f"a process that drew networks ended before its time, {at}"
        raise BackproveError(f"{what}: does an engine end it? --jobs 1 shows what it says") from None
    except (Exception, CancelledError) as error:  # whatever an executor has to say of workers that it lost
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300].rstrip(": ")
        raise BackproveError(f"a worker, or what it hangs on, failed, {at}: {said}") from error


def _elsewhere(
    settings: Settings, shard: Shard, load: bytes, until: float, fail_fast: bool, theirs: dict[str, str]
) -> Survey:
    """In another process: the engines are loaded there once."""
    if (own := versions()) != theirs:
        name = next(name for name in {**own, **theirs} if own.get(name) != theirs.get(name))
        what = f"a worker has {name} {own.get(name)}, not {theirs.get(name)}"
        raise BackproveError(f"{what}: install the same versions everywhere")
    try:
        engines = _loaded(load)
    except BackproveError as error:
        raise BackproveError(str(error)) from None  # others of its kind do not come back in one piece
    with warnings.catch_warnings():
        # Of the global generator, which other threads of a cluster's worker draw from meanwhile; networks never do.
        warnings.filterwarnings("ignore", "Do not use the `random` module inside strategies")
        return surveyed(settings, shard, engines, until, fail_fast=fail_fast)


@lru_cache(maxsize=2)
def _loaded(load: bytes) -> Mapping[str, Engine]:
    engines: Mapping[str, Engine] = pickle.loads(load)()
    return engines


def worker() -> None:
    """What a process of a pool does first: Ctrl-C is for the process that it works for, and it ends with that one."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
