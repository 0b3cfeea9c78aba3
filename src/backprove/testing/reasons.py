"""Why a backprop is wrong on one network: what it says there and on others like it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from hypothesis import currently_in_test_context

from backprove.campaign import explore
from backprove.candidate import Answer, Declaration, Local, form_of
from backprove.candidate.adapt import Refused, read
from backprove.case import Case
from backprove.check import Examined, Seen, Survey, give_reasons, judged, of_case, see, strategy, weigh
from backprove.errors import BackproveError

ENOUGH = 40
FEW = 10
SMALL = 2_000


@dataclass
class Place:
    """Where an assertion stands: what it has met there."""

    met: list[Seen] = field(default_factory=list)
    """The first networks; no large ones."""
    wrong: bool = False
    """Whether one of them was wrong by more than digits."""
    single: bool | None = None
    """Whether the backprop computes in single precision, as far as that was looked at."""
    unsteady: bool = False
    """Whether it answers differently the second time."""

    def remember(self, seen: Seen) -> None:
        self.wrong |= seen.wrong
        if len(self.met) < ENOUGH and seen.case.entries <= SMALL:
            self.met.append(seen)


_places: dict[str, Place] = {}


def place_of(name: str) -> Place:
    """The place of that name; of the last one only is anything kept."""
    if name not in _places:
        _places.clear()
    return _places.setdefault(name, Place())


class Given:
    """Gradients that were worked out before, for one network; see `Answering`."""

    lacks: tuple[str, ...] = ()
    turns = False
    spec = "yours"

    def __init__(self, gradients: Any, case: Case, declaration: Declaration) -> None:
        self.declaration, self.case = declaration, case
        try:
            found = read(gradients, form_of(case, declaration))
            self._answer = Answer(found.values, found.precision, tuple(found.odd), tuple(found.odd.values()))
        except Refused as refusal:
            self._answer = Answer(failure=refusal.failure, kind=refusal.kind)

    def gradients(self, case: Case, *, probe: bool = False) -> Answer:
        """What was given, for its own network; about others nothing is known."""
        same = replace(case, kink=self.case.kink) == self.case
        return self._answer if same else Answer(failure="was given for one network only", kind="given")


def explained(subject: Local | Given, seen: Seen, place: Place) -> Examined:
    """The network with what else the backprop is the gradient of, or the mistakes that give its numbers.

    These are looked for on networks met before in the same place that pose the same problem, and on others of the
    kind, as far as the backprop answers there at all.
    """
    survey = Survey([seen, *_like(seen, place)])
    if isinstance(subject, Local) and _has_numbers(seen):
        survey.seen += _others(subject, survey.seen)
        if place.unsteady:
            survey.hygiene["nondeterministic"] = "answers differently the second time on the same input"
        weigh(subject, survey)
    given = not currently_in_test_context()  # by hand: nobody looked for a smaller one
    posed = of_case(subject.declaration, seen.case)
    found = Examined(subject.spec, subject.declaration, posed, alone=given, survey=survey, smallest=seen)
    if _has_numbers(seen):
        give_reasons(found)
    return found


def in_single(subject: Local | Given, seen: Seen, place: Place) -> bool:
    """Whether it has no more digits than single precision, told once in a place by networks of all sizes."""
    if place.single is None:
        low = judged(replace(seen.answer, precision="float32"), seen.case, subject.spec)
        if not isinstance(subject, Local) or low.wrong:
            return False
        others = [*_like(seen, place), *_others(subject, [seen])]
        survey = Survey(sorted([seen, *others], key=lambda one: -one.case.entries))
        weigh(subject, survey)
        place.single = survey.single
    return place.single


def _has_numbers(seen: Seen) -> bool:
    return seen.answer.values is not None and bool(np.isfinite(seen.answer.values).all())


def _like(seen: Seen, place: Place) -> list[Seen]:
    """What was met before of the same problem."""
    return [one for one in place.met if one.case != seen.case and _same_problem(one.case, seen.case)]


def _others(subject: Local, met: list[Seen]) -> list[Seen]:
    """Further networks of the kind, where few were met or all of about the same shape."""
    found: list[Seen] = []
    for like in _kinds(of_case(subject.declaration, met[0].case), [one.case for one in met]):
        known = met + found
        if len(known) < FEW or len({one.case.sizes for one in known}) < FEW:
            found += _asked(subject, like, ENOUGH)
    return found


def _same_problem(one: Case, other: Case) -> bool:
    """Whether they minimise the same, in layers of the same kind, as far as both have hidden ones."""
    if (one.loss, one.reduction) != (other.loss, other.reduction):
        return False
    (*hidden, output), (*others, last) = ([layer.activation for layer in case.layers] for case in (one, other))
    return output == last and len({*hidden, *others}) <= 1


def _kinds(posed: Declaration, met: list[Case]) -> Iterator[Declaration]:
    """Networks like those met: of as many layers; and where none of these can be asked about, of the very sizes."""
    case = met[0]
    biased = {layer.bias is not None for one in met for layer in one.layers}
    like = replace(posed, biases=biased.pop() if len(biased) == 1 else None)
    batch: Literal["any"] | int = "any" if len({len(one.inputs) for one in met}) > 1 else len(case.inputs)
    yield replace(like, layers=len(case.layers), batch="any")
    yield replace(like, layers=len(case.layers), batch=batch)
    yield replace(like, layers=case.sizes, batch=batch)


def _asked(subject: Local, like: Declaration, networks: int) -> list[Seen]:
    """What it answers on networks of that kind, where it does."""
    try:
        # In a thread: within a property test, another one would be taken for a part of it.
        with ThreadPoolExecutor(1) as elsewhere:
            cases = elsewhere.submit(_drawn, like, networks).result()
    except BackproveError:  # there are none
        return []
    seen = [see(subject, case, subject.spec) for case in cases]
    return [one for one in seen if one.answer.values is not None and np.isfinite(one.answer.values).all()]


def _drawn(like: Declaration, networks: int) -> list[Case]:
    cases: list[Case] = []
    explore(strategy(like, {}), 0, networks, cases.append, shrink=False)
    return cases
