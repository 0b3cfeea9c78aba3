"""How close the engines are to one another and to the exact values, counted; every network is counted and forgotten."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from backprove.compare import Comparison, Pair
from backprove.domains import DOMAINS, Array
from backprove.engines import matrix
from backprove.findings import ErrorCell, PairFinding, Precision
from backprove.outcome import run
from backprove.rounding import Float
from backprove.verdict import Verdict

STEPS = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 0.5, 0.75, 1.0)
"""Fractions of the bound that differences are counted by."""
PRECISE_EVERY = 10  # networks; each of these is worked out exactly as well


@dataclass
class PairCount:
    """Two engines: how far apart, entry by entry."""

    entries: int = 0
    equal: int = 0
    verdicts: Counter[int] = field(default_factory=Counter)
    steps: Array = field(default_factory=lambda: np.zeros(len(STEPS) + 1, dtype=np.int64))

    def count(self, pair: Pair) -> None:
        fraction = pair.fraction[pair.compared]
        differs = fraction[fraction > 0]
        self.entries += len(fraction)
        self.equal += len(fraction) - len(differs)
        self.steps += np.bincount(np.searchsorted(STEPS, differs), minlength=len(STEPS) + 1)
        if pair.verdict is not Verdict.AGREE:
            self.verdicts.update(pair.verdicts[pair.compared].tolist())

    def add(self, other: "PairCount") -> None:
        self.entries += other.entries
        self.equal += other.equal
        self.verdicts += other.verdicts
        self.steps = self.steps + other.steps

    def finding(self, engines: tuple[str, str], exact: bool) -> PairFinding:
        return PairFinding(
            engines=list(engines),
            entries=self.entries,
            equal=self.equal,
            fractions=[] if exact else self.steps.tolist(),
            undecided=self.verdicts[Verdict.UNDECIDED],
            disagree=self.verdicts[Verdict.DISAGREE],
        )


@dataclass
class ErrorCount:
    """Bounds on rounding against actual errors, the largest of all engines at each entry."""

    reference: str = ""
    networks: int = 0
    entries: int = 0
    without_error: int = 0
    outside: int = 0
    cells: Counter[tuple[int, int]] = field(default_factory=Counter)
    ratios: Counter[int] = field(default_factory=Counter)
    """⌊log2(bound / error)⌋ → entries."""

    def count(self, found: Comparison) -> None:
        """Left out are networks whose gradient is not known exactly, that some engine did not do in full, or on which
        the engines disagree: what is wrong there is an engine, not the bound.
        """
        whole = [o for o in found.outcomes.values() if o.values is not None and o.covered is None and o.blur is None]
        if found.verdict is Verdict.DISAGREE or len(whole) < len(found.outcomes) or not np.isfinite(found.radius).all():
            return
        name, error = errors(found)
        if error is None or not np.isfinite(error).all():
            return
        self.reference, self.networks, self.entries = name, self.networks + 1, self.entries + len(error)
        off = error > 0
        self.without_error += int((~off).sum())
        self.outside += int((error > found.radius).sum())
        error, bound = error[off], found.radius[off]
        self.cells.update(zip(_half_decades(error), _half_decades(bound), strict=True))
        with np.errstate(divide="ignore"):
            self.ratios.update(np.floor(np.log2(np.maximum(bound / error, 2.0**-64))).astype(int).tolist())

    def add(self, other: "ErrorCount") -> None:
        self.reference = self.reference or other.reference
        for name in ("networks", "entries", "without_error", "outside", "cells", "ratios"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def finding(self) -> Precision | None:
        if not self.networks:
            return None
        return Precision(
            reference=self.reference,
            networks=self.networks,
            entries=self.entries,
            without_error=self.without_error,
            outside=self.outside,
            median_ratio=_median(self.ratios),
            cells=[ErrorCell(error=e, bound=b, entries=n) for (e, b), n in sorted(self.cells.items())],
        )


def _half_decades(x: Float) -> list[int]:
    found: list[int] = np.floor(2 * np.log10(np.maximum(x, np.finfo(np.float64).tiny))).astype(int).tolist()
    return found


def _median(ratios: Counter[int]) -> float | None:
    """The middle of counted powers of 2, in the middle of its step."""
    left = sum(ratios.values()) / 2
    for power, count in sorted(ratios.items()):
        left -= count
        if left <= 0:
            return float(2.0 ** (power + 0.5))
    return None


def errors(found: Comparison) -> tuple[str, Float | None]:
    """(what exact values were taken from, the largest error of the engines at each entry, or None where unknown).

    float32 is held against the same numbers in float64; float64 against enclosures, or without them against fractions.
    """
    answers = [o.values for o in found.outcomes.values() if o.values is not None]
    if found.domain.name == "float32":
        assert found.analysis is not None
        blocks = [x for W, b in zip(found.analysis.weights, found.analysis.biases, strict=True) for x in (W, b) if x]
        exact = np.concatenate([block.value.ravel() for block in blocks])
        return "the same numbers in float64", np.max([np.abs(x.astype(np.float64) - exact) for x in answers], axis=0)
    name, said = ("rational", "fractions") if DOMAINS["ball"].missing() else ("ball", "enclosures of 192 bits")
    outcome = run(matrix.engine, found.case, DOMAINS[name])
    if outcome.values is None:
        return said, None
    domain = DOMAINS[name]
    with domain.context():
        if name == "ball" and not all(e.rad() * 1024 <= r for e, r in zip(outcome.values, found.radius, strict=True)):
            return said, None
        off = [np.abs(np.array([float(x) for x in domain.array(v) - outcome.values])) for v in answers]
    return said, np.max(off, axis=0)
