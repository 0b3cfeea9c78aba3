"""Given cases: the engines side by side, and every number that the source published."""

from collections.abc import Mapping, Sequence
from typing import Any

from backprove.campaign import layers, versions
from backprove.case import Case, Gradient
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.findings import CaseFinding, ComparisonReport, PublishedFinding, plain
from backprove.published import check, label
from backprove.verdict import Verdict


def contrast(named: Sequence[tuple[str, Case]], engines: Mapping[str, Engine]) -> ComparisonReport:
    """Compare the engines on each (file, case) in float64 and check what the case's source printed.

    A printed number that is not reproduced is a disagreement.
    """
    found = [_finding(file, case, engines) for file, case in named]
    return ComparisonReport(
        verdict=Verdict.of(Verdict[f.verdict] for f in found).name, versions=versions(), cases=found
    )


def _finding(file: str, case: Case, engines: Mapping[str, Engine]) -> CaseFinding:
    comparison = compare(case, DOMAINS["float64"], engines)
    gradients = {name: o.gradient for name, o in comparison.outcomes.items() if o.gradient is not None}
    checked = [
        PublishedFinding(
            position=c.position,
            what=c.published.what,
            label=label(c.published),
            printed=c.published.value,
            recomputed=plain(c.recomputed),
            reproduced=c.reproduced,
            mistake=None,
        )
        for c in check(case, gradients)
    ]
    slipped = not all(c.reproduced for c in checked)
    first = comparison.first_difference()
    return CaseFinding(
        title=case.title,
        file=file,
        source=case.source,
        verdict=(Verdict.DISAGREE if slipped else comparison.verdict).name,
        engines_verdict=comparison.verdict.name,
        domain=comparison.domain.name,
        groups=comparison.groups,
        gradients={name: _plain_gradient(g, case) for name, g in gradients.items()},
        worst_fraction_of_bound=comparison.worst_fraction if comparison.pairs else None,
        undecided=comparison.reasons,
        failures=comparison.failures,
        layers=layers(comparison),
        first_difference=None
        if first is None
        else {
            "address": first.address.label if first.address else None,
            "values": {k: v if isinstance(v, str) else plain(v) for k, v in first.values.items()},
            "fraction": None if first.fraction is None else plain(first.fraction),
        },
        published=checked,
        not_covered=_not_covered(comparison),
    )


def _plain_gradient(gradient: Gradient, case: Case) -> dict[str, list[Any]]:
    """Numbers as JSON has them; null where an engine did not compute an entry."""
    domain, expanded = DOMAINS["float64"], gradient.expanded

    def block(values: Any, mask: Any) -> Any:
        if values is None:
            return None
        array = domain.own(values)
        flat: list[float | str | None] = [plain(x) for x in array.ravel()]
        if mask is not None:
            flat = [x if known else None for x, known in zip(flat, mask.ravel(), strict=True)]
        width = array.shape[-1]
        return flat if array.ndim == 1 else [flat[i : i + width] for i in range(0, len(flat), width)]

    L = len(case.layers)
    W_masks = expanded.weights if expanded else [None] * L
    b_masks = expanded.biases if expanded else [None] * L
    return {
        "weights": [block(v, m) for v, m in zip(gradient.weights, W_masks, strict=True)],
        "biases": [block(v, m) for v, m in zip(gradient.biases, b_masks, strict=True)],
    }


def _not_covered(comparison: Comparison) -> list[str]:
    lines = [f"{name}: {o.refused}" for name, o in comparison.outcomes.items() if o.refused]
    return [*lines, *(f"{name}: {o.said}" for name, o in comparison.outcomes.items() if o.said)]
