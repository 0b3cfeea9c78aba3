"""From what came of a candidate to the finding as data."""

from collections import Counter
from collections.abc import Iterable, Sequence

from backprove.campaign import Look, disagreement, versions
from backprove.case import Case
from backprove.check.examine import Examined
from backprove.check.infer import Problem
from backprove.findings import CauseFinding, CheckFinding, CheckReport, GradientOf
from backprove.mistakes import Cause
from backprove.verdict import Verdict


def finding(found: Examined, seed: int) -> CheckFinding:
    """One candidate's finding."""
    shown = disagreement(Look(found.smallest.comparison)) if found.smallest else None
    answer = found.failure.answer if found.failure else None
    undecided: Counter[str] = Counter()
    for one in found.seen:
        undecided.update(one.comparison.reasons)
    causes = found.causes.found if found.causes and found.of is None else ()
    spec = found.spec
    return CheckFinding(
        candidate=spec,
        verdict=found.verdict.name,
        seed=seed,
        versions=versions(),
        networks=len(found.seen),
        wrong_networks=sum(one.wrong for one in found.seen),
        posed=_posed(found),
        inferred=_inferred(found),
        is_gradient_of=_of(found, found.of) if found.of else None,
        cause=list(causes[0].ids) if causes else None,
        causes=[_cause(c) for c in causes],
        tried=found.causes.tried if found.causes else 0,
        first_difference=shown.address if shown else None,
        index=shown.index if shown else None,
        values=shown.values if shown and not answer else {},
        difference=shown.difference if shown else None,
        radius=shown.radius if shown else None,
        fraction=shown.fraction if shown else None,
        layers=shown.layers if shown else [],
        case=shown.case if shown else None,
        failure=answer.failure if answer else "",
        traceback=answer.traceback if answer else "",
        output=answer.output if answer else "",
        hygiene=list(found.hygiene),
        notes=list(found.hygiene.values()),
        undecided=dict(undecided),
        not_covered=list(_not_covered(found)),
        replay=f"backprove check {spec} --case {shown.id}" if shown else None,
    )


def _posed(found: Examined) -> dict[str, object]:
    d = found.posed
    scale = None if d.loss_scale is None else str(d.loss_scale)
    activations = None if d.activations is None else list(d.activations)
    return {"activations": activations, "loss": d.loss, "loss_scale": scale, "reduction": d.reduction}


def _inferred(found: Examined) -> list[str]:
    names = ("activations", "loss", "loss_scale", "reduction")
    return [name for name in names if getattr(found.declaration, name) is None]


def _of(found: Examined, problem: Problem) -> GradientOf:
    factor, reduction = problem.factor, problem.reduction
    hidden, output = problem.activations
    return GradientOf(
        loss=problem.loss,
        loss_scale=str(factor.number),
        reduction=reduction or "sum",
        activations=[hidden] if hidden == output else [hidden, output],
        factor="1" if reduction else factor.shape,
        sign=factor.sign,
        layout=found.posed.layout or "out,in",
    )


def _cause(cause: Cause) -> CauseFinding:
    return CauseFinding(
        ids=list(cause.ids),
        wrong=[p.wrong for p in cause.planted],
        right=[p.mistake.right for p in cause.planted],
        explanation=[p.mistake.explanation for p in cause.planted],
        networks=cause.networks,
        telling=cause.telling,
    )


def _not_covered(found: Examined) -> Iterable[str]:
    drawn: list[Case] = [one.case for one in found.seen]
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
    return CheckReport(verdict=Verdict.of(verdicts).name, candidates=list(found), troubles=list(troubles))
