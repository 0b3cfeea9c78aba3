"""A formulation on random networks: every reading of it against the three engines, in every domain that takes it.

A reading disagrees where its numbers differ from an engine's by more than the comparator explains, on a network where
the difference is no loss of digits and no identity that a field lacks (`campaign.look`). One such network is enough;
how many differ is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from backprove.campaign import disagreement, explore, look, shard_seed, smallest
from backprove.case import ACTIVATIONS, Case
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.findings import Disagreement, ReadingDomain, ReadingFinding, RowFinding, plain
from backprove.formulations import Formulation, Kind, Posed, Reading
from backprove.generate import Fixed, cases
from backprove.verdict import Verdict

NETWORKS = 20
WIDTH, BATCH = 4, 4
SHOWN_IN = ("float64", "rational", "modular", "ball", "float32")
"""In which domain a disagreement is shown, the most readable first."""

Tick = Callable[[], None]


def strategy(posed: Posed, domain: str) -> st.SearchStrategy[Case]:
    """The networks that a reading is about, in a domain. Raises ValueError where the domain has none of them."""
    if posed.domains is not None and domain not in posed.domains:
        raise ValueError(f"this reading is for {' and '.join(posed.domains)}")
    fixed = Fixed(
        activations=posed.fixed,
        loss=posed.losses[0] if len(posed.losses) == 1 else None,
        scale=posed.scale,
        reduction=posed.reduction,
        depth=posed.depth,
        batch=posed.batch,
        biases=posed.biases,
    )
    drawn = cases(
        max_layers=posed.max_layers,
        max_width=WIDTH,
        max_batch=BATCH,
        activations=posed.activations or ACTIVATIONS,
        losses=posed.losses,
        domain=domain,
        fixed=fixed,
    )
    if posed.adapt is None:
        return drawn
    return drawn.map(posed.adapt).filter(lambda case: case is not None)  # type: ignore[return-value]


@dataclass
class _Tally:
    """One reading in one domain, so far."""

    networks: int = 0
    entries: int = 0
    disagreeing: int = 0
    undecided: int = 0
    chance: float = 0.0
    error: float = 0.0
    held: bool = False
    """Whether some disagreement is no loss of digits and holds at real numbers."""
    refused: Counter[str] = field(default_factory=Counter)
    """Why networks were not compared → how many."""

    def verdict(self) -> Verdict:
        if self.held:
            return Verdict.DISAGREE
        if self.disagreeing or self.undecided or not self.entries:
            return Verdict.UNDECIDED
        return Verdict.AGREE


@dataclass
class _Judge:
    name: str
    reading: Reading
    seed: int
    networks: int
    tick: Tick
    tallies: dict[str, _Tally] = field(default_factory=dict)
    uncovered: list[str] = field(default_factory=list)

    def engines(self) -> dict[str, Engine]:
        return {**ENGINES, self.name: self.reading.engine}

    def survey(self, domain: Domain) -> None:
        if missing := domain.missing():
            self.uncovered.append(f"{domain.name}: {missing}")
            return
        try:
            drawn = strategy(self.reading.posed, domain.name)
        except ValueError as error:
            self.uncovered.append(f"{domain.name}: {error}")
            return
        tally = self.tallies.setdefault(domain.name, _Tally())
        explore(drawn, self._seed(domain), self.networks, lambda case: self._count(case, domain, tally), shrink=False)
        for why, count in tally.refused.items():
            self.uncovered.append(
                f"{domain.name}: {count:,} of {tally.networks + tally.refused.total():,} networks ({why})"
            )
        if not tally.networks:
            del self.tallies[domain.name]

    def _seed(self, domain: Domain) -> int:
        return shard_seed(self.seed, f"{self.name} {domain.name}", 0)

    def _count(self, case: Case, domain: Domain, tally: _Tally) -> None:
        self.tick()
        found = compare(case, domain, self.engines())
        if refused := found.outcomes[self.name].refused:
            tally.refused[refused] += 1
            return
        tally.networks += 1
        verdict, entries = own_verdict(found, self.name)
        tally.entries += entries
        tally.undecided += verdict is Verdict.UNDECIDED
        if domain.modulus:
            tally.chance = max(tally.chance, found.degree / domain.modulus)
        if verdict is Verdict.DISAGREE:
            tally.disagreeing += 1
            tally.error = max(tally.error, _error(found, self.name)) if domain.name == "float64" else 0.0
            tally.held = tally.held or look(case, domain, self.engines()).disagrees

    def smallest(self) -> Disagreement | None:
        """The smallest network on which it disagrees, in the most readable domain in which it does."""
        where = next((d for d in SHOWN_IN if d in self.tallies and self.tallies[d].held), None)
        if where is None:
            return None
        domain = DOMAINS[where]

        def shows(case: Case) -> Case | None:
            self.tick()
            found = compare(case, domain, self.engines())
            return case if own_verdict(found, self.name)[0] is Verdict.DISAGREE else None

        case = smallest(strategy(self.reading.posed, where), self._seed(domain), self.networks, shows)
        seen = None if case is None else look(case, domain, self.engines(), weigh=False)
        return disagreement(seen, self.tallies[where].disagreeing) if seen and seen.disagrees else None


def own_verdict(found: Comparison, name: str) -> tuple[Verdict, int]:
    """(the verdict on one of those compared, against all others; how many of its entries were compared)."""
    if name in found.failures:
        return Verdict.DISAGREE, found.case.entries
    pairs = [pair for pair in found.pairs if name in (pair.first, pair.second)]
    entries = found.shared[name]
    verdict = Verdict.of(pair.verdict for pair in pairs)
    open_ = verdict is Verdict.AGREE and (bool(found.reasons) or not entries)
    return (Verdict.UNDECIDED if open_ else verdict), entries


def _error(found: Comparison, name: str) -> float:
    """The largest distance from the engines, as a share of the network's largest entry; 0 where there is none."""
    outcome, other = found.outcomes[name], next(o for n, o in found.outcomes.items() if n != name)
    if outcome.values is None or other.values is None:
        return 0.0
    mask = np.ones(len(other.values), dtype=bool) if outcome.covered is None else outcome.covered
    size = float(np.abs(other.values[mask]).max(initial=0.0))
    off = float(np.abs(outcome.values[mask] - other.values[mask]).max(initial=0.0))
    return off / size if size else 0.0


