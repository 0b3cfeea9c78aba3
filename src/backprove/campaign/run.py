"""Many networks: survey, shard by shard, then shrink what disagrees.

Every way of disagreeing that was seen is looked for again in the shard that showed it first, and there Hypothesis
shrinks it.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial

from backprove.campaign.conclude import conclude, disagreement
from backprove.campaign.draw import SHRINK_SECONDS, shard_seed, smallest
from backprove.campaign.look import UNTOLD, Look, Signature, look
from backprove.campaign.settings import Settings, left_out, strategy, usable
from backprove.campaign.shards import Counted, Load, Shard, here, plan, shard_size, spread
from backprove.campaign.state import State
from backprove.campaign.survey import Sighting, Survey
from backprove.case import Case
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.errors import BackproveError
from backprove.findings import Disagreement, Report
from backprove.generate import plainer
from backprove.verdict import Verdict

SHOWN_PER_DOMAIN = 3
FOR_SHRINKING = 0.25  # of the time, where it is limited and something disagrees

Progress = Callable[[str, int], None]


def _nothing(domain: str, done: int) -> None:
    pass


def search(
    settings: Settings,
    engines: Mapping[str, Engine],
    *,
    progress: Progress = _nothing,
    executor: Executor | None = None,
    load: Load | None = None,
    state: State | None = None,
    fail_fast: bool = False,
    used: float = 0.0,
) -> Report:
    """The main job: draw networks, compare the engines on each, shrink what disagrees.

    An engine that is not built in goes by the FILE.py:FUNCTION that it was loaded from. The same settings and engines
    give the same Report, outside `timing`. KeyboardInterrupt ends the search; the Report then holds what was found so
    far. `engines`: name → engine, two at least; `progress` is called with a domain and how many of its networks are
    done. Raises BackproveError where the settings leave nothing to compare.

    `executor`: any concurrent.futures.Executor takes the shards instead of this process, and the Report is the same;
    `load` is what gives the engines there, needed where they cannot be pickled. `state`: finished shards are kept
    there, and those that are there already are not drawn again. `fail_fast`: no network after one that disagrees.
    `used`: so many of the settings' seconds are gone.

    >>> from backprove import ENGINES, Settings, search
    >>> report = search(Settings(networks=10, domains=("rational",)), ENGINES)
    >>> report.verdict, report.networks, report.groups
    ('AGREE', 10, [['neuron', 'matrix', 'paths']])
    """
    if len(engines) < 2:
        raise BackproveError("one engine alone agrees with nobody; name at least two")
    started = time.perf_counter()
    domains, not_covered = usable(settings)
    surveys = {name: Survey(DOMAINS[name]) for name in domains}
    campaign, interrupted, shrinking = _Campaign(settings, engines, progress, surveys), False, 0.0
    campaign.until -= used
    try:
        for shard, survey in campaign.counted(domains, executor, load, state, fail_fast):
            surveys[shard.domain].add(survey)
            if survey.interrupted:
                raise KeyboardInterrupt
            if survey.found and (fail_fast or campaign.late()):
                break
        since = time.perf_counter()
        found = list(campaign.disagreements(shrink=True))
        shrinking = time.perf_counter() - since
    except KeyboardInterrupt:
        interrupted, found = True, list(campaign.disagreements(shrink=False))
    return conclude(
        list(surveys.values()),
        found,
        engines=engines,
        seed=settings.seed,
        settings=settings.said(),
        not_covered=[*not_covered, *left_out(settings, list(surveys.values()))],
        interrupted=interrupted,
        timing={"seconds": time.perf_counter() - started, "shrinking_seconds": shrinking},
    )


class _Campaign:
    def __init__(
        self, settings: Settings, engines: Mapping[str, Engine], progress: Progress, surveys: dict[str, Survey]
    ) -> None:
        self.settings, self.engines, self.progress, self.surveys = settings, engines, progress, surveys
        self.until = time.time() + settings.seconds if settings.seconds else float("inf")
        self.done = dict.fromkeys(surveys, 0)

    def late(self) -> bool:
        """Whether what is left of the time is for shrinking."""
        return time.time() > self.until - FOR_SHRINKING * (self.settings.seconds or 0)

    def counted(
        self, domains: list[str], executor: Executor | None, load: Load | None, state: State | None, fail_fast: bool
    ) -> Iterator[Counted]:
        """Every shard with its survey, in order: from the state where it is there, else drawn, and then kept there."""

        def advance(domain: str, more: int) -> None:
            self.done[domain] += more
            self.progress(domain, self.done[domain])

        asked: deque[tuple[Shard, bool]] = deque()  # whether each was there, when it was looked for

        def missing() -> Iterator[Shard]:
            for shard in plan(self.settings, domains):
                if time.time() >= self.until:
                    return
                there = state is not None and state.has(shard)
                asked.append((shard, there))
                if not there:
                    yield shard

        if executor is None:
            drawn = here(missing(), self.settings, self.engines, self.until, advance, fail_fast)
        else:
            load = load or partial(dict, self.engines)
            drawn = spread(missing(), self.settings, load, self.until, advance, fail_fast, executor)
        if state is None:
            yield from drawn
            return
        ready = next(drawn, None)
        while asked:
            shard, there = asked.popleft()
            if there:
                survey = state.read(shard)
                advance(shard.domain, survey.networks)
            elif ready is None:
                return
            else:
                same, survey = ready
                assert same == shard
                if not survey.cut:
                    state.keep(shard, survey)
            yield shard, survey
            if not there:
                ready = next(drawn, None)

    def disagreements(self, *, shrink: bool) -> Iterator[Disagreement]:
        """The most frequent ways of disagreeing in each domain, on the smallest network found for each."""
        most = [
            (survey, *one)
            for survey in self.surveys.values()
            for one in sorted(survey.found.items(), key=lambda item: -item[1].networks)[:SHOWN_PER_DOMAIN]
        ]
        for left, (survey, wanted, sighting) in zip(range(len(most), 0, -1), most, strict=True):
            seconds = min(SHRINK_SECONDS, (self.until - time.time()) / left)
            smallest = self.smallest(survey, wanted, sighting, seconds) if shrink and seconds > 0 else None
            if smallest is None:
                comparison = compare(sighting.case, survey.domain, self.engines)
                smallest = Look(comparison, list(wanted[2]))
            yield disagreement(self.plainest(smallest, wanted), sighting.networks)

    def plainest(self, seen: Look, wanted: Signature) -> Look:
        """In a field, whose numbers nobody can read: the same at small whole numbers, where they show it too."""
        for case in plainer(seen.comparison.case) if seen.comparison.case.modulus else ():
            plain = look(case, seen.comparison.domain, self.engines)
            if plain.signature == wanted:
                return plain
        return seen

    def smallest(self, survey: Survey, wanted: Signature, sighting: Sighting, seconds: float) -> Look | None:
        """Draw the shard again and shrink the first network with this signature."""
        repeat = bool(wanted[2])
        weigh = any(reason in survey.undecided for reason in UNTOLD.values())
        telling = {} if repeat else self.telling(survey, sighting.case)

        def shows(case: Case) -> Look | None:
            self.progress(survey.domain.name, survey.networks)
            if telling and compare(case, survey.domain, telling).verdict is not Verdict.DISAGREE:
                return None
            seen = look(case, survey.domain, self.engines, repeat=repeat, weigh=weigh)
            return seen if seen.disagrees and seen.signature == wanted else None

        name = survey.domain.name
        seed = shard_seed(self.settings.seed, name, sighting.shard)
        return smallest(strategy(self.settings, name), seed, shard_size(self.settings), shows, seconds=seconds)

    def telling(self, survey: Survey, case: Case) -> dict[str, Engine]:
        """The two engines that differ most on a case; none where no two differ in numbers.

        Where they agree, the others need not be asked, some of which are slow.
        """
        pairs = [pair for pair in compare(case, survey.domain, self.engines).pairs if pair.verdict is Verdict.DISAGREE]
        pair = max(pairs, key=lambda pair: float(pair.fraction.max()), default=None)
        return {name: self.engines[name] for name in (pair.first, pair.second)} if pair else {}
