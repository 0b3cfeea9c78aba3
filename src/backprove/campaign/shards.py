"""Many networks: survey, then shrink what disagrees.

A survey runs shard by shard; each shard is one Hypothesis run of its own seed, so that memory stays flat and a shard
can be drawn again. Nothing is raised while surveying: everything is counted. Then every way of disagreeing that was
seen is looked for again in the shard that showed it, and there Hypothesis shrinks it.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from backprove.campaign.conclude import conclude, disagreement
from backprove.campaign.look import UNTOLD, Look, Signature, look
from backprove.campaign.survey import Sighting, Survey
from backprove.case import ACTIVATIONS, LOSSES, Case
from backprove.compare import compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import Engine
from backprove.errors import BackproveError
from backprove.findings import Disagreement, Report
from backprove.generate import MAX_BATCH, MAX_LAYERS, MAX_WIDTH, cases, losses_for, plainer, supported
from backprove.verdict import Verdict

SHARD = 100
REPEAT_EVERY = 20
SHRINK_SECONDS = 30
SHOWN_PER_DOMAIN = 3

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Settings:
    """What to draw. `seconds` None: exactly `networks` in every domain; else as many as the time allows.

    Networks have 1 … max_layers weight layers, layers 1 … max_width units, batches 1 … max_batch samples. The same
    settings draw the same networks, but for how many fit into `seconds`.
    """

    networks: int = 200
    seconds: float | None = None
    seed: int = 0
    max_layers: int = MAX_LAYERS
    max_width: int = MAX_WIDTH
    max_batch: int = MAX_BATCH
    activations: tuple[str, ...] = ACTIVATIONS
    losses: tuple[str, ...] = LOSSES
    domains: tuple[str, ...] = tuple(DOMAINS)

    def said(self) -> dict[str, Any]:
        """The settings as the report states them."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "seed"}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v is not None}


def explore(
    strategy: st.SearchStrategy[Case], seed: int, networks: int, visit: Callable[[Case], None], shrink: bool
) -> None:
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=networks,
        database=None,
        deadline=None,
        derandomize=False,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(strategy)
    def look(case: Case) -> None:
        visit(case)

    try:
        look()
    except hypothesis.errors.Unsatisfiable:
        raise BackproveError("no network can be drawn that is all of what was asked for") from None


_Shown = TypeVar("_Shown")


def smallest(
    strategy: st.SearchStrategy[Case],
    seed: int,
    networks: int,
    shows: Callable[[Case], _Shown | None],
    *,
    seconds: float = SHRINK_SECONDS,
) -> _Shown | None:
    """Draw so many networks and let Hypothesis shrink the first of which `shows` gives something: that of the smallest.

    No more networks are tried when, after the first find, the time is over.
    """
    found: list[_Shown] = []
    end = time.perf_counter() + seconds

    def visit(case: Case) -> None:
        if found and time.perf_counter() > end:
            return
        if (seen := shows(case)) is not None:
            found[:] = [seen]
            raise _Found

    # What answers differently each time makes Hypothesis complain; the last find stands.
    with contextlib.suppress(_Found, hypothesis.errors.HypothesisException, ExceptionGroup):
        explore(strategy, seed, networks, visit, shrink=True)
    return found[0] if found else None


def shard_seed(seed: int, domain: str, shard: int) -> int:
    """A seed of its own for every shard, whatever the other settings."""
    return int.from_bytes(hashlib.sha256(f"{seed} {domain} {shard}".encode()).digest()[:8], "big")


