"""What came of comparing engines on one case: data, and what follows from it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case import Address, Case, address, blocks
from backprove.display import Shown
from backprove.domains import Array, Domain
from backprove.outcome import Mask, Outcome
from backprove.rounding import Analysis, Subgradients
from backprove.verdict import Verdict

Verdicts = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Pair:
    """One engine against another, entry by entry: arrays (case.entries,)."""

    first: str
    second: str
    verdicts: Verdicts
    """Per entry; entries that either did not compute are AGREE here and left out of `compared`."""
    fraction: Array
    """|difference| as a fraction of the sum of the two radii."""
    compared: Mask
    blur: Array | None = None
    """What each side's own way of answering adds to its radius, summed; None: nothing."""

    @cached_property
    def verdict(self) -> Verdict:
        """On the two as a whole."""
        codes = self.verdicts[self.compared]
        if not codes.any():
            return Verdict.AGREE
        return Verdict.DISAGREE if (codes == Verdict.DISAGREE).any() else Verdict.UNDECIDED


@dataclass(frozen=True)
class Difference:
    """The first entry at which engines differ, from the output backwards; None where a whole gradient is missing."""

    address: Address | None
    values: dict[str, Any]
    difference: float | None
    radius: float | None
    """The sum of the radii of two engines: what rounding explains. None in an exact domain."""
    fraction: float | None


