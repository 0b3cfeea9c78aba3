"""The parts of a campaign: each one run of Hypothesis with a seed of its own, surveyed by itself, here or elsewhere.

Nothing is raised while surveying: everything is counted. Surveys are added up in the order of the shards, wherever and
whenever they were made, so that the outcome does not depend on how many processes there were.
"""

import contextlib
import gc
import pickle
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from backprove.campaign.draw import explore, shard_seed
from backprove.campaign.look import look
from backprove.campaign.settings import Settings, strategy
from backprove.campaign.survey import Survey
from backprove.case import Case
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.errors import BackproveError

SHARD = 100
REPEAT_EVERY = 20
AHEAD = 4  # shards in the hands of an executor for each of its workers, about

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
        return f"{self.domain}-{self.index:06}"


def plan(settings: Settings, domains: list[str]) -> Iterator[Shard]:
    """All shards, domain by domain; without end, round by round, where it is the time that is limited."""
    if settings.seconds is None:
        for domain in domains:
            for index, start in enumerate(range(0, settings.networks, SHARD)):
                yield Shard(domain, index, min(SHARD, settings.networks - start))
        return
    index = 0
    while True:
        for domain in domains:
            yield Shard(domain, index, SHARD // 4)
        index += 1


def surveyed(
    settings: Settings,
    shard: Shard,
    engines: Mapping[str, Engine],
    until: float = float("inf"),
    advance: Advance = lambda domain, more: None,
) -> Survey:
    """Draw one shard, compare the engines on it, count. No network begins after `until` (seconds since 1970)."""
    survey = Survey(DOMAINS[shard.domain])
    started = time.perf_counter()

    def visit(case: Case) -> None:
        if time.time() > until:
            return
        repeat = survey.networks % REPEAT_EVERY == 0
        survey.count(look(case, survey.domain, engines, repeat=repeat), shard.index)
        advance(shard.domain, 1)

    seed = shard_seed(settings.seed, shard.domain, shard.index)
    try:
        with _seldom_collecting():
            explore(strategy(settings, shard.domain), seed, shard.networks, visit, shrink=False)
    except KeyboardInterrupt:
        survey.interrupted = True
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
    shards: Iterable[Shard], settings: Settings, engines: Mapping[str, Engine], until: float, advance: Advance
) -> Iterator[Counted]:
    """The shards, one after the other."""
    for shard in shards:
        yield shard, surveyed(settings, shard, engines, until, advance)


def spread(
    shards: Iterable[Shard], settings: Settings, load: Load, until: float, advance: Advance, executor: Executor
) -> Iterator[Counted]:
    """The shards by an executor, in order. Raises BackproveError where a worker dies and nobody takes its place."""
    try:
        packed = pickle.dumps(load)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise BackproveError(f"an engine cannot be sent to another process: {error}; say how to load it") from None
    waiting: deque[tuple[Shard, Future[Survey]]] = deque()
    rest = iter(shards)
    ahead = AHEAD * (getattr(executor, "_max_workers", None) or 4)
    try:
        while True:
            while len(waiting) < ahead and (shard := next(rest, None)) is not None:
                waiting.append((shard, executor.submit(_elsewhere, settings, shard, packed, until)))
            if not waiting:
                return
            shard, future = waiting.popleft()
            survey = _result(shard, future)
            advance(shard.domain, survey.networks)
            yield shard, survey
    finally:
        for _, future in waiting:
            future.cancel()


def _result(shard: Shard, future: "Future[Survey]") -> Survey:
    try:
        return future.result()
    except BrokenExecutor:
        what = f"a process that drew networks ended before its time, at {shard.domain}, shard {shard.index}"
        raise BackproveError(f"{what}: does an engine end it? --jobs 1 shows what it says") from None


def _elsewhere(settings: Settings, shard: Shard, load: bytes, until: float) -> Survey:
    """In another process: the engines are loaded there once."""
    with warnings.catch_warnings():
        # Of the global generator, which other threads of a cluster's worker draw from meanwhile; networks never do.
        warnings.filterwarnings("ignore", "Do not use the `random` module inside strategies")
        return surveyed(settings, shard, _loaded(load), until)


@lru_cache(maxsize=2)
def _loaded(load: bytes) -> Mapping[str, Engine]:
    engines: Mapping[str, Engine] = pickle.loads(load)()
    return engines


def quiet_worker() -> None:
    """What a worker process does first: Ctrl-C is for the process that it works for; one thread is enough."""
    import signal

    from backprove.threads import one_thread

    one_thread()
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


__all__: list[Any] = ["Advance", "Counted", "Load", "Shard", "here", "plan", "quiet_worker", "spread", "surveyed"]
