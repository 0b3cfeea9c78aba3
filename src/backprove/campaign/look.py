"""One network, looked at from every side: the engines, each engine once more, and the loss itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from backprove.arbitrate import Hearing, hear
from backprove.campaign.confirm import confirmed
from backprove.case import Case
from backprove.compare import Comparison, Outcome, compare, group, judge, run
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.verdict import Verdict
from backprove.weakness import LOSES, SATURATED, weakness

Signature = tuple[Any, ...]
UNTOLD = {
    LOSES: "digits lost, by a right formula",
    SATURATED: "differs where units are saturated alone, and by little",
    "": "digits lost, or a mistake of that size",
}
"""Kinds of weakness that are no disagreement, as reasons to be UNDECIDED."""
HEARD_IN = "float64"
"""The domain on whose networks the oracles are heard: they compute in it."""


@dataclass(frozen=True)
class Look:
    """A comparison, the engines that differ from themselves, and what the oracles say of those that agree."""

    comparison: Comparison
    unstable: list[str] = field(default_factory=list)
    repeated: bool = False
    hearing: Hearing | None = None

    @cached_property
    def objecting(self) -> list[str]:
        """The oracles, where they are sure that all engines are wrong."""
        if self.hearing is None or not self.hearing.against.any():
            return []
        return list(self.hearing.estimates)

    @property
    def disagrees(self) -> bool:
        return self.comparison.verdict is Verdict.DISAGREE or bool(self.unstable) or bool(self.objecting)

    @cached_property
    def groups(self) -> list[list[str]]:
        """The comparison's groups; an engine that differs from itself agrees with nobody, nor do objecting oracles."""
        comparison = self.comparison
        apart = {(p.first, p.second) for p in comparison.pairs if p.verdict is Verdict.DISAGREE}
        found = group(comparison.answered, apart, {*comparison.failures, *self.unstable})
        return [*found, self.objecting] if self.objecting else found

    @cached_property
    def signature(self) -> Signature:
        """What makes two disagreements the same: who stands apart from whom, and how an engine failed."""
        outcomes = self.comparison.outcomes.items()
        kinds = tuple(sorted((name, outcome.kind) for name, outcome in outcomes if outcome.failure))
        return tuple(map(tuple, self.groups)), kinds, tuple(self.unstable)


def look(
    case: Case, domain: Domain, engines: Mapping[str, Engine], *, repeat: bool = False, weigh: bool = True
) -> Look:
    """Compare the engines on a case; where they agree, hear the oracles; where not, or on request, run each twice.

    `weigh`: where they disagree, tell digits lost by right formulas from mistakes.
    """
    comparison = compare(case, domain, engines)
    if domain.modulus and comparison.verdict is Verdict.DISAGREE:
        comparison = confirmed(comparison, engines)
    if comparison.verdict is Verdict.DISAGREE or repeat:
        unstable = unstable_engines(comparison, engines)
        repeated = True
    else:
        unstable, repeated = [], False
    if weigh and comparison.verdict is Verdict.DISAGREE and not (unstable or comparison.failures):
        weak = weakness(comparison, lambda case: compare(case, domain, engines))
        if weak and weak.kind in UNTOLD:
            comparison = comparison.opened(UNTOLD[weak.kind])
    agree = comparison.verdict is Verdict.AGREE and domain.name == HEARD_IN
    return Look(comparison, unstable, repeated, hear(comparison, briefly=True) if agree else None)


def _same(first: Outcome, again: Outcome) -> bool:
    """Bit for bit, so that an engine which returns NaN each time has not contradicted itself."""
    assert first.values is not None
    assert again.values is not None
    return first.values.dtype != object and first.values.tobytes() == again.values.tobytes()


def unstable_engines(comparison: Comparison, engines: Mapping[str, Engine]) -> list[str]:
    """Self-pairs: the engines that differ from their own first answer when run once more on the same network."""
    case, domain = comparison.case, comparison.domain
    found = []
    for name, first in comparison.outcomes.items():
        again = run(engines[name], case, domain)
        if first.failure or again.failure or first.values is None or again.values is None:
            # What raised beyond the range of the numbers is a refusal in the comparison, but kept its kind.
            alike = (first.kind, first.undecided) == (again.kind, again.undecided)
            if not alike or (not first.kind and first.refused != again.refused):
                found.append(name)
        elif _same(first, again):
            continue
        elif judge(case, domain, {"first": first, "again": again}).verdict is Verdict.DISAGREE:
            found.append(name)
    return found