@dataclass(frozen=True)
class Comparison(Shown):
    """Every engine's value for every address of one case in one domain, with the verdict of each.

    What is said per entry is an array (case.entries,), flattened layer by layer, of each layer weights (row by row)
    before bias.
    """

    case: Case
    domain: Domain
    outcomes: dict[str, Outcome]
    pairs: list[Pair]
    radius: Array
    """Of rounding, per entry, for every engine; `radius_of` has what an engine's own way of answering adds."""
    reasons: dict[str, int]
    """Why entries are UNDECIDED ("kink", "range", or why the loss has no value), and how many."""
    subgradients: Subgradients | None = None
    """What the entries may be at kinks, where engines differ and there are any."""
    analysis: Analysis | None = None
    """Where `radius` comes from; None where nothing is rounded."""

    @cached_property
    def shared(self) -> dict[str, int]:
        """Engine → how many of its entries were compared with another's."""
        found = {}
        for name in self.outcomes:
            masks = [pair.compared for pair in self.pairs if name in (pair.first, pair.second)]
            found[name] = int(np.logical_or.reduce(masks).sum()) if masks else 0
        return found

    @cached_property
    def answered(self) -> list[str]:
        """The engines that were compared with another, or failed."""
        return [name for name in self.outcomes if self.shared[name] or name in self.failures]

    @cached_property
    def failures(self) -> dict[str, str]:
        """Engine → what it raised or returned instead of a gradient, in one line."""
        return {name: o.failure for name, o in self.outcomes.items() if o.failure}

    @cached_property
    def verdicts(self) -> Verdicts:
        """Per entry, over all pairs: AGREE, DISAGREE or UNDECIDED; meaningful where `compared`."""
        if self.failures:
            return np.full(self.case.entries, Verdict.DISAGREE, dtype=np.int8)
        worst = np.zeros(self.case.entries, dtype=np.int8)
        differing = [pair for pair in self.pairs if pair.verdict is not Verdict.AGREE]
        for code in (Verdict.UNDECIDED, Verdict.DISAGREE):
            for pair in differing:
                worst[pair.compared & (pair.verdicts == code)] = code
        return worst

    @cached_property
    def compared(self) -> Mask:
        """Entries that at least two engines computed."""
        none = np.zeros(self.case.entries, dtype=bool)
        mask: Mask = np.logical_or.reduce([none, *(pair.compared for pair in self.pairs)])
        return mask

    @cached_property
    def verdict(self) -> Verdict:
        """Of the whole; AGREE only where something was compared, and nothing differs or stayed open."""
        if self.failures:
            return Verdict.DISAGREE
        verdict = Verdict.of(pair.verdict for pair in self.pairs)
        # Where nothing was compared, nothing agrees; nor where an engine left the range of its numbers.
        open_ = verdict is Verdict.AGREE and (bool(self.reasons) or not self.compared.any())
        return Verdict.UNDECIDED if open_ else verdict

    @cached_property
    def groups(self) -> list[list[str]]:
        """Engines that do not disagree with one another, in groups; a failed engine stands alone."""
        return group(
            self.answered,
            {(p.first, p.second) for p in self.pairs if p.verdict is Verdict.DISAGREE},
            set(self.failures),
        )

    @cached_property
    def degree(self) -> int:
        """In a field: answers that are not the same agree here with probability at most degree / modulus."""
        answers = [o.values for o in self.outcomes.values() if o.values is not None]
        return self.domain.degree(answers) or 0 if len(answers) > 1 else 0

    def opened(self, reason: str) -> "Comparison":
        """The comparison with UNDECIDED, for that reason, where engines disagree."""
        pairs, entries = [], 0
        for pair in self.pairs:
            differs = pair.verdicts == Verdict.DISAGREE
            entries = max(entries, int((differs & pair.compared).sum()))
            pairs.append(replace(pair, verdicts=np.where(differs, Verdict.UNDECIDED, pair.verdicts).astype(np.int8)))
        return replace(self, pairs=pairs, reasons={**self.reasons, reason: entries})

    @property
    def worst_fraction(self) -> float:
        """The largest difference as a fraction of the bound, over all entries that agree."""
        agreed = (pair.fraction[pair.compared & (pair.verdicts == Verdict.AGREE)] for pair in self.pairs)
        return max((float(part.max(initial=0.0)) for part in agreed), default=0.0)

    def radius_of(self, name: str) -> Array:
        """An engine's radius per entry, its own blur included."""
        blur = self.outcomes[name].blur
        return self.radius if blur is None else self.radius + blur

    @property
    def weak(self) -> int:
        """Entries whose bound is not below their value: rounding alone could explain any agreement there."""
        if self.domain.unit_roundoff is None or not self.pairs:
            return 0
        values = next(o.values for o in self.outcomes.values() if o.values is not None)
        size = np.abs(values.astype(np.float64))
        radius = np.maximum.reduce([self.radius_of(name) for name in self.outcomes])
        return int((self.compared & (radius >= size) & (size > 0)).sum())

    @property
    def vacuous(self) -> int:
        """Entries that are zero in every engine: their agreement says little."""
        values = [o.values for o in self.outcomes.values() if o.values is not None]
        if not values or self.failures:
            return 0
        zero = self.compared.copy()
        for v in values:
            zero &= np.asarray(v == 0, dtype=bool)
        return int(zero.sum())

    def at_kinks(self) -> list[tuple[Address, float, float, dict[str, Any]]]:
        """(address, low, high, values): entries that are UNDECIDED between the ends of their subgradient intervals."""
        if self.subgradients is None or "kink" not in self.reasons:
            return []
        low, high = self.subgradients.low, self.subgradients.high
        open_ = np.flatnonzero((self.verdicts == Verdict.UNDECIDED) & self.compared)
        return [(address(self.case, int(i)), float(low[i]), float(high[i]), self._values(int(i))) for i in open_]

    def _values(self, at: int) -> dict[str, Any]:
        return {
            name: o.values[at]
            for name, o in self.outcomes.items()
            if o.values is not None and (o.covered is None or o.covered[at])
        }

    def layer_map(self) -> list[tuple[int, Verdict, Verdict | None]]:
        """(layer, verdict on its weights, verdict on its bias or None), layers from the output backwards."""
        found: dict[int, dict[str, Verdict]] = {}
        for l, kind, shape, offset in blocks(self.case):
            part = slice(offset, offset + int(np.prod(shape)))
            codes = np.unique(self.verdicts[part][self.compared[part] | bool(self.failures)])
            found.setdefault(l, {})[kind] = Verdict.of(codes.tolist())
        return [(l, found[l]["W"], found[l].get("b")) for l in sorted(found, reverse=True)]

    def first_difference(self) -> Difference | None:
        """Layers from the output backwards, the first layer that differs and there the first entry that does."""
        if self.failures:
            said = {name: self.failures.get(name, "a gradient") for name in self.answered}
            return Difference(None, said, None, None, None)
        for _, _, shape, offset in sorted(blocks(self.case), key=lambda b: (-b[0], b[1] == "b")):
            part = slice(offset, offset + int(np.prod(shape)))
            at = np.flatnonzero((self.verdicts[part] == Verdict.DISAGREE) & self.compared[part])
            if len(at):
                return self._difference(offset + int(at[0]))
        return None

    def _difference(self, at: int) -> Difference:
        values = self._values(at)
        worst = max((p for p in self.pairs if p.compared[at]), key=lambda p: float(p.fraction[at]))
        blur = 0.0 if worst.blur is None else float(worst.blur[at])
        numbers = list(values.values())
        try:
            with np.errstate(all="ignore"):
                difference: float | None = float(max(numbers) - min(numbers))
        except (TypeError, ValueError, OverflowError):
            difference = float("nan")
        if any(x != x for x in numbers):
            difference = float("nan")
        if self.domain.modulus:  # a field has no distances
            difference = None
        exact = self.domain.unit_roundoff is None
        radius = None if exact else float(2 * self.radius[at]) + blur
        fraction = None if exact else float(worst.fraction[at])
        return Difference(address(self.case, at), values, difference, radius, fraction)


def group(names: list[str], apart: set[tuple[str, str]], alone: set[str]) -> list[list[str]]:
    """Greedy groups in the order of the names: an engine joins the first group with nobody it disagrees with."""
    groups: list[list[str]] = []
    for name in names:
        for members in groups:
            if name not in alone and not any(m in alone or (m, name) in apart or (name, m) in apart for m in members):
                members.append(name)
                break
        else:
            groups.append([name])
    return groups
