"""Given cases: the engines side by side, and every number that the source published."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from backprove.campaign import at_kinks, layers, sheet
from backprove.campaign.survey import mostly
from backprove.case import Case, Gradient, blocks, case_to
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.errors import BackproveError, CaseError
from backprove.findings import CaseFinding, ComparisonReport, PublishedFinding, plain
from backprove.mistakes import Planted, of_published
from backprove.published import Checked, check, label
from backprove.verdict import Verdict
from backprove.versions import versions


def contrast(found: list[CaseFinding], troubles: Sequence[str] = (), command: str = "") -> ComparisonReport:
    """The report of several cases; `troubles`: why others could not be compared, so that they do not agree either."""
    verdict = Verdict.of([*(Verdict[f.verdict] for f in found), *(Verdict.UNDECIDED for _ in troubles)])
    return ComparisonReport(
        command=command, verdict=verdict.name, versions=versions(), cases=found, troubles=list(troubles)
    )


def finding(
    file: str, case: Case, engines: Mapping[str, Engine], *, tell: Callable[[str], None] = lambda what: None
) -> CaseFinding:
    """Compare the engines on one case in float64 and check what the case's source printed.

    `tell` is called with what is at work, engine by engine. A printed number that is not reproduced is a
    disagreement. Raises BackproveError where training diverges, and where the numbers are residues.
    """
    if case.modulus:
        raise BackproveError(f"{file}: modulus: residues are not compared in float64; backprove replay takes them")
    comparison = compare(case, DOMAINS["float64"], {name: _told(name, e, tell) for name, e in engines.items()})
    tell("what was found")
    gradients = {name: o.gradient for name, o in comparison.outcomes.items() if o.gradient is not None}
    own = {name: g for name, g in gradients.items() if name in ENGINES} or gradients
    try:
        results = check(case, own)
        wrong = [c.position for c in results if not c.reproduced]
        named = of_published(case, wrong) if wrong else {}
        checked = [_published(c, named.get(c.position, ())) for c in results]
    except CaseError as error:
        raise BackproveError(f"{file}: {error}") from None
    slipped = not all(c.reproduced for c in checked)
    first, verdict = comparison.first_difference(), comparison.verdict
    compared = int(comparison.compared.sum())
    weak = mostly(comparison.weak, compared - comparison.vacuous)
    if verdict is Verdict.AGREE and (weak or not all(n for n in comparison.shared.values())):
        verdict = Verdict.UNDECIDED
    return CaseFinding(
        title=case.title,
        file=file,
        source=case.source,
        verdict=(Verdict.DISAGREE if slipped else verdict).name,
        engines_verdict=verdict.name,
        domain=comparison.domain.name,
        groups=comparison.groups,
        gradients=sheet.gradients(comparison),
        verdicts=sheet.verdicts(comparison),
        differences=sheet.differences(comparison),
        case=case_to(case),
        worst_fraction_of_bound=comparison.worst_fraction if comparison.pairs else None,
        undecided=comparison.reasons,
        at_kinks=at_kinks(comparison),
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


def _told(name: str, engine: Engine, tell: Callable[[str], None]) -> Engine:
    """The engine, which says when it begins."""

    def run(case: Case, domain: Domain) -> Gradient:
        tell(name)
        return engine(case, domain)

    return run


def _published(c: Checked, mistakes: Sequence[Planted]) -> PublishedFinding:
    return PublishedFinding(
        position=c.position,
        what=c.published.what,
        label=label(c.published),
        printed=c.published.value,
        recomputed=plain(c.recomputed),
        reproduced=c.reproduced,
        mistake=mistakes[0].mistake.id if mistakes else None,
    )


def _not_covered(comparison: Comparison) -> list[str]:
    """What agreement does not rest on, in lines."""
    weak, vacuous, compared = comparison.weak, comparison.vacuous, int(comparison.compared.sum())
    alone = [name for name in comparison.outcomes if name not in comparison.answered]
    said = [f"{name}: was compared with nobody" for name in alone]
    if weak:
        said.append(f"{weak:,} of {compared:,} entries are no larger than their rounding bound")
    if vacuous:
        said.append(f"{vacuous:,} of {compared:,} entries are zero in every engine")
    return [*said, *_unanswered(comparison)]


def _unanswered(comparison: Comparison) -> list[str]:
    lines = [f"{name}: {o.refused}" for name, o in comparison.outcomes.items() if o.refused]
    return [
        *lines,
        *(f"{name}: {o.said}{_left(comparison, name)}" for name, o in comparison.outcomes.items() if o.said),
    ]


def _left(comparison: Comparison, name: str) -> str:
    """Which entries an engine left to the others, layer by layer."""
    covered, case = comparison.outcomes[name].covered, comparison.case
    others = [one for one in comparison.answered if one != name and comparison.outcomes[one].covered is None]
    if covered is None or covered.all() or len(others) < 2:
        return ""
    parts: dict[int, list[int]] = {l: [0, 0] for l in range(1, 1 + len(case.layers))}
    for l, _, shape, offset in blocks(case):
        size = int(np.prod(shape))
        parts[l][0] += size - int(covered[offset : offset + size].sum())
        parts[l][1] += size
    left = ", ".join(f"{n:,} of {of:,} of layer {l}" for l, (n, of) in parts.items() if n)
    return f"; {left} were compared by {' and '.join(others)} alone"
