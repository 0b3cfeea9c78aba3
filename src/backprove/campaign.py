"""Many networks: survey, shrink what disagrees, report.

A survey runs shard by shard; each shard is one Hypothesis run of its own seed, so that memory stays flat and a shard
can be drawn again. Nothing is raised while surveying: everything is counted. Then every way of disagreeing that was
seen is looked for again in the shard that showed it, and there Hypothesis shrinks it.
"""

import contextlib
import hashlib
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import hypothesis
import msgspec
import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, LOSSES, Case, case_to
from backprove.compare import Comparison, compare, group, judge, run
from backprove.domains import DOMAINS, Domain
from backprove.engines import Engine
from backprove.errors import BackproveError
from backprove.findings import Disagreement, DomainFinding, LayerFinding, Report, plain
from backprove.generate import MAX_BATCH, MAX_LAYERS, MAX_WIDTH, cases, losses_for, supported
from backprove.verdict import Verdict

SHARD = 100
REPEAT_EVERY = 10
SHRINK_SECONDS = 30
SHOWN_PER_DOMAIN = 3

Progress = Callable[[str, int], None]
Signature = tuple[Any, ...]


@dataclass(frozen=True)
class Settings:
    """What to draw. `seconds` None: exactly `networks` in every domain; else as many as the time allows."""

    networks: int = 200
    seconds: float | None = None
    seed: int = 0
    max_layers: int = MAX_LAYERS
    max_width: int = MAX_WIDTH
    max_batch: int = MAX_BATCH
    activations: tuple[str, ...] = ACTIVATIONS
    losses: tuple[str, ...] = LOSSES
    domains: tuple[str, ...] = tuple(DOMAINS)


@dataclass
class _Survey:
    """The running counts of one domain."""

    domain: Domain
    networks: int = 0
    entries: int = 0
    vacuous: int = 0
    weak: int = 0
    undecided: Counter[str] = field(default_factory=Counter)
    undecided_entries: int = 0
    disagreeing: int = 0
    repeated: int = 0
    worst: float = 0.0
    apart: set[tuple[str, str]] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    sampled: list[int] = field(default_factory=lambda: [0, 0, 0])
    verdicts: set[int] = field(default_factory=set)
    found: dict[Signature, list[int]] = field(default_factory=dict)
    """Signature → [shard that showed it first, networks that show it]."""
    drawn: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def count(self, comparison: Comparison, shard: int, unstable: list[str]) -> None:
        self.networks += 1
        self.entries += int(comparison.compared.sum()) or (comparison.case.entries if comparison.failures else 0)
        self.vacuous += comparison.vacuous
        self.weak += comparison.weak
        self.undecided.update(comparison.reasons)
        self.undecided_entries += int((comparison.verdicts[comparison.compared] == Verdict.UNDECIDED).sum())
        self.worst = max(self.worst, comparison.worst_fraction)
        self.verdicts.add(Verdict.DISAGREE if unstable else comparison.verdict)
        self.apart |= {(p.first, p.second) for p in comparison.pairs if p.verdict is Verdict.DISAGREE}
        self.alone |= {*comparison.failures, *unstable}
        self.refused.update(o.refused for o in comparison.outcomes.values() if o.refused)
        for outcome in comparison.outcomes.values():
            if outcome.covered is not None:
                self.sampled[0] += int(outcome.covered.sum())
                self.sampled[1] += len(outcome.covered)
                self.sampled[2] += 1
        for kind, value in _traits(comparison.case):
            self.drawn.setdefault(kind, Counter())[value] += 1
        if comparison.verdict is Verdict.DISAGREE or unstable:
            self.disagreeing += 1
            entry = self.found.setdefault(signature(comparison, unstable), [shard, 0])
            entry[1] += 1

    def finding(self) -> DomainFinding:
        exact = self.domain.unit_roundoff is None
        return DomainFinding(
            name=self.domain.name,
            networks=self.networks,
            entries=self.entries,
            verdict=Verdict.of(self.verdicts).name,
            worst_fraction_of_bound=None if exact else self.worst,
            vacuous_entries=self.vacuous,
            weak_entries=self.weak,
            undecided_entries=self.undecided_entries,
            undecided=dict(sorted(self.undecided.items())),
            disagreeing_networks=self.disagreeing,
            repeated=self.repeated,
            rests_on=self.domain.rests_on,
        )


def _traits(case: Case) -> Iterable[tuple[str, str]]:
    yield "layers", str(len(case.layers))
    yield "widest layer", str(max(case.sizes))
    yield "batch", str(len(case.inputs))
    yield "loss", case.loss.name
    yield "reduction", case.reduction
    for name in sorted({layer.activation for layer in case.layers}):
        yield "activation", name
    biases = {layer.bias is not None for layer in case.layers}
    yield "biases", "some layers" if len(biases) == 2 else "all layers" if True in biases else "none"


def signature(comparison: Comparison, unstable: Sequence[str]) -> Signature:
    """What makes two disagreements the same: who stands apart from whom, and how an engine failed."""
    kinds = tuple(sorted((name, outcome.kind) for name, outcome in comparison.outcomes.items() if outcome.failure))
    return tuple(map(tuple, comparison.groups)), kinds, tuple(unstable)


