"""From counts and comparisons to the Report: the findings as data."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backprove.arbitrate import hear, objection, opinions
from backprove.campaign.closeness import STEPS
from backprove.campaign.ladder import ladder
from backprove.campaign.look import Look
from backprove.campaign.sheet import sheet
from backprove.campaign.survey import Survey, mostly
from backprove.case import case_to
from backprove.compare import Comparison, group
from backprove.engines import Engine
from backprove.findings import (
    Disagreement,
    LayerFinding,
    Report,
    Testimony,
    plain,
)
from backprove.verdict import Verdict
from backprove.versions import versions


def disagreement(look: Look, networks: int = 1) -> Disagreement:
    """What disagrees, as data. Its id is made from the case, the domain and the engines' names."""
    comparison = look.comparison
    first, case = comparison.first_difference(), case_to(comparison.case)
    # names of files that are no UTF-8 hold lone surrogates, which msgspec refuses
    names = [name.encode("utf-8", "backslashreplace").decode() for name in comparison.outcomes]
    what = msgspec.json.encode([case, comparison.domain.name, names])
    name = hashlib.sha256(what).hexdigest()[:10]
    hearing = look.hearing or hear(comparison)
    if first is None and look.objecting:
        first = objection(hearing)
    spot = first.address if first else None

    def number(value: float | None) -> float | str | None:
        return None if value is None else plain(value)

    return Disagreement(
        id=name,
        domain=comparison.domain.name,
        networks=networks,
        groups=look.groups,
        address=spot.label if spot else None,
        index=spot.index if spot else None,
        values={} if first is None else {k: v if isinstance(v, str) else plain(v) for k, v in first.values.items()},
        difference=number(first.difference) if first else None,
        radius=number(first.radius) if first else None,
        fraction=number(first.fraction) if first else None,
        failures=comparison.failures,
        tracebacks={k: o.traceback for k, o in comparison.outcomes.items() if o.traceback},
        unstable=look.unstable,
        oracles=[
            Testimony(
                oracle=o.oracle,
                address=o.address,
                value=plain(o.value),
                error=plain(o.error),
                sides_with=o.sides_with,
                margin=number(o.margin),
            )
            for o in opinions(hearing, [g for g in look.groups if g != look.objecting])
        ],
        layers=layers(comparison),
        sheet=sheet(comparison),
        case=case,
        replay=f"backprove replay {name}",
    )


def layers(comparison: Comparison) -> list[LayerFinding]:
    """The layer map as data, from the output backwards."""
    return [
        LayerFinding(layer=l, weights=W.name, bias=None if b is None else b.name) for l, W, b in comparison.layer_map()
    ]


def conclude(
    surveys: Sequence[Survey],
    found: list[Disagreement],
    *,
    engines: Mapping[str, Engine],
    seed: int | None,
    settings: dict[str, Any],
    not_covered: list[str],
    interrupted: bool,
    timing: dict[str, float],
) -> Report:
    """The Report of what was surveyed. Domains in which nothing was drawn are left out of it."""
    done = [s for s in surveys if s.networks]
    drawn: dict[str, Counter[str]] = {}
    for survey in done:
        for kind, counts in survey.drawn.items():
            drawn.setdefault(kind, Counter()).update(counts)
    lines = [*(line for s in done for line in _uncovered(s)), *not_covered]
    oracles = next((o for s in done if (o := s.heard.finding())), None)
    objecting = [oracles.oracles] if oracles and oracles.disagreeing_networks else []
    verdicts = [s.verdict for s in done] + [Verdict.DISAGREE for _ in objecting]
    groups = group(
        [name for name in engines if any(name in s.alone or s.each[name].compared for s in done)],
        {pair for s in done for pair in s.apart},
        {name for s in done for name in s.alone},
    )
    domains = [s.finding() for s in done]
    verdict = Verdict.of(verdicts) if done else Verdict.UNDECIDED
    if verdict is Verdict.AGREE and {*engines} - {name for members in groups for name in members}:
        verdict = Verdict.UNDECIDED  # an engine took part in no domain
    return Report(
        verdict=verdict.name,
        seed=seed,
        versions=versions(),
        settings={**settings, "engines": list(engines)},
        networks=sum(s.networks for s in done),
        entries=sum(s.entries for s in done),
        domains=domains,
        ladder=list(ladder(domains, oracles, lines)),
        oracles=oracles,
        groups=groups + objecting,
        disagreements=found,
        not_covered=lines,
        drawn={kind: dict(sorted(counts.items())) for kind, counts in sorted(drawn.items())},
        fraction_steps=list(STEPS),
        interrupted=interrupted,
        timing={**timing, **{f"{s.domain.name}_seconds": s.seconds for s in done}},
    )


def _uncovered(survey: Survey) -> Iterable[str]:
    domain = survey.domain.name
    for name, count in survey.each.items():
        if not count.compared and name not in survey.alone:
            why = f" ({next(iter(count.refused))})" if len(count.refused) == 1 else ""
            yield f"{domain}: {name}, which was compared with nobody{why}"
            continue
        for line, times in sorted(count.refused.items()):
            yield f"{domain}: {times:,} of {survey.networks:,} networks by {name} ({line})"
        if count.sampled:
            networks = f"{count.sampled:,} network{'s' * (count.sampled != 1)}"
            part = f"{count.of - count.expanded:,} of {count.of:,} weights of {networks}"
            yield f"{domain}: {part}, which {name} did not expand"
    if mostly(survey.weak, survey.entries - survey.vacuous):
        yield f"{domain}: {survey.weak:,} entries whose rounding bound is as large as they are"
