"""Printed numbers that right formulas do not give, matched against the catalogue.

A mistake is named for a number where it gives every printed digit: the mistaken number lies within half a unit of the
last one, plus its own rounding radius. What comes after training steps is plain gradient descent with the mistaken
gradient, at the learning rate that the source states.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from backprove.case import Case, Published
from backprove.mistakes.backward import FLOAT64, Pass, Problem
from backprove.mistakes.bounded import OWN, Bounded
from backprove.mistakes.catalogue import CATALOGUE
from backprove.mistakes.mistake import Mistake, Planted
from backprove.mistakes.propagation import Rate
from backprove.rounding import Float
from backprove.rounding.loss import loss

MANY = 100
"""After more steps than these, only those mistakes are tried that gave another number of the same source."""


def of_published(
    case: Case, positions: Sequence[int], *, catalogue: Mapping[str, Mistake] = CATALOGUE
) -> dict[int, tuple[Planted, ...]]:
    """For each of these published numbers (1-based) the mistakes that give all its digits; none where none does.

    One choice of parameters for each mistake, the most usual that fits. Positions are those that right formulas do not
    reproduce.
    """
    after: dict[int, list[int]] = {}
    for position in sorted(positions):
        p = case.published[position - 1]
        after.setdefault((p.steps or 1) if p.what.endswith("_after") else 0, []).append(position)
    few = [steps for steps in after if steps <= MANY]
    found: dict[int, dict[str, Planted]] = {position: {} for position in positions}
    good: list[Planted] = []
    for planted in _candidates(case, catalogue):
        fits = [n for n, P in _passes(case, planted, few) for n in after[n] if _gives(P, case.published[n - 1])]
        for position in fits:
            found[position].setdefault(planted.mistake.id, planted)
        good += [planted] if fits else []
    many = [steps for steps in after if steps > MANY]
    for planted in good if many else ():
        for steps, P in _passes(case, planted, many):
            for position in after[steps]:
                if _gives(P, case.published[position - 1]):
                    found[position].setdefault(planted.mistake.id, planted)
    return {position: tuple(by_id.values()) for position, by_id in found.items()}


def _candidates(case: Case, catalogue: Mapping[str, Mistake]) -> Iterator[Planted]:
    truth = Pass(Problem(case))
    for mistake in catalogue.values():
        if mistake.inferred == "rate":
            if case.training is not None:
                yield mistake.planted(rate=Rate(case.training.learning_rate))
            continue
        for planted in mistake.variants():
            P = Pass(Problem(case), (planted,), truth)
            P.flat()
            if P.touched:
                yield planted


def _passes(case: Case, planted: Planted, wanted: Sequence[int]) -> Iterator[tuple[int, Pass]]:
    """(steps, the mistaken pass after that many training steps) for each that is wanted."""
    problem = Problem(case)
    with np.errstate(all="ignore"):
        for step in range(max(wanted, default=-1) + 1):
            P = Pass(problem, (planted,))
            if step in wanted:
                yield step, P
            if step < max(wanted):
                problem = _trained(P, problem)
                if not all(np.isfinite(W.radius).all() for W in problem.W):
                    return


def _trained(P: Pass, problem: Problem) -> Problem:
    case = problem.case
    assert case.training is not None
    rate = case.training.learning_rate
    W = [_moved(W, P("weights", l), rate) for l, W in enumerate(problem.W, 1)]
    b = problem.b
    if case.training.update_bias:
        b = [None if b is None else _moved(b, P("bias", l), rate) for l, b in enumerate(problem.b, 1)]
    return Problem(case, problem.domain, (W, b))


def _moved(x: Bounded, slope: Bounded, rate: float) -> Bounded:
    value = x.value - rate * slope.value
    radius = x.radius + abs(rate) * (slope.radius + x.u * np.abs(slope.value)) + x.u * np.abs(value)
    return Bounded(value, np.abs(value) + radius, radius, x.u)


def _gives(P: Pass, p: Published) -> bool:
    """Whether the mistaken pass gives every digit of the printed number."""
    with np.errstate(all="ignore"):
        value, radius = _number(P, p)
    if not (np.isfinite(value) and np.isfinite(radius)):
        return False
    exponent = Decimal(p.value).as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(p.sign * Fraction(value) - Fraction(p.value)) <= Fraction(10) ** exponent / 2 + Fraction(radius)


def _number(P: Pass, p: Published) -> tuple[float, float]:
    what = p.what.removesuffix("_after")
    if what == "loss":
        Z, A = P("net_input", P.L), P("activation", P.L)
        x, _ = loss(P.case, FLOAT64, Z.valued, A.valued)
        return float(x.value), float(x.radius)
    assert p.layer is not None
    assert p.to is not None
    l, j = p.layer, p.to - 1
    if what in ("weights", "bias"):
        block = P.W(l) if what == "weights" else P.b(l)
    else:
        step = {"z": "net_input", "a": "activation", "delta": "delta", "loss_gradient": "error",
                "weights_gradient": "weights", "bias_gradient": "bias"}[what]  # fmt: skip
        block = P(step, l)
    assert block is not None
    spot: tuple[int, ...] = (j,) if p.from_ is None else (j, p.from_ - 1)
    if what in ("z", "a", "delta", "loss_gradient"):
        spot = ((p.sample or 1) - 1, j)
    radius: Float = OWN * block.radius
    return float(block.value[spot]), float(radius[spot])
