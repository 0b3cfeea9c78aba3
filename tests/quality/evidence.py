"""How the newer rungs of the ladder behave on engines that are right, and how small a common mistake may be.

off    by which share of itself a slope is too large
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from backprove.arbitrate import Hearing, hear
from backprove.campaign import look
from backprove.case import Case, Layer
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, Engine
from backprove.generate import cases
from backprove.verdict import Verdict
from quality.common_mode import slope_off, with_common
from quality.faults import HARMLESS, with_fault
from quality.hunt import draw
from quality.networks import shape

SHARD = 100
FLOAT64 = DOMAINS["float64"]


def drawn(domain: str, networks: int, seed: int) -> Iterator[Case]:
    """As the main job draws them, a shard at a time."""
    for shard in range(networks // SHARD):
        yield from draw(cases(domain=domain), SHARD, seed + shard)


@dataclass
class Count:
    """What engines, and the oracles where they are heard, said of many networks."""

    networks: int = 0
    entries: int = 0
    undecided: Counter[str] = field(default_factory=Counter)
    undecided_entries: int = 0
    disagreeing: int = 0
    heard: int = 0
    silent: int = 0
    unsure: int = 0
    objections: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    """Oracle → how many of its errors the farthest engine is off, rounding not counted."""

    def add(self, case: Case, domain: str, engines: Mapping[str, Engine]) -> None:
        seen = look(case, DOMAINS[domain], engines)
        comparison = seen.comparison
        self.networks += 1
        self.entries += int(comparison.compared.sum())
        self.undecided.update(comparison.reasons)
        if comparison.reasons:
            self.undecided_entries += int((comparison.verdicts[comparison.compared] == Verdict.UNDECIDED).sum())
        self.disagreeing += comparison.verdict is Verdict.DISAGREE
        if seen.hearing is not None:
            self._hear(seen.hearing)

    def _hear(self, hearing: Hearing) -> None:
        self.heard += int(hearing.heard.sum())
        self.silent += int((hearing.comparison.compared & ~hearing.heard).sum())
        self.unsure += int(hearing.unsure.sum())
        self.objections += bool(hearing.against.any())
        for oracle in hearing.estimates:
            farthest = max(float(np.nan_to_num(hearing.off(name, oracle)).max()) for name in hearing.values)
            self.worst[oracle] = max(self.worst.get(oracle, 0.0), farthest)

    def said(self) -> str:
        undecided = f"{self.undecided_entries:,} entries undecided {dict(self.undecided)}"
        line = f"{self.networks:,} networks, {self.entries:,} entries, {self.disagreeing} disagreeing, {undecided}"
        if not self.heard:
            return line
        worst = ", ".join(f"{oracle} {ratio:.2g}" for oracle, ratio in self.worst.items())
        oracles = f"heard {self.heard:,}, silent {self.silent:,}, unsure {self.unsure:,}, objections {self.objections}"
        return f"{line}; oracles: {oracles}, farthest engine in errors: {worst}"


def counted(some: Iterable[Case], domain: str, engines: Mapping[str, Engine] = ENGINES) -> Count:
    count = Count()
    for case in some:
        count.add(case, domain, engines)
    return count


def whole(random: np.random.Generator) -> Case:
    """A relu network of small whole numbers with zero biases: kinks in nearly every one."""
    sizes = shape(random)
    layers = [Layer(random.integers(-2, 3, size=(n, m)), np.zeros(n), "relu") for m, n in itertools.pairwise(sizes)]
    batch = int(random.integers(1, 5))
    inputs, targets = (random.integers(-2, 3, size=(batch, n)) for n in (sizes[0], sizes[-1]))
    return Case(tuple(layers), inputs, targets)


def other_convention() -> dict[str, Engine]:
    """The three engines, one of which takes relu'(0) for 1."""
    return with_fault(next(fault for fault in HARMLESS if fault.name == "slope-1-at-the-kink"))


def sharpness(activation: str, offs: Iterable[float], networks: int = 200, seed: int = 1) -> dict[float, int]:
    """off → on how many networks of that activation the oracles object to slopes that are off in all engines."""
    some = draw(cases(activations=[activation]), networks, seed)
    estimates = [hear(compare(case, FLOAT64, ENGINES)).estimates for case in some]
    found = {}
    for off in offs:
        engines = with_common(slope_off(activation, off))
        compared = (compare(case, FLOAT64, engines) for case in some)
        heard = (Hearing(c, e) for c, e in zip(compared, estimates, strict=True) if c.verdict is Verdict.AGREE)
        found[off] = sum(bool(hearing.against.any()) for hearing in heard)
    return found
