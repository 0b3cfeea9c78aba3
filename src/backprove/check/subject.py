"""A candidate beside the engines: networks of the kind it takes, what it answers there, and the comparison."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from backprove.candidate import Answer, Answering, Declaration
from backprove.case import Case
from backprove.compare import Comparison, Outcome, judge, run
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.errors import BackproveError
from backprove.generate import Fixed, cases
from backprove.verdict import Verdict
from backprove.weakness import Weakness


@dataclass(frozen=True)
class Seen:
    """What a candidate answered on one network, and the comparison with the engines.

    `weakness`: what explains the disagreement, where the formulas need not differ.
    """

    answer: Answer
    comparison: Comparison
    weakness: Weakness | None = None

    @property
    def case(self) -> Case:
        return self.comparison.case

    @cached_property
    def verdict(self) -> Verdict:
        if self.weakness is not None:
            return Verdict.AGREE if self.weakness.kind else Verdict.UNDECIDED
        return self.comparison.verdict

    @property
    def wrong(self) -> bool:
        return self.verdict is Verdict.DISAGREE


def strategy(
    declaration: Declaration, settings: Mapping[str, Any], kink: Fraction = Fraction(0)
) -> st.SearchStrategy[Case]:
    """Networks of the kind that a candidate takes, minimising what it says. Raises BackproveError: there are none.

    A candidate is not told which slope a kink is to have: `kink` is its own convention, and 0 that of most.
    """
    d = declaration
    sizes = d.layers if isinstance(d.layers, tuple) else None
    fixed = Fixed(
        activations=d.activations,
        loss=d.loss,
        scale=d.loss_scale,
        reduction=d.reduction,
        depth=d.depth,
        sizes=sizes,
        batch=d.batch if isinstance(d.batch, int) else None,
        biases=d.biases,
    )
    try:
        return cases(fixed=fixed, **settings).map(lambda case: replace(case, kink=kink))
    except ValueError as error:
        raise BackproveError(f"nothing to check it on: {error}") from None


def see(candidate: Answering, case: Case, name: str, *, probe: bool = False) -> Seen:
    """Ask a candidate for its gradient of a case and judge it beside the engines, in the precision it computes in."""
    return judged(candidate.gradients(case, probe=probe), case, name)


def judged(answer: Answer, case: Case, name: str) -> Seen:
    """An answer beside the engines on the case that it answers, but for the kinks' convention."""
    domain = DOMAINS[answer.precision]
    outcomes = {engine: run(function, case, domain) for engine, function in ENGINES.items()}
    if answer.values is None:
        own = Outcome(failure=answer.failure, kind=answer.kind, traceback=answer.traceback)
    else:
        own = replace(run(lambda case, domain: answer.gradient(case), case, domain), blur=answer.blur(case))
    return Seen(answer, judge(case, domain, {**outcomes, name: own}))
