"""What a candidate leaves undeclared, read off its numbers: the problem, the layout of weights, where samples are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from backprove.campaign import explore
from backprove.candidate import Answering, Declaration
from backprove.candidate.contract import LAYOUTS, SAMPLES
from backprove.case import Case
from backprove.check.infer import PARTS, Factor, Observation, Problem, gradient_of
from backprove.check.subject import strategy
from backprove.generate import mild

NETWORKS = 10
ENDS = {"timeout", "signal", "exit", "connection", "processes", "memory", "load"}
FAILURES = 3
USUAL = Problem(("sigmoid", "sigmoid"), "squared_error")
SOFTMAX = Problem(("sigmoid", "softmax"), "categorical_cross_entropy")  # asked with targets that sum to 1


@dataclass(frozen=True)
class Posed:
    """A declaration with nothing left open; what was read off the numbers, and what had to be assumed."""

    declaration: Declaration
    inferred: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def completed(candidate: Answering, settings: Mapping[str, Any], seed: int) -> Posed:
    """The declaration with what it leaves open read off the candidate's numbers, or else the usual.

    A wrong candidate is seldom wrong everywhere: where no problem has the whole gradient, one is looked for that has
    its weights, or those of the output layer. Leaves the layout that was found in the candidate's declaration.
    """
    d = candidate.declaration
    problem = ("activations", "loss", "loss_scale", "reduction")
    left_open = [name for name in (*problem, "layout", "samples") if getattr(d, name) is None]
    if not left_open:
        return Posed(d)
    answers = list(_answers(candidate, d, settings, seed))
    most = max(len(seen) for _, _, seen in answers)
    answers = [one for one in answers if len(one[2]) == most]  # what fails on some networks is not its form
    for part in PARTS if set(left_open) & set(problem) else PARTS[:1]:
        fitting = [(form, p) for form, first, seen in answers for p in gradient_of(seen, first, part=part)]
        fitting = [(form, p) for form, p in fitting if _meets(p, d)]
        for form, best in sorted(fitting, key=lambda one: -one[1].factor.sign)[:1]:
            candidate.declaration = form
            unusual = {"layout": form.layout == LAYOUTS[1], "samples": form.samples == SAMPLES[1]}
            inferred = [name for name in left_open if unusual.get(name, True)]
            return Posed(_filled(form, best), tuple(inferred))
    form, first, _ = answers[0]
    candidate.declaration = form
    return Posed(_filled(form, replace(first, factor=Factor())), assumed=tuple(n for n in left_open if n in problem))


def _filled(d: Declaration, problem: Problem) -> Declaration:
    return replace(
        d,
        activations=d.activations or problem.activations,
        loss=d.loss or problem.loss,
        loss_scale=problem.factor.number if d.loss_scale is None else d.loss_scale,
        reduction=d.reduction or problem.reduction or "sum",
    )


def hidden_and_output(d: Declaration) -> tuple[str, ...] | None:
    """The declared activations, those of hidden layers and output where one stands for all."""
    return d.activations * 2 if d.activations and len(d.activations) == 1 else d.activations


def _answers(
    candidate: Answering, d: Declaration, settings: Mapping[str, Any], seed: int
) -> Iterator[tuple[Declaration, Problem, list[Observation]]]:
    """What it answers to each way of handing the arguments over that the declaration leaves open, the usual one first;
    the others only where that one fits nothing.
    """
    first = Problem(hidden_and_output(d) or USUAL.activations, d.loss or USUAL.loss)
    asked = [first]
    if d.loss is None and (d.activations is None or d.activations[-1] == "softmax"):
        asked.append(SOFTMAX if d.activations is None else replace(first, loss=SOFTMAX.loss))
    for layout, samples in product(_open(d.layout, LAYOUTS), _open(d.samples, SAMPLES)):
        form = replace(d, layout=layout, samples=samples)
        for problem in asked:
            seen, lost = observed(candidate, form, problem, settings, seed)
            yield form, problem, seen
            if lost:
                return
            right = any(_meets(p, d) and p.factor.sign > 0 for p in gradient_of(seen, problem))
            if right and len(seen) == NETWORKS:
                return


def _open(declared: str | None, known: Sequence[str]) -> Sequence[str]:
    return known if declared is None else (declared,)


def observed(
    candidate: Answering, form: Declaration, asked: Problem, settings: Mapping[str, Any], seed: int
) -> tuple[list[Observation], bool]:
    """Its answers on mild networks (targets above all) of that problem, handed over in that form; and whether a call
    ended its process or took too long, which no other form mends.
    """
    seen: list[Observation] = []
    failed, lost, before = 0, False, candidate.declaration

    def visit(case: Case) -> None:
        nonlocal failed, lost
        if failed >= FAILURES or lost:
            return
        # Where units are saturated, a weak form of a right formula would seem to be none.
        case = mild(case, len(seen))
        answer = candidate.gradients(case)
        if answer.values is not None:
            seen.append((case, answer.values, answer.precision, answer.blur(case)))
        failed += answer.values is None
        lost |= answer.kind in ENDS

    drawn = replace(form, activations=form.activations or asked.activations, loss=form.loss or asked.loss)
    candidate.declaration = form
    try:
        explore(strategy(drawn, settings), seed + 1, NETWORKS, visit, shrink=False)
    finally:
        candidate.declaration = before
    return seen, lost


def _meets(problem: Problem, d: Declaration) -> bool:
    """Whether a problem is one that the declaration leaves open."""
    wanted = (hidden_and_output(d), d.loss, d.loss_scale, d.reduction)
    have = (problem.activations, problem.loss, problem.factor.number, problem.reduction)
    return all(w is None or w == h for w, h in zip(wanted, have, strict=True))
