"""What a candidate leaves undeclared, read off its numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backprove.campaign import explore
from backprove.candidate import Candidate, Declaration
from backprove.case import Case
from backprove.check.infer import Factor, Observation, Problem, gradient_of
from backprove.check.subject import strategy
from backprove.generate import mild

NETWORKS = 10
FAILURES = 3
USUAL = Problem(("sigmoid", "sigmoid"), "squared_error")
SOFTMAX = Problem(("sigmoid", "softmax"), "categorical_cross_entropy")  # asked with targets that sum to 1


def completed(candidate: Candidate, settings: Mapping[str, Any], seed: int) -> Declaration:
    """The declaration with what it leaves open read off the candidate's numbers, or else the usual."""
    d = candidate.declaration
    if d.activations and d.loss and d.loss_scale is not None and d.reduction:
        return d
    first = Problem(hidden_and_output(d) or USUAL.activations, d.loss or USUAL.loss)
    fitting = _fitting(candidate, first, settings, seed)
    if not fitting and d.loss is None and (d.activations is None or d.activations[-1] == "softmax"):
        fitting = _fitting(candidate, SOFTMAX, settings, seed)
    best = fitting[0] if fitting else replace(first, factor=Factor())
    return replace(
        d,
        activations=d.activations or best.activations,
        loss=d.loss or best.loss,
        loss_scale=best.factor.number if d.loss_scale is None else d.loss_scale,
        reduction=d.reduction or best.reduction or "sum",
    )


def hidden_and_output(d: Declaration) -> tuple[str, ...] | None:
    """The declared activations, those of hidden layers and output where one stands for all."""
    return d.activations * 2 if d.activations and len(d.activations) == 1 else d.activations


def _fitting(candidate: Candidate, asked: Problem, settings: Mapping[str, Any], seed: int) -> list[Problem]:
    """What the candidate may be the gradient of, asked on networks (targets above all) of that problem."""
    d = candidate.declaration
    seen: list[Observation] = []
    failed = 0

    def visit(case: Case) -> None:
        nonlocal failed
        if failed >= FAILURES:
            return
        # Where units are saturated, a weak form of a right formula would seem to be none.
        case = mild(case, len(seen))
        answer = candidate.gradients(case)
        if answer.values is not None:
            seen.append((case, answer.values, answer.precision, answer.blur(case)))
        failed += answer.values is None

    drawn = replace(d, activations=d.activations or asked.activations, loss=d.loss or asked.loss)
    explore(strategy(drawn, settings), seed + 1, NETWORKS, visit, shrink=False)
    return [p for p in gradient_of(seen, asked) if _meets(p, d)]


def _meets(problem: Problem, d: Declaration) -> bool:
    """Whether a problem is one that the declaration leaves open."""
    wanted = (hidden_and_output(d), d.loss, d.loss_scale, d.reduction)
    have = (problem.activations, problem.loss, problem.factor.number, problem.reduction)
    return problem.factor.sign > 0 and all(w is None or w == h for w, h in zip(wanted, have, strict=True))
