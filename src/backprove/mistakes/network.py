"""One network with the gradient that somebody has for it: which formulas reproduce those numbers, within rounding.

A formula reproduces a number that is no further from its own evaluation than two evaluations of that same formula can
be apart: twice its own radius (bounded.py), which is derived for the wrong formula as it is for the right one. What the
numbers lost on their way here, their blur, comes on top.
"""

import math
from collections.abc import Sequence

import numpy as np

from backprove.case import Case
from backprove.domains import Domain
from backprove.mistakes.backward import Pass, Problem
from backprove.mistakes.bounded import OWN, Bounded
from backprove.mistakes.mistake import Planted
from backprove.rounding import Float, Mask, analyse


class Network:
    """A case and the flat gradient that was observed on it; `blur`: what each number may have lost on its way."""

    def __init__(self, case: Case, values: Float, domain: Domain, blur: Float | None = None) -> None:
        self.case, self.problem = case, Problem(case, domain)
        self.values = np.asarray(values, dtype=np.float64)
        if self.values.shape != (case.entries,):
            raise ValueError(f"a flat gradient of {case.entries} numbers is needed, not of shape {self.values.shape}")
        # Both ways to write the delta of an output whose logarithm the loss takes; the second has the wider radius.
        ways = (True, False) if self.problem.held.fused else (True,)
        self.truths = [Pass(Problem(case, domain, fuses=fuses)) for fuses in ways]
        self._singles: dict[tuple[int, int], Pass] = {}
        analysis = analyse(case, domain)
        # What underflows on a path is multiplied by no more than all its other factors together.
        lost = 2 * len(case.inputs) * (len(case.layers) + 2) * domain.tiny * analysis.largest
        self.lost = np.full(case.entries, lost) + (0.0 if blur is None else blur)
        """Per entry, what an observed number may be off by beside the rounding of its formula."""
        radius = self.truths[0].flat()[1]
        self.usable = not analysis.undefined() and bool(np.isfinite(radius).all()) and math.isfinite(lost)
        self.wrong = not self.reproduces(())

    def passed(self, planted: Sequence[Planted], way: int = 0) -> Pass:
        """The pass with some mistakes in it; those with one are kept, for others to build on."""
        if not planted:
            return self.truths[way]
        if len(planted) > 1:
            return Pass(self.problem, planted, self.passed(planted[:-1], way))
        key = id(planted[0]), way
        if key not in self._singles:
            self._singles[key] = Pass(self.problem, planted, self.truths[way])
        return self._singles[key]

    def reproduces(self, planted: Sequence[Planted]) -> bool:
        """Whether the observed numbers are those of these mistakes. No bound: nothing speaks against it."""
        return any(self._reproduced(planted, way) for way in range(len(self.truths)))

    def _reproduced(self, planted: Sequence[Planted], way: int) -> bool:
        with np.errstate(all="ignore"):
            return not any(self._off(x, place, way).any() for _, _, place, x in self.passed(planted, way).blocks())

    def _off(self, block: Bounded, place: slice, way: int) -> Mask:
        allowed = 2 * OWN * block.radius.ravel() + self.lost[place]
        within = np.abs(self.values[place] - block.value.ravel()) <= allowed
        # A second way of writing it that has no bound excuses nothing.
        within = within & np.isfinite(allowed) if way else within | ~np.isfinite(allowed)
        return ~within

    def wrong_blocks(self) -> list[tuple[int, str]]:
        """(layer, "W" or "b") of what is not the gradient."""
        with np.errstate(all="ignore"):
            return [(l, kind) for l, kind, place, x in self.truths[0].blocks() if self._off(x, place, 0).any()]

    def telling(self, first: Sequence[Planted], second: Sequence[Planted] = ()) -> float:
        """By how many bits two explanations differ here: log2 of their distance in radii, at the clearest entry; 0
        where rounding hides it.
        """
        (x, r), (y, s) = self.passed(first).flat(), self.passed(second).flat()
        with np.errstate(all="ignore"):
            ratio = np.abs(x - y) / (r + s + self.lost)
        ratio = ratio[np.isfinite(r) & np.isfinite(s)]
        ratio[np.isnan(ratio)] = 0
        most = min(float(ratio.max(initial=0.0)), 2.0**53)
        return math.log2(most) if most > 1 else 0.0
