"""What a campaign costs: beside drawing alone, domain by domain, and by two processes instead of one."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from hypothesis import strategies as st

from backprove.bench.clock import in_turn
from backprove.campaign import Settings, explore, search
from backprove.campaign.shards import worker
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.findings import CampaignCost, JobsCost
from backprove.generate import bytes_drawn, cases

SEED = 8
NETWORKS, TO_SPREAD = {True: 40, False: 200}, {True: 400, False: 2_000}
"""Quick or not → networks in a domain, and for several processes."""
Tick = Callable[[], None]


def campaign(*, quick: bool, tick: Tick) -> Iterator[CampaignCost]:
    """One process, domain by domain, those that cannot be used here left out."""
    networks, repeats = NETWORKS[quick], 1 if quick else 3
    for name, domain in DOMAINS.items():
        if domain.missing():
            continue
        size = bytes_drawn(domain=name)
        alone = partial(_drawn, st.binary(min_size=size, max_size=size), networks)
        drawing = partial(_drawn, cases(domain=name), networks)
        settings = partial(Settings, seed=SEED, domains=(name,))
        whole = partial(search, settings(networks=networks), ENGINES)
        for run in (partial(_drawn, cases(domain=name), 5), partial(search, settings(networks=5), ENGINES)):
            run()  # what is slow the first time only
        times = in_turn([alone, drawing, whole], repeats=repeats, within=60.0)
        alone_each, drawing_each, whole_each = (seconds / networks for seconds in times)
        yield CampaignCost(
            domain=name, networks=networks, bytes_alone=alone_each, drawing_alone=drawing_each, whole=whole_each
        )
        tick()


def _drawn(strategy: st.SearchStrategy[Any], networks: int) -> None:
    explore(strategy, SEED, networks, lambda drawn: None, shrink=False)


def jobs(number: int, *, quick: bool, tick: Tick) -> JobsCost | None:
    """The same campaign by one process and by `number`; None of one."""
    if number < 2:
        return None
    settings = Settings(networks=TO_SPREAD[quick], seed=SEED, domains=("float64",))
    with ProcessPoolExecutor(number, get_context("spawn"), worker) as pool:
        search(Settings(networks=100 * number, seed=SEED, domains=("float64",)), ENGINES, executor=pool)  # begun
        one, several = in_turn(
            [partial(_searched, settings, None), partial(_searched, settings, pool)],
            repeats=1 if quick else 2,
            within=60.0,
        )
    tick()
    return JobsCost(jobs=number, networks=settings.networks, one_seconds=one, seconds=several)


def _searched(settings: Settings, pool: Executor | None) -> object:
    return search(settings, ENGINES, executor=pool)
