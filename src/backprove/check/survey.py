"""A candidate on many networks: drawn ones, and the same with units driven far into saturation.

Three things about a right candidate would look like mistakes, and are told from them here: which slope it takes at a
kink, a form that loses digits or overflows where others do not, and arithmetic in single precision.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprove.campaign import explore
from backprove.candidate import Answering, Declaration
from backprove.case import Case
from backprove.check.subject import Seen, judged, see, strategy
from backprove.compare import Comparison
from backprove.generate import mild, scaled
from backprove.rounding import conventions
from backprove.verdict import Verdict
from backprove.weakness import LOSES, jumps, weakness

PROBED = 3
FAILURES = 3  # in a row, all alike: the rest would fail as well
TIMEOUTS = 1  # of these, which take their time
STRESSED = 8
JUMPING = 3  # of the networks on which it is wrong, the largest are tried for jumps, besides the first
UNSTEADY = {"nondeterministic", "keeps-state"}
FACTORS = (8.0, 64.0, 512.0)


@dataclass
class Survey:
    """What a candidate answered."""

    seen: list[Seen] = field(default_factory=list)
    stressed: list[Seen] = field(default_factory=list)
    """On networks seen, with weights and inputs many times as large."""
    hygiene: dict[str, str] = field(default_factory=dict)
    """Id → what was seen, in a line."""
    kink: Fraction = Fraction(0)
    """Its relu'(0), by its numbers."""
    single: bool = False
    """Whether it has no more digits than single precision, although it returns more."""

    @property
    def every(self) -> list[Seen]:
        return self.seen + self.stressed

    @property
    def verdict(self) -> Verdict:
        """Nothing seen is nothing known, nor is agreement where rounding alone could explain most values."""
        found = Verdict.of(one.verdict for one in self.every) if self.seen else Verdict.UNDECIDED
        return Verdict.UNDECIDED if found is Verdict.AGREE and self.little else found

    @property
    def little(self) -> bool:
        """Whether most of what was compared is no larger than its own rounding."""
        entries = sum(int(one.comparison.compared.sum()) - one.comparison.vacuous for one in self.seen)
        return 2 * sum(one.comparison.weak for one in self.seen) > entries

    @property
    def numberless(self) -> bool:
        """Whether every wrong answer has nan or infinity in it."""
        wrong = [one.answer.values for one in self.every if one.wrong and one.answer.values is not None]
        return bool(wrong) and not any(np.isfinite(values).all() for values in wrong)

    @property
    def first_wrong(self) -> Seen | None:
        return next((one for one in self.every if one.wrong), None)

    @property
    def failure(self) -> Seen | None:
        """The first network on which it gave no gradient at all, by more than overflow."""
        return next((one for one in self.every if one.answer.failure and one.wrong), None)

    def reasons(self) -> Counter[str]:
        """Why entries are UNDECIDED, and how many."""
        counted: Counter[str] = Counter()
        for one in self.every:
            if one.verdict is Verdict.UNDECIDED:
                open_ = {"may be digits lost, or a mistake": int(one.comparison.compared.sum())}
                counted.update(one.comparison.reasons if one.weakness is None else open_)
        return counted


def survey(
    candidate: Answering, declaration: Declaration, settings: Mapping[str, Any], networks: int, seed: int
) -> Survey:
    """Fresh networks, the engines beside it; its habits on the first few."""
    found = Survey()

    def visit(case: Case) -> None:
        if _hopeless([one.answer.kind for one in found.seen]):
            return
        one = see(candidate, case, candidate.spec, probe=len(found.seen) < PROBED)
        found.seen.append(one)
        found.hygiene |= dict(zip(one.answer.hygiene, one.answer.notes, strict=True))

    explore(strategy(declaration, settings), seed, networks, visit, shrink=False)
    _turn_square(candidate, found)
    weigh(candidate, found)
    if found.first_wrong is None and not found.single:
        cases = (one.case for one in found.seen[:STRESSED])
        found.stressed = [see(candidate, scaled(case, factor), candidate.spec) for case in cases for factor in FACTORS]
        weigh(candidate, found)
    return found


def _hopeless(kinds: list[str]) -> bool:
    """Whether the last calls have all failed in the same way, or one took too long."""
    if kinds.count("timeout") >= TIMEOUTS:
        return True
    last = kinds[-1:] * FAILURES
    return bool(kinds) and kinds[-1] != "" and kinds[-len(last) :] == last


