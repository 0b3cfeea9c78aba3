"""The running counts of one domain: every network is compared, counted and forgotten."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from backprove.campaign.closeness import PRECISE_EVERY, ErrorCount, PairCount
from backprove.campaign.kinks import Convention, at_kinks
from backprove.campaign.look import Look, Signature
from backprove.case import Case
from backprove.compare import Comparison
from backprove.domains import Domain
from backprove.findings import AtKink, DomainFinding, OracleFinding
from backprove.rounding import conventions
from backprove.verdict import Verdict

MET = "with units (in float64 and float32)"
CHANCE = 2.0**-20  # that a field's agreement says nothing


@dataclass
class Sighting:
    """One way of disagreeing: the smallest network that showed it, its shard, and how many networks did."""

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

    def add(self, other: "EngineCount") -> None:
        self.compared += other.compared
        self.refused.update(other.refused)
        self.expanded += other.expanded
        self.of += other.of
        self.sampled += other.sampled


@dataclass
class Heard:
    """What the oracles said of networks on which the engines agree."""

    oracles: tuple[str, ...] = ()
    networks: int = 0
    entries: int = 0
    silent: int = 0
    unsure: int = 0
    against: int = 0
    disagreeing: int = 0

    def count(self, look: Look) -> None:
        hearing = look.hearing
        if hearing is None:
            return
        self.oracles = tuple(sorted({*self.oracles, *hearing.estimates}))
        self.networks += 1
        self.entries += int(hearing.heard.sum())
        self.silent += int((look.comparison.compared & ~hearing.heard).sum())
        self.unsure += int(hearing.unsure.sum())
        self.against += int(hearing.against.sum())
        self.disagreeing += bool(look.objecting)

    def add(self, other: "Heard") -> None:
        self.oracles = tuple(sorted({*self.oracles, *other.oracles}))
        for name in ("networks", "entries", "silent", "unsure", "against", "disagreeing"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def finding(self) -> OracleFinding | None:
        if not self.networks:
            return None
        return OracleFinding(
            oracles=list(self.oracles),
            networks=self.networks,
            entries=self.entries,
            verdict=(Verdict.DISAGREE if self.against else Verdict.AGREE if self.entries else Verdict.UNDECIDED).name,
            silent_entries=self.silent,
            unsure_entries=self.unsure,
            disagreeing_networks=self.disagreeing,
            rests_on=RESTS_ON,
        )


RESTS_ON = "no derivative: every gradient is the slope of the loss, measured"


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
    chance: float = 0.0
    """The largest probability, of all networks, that what differs agreed by chance."""
    at_kink: AtKink | None = None
    conventions: dict[str, Convention] = field(default_factory=dict)
    heard: "Heard" = field(default_factory=lambda: Heard())
    repeated: int = 0
    worst: float = 0.0
    apart: set[tuple[str, str]] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)
    each: dict[str, "EngineCount"] = field(default_factory=dict)
    pairs: dict[tuple[str, str], PairCount] = field(default_factory=dict)
    errors: ErrorCount = field(default_factory=ErrorCount)
    verdicts: set[int] = field(default_factory=set)
    found: dict[Signature, Sighting] = field(default_factory=dict)
    """Signature → the smallest network it was seen on, and how often."""
    drawn: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False
    cut: bool = False
    """Whether it ended before all networks of its shard were drawn."""

    def add(self, later: "Survey") -> None:
        """Add the counts of networks that come after these."""
        for name in (
            "networks",
            "entries",
            "vacuous",
            "weak",
            "undecided_entries",
            "disagreeing",
            "repeated",
            "seconds",
        ):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        self.undecided.update(later.undecided)
        self.chance, self.worst = max(self.chance, later.chance), max(self.worst, later.worst)
        self.at_kink = self.at_kink or later.at_kink
        self.apart |= later.apart
        self.alone |= later.alone
        self.verdicts |= later.verdicts
        self.heard.add(later.heard)
        self.errors.add(later.errors)
        self.interrupted |= later.interrupted
        for name, convention in later.conventions.items():
            self.conventions.setdefault(name, Convention()).add(convention)
        for name, count in later.each.items():
            self.each.setdefault(name, EngineCount()).add(count)
        for names, pair in later.pairs.items():
            self.pairs.setdefault(names, PairCount()).add(pair)
        for kind, counts in later.drawn.items():
            self.drawn.setdefault(kind, Counter()).update(counts)
        for signature, sighting in later.found.items():
            self._sighted(signature, sighting)

    def _sighted(self, signature: Signature, later: "Sighting") -> None:
        """Of all networks that showed it the smallest is kept."""
        kept = self.found.setdefault(signature, replace(later, networks=0))
        kept.networks += later.networks
        if _size(later.case) < _size(kept.case):
            kept.case, kept.shard = later.case, later.shard

    def count(self, look: Look, shard: int) -> None:
        comparison = look.comparison
        self.networks += 1
        self.repeated += look.repeated
        if self.domain.modulus:
            self.chance = max(self.chance, comparison.degree / self.domain.modulus)
        self.entries += int(comparison.compared.sum()) or (comparison.case.entries if comparison.failures else 0)
        self.vacuous += comparison.vacuous
        self.weak += comparison.weak
        self.undecided.update(comparison.reasons)
        if comparison.reasons:
            self.undecided_entries += int((comparison.verdicts[comparison.compared] == Verdict.UNDECIDED).sum())
        if self.at_kink is None:
            self.at_kink = next(iter(at_kinks(comparison, most=1, case=True)), None)
        if "kink" in comparison.reasons and self.domain.unit_roundoff is not None:
            for name, outcome in comparison.outcomes.items():
                if outcome.values is not None and outcome.covered is None:
                    own = conventions(comparison.case, outcome.values, self.domain)
                    self.conventions.setdefault(name, Convention()).seen(own, comparison.case.kink)
        self.worst = max(self.worst, comparison.worst_fraction)
        differ = comparison.verdict is Verdict.DISAGREE or bool(look.unstable)
        self.disagreeing += differ
        self.verdicts.add(Verdict.DISAGREE if differ else comparison.verdict)
        self.apart |= {(p.first, p.second) for p in comparison.pairs if p.verdict is Verdict.DISAGREE}
        self.alone |= {*comparison.failures, *look.unstable}
        self.heard.count(look)
        for name, outcome in comparison.outcomes.items():
            count = self.each.setdefault(name, EngineCount())
            count.compared += comparison.shared[name]
            if outcome.refused:
                count.refused[outcome.refused] += 1
            if outcome.covered is not None:
                count.expanded += int(outcome.covered.sum())
                count.of += len(outcome.covered)
                count.sampled += 1
        for pair in comparison.pairs:
            self.pairs.setdefault((pair.first, pair.second), PairCount()).count(pair)
        if self.domain.unit_roundoff is not None and self.networks % PRECISE_EVERY == 1:
            self.errors.count(comparison)
        for kind, value in (*_traits(comparison.case), *_units(comparison)):
            self.drawn.setdefault(kind, Counter())[value] += 1
        if look.disagrees:
            self._sighted(look.signature, Sighting(comparison.case, shard, 1))

    @property
    def verdict(self) -> Verdict:
        """Where nothing was compared, or an engine with nobody, nothing agrees; nor where agreement says too little.

        An engine that refused every network has no part in it: that is "not covered".
        """
        verdict = Verdict.of(self.verdicts)
        alone = [c for name, c in self.each.items() if not c.compared and name not in self.alone]
        left_out = not self.entries or any(c.refused.total() < self.networks for c in alone)
        little = mostly(self.weak, self.entries - self.vacuous) or self.chance > CHANCE
        if verdict is Verdict.AGREE and (left_out or little):
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
            conventions={name: c.said for name, c in self.conventions.items() if c.said},
            at_kink=self.at_kink,
            repeated=self.repeated,
            rung=self.domain.rung,
            false_agreement_probability=self.chance if self.domain.modulus else None,
            rests_on=self.domain.rests_on,
            pairs=[count.finding(names, exact) for names, count in self.pairs.items()],
            precision=self.errors.finding(),
        )


def _size(case: Case) -> int:
    """How many numbers there are to look at."""
    return case.entries + case.inputs.size + case.targets.size


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


def _units(comparison: Comparison) -> Iterable[tuple[str, str]]:
    """What units there are among others: at a kink, beyond it, and so near the end of their range that 1 - |a| has lost
    half of its digits.
    """
    found, u = comparison.analysis, comparison.domain.unit_roundoff
    if found is None or u is None:
        return
    if any(kinks.any() for kinks in found.kinks):
        yield MET, "at a kink"
    for name, ends, what in (
        ("relu", 0.0, "off: relu of slope 0"),
        ("sigmoid", np.sqrt(u), "saturated: sigmoid"),
        ("tanh", np.sqrt(u), "saturated: tanh"),
    ):
        slopes = [s for s, layer in zip(found.slopes, comparison.case.layers, strict=True) if layer.activation == name]
        if any(s is not None and (np.abs(s.value) <= ends).any() for s in slopes):
            yield MET, what