class _Campaign:
    def __init__(self, settings: Settings, engines: Mapping[str, Engine], progress: Progress) -> None:
        self.settings, self.engines, self.progress = settings, engines, progress
        self.end = time.perf_counter() + (settings.seconds or float("inf"))
        self.shrink_seconds = SHRINK_SECONDS if settings.seconds is None else min(SHRINK_SECONDS, settings.seconds / 4)
        self.surveys: list[Survey] = []
        self.strategies: dict[str, st.SearchStrategy[Case]] = {}
        self.not_covered: list[str] = []
        for name in settings.domains:
            if name not in DOMAINS:
                raise BackproveError(f"domains: {name!r} is not one of {', '.join(DOMAINS)}")
            if missing := DOMAINS[name].missing():
                self.not_covered.append(f"{name}: {missing}")
                continue
            try:
                self.strategies[name] = cases(
                    max_layers=settings.max_layers,
                    max_width=settings.max_width,
                    max_batch=settings.max_batch,
                    activations=settings.activations,
                    losses=settings.losses,
                    domain=name,
                )
            except ValueError as error:
                self.not_covered.append(f"{name}: nothing, {error}")
                continue
            self.surveys.append(Survey(DOMAINS[name]))
            self.not_covered += _lacks(DOMAINS[name], settings)
        if not self.surveys:
            raise BackproveError("nothing to compare: " + "; ".join(self.not_covered))

    def survey_shard(self, survey: Survey, shard: int, networks: int) -> None:
        """Draw one shard and count it."""
        started = time.perf_counter()

        def visit(case: Case) -> None:
            if time.perf_counter() > self.end:
                return
            repeat = survey.networks % REPEAT_EVERY == 0
            survey.count(look(case, survey.domain, self.engines, repeat=repeat), shard)
            self.progress(survey.domain.name, survey.networks)

        try:
            seed = shard_seed(self.settings.seed, survey.domain.name, shard)
            explore(self.strategies[survey.domain.name], seed, networks, visit, shrink=False)
        finally:
            survey.seconds += time.perf_counter() - started

    def survey(self) -> None:
        if self.settings.seconds is None:
            for survey in self.surveys:
                for shard, start in enumerate(range(0, self.settings.networks, SHARD)):
                    self.survey_shard(survey, shard, min(SHARD, self.settings.networks - start))
            return
        shard = 0
        while time.perf_counter() < self.end:
            for survey in self.surveys:
                self.survey_shard(survey, shard, SHARD // 4)
            shard += 1

    def disagreements(self, *, shrink: bool) -> Iterator[Disagreement]:
        """The most frequent ways of disagreeing in each domain, on the smallest network found for each."""
        for survey in self.surveys:
            for wanted, sighting in sorted(survey.found.items(), key=lambda item: -item[1].networks)[:SHOWN_PER_DOMAIN]:
                smallest = self.smallest(survey, wanted, sighting) if shrink else None
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

    def smallest(self, survey: Survey, wanted: Signature, sighting: Sighting) -> Look | None:
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

        seed = shard_seed(self.settings.seed, survey.domain.name, sighting.shard)
        size = SHARD if self.settings.seconds is None else SHARD // 4
        strategy = self.strategies[survey.domain.name]
        return smallest(strategy, seed, size, shows, seconds=self.shrink_seconds)

    def telling(self, survey: Survey, case: Case) -> dict[str, Engine]:
        """The two engines that differ most on a case; none where no two differ in numbers.

        Where they agree, the others need not be asked, some of which are slow.
        """
        pairs = [pair for pair in compare(case, survey.domain, self.engines).pairs if pair.verdict is Verdict.DISAGREE]
        pair = max(pairs, key=lambda pair: float(pair.fraction.max()), default=None)
        return {name: self.engines[name] for name in (pair.first, pair.second)} if pair else {}


class _Found(Exception):
    """Raised to tell Hypothesis that a network shows what is looked for."""


def _lacks(domain: Domain, settings: Settings) -> list[str]:
    able = supported(domain, settings.activations)
    missing = [name for name in settings.activations if name not in able]
    lines = []
    if missing:
        lines.append(f"{domain.name}: activations {', '.join(missing)} (their functions are not {domain.name})")
    losses = {loss for name in able for loss in losses_for(name, settings.max_width, settings.losses, domain)}
    if rest := [loss for loss in settings.losses if loss not in losses]:
        lines.append(f"{domain.name}: losses {', '.join(rest)} (no output activation gives them a value)")
    return lines


def _nothing(domain: str, done: int) -> None:
    pass


def search(settings: Settings, engines: Mapping[str, Engine], *, progress: Progress = _nothing) -> Report:
    """The main job: draw networks, compare the engines on each, shrink what disagrees.

    An engine that is not built in goes by the FILE.py:FUNCTION that it was loaded from. The same settings and engines
    give the same Report, outside `timing`. KeyboardInterrupt ends the search; the Report then holds what was found so
    far. `engines`: name → engine, two at least; `progress` is called with a domain and how many of its networks are
    done. Raises BackproveError where the settings leave nothing to compare.

    >>> from backprove import ENGINES, Settings, search
    >>> report = search(Settings(networks=10, domains=("rational",)), ENGINES)
    >>> report.verdict, report.networks, report.groups
    ('AGREE', 10, [['neuron', 'matrix', 'paths']])
    """
    if len(engines) < 2:
        raise BackproveError("one engine alone agrees with nobody; name at least two")
    started = time.perf_counter()
    campaign, interrupted, shrinking = _Campaign(settings, engines, progress), False, 0.0
    try:
        campaign.survey()
        since = time.perf_counter()
        found = list(campaign.disagreements(shrink=True))
        shrinking = time.perf_counter() - since
    except KeyboardInterrupt:
        interrupted, found = True, list(campaign.disagreements(shrink=False))
    return conclude(
        campaign.surveys,
        found,
        engines=engines,
        seed=settings.seed,
        settings=settings.said(),
        not_covered=[*campaign.not_covered, *_left_out(settings, campaign.surveys)],
        interrupted=interrupted,
        timing={"seconds": time.perf_counter() - started, "shrinking_seconds": shrinking},
    )


def _left_out(settings: Settings, surveys: Sequence[Survey]) -> Iterable[str]:
    for name in DOMAINS:
        if name not in settings.domains:
            yield f"{name}: left out"
    for survey in surveys:
        if not survey.networks:
            yield f"{survey.domain.name}: everything, for lack of time"
    free = any(survey.networks and survey.domain.modulus for survey in surveys)
    if any(name.endswith("cross_entropy") for name in settings.losses) and not free:
        yield "classification targets that do not sum to 1"
    yield "weights, inputs and architectures other than those drawn"
