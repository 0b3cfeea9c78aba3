"""Why a backprop is wrong on one network: what it says there and on others like it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from hypothesis import currently_in_test_context

from backprove.campaign import explore
from backprove.candidate import Answer, Declaration, Local, form_of
from backprove.candidate.adapt import Refused, read
from backprove.case import Case
from backprove.check import Examined, Seen, Survey, give_reasons, of_case, see, strategy, weigh
from backprove.errors import BackproveError

ENOUGH = 40
FEW = 10
SMALL = 2_000

_met: dict[str, list[Seen]] = {}


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


def remember(place: str, seen: Seen) -> None:
    """Keep the first networks that an assertion meets, of the last place where one stood; but no large ones."""
    met = _met.get(place)
    if met is None:
        _met.clear()
        met = _met[place] = []
    if len(met) < ENOUGH and seen.case.entries <= SMALL:
        met.append(seen)


def explained(subject: Local | Given, seen: Seen, place: str) -> Examined:
    """The network with what else the backprop is the gradient of, or the mistakes that give its numbers.

    These are looked for on networks met before in the same place that pose the same problem, and on others of the
    kind, as far as the backprop answers there at all.
    """
    posed = of_case(subject.declaration, seen.case)
    met = [one for one in _met.get(place, []) if one.case != seen.case and _same_problem(one.case, seen.case)]
    survey = Survey([seen, *met])
    numbers = seen.answer.values is not None and bool(np.isfinite(seen.answer.values).all())
    if isinstance(subject, Local) and numbers:
        for like in _kinds(posed, [one.case for one in survey.seen]):
            if len(survey.seen) < FEW or len({one.case.sizes for one in survey.seen}) < FEW:
                survey.seen += _asked(subject, like, ENOUGH)
        weigh(subject, survey)
    given = not currently_in_test_context()  # by hand: nobody looked for a smaller one
    found = Examined(subject.spec, subject.declaration, posed, alone=given, survey=survey, smallest=seen)
    if numbers:
        give_reasons(found)
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