def judge(
    row: Formulation,
    *,
    domains: Sequence[str] = tuple(DOMAINS),
    networks: int = NETWORKS,
    seed: int = 0,
    shrink: bool = True,
    tick: Tick = lambda: None,
) -> RowFinding:
    """Every reading of a formulation on its own networks. `tick` is called before each network.

    `shrink`: look for the smallest network on which a reading disagrees.
    """
    readings = list(_readings(row, domains, networks, seed, shrink, tick))
    # A reading that no domain took is not covered; where none was taken, nothing is known.
    printed = [Verdict[r.verdict] for r in readings if r.kind == Kind.PRINTED and r.domains]
    return RowFinding(
        id=row.id,
        title=row.title,
        source=row.source,
        form=row.form,
        network=row.network,
        fault=row.fault,
        verdict=(Verdict.of(printed) if printed else Verdict.UNDECIDED).name,
        readings=readings,
    )


def _readings(
    row: Formulation, domains: Sequence[str], networks: int, seed: int, shrink: bool, tick: Tick
) -> Iterator[ReadingFinding]:
    for reading in row.readings:
        one = _Judge(row.named(reading), reading, seed, networks, tick)
        for name in domains:
            one.survey(DOMAINS[name])
        verdicts = [tally.verdict() for tally in one.tallies.values()]
        yield ReadingFinding(
            name=one.name,
            kind=reading.kind.value,
            says=reading.says,
            formula=list(reading.formula),
            conversion=reading.conversion,
            verdict=(Verdict.of(verdicts) if verdicts else Verdict.UNDECIDED).name,
            domains=[_domain(name, tally) for name, tally in one.tallies.items()],
            disagreement=one.smallest() if shrink else None,
            not_covered=one.uncovered,
        )


def _domain(name: str, tally: _Tally) -> ReadingDomain:
    return ReadingDomain(
        name=name,
        networks=tally.networks,
        entries=tally.entries,
        verdict=tally.verdict().name,
        disagreeing_networks=tally.disagreeing,
        undecided_networks=tally.undecided,
        false_agreement_probability=tally.chance if DOMAINS[name].modulus else None,
        largest_error=plain(tally.error) if tally.error else None,
    )
