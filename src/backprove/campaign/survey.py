"""The running counts of one domain: every network is compared, counted and forgotten."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprove.case import Case
from backprove.compare import Comparison, Outcome, group, judge, run
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.findings import DomainFinding
from backprove.verdict import Verdict

Signature = tuple[Any, ...]


@dataclass
class Sighting:
    """One way of disagreeing: the first network that showed it, its shard, and how many networks did."""

    case: Case
    shard: int
    networks: int = 0


@dataclass
class EngineCount:
    """What one engine took part in: entries compared with another's, refusals, and what it expanded of networks that
    were above its budget.
    """

    compared: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    expanded: int = 0
    of: int = 0
    sampled: int = 0


@dataclass
class Survey:
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
    each: dict[str, "EngineCount"] = field(default_factory=dict)
    verdicts: set[int] = field(default_factory=set)
    found: dict[Signature, Sighting] = field(default_factory=dict)
    """Signature → where it was first seen, and how often."""
    drawn: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def count(self, comparison: Comparison, shard: int, unstable: list[str]) -> None:
        self.networks += 1
        self.entries += int(comparison.compared.sum()) or (comparison.case.entries if comparison.failures else 0)
        self.vacuous += comparison.vacuous
        self.weak += comparison.weak
        self.undecided.update(comparison.reasons)
        if comparison.reasons:
            self.undecided_entries += int((comparison.verdicts[comparison.compared] == Verdict.UNDECIDED).sum())
        self.worst = max(self.worst, comparison.worst_fraction)
        self.verdicts.add(Verdict.DISAGREE if unstable else comparison.verdict)
        self.apart |= {(p.first, p.second) for p in comparison.pairs if p.verdict is Verdict.DISAGREE}
        self.alone |= {*comparison.failures, *unstable}
        for name, outcome in comparison.outcomes.items():
            count = self.each.setdefault(name, EngineCount())
            count.compared += comparison.shared[name]
            if outcome.refused:
                count.refused[outcome.refused] += 1
            if outcome.covered is not None:
                count.expanded += int(outcome.covered.sum())
                count.of += len(outcome.covered)
                count.sampled += 1
        for kind, value in _traits(comparison.case):
            self.drawn.setdefault(kind, Counter())[value] += 1
        if comparison.verdict is Verdict.DISAGREE or unstable:
            self.disagreeing += 1
            self.found.setdefault(signature(comparison, unstable), Sighting(comparison.case, shard)).networks += 1

    @property
    def verdict(self) -> Verdict:
        """Where nothing was compared, or an engine with nobody, nothing agrees; nor where agreement says too little."""
        verdict = Verdict.of(self.verdicts)
        left_out = not self.entries or any(not c.compared and name not in self.alone for name, c in self.each.items())
        if verdict is Verdict.AGREE and (left_out or mostly(self.weak, self.entries - self.vacuous)):
            return Verdict.UNDECIDED
        return verdict

    def finding(self) -> DomainFinding:
        exact = self.domain.unit_roundoff is None
        return DomainFinding(
            name=self.domain.name,
            networks=self.networks,
            entries=self.entries,
            verdict=self.verdict.name,
            worst_fraction_of_bound=None if exact else self.worst,
            vacuous_entries=self.vacuous,
            weak_entries=self.weak,
            undecided_entries=self.undecided_entries,
            undecided=dict(sorted(self.undecided.items())),
            disagreeing_networks=self.disagreeing,
            repeated=self.repeated,
            rests_on=self.domain.rests_on,
        )


def mostly(weak: int, entries: int) -> bool:
    """Whether rounding alone could explain any value at more than half of the entries."""
    return 2 * weak > entries


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
    return tuple(map(tuple, grouped(comparison, unstable))), kinds, tuple(unstable)


def grouped(comparison: Comparison, unstable: Sequence[str]) -> list[list[str]]:
    """The comparison's groups; an engine that differs from itself agrees with nobody."""
    apart = {(p.first, p.second) for p in comparison.pairs if p.verdict is Verdict.DISAGREE}
    return group(comparison.answered, apart, {*comparison.failures, *unstable})


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
        if first.failure or again.failure or first.refused or again.refused:
            if (first.kind, first.refused) != (again.kind, again.refused):
                found.append(name)
        elif _same(first, again):
            continue
        elif judge(case, domain, {"first": first, "again": again}).verdict is Verdict.DISAGREE:
            found.append(name)
    return found
