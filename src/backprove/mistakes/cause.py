"""The cause of wrong numbers: which mistakes of the catalogue, or pairs of them, reproduce them on every network.

    reproduces   no entry is further off than two evaluations of the mistaken formula can be apart (network.py)
    telling      a network on which the mistake's numbers are not the truth's, nor those of half of a pair, by more than
                 rounding; others are no evidence for it
    bits         log2 of by how many radii it differs there, at the clearest entry: numbers that had nothing to do with
                 the mistake would come so close to its own with a probability of about 2^-bits

An explanation is named where it reproduces every network, at least AT_LEAST of them are telling (one more where a
parameter was inferred), and their bits exceed those that choosing among all explanations tried takes (log2 of their
number) by CHANCE: one in a million. What reproduces everything without that is handed back apart, as unproven. Numbers
that are wrong on a network where a mistake makes no difference speak against it. Nothing is named for being nearest.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from backprove.case import Case
from backprove.domains import Domain
from backprove.mistakes.backward import FLOAT64
from backprove.mistakes.catalogue import CATALOGUE
from backprove.mistakes.infer import inferred
from backprove.mistakes.mistake import Mistake, Planted, ordered
from backprove.mistakes.network import Network
from backprove.rounding import Float

AT_LEAST = 3
CHANCE = 20.0

Explanation = tuple[Planted, ...]
Observed = tuple[Case, Float] | tuple[Case, Float, Float | None]


@dataclass(frozen=True)
class Cause:
    """One mistake, or two, that reproduce the numbers on all `networks`."""

    planted: Explanation
    networks: int
    telling: int
    bits: float
    alike: tuple[Explanation, ...]
    """The same mistakes with other parameters that reproduce the numbers too."""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(p.mistake.id for p in self.planted))


@dataclass(frozen=True)
class Block:
    """Weights ("W") or biases ("b") of the layers at one distance from the output, and where they are wrong."""

    below_output: int
    kind: str
    wrong: int
    """On how many of the `networks` that have them."""
    networks: int


@dataclass(frozen=True)
class Causes:
    """What is known of where numbers come from. All that fit are here, the fewest mistakes first."""

    found: tuple[Cause, ...]
    unproven: tuple[Cause, ...]
    """What reproduces everything, on too few telling networks."""
    networks: int
    wrong: int
    """Networks on which the numbers are not the gradient."""
    left_out: int
    """Networks that were not looked at: the loss has no value there, or the bound on rounding is none."""
    blocks: tuple[Block, ...]
    """From the output layer down."""
    tried: int
    """How many explanations."""


def causes(
    observations: Iterable[Observed],
    *,
    domain: Domain = FLOAT64,
    catalogue: Mapping[str, Mistake] = CATALOGUE,
    pairs: bool = True,
    at_least: int = AT_LEAST,
) -> Causes:
    """The single mistakes, else the pairs, that reproduce flat gradients on every network they were observed on.

    Values are float64 (those of a float32 gradient with `domain` float32), with their blur where they have one
    (network.py). Raises ValueError where a gradient does not fit its case.
    """
    every = [Network(case, values, domain, *blur) for case, values, *blur in observations]
    networks = [network for network in every if network.usable]
    # Where most is wrong, most explanations fail at once.
    networks.sort(key=lambda network: (-len(network.wrong_blocks()), network.case.entries))
    search = _Search(networks, tuple(catalogue.values()), at_least)
    found: list[Cause] = []
    if any(network.wrong for network in networks):
        found = search.weigh(search.singles(), 1)
        if not found and pairs:
            found = search.weigh(search.pairs(), 2)
    return Causes(
        tuple(c for c in found if search.proven(c)),
        tuple(c for c in found if not search.proven(c)),
        len(networks),
        sum(network.wrong for network in networks),
        len(every) - len(networks),
        _blocks(networks),
        search.tried,
    )


class _Search:
    def __init__(self, networks: list[Network], catalogue: Sequence[Mistake], at_least: int) -> None:
        self.networks, self.at_least = networks, at_least
        self.solved = [m for m in catalogue if m.inferred]
        fixed = (p for m in catalogue if not m.inferred for p in m.variants())
        self.fixed = [p for p in fixed if any(self._changes(network, p) for network in networks)]
        self.tried = 0

    @staticmethod
    def _changes(network: Network, planted: Planted) -> bool:
        P = network.passed((planted,))
        if not P.touched:
            P.flat()
        return bool(P.touched)

    def singles(self) -> Iterator[Explanation]:
        for p in self.fixed:
            yield from self._fitting((p,))
        for mistake in self.solved:
            yield from self._inferring(mistake, ())

    def pairs(self) -> Iterator[Explanation]:
        for p, q in combinations(self.fixed, 2):
            if p.mistake is not q.mistake:
                yield from self._fitting(ordered((p, q)))
                if p.mistake.stage == q.mistake.stage and set(p.mistake.steps) & set(q.mistake.steps):
                    yield from self._fitting(ordered((q, p)))
        for mistake in self.solved:
            for p in self.fixed:
                yield from self._inferring(mistake, (p,))
        # Updated weights leave the output layer as it was, so that a factor can be read off there.
        rates, factors = ([m for m in self.solved if m.inferred == name] for name in ("rate", "factor"))
        for rate, factor in product(rates, factors):
            for p in inferred(factor, self.networks, at_output=True):
                yield from self._inferring(rate, (p,))

    def _fitting(self, planted: Explanation) -> Iterator[Explanation]:
        self.tried += 1
        if all(network.reproduces(planted) for network in self.networks):
            yield planted

    def _inferring(self, mistake: Mistake, others: Explanation) -> Iterator[Explanation]:
        self.tried += 1
        for p in inferred(mistake, self.networks, others):
            yield from self._fitting(ordered((*others, p)))

    def weigh(self, fitting: Iterator[Explanation], count: int) -> list[Cause]:
        """What fits, with the evidence for it; one Cause for the same mistakes with other parameters."""
        grouped: dict[tuple[str, ...], list[Explanation]] = {}
        for planted in fitting:
            grouped.setdefault(tuple(sorted(p.mistake.id for p in planted)), []).append(planted)
        return [self._cause(first, tuple(rest)) for first, *rest in grouped.values()]

    def _cause(self, planted: Explanation, alike: tuple[Explanation, ...]) -> Cause:
        halves: list[Explanation] = [(), *((p,) for p in planted if len(planted) > 1)]
        bits = [min(network.telling(planted, half) for half in halves) for network in self.networks]
        telling = [b for b in bits if b > 0]
        return Cause(planted, len(self.networks), len(telling), sum(telling), alike)

    def proven(self, cause: Cause) -> bool:
        needed = self.at_least + sum(bool(p.mistake.inferred) for p in cause.planted)
        return cause.telling >= needed and cause.bits >= CHANCE + math.log2(max(self.tried, 1))


def _blocks(networks: Sequence[Network]) -> tuple[Block, ...]:
    counted: dict[tuple[int, str], list[int]] = {}
    for network in networks:
        wrong = network.wrong_blocks()
        for l, kind, _ in network.problem.places:
            counts = counted.setdefault((len(network.case.layers) - l, kind), [0, 0])
            counts[0] += (l, kind) in wrong
            counts[1] += 1
    return tuple(Block(*key, *counts) for key, counts in sorted(counted.items()))
