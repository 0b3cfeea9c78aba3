"""One candidate examined: is it the gradient of what it says it minimises; if not, of something else; if not, why not.

posed     the problem it declares; what it leaves open is inferred from its numbers
judged    on fresh random networks beside the three engines, each entry within its rounding bound
of        another problem whose gradient reproduces its numbers on all networks
cause     a known mistake, or two, that reproduces them on all networks
smallest  Hypothesis's shrinking, as long as the same mistake reproduces the numbers, or it fails in the same way
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis
from hypothesis import strategies as st

from backprove.campaign import explore
from backprove.candidate import Candidate, Declaration
from backprove.case import Case
from backprove.check.infer import Factor, Problem, gradient_of
from backprove.check.subject import Seen, see, strategy
from backprove.domains import DOMAINS
from backprove.errors import BackproveError
from backprove.mistakes import Causes, causes
from backprove.mistakes.network import Network
from backprove.verdict import Verdict

NETWORKS = 60
INFERRED_FROM = 10
PROBED = 3
SHRINK_SECONDS = 30.0
FAILURES = 3  # in a row, all alike: the rest would fail as well
DEFAULT = Problem(("sigmoid", "sigmoid"), "squared_error")
SOFTMAX = Problem(("sigmoid", "softmax"), "categorical_cross_entropy")  # asked with targets that sum to 1


@dataclass
class Examined:
    """What came of a candidate."""

    spec: str
    declaration: Declaration
    posed: Declaration
    """With what was inferred filled in."""
    seen: list[Seen] = field(default_factory=list)
    hygiene: dict[str, str] = field(default_factory=dict)
    """Id → what was seen, in a line."""
    of: Problem | None = None
    """Another problem whose gradient it is."""
    causes: Causes | None = None
    smallest: Seen | None = None
    lacks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        if not self.seen:
            return Verdict.UNDECIDED
        return Verdict.of(one.comparison.verdict for one in self.seen)

    @property
    def failure(self) -> Seen | None:
        """The first network on which it gave no gradient at all."""
        return next((one for one in self.seen if one.answer.failure), None)


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
) -> Examined:
    """Judge the function that `FILE.py:FUNCTION` names; on one network, if `only` gives it.

    Raises BackproveError where it cannot be loaded or asked.
    """
    with Candidate(spec, options, seconds=seconds, memory=memory) as candidate:
        found = Examined(spec, candidate.declaration, candidate.declaration, lacks=candidate.lacks)
        if only is not None:
            found.posed = found.declaration
            found.seen = [_fitting(candidate, only, spec)]
            found.smallest = found.seen[0] if found.seen[0].wrong else None
            return found
        drawing = settings or {}
        found.posed = _completed(candidate, found, drawing, seed)
        _survey(candidate, found, strategy(found.posed, drawing), networks, seed)
        if found.verdict is Verdict.DISAGREE:
            if found.failure is None:
                _explain(found)
            _shrink(candidate, found, strategy(found.posed, drawing), seed)
    return found


def _fitting(candidate: Candidate, case: Case, spec: str) -> Seen:
    if why := candidate.declaration.unfit(case):
        raise BackproveError(f"{spec}: {why}")
    return see(candidate, case, spec, probe=True)


def _survey(
    candidate: Candidate,
    found: Examined,
    drawn: st.SearchStrategy[Case],
    networks: int,
    seed: int,
) -> None:
    """The candidate on fresh networks, beside the engines; its habits on the first few."""

    def visit(case: Case) -> None:
        failed = [one.answer.kind for one in found.seen[-FAILURES:]]
        if len(failed) == FAILURES and all(failed) and len(set(failed)) == 1:
            return
        one = see(candidate, case, found.spec, probe=len(found.seen) < PROBED)
        found.seen.append(one)
        found.hygiene |= dict(zip(one.answer.hygiene, one.answer.notes, strict=True))

    explore(drawn, seed, networks, visit, shrink=False)


def _completed(candidate: Candidate, found: Examined, settings: Mapping[str, Any], seed: int) -> Declaration:
    """The declaration with what it leaves open read off the candidate's numbers, or else the usual."""
    d = candidate.declaration
    if d.activations and d.loss and d.loss_scale is not None and d.reduction:
        return d
    first = Problem(_pair(d) or DEFAULT.activations, d.loss or DEFAULT.loss)
    fitting = _fitting_problems(candidate, first, settings, seed)
    if not fitting and d.loss is None and (d.activations is None or d.activations[-1] == "softmax"):
        fitting = _fitting_problems(candidate, SOFTMAX, settings, seed)
    best = fitting[0] if fitting else replace(first, factor=Factor())
    scale, reduction = best.factor.number, best.reduction or "sum"
    return replace(
        d,
        activations=d.activations or best.activations,
        loss=d.loss or best.loss,
        loss_scale=scale if d.loss_scale is None else d.loss_scale,
        reduction=d.reduction or reduction,
    )