def _turn_square(candidate: Answering, found: Survey) -> None:
    """Weights that come back transposed wherever a layer is oblong do so where all are square, which does not show."""
    oblong = [one for one in found.seen if one.answer.values is not None and len(set(one.case.sizes)) > 1]
    if oblong and all("weights-transposed" in one.answer.hygiene for one in oblong):
        candidate.turns = True
        found.seen = [
            one if len(set(one.case.sizes)) > 1 else see(candidate, one.case, candidate.spec) for one in found.seen
        ]


def weigh(candidate: Answering, found: Survey) -> None:
    """Tell from mistakes what only looks like them; not in what answers differently each time."""
    _take_its_kinks(candidate, found)
    if UNSTEADY & set(found.hygiene):
        return
    found.seen = list(_weighed(candidate, found.seen))
    found.stressed = list(_weighed(candidate, found.stressed))
    _settle(found)
    if (wrong := found.first_wrong) and _is_single(candidate, found, wrong):
        found.single = True
        _rejudge(candidate, found, lambda one: (replace(one.answer, precision="float32"), one.case))


def _settle(found: Survey) -> None:
    """Where digits are seen to be lost on some networks, a loss too small to be clear is one as well."""
    known = [one.weakness.lost for one in found.every if one.weakness and one.weakness.kind == LOSES]
    lost = max((digits for digits in known if math.isfinite(digits)), default=0.0)

    def settled(one: Seen) -> Seen:
        w = one.weakness
        return replace(one, weakness=replace(w, kind=LOSES)) if w and not w.kind and w.lost <= lost else one

    found.seen, found.stressed = [settled(one) for one in found.seen], [settled(one) for one in found.stressed]


def _rejudge(candidate: Answering, found: Survey, changed: Callable[[Seen], tuple[Any, Case]]) -> None:
    found.seen = [judged(*changed(one), candidate.spec) for one in found.seen]
    found.stressed = [judged(*changed(one), candidate.spec) for one in found.stressed]


def _take_its_kinks(candidate: Answering, found: Survey) -> None:
    """Take the candidate's own slope at kinks for that of the case, where its numbers show which one that is."""
    at_kinks = [one for one in found.every if "kink" in one.comparison.reasons and one.answer.values is not None]
    if not at_kinks or found.kink:
        return
    possible = [set(conventions(one.case, _values(one), one.comparison.domain)) for one in at_kinks]
    common = set.intersection(*possible)
    if len(common) == 1 and common != {Fraction(0)}:
        found.kink = common.pop()
        _rejudge(candidate, found, lambda one: (one.answer, replace(one.case, kink=found.kink)))


def _values(one: Seen) -> Any:
    return one.answer.values


def _weighed(candidate: Answering, seen: Iterable[Seen]) -> Iterator[Seen]:
    """With the weakness that explains a disagreement; after the first that none explains, as they are."""
    wrong = False
    for one in seen:
        if one.wrong and not wrong:
            one = replace(one, weakness=weakness(one.comparison, again(candidate)))
            wrong = one.wrong
        yield one


def again(candidate: Answering) -> Callable[[Case], Comparison]:
    """The same comparison on another network."""
    return lambda case: see(candidate, case, candidate.spec).comparison


def _is_coarse(wrong: Seen) -> bool:
    """Whether its numbers are off by what single precision leaves off, and not by much less."""
    values, right = wrong.answer.values, wrong.comparison.outcomes["matrix"].values
    if values is None or right is None or not np.isfinite(values).all():
        return False
    right = right.astype(np.float64)
    return bool(np.abs(values - right).max() > 2.0**-27 * np.abs(right).max())


def _is_single(candidate: Answering, found: Survey, wrong: Seen) -> bool:
    """Whether all of its numbers are right in single precision, and off by rounding, not by something smooth."""
    if any(one.answer.values is None for one in found.every) or not _is_coarse(wrong):
        return False
    single = (judged(replace(one.answer, precision="float32"), one.case, candidate.spec) for one in found.every)
    if any(one.wrong for one in single):
        return False
    # On few weights rounding may be too seldom to be seen to jump.
    largest = sorted((one for one in found.every if one.wrong), key=lambda one: -one.case.entries)
    return any(jumps(mild(one.case), again(candidate)) for one in (wrong, *largest[:JUMPING]))
