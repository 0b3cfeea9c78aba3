"""Why a candidate is wrong: what else it is the gradient of, or the known mistakes that reproduce its numbers."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backprove.candidate import Declaration
from backprove.check.infer import Problem, gradient_of
from backprove.check.posing import USUAL, hidden_and_output
from backprove.check.subject import Seen
from backprove.domains import DOMAINS
from backprove.mistakes import Causes, causes
from backprove.mistakes.network import Network
from backprove.rounding import forward
from backprove.weakness import WITHOUT_EXP

ENOUGH = 10


def other_problem(seen: Sequence[Seen], posed: Declaration) -> Problem | None:
    """Another problem whose gradient reproduces its numbers on all networks."""
    first = Problem(hidden_and_output(posed) or USUAL.activations, posed.loss or USUAL.loss)
    for some in (seen, [one for one in seen if _is_ordinary(one)]):
        told = [
            (one.case, one.answer.values, one.answer.precision, one.answer.blur(one.case))
            for one in some
            if one.answer.values is not None
        ]
        others = [p for p in gradient_of(told, first) if not _is_posed(p, posed)]
        if others:
            return others[0]
    return None


def _is_posed(problem: Problem, posed: Declaration) -> bool:
    """Whether it is the very problem that the candidate is wrong for, on other networks."""
    have = (problem.activations, problem.loss, problem.factor.number, problem.reduction)
    wanted = (hidden_and_output(posed), posed.loss, posed.loss_scale, posed.reduction)
    return problem.factor.sign > 0 and have == wanted


def known_mistakes(seen: Sequence[Seen]) -> Causes:
    """The known mistakes, or pairs, that reproduce its numbers on all networks.

    They are looked for where no unit is nearly saturated, since a weak form of a mistaken formula loses its digits
    elsewhere, and then held against the other networks: what is reproduced there too goes first, else these networks
    count as `left_out`.
    """
    ordinary = [one for one in seen if _is_ordinary(one)]
    if len(ordinary) < ENOUGH:
        return _known(seen)
    found = _known(ordinary)
    others = [_network(one) for one in seen if one.answer.values is not None and not _is_ordinary(one)]
    held = {cause: sum(n.usable and n.reproduces(cause.planted) for n in others) for cause in found.found}
    most = max(held.values(), default=0)
    kept = [replace(cause, networks=cause.networks + most) for cause, count in held.items() if count == most]
    return replace(found, found=tuple(kept), left_out=len(seen) - found.networks - most)


def _is_ordinary(one: Seen) -> bool:
    """Whether its numbers are finite and 1 - a has half of its digits in every unit that has a limit."""
    values, domain = one.answer.values, one.comparison.domain
    if values is None or not np.isfinite(values).all():
        return False
    half = -math.log(domain.unit_roundoff or 1) / 2
    layers = zip(one.case.layers, forward(one.case, domain).z, strict=True)
    return all(layer.activation in WITHOUT_EXP or float(np.abs(z.value).max()) < half for layer, z in layers)


def _network(one: Seen) -> Network:
    assert one.answer.values is not None
    return Network(one.case, one.answer.values, one.comparison.domain, one.answer.blur(one.case))


def _known(seen: Sequence[Seen]) -> Causes:
    single = any(one.answer.precision == "float32" for one in seen)
    told = [(one.case, one.answer.values, one.answer.blur(one.case)) for one in seen if one.answer.values is not None]
    return causes(told, domain=DOMAINS["float32" if single else "float64"])