def unstable_engines(comparison: Comparison, engines: Mapping[str, Engine]) -> list[str]:
    """Self-pairs: the engines that differ from their own first answer when run once more on the same network."""
    case, domain = comparison.case, comparison.domain
    found = []
    for name, first in comparison.outcomes.items():
        again = run(engines[name], case, domain)
        if first.failure or again.failure or first.refused or again.refused:
            if (first.kind, first.refused) != (again.kind, again.refused):
                found.append(name)
        elif judge(case, domain, {"first": first, "again": again}).verdict is Verdict.DISAGREE:
            found.append(name)
    return found


def _explore(
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

    look()


def shard_seed(seed: int, domain: str, shard: int) -> int:
    """A seed of its own for every shard, whatever the other settings."""
    return int.from_bytes(hashlib.sha256(f"{seed} {domain} {shard}".encode()).digest()[:8], "big")


class _Campaign:
    def __init__(self, settings: Settings, engines: Mapping[str, Engine], progress: Progress) -> None:
        self.settings, self.engines, self.progress = settings, engines, progress
        self.surveys: list[_Survey] = []
        self.strategies: dict[str, st.SearchStrategy[Case]] = {}
        self.not_covered: list[str] = []
        for name in settings.domains:
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
            self.surveys.append(_Survey(DOMAINS[name]))
            self.not_covered += _lacks(DOMAINS[name], settings)
        if not self.surveys:
            raise BackproveError("nothing to compare: " + "; ".join(self.not_covered))

    def survey_shard(self, survey: _Survey, shard: int, networks: int) -> None:
        """Draw one shard and count it."""
        started = time.perf_counter()

        def visit(case: Case) -> None:
            comparison = compare(case, survey.domain, self.engines)
            unstable: list[str] = []
            if survey.networks % REPEAT_EVERY == 0 or comparison.verdict is Verdict.DISAGREE:
                survey.repeated += 1
                unstable = unstable_engines(comparison, self.engines)
            survey.count(comparison, shard, unstable)
            self.progress(survey.domain.name, survey.networks)

        try:
            seed = shard_seed(self.settings.seed, survey.domain.name, shard)
            _explore(self.strategies[survey.domain.name], seed, networks, visit, shrink=False)
        finally:
            survey.seconds += time.perf_counter() - started

    def survey(self) -> None:
        if self.settings.seconds is None:
            for survey in self.surveys:
                for shard, start in enumerate(range(0, self.settings.networks, SHARD)):
                    self.survey_shard(survey, shard, min(SHARD, self.settings.networks - start))
            return
        end, shard = time.perf_counter() + self.settings.seconds, 0
        while time.perf_counter() < end:
            for survey in self.surveys:
                if time.perf_counter() < end or shard == 0:
                    self.survey_shard(survey, shard, SHARD // 4)
            shard += 1

    def smallest(self, survey: _Survey, wanted: Signature, shard: int) -> tuple[Case, Comparison, list[str]] | None:
        """Draw the shard again and let Hypothesis shrink the first network with this signature."""
        found: list[tuple[Case, Comparison, list[str]]] = []
        end = time.perf_counter() + SHRINK_SECONDS
        repeat = bool(wanted[2])

        def visit(case: Case) -> None:
            if found and time.perf_counter() > end:
                return
            comparison = compare(case, survey.domain, self.engines)
            if comparison.verdict is not Verdict.DISAGREE and not repeat:
                return
            unstable = unstable_engines(comparison, self.engines)
            if signature(comparison, unstable) == wanted:
                found.append((case, comparison, unstable))
                del found[:-1]
                raise _Found

        seed = shard_seed(self.settings.seed, survey.domain.name, shard)
        size = SHARD if self.settings.seconds is None else SHARD // 4
        # An engine that answers differently each time makes Hypothesis complain; the last find stands.
        with contextlib.suppress(_Found, hypothesis.errors.HypothesisException, ExceptionGroup):
            _explore(self.strategies[survey.domain.name], seed, size, visit, shrink=True)
        return found[-1] if found else None


class _Found(Exception):
    """Raised to tell Hypothesis that a network shows what is looked for."""


def _lacks(domain: Domain, settings: Settings) -> list[str]:
    able = supported(domain, settings.activations)
    missing = [name for name in settings.activations if name not in able]
    lines = []
    if missing:
        lines.append(f"{domain.name}: activations {', '.join(missing)} (their functions are not {domain.name})")
    losses = {loss for name in able for loss in losses_for(name, settings.max_width, settings.losses)}
    if rest := [loss for loss in settings.losses if loss not in losses]:
        lines.append(f"{domain.name}: losses {', '.join(rest)} (no output activation gives them a value)")
    return lines


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    found = {"python": platform.python_version(), "numpy": np.__version__, "hypothesis": hypothesis.__version__}
    try:
        return {"backprove": version("backprove"), **found}
    except PackageNotFoundError:
        return {"backprove": "unknown", **found}


def disagreement(
    comparison: Comparison, unstable: Sequence[str] = (), networks: int = 1, specs: Mapping[str, str] | None = None
) -> Disagreement:
    """A comparison that disagrees, as data. `specs` names the engines that are not built in: FILE.py:FUNCTION."""
    first, case = comparison.first_difference(), case_to(comparison.case)
    what = msgspec.json.encode([case, comparison.domain.name, {**(specs or {})}, list(comparison.outcomes)])
    name = hashlib.sha256(what).hexdigest()[:10]
    spot = first.address if first else None

    def number(value: float | None) -> float | str | None:
        return None if value is None else plain(value)

    return Disagreement(
        id=name,
        domain=comparison.domain.name,
        networks=networks,
        groups=comparison.groups,
        address=spot.label if spot else None,
        index=spot.index if spot else None,
        values={} if first is None else {k: v if isinstance(v, str) else plain(v) for k, v in first.values.items()},
        difference=number(first.difference) if first else None,
        radius=number(first.radius) if first else None,
        fraction=number(first.fraction) if first else None,
        failures=comparison.failures,
        unstable=list(unstable),
        layers=layers(comparison),
        case=case,
        replay=f"backprove replay {name}",
    )


def layers(comparison: Comparison) -> list[LayerFinding]:
    """The layer map as data, from the output backwards."""
    return [
        LayerFinding(layer=l, weights=W.name, bias=None if b is None else b.name) for l, W, b in comparison.layer_map()
    ]


def _nothing(domain: str, done: int) -> None:
    pass


def search(
    settings: Settings,
    engines: Mapping[str, Engine],
    *,
    specs: Mapping[str, str] | None = None,
    progress: Progress = _nothing,
) -> Report:
    """The main job: draw networks, compare the engines on each, shrink what disagrees.

    The same settings and engines give the same Report, outside `timing`. KeyboardInterrupt ends the search; the
    Report then holds what was found so far. Raises BackproveError where the settings leave nothing to compare.
    """
    if len(engines) < 2:
        raise BackproveError("one engine alone agrees with nobody; name at least two")
    started = time.perf_counter()
    campaign, interrupted = _Campaign(settings, engines, progress), False
    found: list[Disagreement] = []
    shrinking = 0.0
    try:
        campaign.survey()
        since = time.perf_counter()
        for survey in campaign.surveys:
            ranked = sorted(survey.found.items(), key=lambda item: -item[1][1])
            for wanted, (shard, networks) in ranked[:SHOWN_PER_DOMAIN]:
                if smallest := campaign.smallest(survey, wanted, shard):
                    found.append(disagreement(smallest[1], smallest[2], networks, specs))
        shrinking = time.perf_counter() - since
    except KeyboardInterrupt:
        interrupted = True
    surveys = [s for s in campaign.surveys if s.networks]
    apart = {pair for s in surveys for pair in s.apart}
    alone = {name for s in surveys for name in s.alone}
    drawn: dict[str, Counter[str]] = {}
    for s in surveys:
        for kind, counts in s.drawn.items():
            drawn.setdefault(kind, Counter()).update(counts)
    return Report(
        verdict=Verdict.of(v for s in surveys for v in s.verdicts).name if surveys else Verdict.UNDECIDED.name,
        seed=settings.seed,
        versions=versions(),
        settings=_said(settings, engines, specs or {}),
        networks=sum(s.networks for s in surveys),
        entries=sum(s.entries for s in surveys),
        domains=[s.finding() for s in surveys],
        groups=group(list(engines), apart, alone),
        disagreements=found,
        not_covered=[*campaign.not_covered, *(line for s in surveys for line in _uncovered(s)), *_left_out(settings)],
        drawn={kind: dict(sorted(counts.items())) for kind, counts in sorted(drawn.items())},
        interrupted=interrupted,
        timing={
            "seconds": time.perf_counter() - started,
            **{f"{s.domain.name}_seconds": s.seconds for s in surveys},
            "shrinking_seconds": shrinking,
        },
    )


def _said(settings: Settings, engines: Mapping[str, Engine], specs: Mapping[str, str]) -> dict[str, Any]:
    said = {
        f.name: value for f in fields(settings) if f.name != "seed" and (value := asdict(settings)[f.name]) is not None
    }
    said = {k: list(v) if isinstance(v, tuple) else v for k, v in said.items()}
    return {**said, "engines": [specs.get(name, name) for name in engines]}


def _uncovered(survey: _Survey) -> Iterable[str]:
    name = survey.domain.name
    for line, count in sorted(survey.refused.items()):
        yield f"{name}: {line} (an engine was refused {count:,} times)"
    expanded, of, networks = survey.sampled
    if networks:
        yield f"{name}: paths expanded {expanded:,} of {of:,} weights in {networks:,} networks above its budget"


def _left_out(settings: Settings) -> Iterable[str]:
    for name in DOMAINS:
        if name not in settings.domains:
            yield f"{name}: left out"
    yield "weights, inputs and architectures other than those drawn"
