"""One candidate examined: is it the gradient of what it says it minimises; if not, of something else; if not, why not.

posed     the problem it declares; what it leaves open is inferred from its numbers
judged    on fresh random networks beside the three engines, each entry within its rounding bound
of        another problem whose gradient reproduces its numbers on all networks
causes    known mistakes, or pairs, that reproduce them on all networks
smallest  the smallest network on which it is wrong in that way
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backprove.candidate import Answering, Candidate, Declaration
from backprove.case import Case
from backprove.check.explain import known_mistakes, other_problem
from backprove.check.infer import Problem
from backprove.check.posing import completed
from backprove.check.shrink import smallest
from backprove.check.subject import Seen, see
from backprove.check.survey import Survey, survey, weigh
from backprove.errors import BackproveError
from backprove.mistakes import Causes
from backprove.verdict import Verdict

NETWORKS = 60


@dataclass
class Examined:
    """What came of a candidate."""

    spec: str
    declaration: Declaration
    posed: Declaration
    """With what was inferred, or had to be assumed, filled in."""
    inferred: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    alone: bool = False
    """Whether it was asked about one given network only."""
    survey: Survey = field(default_factory=Survey)
    of: Problem | None = None
    causes: Causes | None = None
    smallest: Seen | None = None
    lacks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.survey.verdict


def _silent(found: Examined) -> None:
    pass


def examine(
    spec: str,
    options: Mapping[str, object],
    *,
    networks: int = NETWORKS,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    seconds: float = 5.0,
    memory: int = 2 * 2**30,
    only: Case | None = None,
    judged: Callable[[Examined], None] = _silent,
) -> Examined:
    """Judge the function that `FILE.py:FUNCTION` names; on one network, if `only` gives it.

    `judged` is told as soon as the verdict stands, before the reasons are looked for. Raises BackproveError where the
    candidate cannot be loaded or asked.
    """
    with Candidate(spec, options, seconds=seconds, memory=memory) as candidate:
        return examined(candidate, networks=networks, seed=seed, settings=settings, only=only, judged=judged)


def examined(
    candidate: Answering,
    *,
    networks: int = NETWORKS,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    only: Case | None = None,
    judged: Callable[[Examined], None] = _silent,
) -> Examined:
    """Judge whatever answers with gradients, as `examine` does."""
    found = Examined(candidate.spec, candidate.declaration, candidate.declaration, lacks=candidate.lacks)
    if only is not None:
        found.alone, found.posed = True, of_case(candidate.declaration, only)
        found.survey = _alone(candidate, only)
        judged(found)
        found.smallest = found.survey.first_wrong
        return found
    drawing = settings or {}
    posed = completed(candidate, drawing, seed)
    found.posed, found.inferred, found.assumed = posed.declaration, posed.inferred, posed.assumed
    found.survey = survey(candidate, found.posed, drawing, networks, seed)
    judged(found)
    if found.verdict is Verdict.DISAGREE:
        give_reasons(found)
        planted = found.causes.found[0].planted if found.causes and found.causes.found else ()
        found.smallest = smallest(candidate, found.posed, drawing, seed, found.survey, planted)
    return found


def give_reasons(found: Examined) -> None:
    """What else it is the gradient of, and the known mistakes that give its numbers; where it gave any."""
    if found.survey.failure is None and not found.survey.numberless:
        found.of = other_problem(found.survey.every, found.posed)
        found.causes = known_mistakes(found.survey.every)


def of_case(d: Declaration, case: Case) -> Declaration:
    """The declaration with the problem that the case poses."""
    activations = tuple(layer.activation for layer in case.layers)
    return replace(
        d, activations=activations, loss=case.loss.name, loss_scale=case.loss.scale, reduction=case.reduction
    )


def _alone(candidate: Answering, case: Case) -> Survey:
    if why := candidate.declaration.unfit(case):
        raise BackproveError(f"{candidate.spec}: {why}")
    one = see(candidate, case, candidate.spec, probe=True)
    found = Survey([one], hygiene=dict(zip(one.answer.hygiene, one.answer.notes, strict=True)))
    weigh(candidate, found)
    return found
