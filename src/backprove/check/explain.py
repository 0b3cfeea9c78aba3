"""Why a candidate is wrong: what else it is the gradient of, or the known mistakes that reproduce its numbers."""

from collections.abc import Sequence

from backprove.candidate import Declaration
from backprove.check.infer import Problem, gradient_of
from backprove.check.posing import USUAL, hidden_and_output
from backprove.check.subject import Seen
from backprove.domains import DOMAINS
from backprove.mistakes import Causes, causes


def other_problem(seen: Sequence[Seen], posed: Declaration) -> Problem | None:
    """Another problem whose gradient reproduces its numbers on all networks."""
    told = [
        (one.case, one.answer.values, one.answer.precision, one.answer.blur(one.case))
        for one in seen
        if one.answer.values is not None
    ]
    others = gradient_of(told, Problem(hidden_and_output(posed) or USUAL.activations, posed.loss or USUAL.loss))
    return others[0] if others else None


def known_mistakes(seen: Sequence[Seen]) -> Causes:
    """The known mistakes, or pairs, that reproduce its numbers on all networks."""
    single = any(one.answer.precision == "float32" for one in seen)
    told = [(one.case, one.answer.values, one.answer.blur(one.case)) for one in seen if one.answer.values is not None]
    return causes(told, domain=DOMAINS["float32" if single else "float64"])
