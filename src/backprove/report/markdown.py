"""The report of a run as Markdown."""

from collections.abc import Iterable

from backprove.findings import (
    AnyReport,
    CertificateReport,
    CheckFinding,
    CheckReport,
    Derivation,
    Disagreement,
    GalleryReport,
    Report,
    Rung,
)
from backprove.report import certificates, markdown_checks, markdown_derivation, markdown_gallery
from backprove.report.markup import escaped, table
from backprove.report.words import (
    agreement,
    count_of,
    fraction,
    groups,
    network,
    number,
    numbers,
    sides_with,
    testimonies,
    times_the_bound,
    undecided,
)


def write(report: AnyReport) -> str:
    """The whole report."""
    if isinstance(report, CertificateReport):
        return _certificates(report)
    if isinstance(report, CheckFinding | CheckReport):
        return markdown_checks.write(report)
    if isinstance(report, Derivation):
        return markdown_derivation.write(report)
    if isinstance(report, GalleryReport):
        lines = markdown_gallery.write(report, _disagreement)
        return "\n".join([*lines, *_reproduced(report)]) + "\n"
    return _run(report)


def _run(report: Report) -> str:
    lines = ["# Equivalence report", "", f"**{report.verdict}**: {escaped(agreement(report))}.", ""]
    lines += ["## The ladder of evidence", ""]
    lines += table(
        ["evidence", "domain", "verdict", "networks", "entries", "largest difference", "undecided", "zero everywhere"],
        (row for rung in report.ladder for row in _rung(rung, report)),
    )
    rests_on = {d.rung: d.rests_on for d in report.domains}
    if report.oracles:
        rests_on[report.ladder[-1].name] = report.oracles.rests_on
    lines += ["", *(f"- {name}: {escaped(line)}" for name, line in rests_on.items())]
    for found in report.disagreements:
        lines += ["", *_disagreement(found)]
    lines += ["", "## What was drawn", ""]
    lines += table(
        ["", "networks"],
        (
            [kind, ", ".join(f"{name}: {count:,}" for name, count in counts.items())]
            for kind, counts in report.drawn.items()
        ),
    )
    lines += ["", "## Not covered", "", *(f"- {escaped(line)}" for line in report.not_covered)]
    return "\n".join([*lines, *_reproduced(report)]) + "\n"


def _rung(rung: Rung, report: Report) -> Iterable[list[str]]:
    members = [d for d in report.domains if d.rung == rung.name]
    for d in members:
        largest = fraction(d.worst_fraction_of_bound)
        if d.false_agreement_probability is not None:
            largest = f"none, but by chance ({d.false_agreement_probability:.1e})"
        counts = [f"{d.networks:,}", f"{d.entries:,}", largest, escaped(undecided(d.undecided)) or "0"]
        yield [rung.name, d.name, d.verdict, *counts, f"{d.vacuous_entries:,}"]
    o = report.oracles
    if o and not members and rung.networks:
        counts = [f"{o.networks:,}", f"{o.entries:,}", "within the oracles' errors", f"{o.unsure_entries:,}", "–"]
        yield [rung.name, ", ".join(o.oracles), o.verdict, *counts]
    elif not members:
        yield [rung.name, "–", "not covered", "0", "0", "–", "–", "–"]


def _reproduced(report: Report | CertificateReport | GalleryReport) -> list[str]:
    said = report.settings if report.seed is None else {"seed": report.seed, **report.settings}
    rows = [
        [name, escaped(", ".join(value) if isinstance(value, list) else str(value))] for name, value in said.items()
    ]
    lines = ["", "## How to reproduce", ""]
    lines += table(["setting", "value"], rows + [[f"version of {name}", v] for name, v in report.versions.items()])
    return lines + (["", "The run was interrupted; this is what was found up to then."] if report.interrupted else [])


def _certificates(report: CertificateReport) -> str:
    lines = ["# Identity certificates", "", f"**{report.verdict}**: {escaped(certificates.said(report))}.", ""]
    lines += table(certificates.HEAD, ([escaped(cell) for cell in row] for row in certificates.rows(report)))
    for c in report.architectures:
        if c.witness:
            lines += ["", *_disagreement(c.witness)]
    lines += ["", "## Not covered", "", *(f"- {escaped(line)}" for line in report.not_covered)]
    return "\n".join([*lines, *_reproduced(report)]) + "\n"


def _disagreement(found: Disagreement) -> list[str]:
    lines = [f"## {escaped(groups(found.groups))} in {found.domain}", ""]
    lines += [f"Seen on {count_of(found.networks, 'network')}. Smallest: {network(found.case)}.", ""]
    for name in found.unstable:
        lines += [f"{escaped(name)} differs from itself on this network.", ""]
    for name, failure in found.failures.items():
        lines += [f"{escaped(name)} {escaped(failure)}.", ""]
    if found.address is not None:
        lines += table(["first difference", f"{found.address} ({escaped(found.index or '')})"], [])
        lines += [f"| {escaped(name)} | {number(value)} |" for name, value in found.values.items()]
        said = times_the_bound(found)
        lines += ["", f"{said[0].upper()}{said[1:]}.", ""]
    if found.oracles:
        lines += [f"The loss itself sides with {escaped(sides_with(found))}.", ""]
        lines += table(["oracle", "its value", ""], (list(row) for row in testimonies(found)))
        lines += [""]
    lines += table(["layer", "weights", "bias"], ([str(m.layer), m.weights, m.bias or "–"] for m in found.layers))
    lines += ["", "```", *(f"{name} = {values}" for name, values in numbers(found.case)), found.replay, "```"]
    return lines
