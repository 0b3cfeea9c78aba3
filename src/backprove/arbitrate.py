"""What the loss itself says: the oracles, which know no derivative, against the engines.

An oracle's value comes with an estimate of its error. An engine's value within that (and its own rounding) has the
loss on its side; one that is SURE times as far off has not. In between the oracle is not sharp enough to tell.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backprove.case import address
from backprove.compare import Comparison, Difference
from backprove.domains import Array
from backprove.errors import NotInDomain
from backprove.oracles import ORACLES, Estimate
from backprove.outcome import Mask

SURE = 1000.0


@dataclass(frozen=True)
class Hearing:
    """The oracles' estimates for the case of a comparison, entry by entry against the engines' values."""

    comparison: Comparison
    estimates: Mapping[str, Estimate]

    @cached_property
    def values(self) -> dict[str, Array]:
        """Engine → its values as float64; NaN where it has none."""
        found = {}
        for name, o in self.comparison.outcomes.items():
            if o.values is not None:
                hardware = o.values.dtype.kind == "f"
                found[name] = o.values.astype(np.float64) if hardware else np.array([_float(x) for x in o.values])
                if o.covered is not None:
                    found[name][~o.covered] = np.nan
        return found

    def off(self, name: str, oracle: str) -> Array:
        """By how many of the oracle's errors an engine's value is off, beyond its rounding; NaN: no opinion."""
        estimate = self.estimates[oracle]
        distance = np.abs(self.values[name] - estimate.values) - self.comparison.radius_of(name)
        known = np.isfinite(estimate.error) & np.isfinite(distance)
        ratio = np.maximum(distance, 0) / np.maximum(estimate.error, np.finfo(np.float64).tiny)
        return np.where(known, ratio, np.nan)

    @cached_property
    def _all_off(self) -> list[Array]:
        """`off` of every engine by every oracle."""
        return [self.off(name, oracle) for name in self.values for oracle in self.estimates]

    @cached_property
    def heard(self) -> Mask:
        """Entries of which some oracle has an opinion."""
        known = [np.isfinite(e.error) for e in self.estimates.values()]
        mask: Mask = np.logical_or.reduce([np.zeros(self.comparison.case.entries, dtype=bool), *known])
        return mask & self.comparison.compared

    @cached_property
    def against(self) -> Mask:
        """Entries at which every oracle that has an opinion is sure that all engines are wrong."""
        if not self._all_off:
            return np.zeros(self.comparison.case.entries, dtype=bool)
        with np.errstate(invalid="ignore"):
            sure = [np.isnan(r) | (r > SURE) for r in self._all_off]
        mask: Mask = np.logical_and.reduce(sure) & self.heard
        return mask

    @cached_property
    def unsure(self) -> Mask:
        """Entries at which no oracle has an engine's value within its error, and yet not all are sure."""
        with np.errstate(invalid="ignore"):
            within = [r <= 1 for r in self._all_off]
        mask: Mask = self.heard & ~np.logical_or.reduce([~self.heard, *within]) & ~self.against
        return mask

    @property
    def settled(self) -> bool:
        """Whether every entry compared is within some oracle's error, so that no other oracle could say otherwise."""
        open_ = self.unsure | self.against | (self.comparison.compared & ~self.heard)
        return not open_.any()

    def at(self) -> int | None:
        """The entry to hear the oracles about: the first that differs, or to which they object."""
        first = self.comparison.first_difference()
        if first is not None:
            if first.address is None:
                return None
            differs = np.flatnonzero((self.comparison.verdicts == 1) & self.comparison.compared)
            at = next(i for i in differs if address(self.comparison.case, int(i)) == first.address)
            if self.heard[at]:
                return int(at)
            heard = [int(i) for i in differs if self.heard[i]]
            return heard[0] if heard else None
        objected = np.flatnonzero(self.against)
        return int(objected[0]) if len(objected) else None


def hear(comparison: Comparison, *, briefly: bool = False) -> Hearing:
    """The oracles on the case of a comparison. An oracle that lacks a function for it stays silent.

    `briefly`: the cheapest first, and the next only where something is not settled.
    """
    hearing = Hearing(comparison, {})
    if comparison.case.modulus is not None or comparison.domain.modulus:
        return hearing
    for name in reversed(ORACLES):
        if briefly and hearing.estimates and hearing.settled:
            break
        with contextlib.suppress(NotInDomain), np.errstate(all="ignore"):
            hearing = Hearing(comparison, {name: ORACLES[name](comparison.case), **hearing.estimates})
    return hearing


@dataclass(frozen=True)
class Opinion:
    """One oracle on one entry: its value and error there, whom it sides with, and how much farther off the next are."""

    oracle: str
    address: str
    value: float
    error: float
    sides_with: list[str]
    margin: float | None


def opinions(hearing: Hearing, groups: list[list[str]]) -> list[Opinion]:
    """With which group of engines the loss itself sides, at the entry where they first differ, and with what margin."""
    at, found = hearing.at(), []
    for oracle, estimate in hearing.estimates.items():
        if at is None or not np.isfinite(estimate.error[at]):
            continue
        off = {name: float(hearing.off(name, oracle)[at]) for name in hearing.values}
        off = {name: ratio if ratio == ratio else float("inf") for name, ratio in off.items()}
        nearest = [min((off[name] for name in group if name in off), default=float("inf")) for group in groups]
        near = [i for i, ratio in enumerate(nearest) if ratio <= SURE]
        others = [ratio for ratio in nearest if ratio > SURE]
        # Who is near and who is far: else the oracle cannot tell, and sides with none.
        sides = groups[near[0]] if len(near) == 1 and others else []
        margin = min(others) / max([1.0, *(nearest[i] for i in near)]) if others and len(near) < 2 else None
        found.append(
            Opinion(
                oracle,
                str(address(hearing.comparison.case, at).label),
                float(estimate.values[at]),
                float(estimate.error[at]),
                sides,
                margin,
            )
        )
    return found


def objection(hearing: Hearing) -> Difference | None:
    """Where the oracles first object to what all engines agree on, with their values beside the engines'."""
    at = hearing.at()
    if at is None:
        return None
    values = {name: float(v[at]) for name, v in hearing.values.items() if np.isfinite(v[at])}
    said = {name: float(e.values[at]) for name, e in hearing.estimates.items() if np.isfinite(e.error[at])}
    difference = max(abs(x - y) for x in values.values() for y in said.values())
    return Difference(address(hearing.comparison.case, at), {**values, **said}, difference, None, None)


def _float(x: object) -> float:
    try:
        return float(x)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return float("nan")
