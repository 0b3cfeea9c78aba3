"""The running counts of one domain: every network is compared, counted and forgotten."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprove.case import Case
from backprove.compare import Comparison, judge, run
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
    refused: Counter[str] = field(default_factory=Counter)
    sampled: list[int] = field(default_factory=lambda: [0, 0, 0])
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
            self.found.setdefault(signature(comparison, unstable), Sighting(comparison.case, shard)).networks += 1

    @property
    def verdict(self) -> Verdict:
        """Where nothing was compared, nothing agrees."""
        return Verdict.of(self.verdicts) if self.entries else Verdict.UNDECIDED

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
