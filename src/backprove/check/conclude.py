"""From what came of a candidate to the finding as data."""

import math
import shlex
from collections.abc import Iterable, Sequence

import numpy as np

from backprove.campaign import Look, disagreement
from backprove.case import Case
from backprove.check.examination import Examined
from backprove.check.infer import Problem
from backprove.check.subject import Seen
from backprove.check.survey import Survey
from backprove.findings import CauseFinding, CheckFinding, CheckReport, GradientOf, LayerFinding
from backprove.mistakes import Cause
from backprove.verdict import Verdict
from backprove.versions import versions
from backprove.weakness import LOSES, OVERFLOWS, SATURATED


def finding(found: Examined, seed: int) -> CheckFinding:
    """One candidate's finding."""
    survey = found.survey
    shown = disagreement(Look(found.smallest.comparison)) if found.smallest else None
    failed = survey.failure
    answer = failed.answer if failed else None
    causes = found.causes.found if found.causes and found.of is None else ()
    habits = survey.hygiene | dict(weaknesses(survey))
    ids = sorted(habits)
    return CheckFinding(
        candidate=found.spec,
        verdict=found.verdict.name,
        seed=seed,
        versions=versions(),
        networks=len(survey.seen),
        wrong_networks=sum(one.wrong for one in survey.seen),
        saturated_networks=len(survey.stressed),
        wrong_saturated_networks=sum(one.wrong for one in survey.stressed),
        posed=_posed(found),
        inferred=list(found.inferred),
        assumed=list(found.assumed),
        is_gradient_of=_of(found, found.of) if found.of else None,
        cause=list(causes[0].ids) if causes else None,
        causes=[_cause(c, found.causes.left_out if found.causes else 0) for c in causes],
        perhaps=[list(c.ids) for c in found.causes.unproven] if found.causes and not (found.of or causes) else [],
        tried=found.causes.tried if found.causes else 0,
        first_difference=shown.address if shown else None,
        index=shown.index if shown else None,
        values=shown.values if shown and not answer else {},
        difference=shown.difference if shown else None,
        radius=shown.radius if shown else None,
        fraction=shown.fraction if shown else None,
        layers=shown.layers if shown else [],
        sheet=shown.sheet if shown else None,
        wrong_elsewhere=_wrong_elsewhere(shown.layers, survey) if shown else [],
        case=shown.case if shown else None,
        failure=answer.failure if answer else "",
        traceback=answer.traceback if answer else "",
        output=answer.output if answer else "",
        hygiene=ids,
        notes=[habits[name] for name in ids],
        undecided=dict(survey.reasons()),
        not_covered=list(_not_covered(found)),
        replay=shlex.join(["backprove", "check", found.spec, "--case", shown.id]) if shown else None,
    )


def weaknesses(survey: Survey) -> Iterable[tuple[str, str]]:
    """(id, line) of what is right and numerically weak."""
    if survey.single:
        yield (
            LOSES,
            "has no more digits than single precision, in float64: is there an array of float32 in it?",
        )
    odd = [one for one in survey.every if one.wrong and _is_odd(one)]
    if odd:
        yield "returns-nan", f"returns nan or infinity where the gradient is finite, {_where(odd, survey)}"
    if survey.first_wrong is not None:
        return  # what else it loses is no news, nor known to be all
    said = {
        LOSES: "a right formula, numerically weak: it loses {lost} more than rounding must cost",
        OVERFLOWS: "a right formula, numerically weak: nan, infinity or OverflowError where the gradient is finite",
        SATURATED: "gives other numbers where units are saturated (a clip, or a guard?), by at most {difference:.0e}",
    }
    for kind, line in said.items():
        weak = [one for one in survey.every if one.weakness and one.weakness.kind == kind]
        if weak:
            found = [one.weakness for one in weak if one.weakness]
            lost, difference = max(w.lost for w in found), max(w.difference for w in found)
            digits = f"up to {max(2, round(lost))} digits" if math.isfinite(lost) else "as much as all digits"
            yield kind, line.format(lost=digits, difference=difference) + f", {_where(weak, survey)}"


def _is_odd(one: Seen) -> bool:
    return one.answer.values is not None and not np.isfinite(one.answer.values).all()


def _where(weak: Sequence[Seen], survey: Survey) -> str:
    ordinary = sum(any(one is other for other in survey.seen) for one in weak)
    parts = [f"{ordinary} of {len(survey.seen)} networks"] if ordinary else []
    driven = f"{len(weak) - ordinary} of {len(survey.stressed)} networks driven into saturation"
    return "on " + " and ".join([*parts, driven] if len(weak) > ordinary else parts)


def _wrong_elsewhere(layers: Sequence[LayerFinding], survey: Survey) -> list[str]:
    wrong = set()
    for one in survey.every:
        for l, *verdicts in one.comparison.layer_map() if one.wrong else ():
            below = len(one.case.layers) - l
            wrong |= {(below, kind) for kind, v in zip("Wb", verdicts, strict=True) if v is Verdict.DISAGREE}
    L = max(m.layer for m in layers)
    right = [(m.layer, kind) for m in layers for kind, v in (("W", m.weights), ("b", m.bias)) if v == "AGREE"]
    return [f"{kind}{l}" for l, kind in right if (L - l, kind) in wrong]


def _posed(found: Examined) -> dict[str, object]:
    d = found.posed
    scale = None if d.loss_scale is None else str(d.loss_scale)
    activations = None if d.activations is None else list(d.activations)
    kink = str(found.survey.kink)
    return {
        "activations": activations, "loss": d.loss, "loss_scale": scale, "reduction": d.reduction, "kink": kink,
    }  # fmt: skip


def _of(found: Examined, problem: Problem) -> GradientOf:
    factor, reduction = problem.factor, problem.reduction
    return GradientOf(
        loss=problem.loss,
        loss_scale=str(factor.number),
        reduction=reduction or "sum",
        activations=list(problem.activations[:1] if len(set(problem.activations)) == 1 else problem.activations),
        factor="1" if reduction else factor.shape,
        sign=factor.sign,
        layout=found.posed.layout or "out,in",
    )


def _cause(cause: Cause, left_out: int) -> CauseFinding:
    return CauseFinding(
        ids=list(cause.ids),
        wrong=[p.wrong for p in cause.planted],
        right=[p.mistake.right for p in cause.planted],
        explanation=[p.mistake.explanation for p in cause.planted],
        networks=cause.networks,
        telling=cause.telling,
        left_out=left_out,
    )


def _not_covered(found: Examined) -> Iterable[str]:
    if found.alone:
        yield "other networks"
        return
    drawn: list[Case] = [one.case for one in found.survey.seen]
    if drawn and all(len(case.inputs) == 1 for case in drawn):
        yield "batches of more than one sample, which it does not take: what it does about the reduction does not show"
    if drawn and all(layer.bias is None for case in drawn for layer in case.layers):
        yield "biases"
    if drawn and all(case.sizes[-1] == 1 for case in drawn):
        yield "more than one output"
    yield from (f"protection: {line}" for line in found.lacks)
    yield "weights, inputs and architectures other than those drawn"


def together(found: Sequence[CheckFinding], troubles: Sequence[str]) -> CheckReport:
    """The report on several candidates."""
    verdicts = [Verdict[f.verdict] for f in found] or [Verdict.UNDECIDED]
    return CheckReport(
        verdict=Verdict.of(verdicts).name, versions=versions(), candidates=list(found), troubles=list(troubles)
    )