def _fitting_problems(candidate: Candidate, asked: Problem, settings: Mapping[str, Any], seed: int) -> list[Problem]:
    """What the candidate may be the gradient of, asked on networks (targets above all) of that problem."""
    d = candidate.declaration
    seen: list[tuple[Case, Any, str]] = []
    failed = 0

    def visit(case: Case) -> None:
        nonlocal failed
        if failed >= FAILURES:
            return
        answer = candidate.gradients(case)
        if answer.values is not None:
            seen.append((case, answer.values, answer.precision))
        failed += answer.values is None

    drawn = replace(d, activations=d.activations or asked.activations, loss=d.loss or asked.loss)
    explore(strategy(drawn, settings), seed + 1, INFERRED_FROM, visit, shrink=False)
    return [p for p in gradient_of(seen, asked) if _meets(p, d)]


def _pair(d: Declaration) -> tuple[str, str] | None:
    return None if d.activations is None else (d.activations[0], d.activations[-1])


def _meets(problem: Problem, d: Declaration) -> bool:
    """Whether a problem is one that the declaration leaves open."""
    wanted = (_pair(d), d.loss, d.loss_scale, d.reduction)
    have = (problem.activations, problem.loss, problem.factor.number, problem.reduction)
    return problem.factor.sign > 0 and all(w is None or w == h for w, h in zip(wanted, have, strict=True))


def _explain(found: Examined) -> None:
    """What else it is the gradient of; if of nothing, which mistakes reproduce it."""
    values = [
        (one.case, one.answer.values, one.answer.precision) for one in found.seen if one.answer.values is not None
    ]
    pair = _pair(found.posed) or DEFAULT.activations
    told = [(case, v, p) for case, v, p in values if len(set(found.posed.activations or pair)) <= 2]
    others = gradient_of(told, Problem(pair, found.posed.loss or DEFAULT.loss))
    found.of = others[0] if others else None
    precision = {p for _, _, p in values}
    domain = DOMAINS["float32" if "float32" in precision else "float64"]
    found.causes = causes([(case, v) for case, v, _ in values], domain=domain)


class _Same(Exception):
    """Raised to tell Hypothesis that a network shows what is looked for."""


def _shrink(candidate: Candidate, found: Examined, drawn: st.SearchStrategy[Case], seed: int) -> None:
    """The smallest network that shows the same."""
    first = found.failure or next(one for one in found.seen if one.wrong)
    found.smallest = first
    planted = found.causes.found[0].planted if found.causes and found.causes.found else None
    end = time.perf_counter() + SHRINK_SECONDS

    def visit(case: Case) -> None:
        if time.perf_counter() > end:
            return
        one = see(candidate, case, found.spec)
        if not one.wrong or one.answer.kind != first.answer.kind:
            return
        if planted and one.answer.values is not None:
            network = Network(case, one.answer.values, one.comparison.domain)
            if not network.reproduces(planted):
                return
        found.smallest = one
        raise _Same

    with contextlib.suppress(_Same, hypothesis.errors.HypothesisException, ExceptionGroup):
        explore(drawn, seed, NETWORKS, visit, shrink=True)
