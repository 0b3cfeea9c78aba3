"""The report of a run as Markdown."""

from backprove.findings import (
    AnyReport,
    BenchReport,
    CertificateReport,
    CheckFinding,
    CheckReport,
    ComparisonReport,
    Derivation,
    Disagreement,
    GalleryReport,
    Report,
)
from backprove.report import (
    certificates,
    markdown_bench,
    markdown_checks,
    markdown_comparison,
    markdown_derivation,
    markdown_gallery,
)
from backprove.report import tables as cells
from backprove.report.markup import escaped, escaped_rows, fenced, table
from backprove.report.words import (
    agreement,
    at_kink,
    count_of,
    groups,
    network,
    number,
    numbers,
    sides_with,
    testimonies,
    times_the_bound,
)


def write(report: AnyReport) -> str:
    """The whole report."""
    if isinstance(report, CertificateReport):
        return _certificates(report)
    if isinstance(report, CheckFinding | CheckReport):
        return markdown_checks.write(report)
    if isinstance(report, ComparisonReport):
        return markdown_comparison.write(report)
    if isinstance(report, Derivation):
        return markdown_derivation.write(report)
    if isinstance(report, BenchReport):
        return "\n".join([*markdown_bench.write(report), *_reproduced(report)]) + "\n"
    if isinstance(report, GalleryReport):
        lines = markdown_gallery.write(report, _disagreement)
        return "\n".join([*lines, *_reproduced(report)]) + "\n"
    return _run(report)


def _run(report: Report) -> str:
    lines = ["# Equivalence report", "", f"**{report.verdict}**: {escaped(agreement(report))}.", ""]
    lines += ["## The ladder of evidence", ""]
    lines += table(cells.RUNGS, escaped_rows(cells.rungs(report)))
    lines += ["", *(f"- {name}: {escaped(line)}" for name, line in cells.rests_on(report).items())]
    lines += [f"- {d.name}, at a kink: {escaped(at_kink(d.at_kink))}" for d in report.domains if d.at_kink]
    for found in report.disagreements:
        lines += ["", *_disagreement(found)]
    lines += ["", "## How close the engines are", ""]
    for d in report.domains:
        head, rows = cells.pairs(d, report.fraction_steps)
        by = ", by their difference as a fraction of the bound" if len(head) > 3 else ""
        lines += [f"Entries in {d.name}{by}:", "", *table(head, escaped_rows(rows)), ""]
    lines += [f"- The bound of {d.name} {cells.precision(d)}." for d in report.domains if d.precision]
    if costs := cells.costs_of(report):
        lines += ["", "## What a gradient costs", "", "Milliseconds on networks of sigmoid units with one sample:", ""]
        head, rows = cells.costs(costs)
        lines += [*table(head, rows), ""]
        lines += [f"- {c.way} went no further: {c.stopped}." for c in costs if c.stopped]
    if report.gallery:
        lines += ["", *_one_deeper(markdown_gallery.write(report.gallery, _disagreement))]
    lines += ["", "## What was drawn", ""]
    drawn = ((kind, ", ".join(f"{name}: {n:,}" for name, n, _ in counts)) for kind, counts in cells.drawn(report))
    lines += table(["", "networks"], escaped_rows(drawn))
    if report.remarks:
        lines += ["", "## Known of engines", "", *(f"- {escaped(line)}" for line in report.remarks)]
    lines += ["", "## Not covered", "", *(f"- {escaped(line)}" for line in report.not_covered)]
    return "\n".join([*lines, *_reproduced(report)]) + "\n"


def _one_deeper(lines: list[str]) -> list[str]:
    """The lines with headings that stand below another."""
    return [f"#{line}" if line.startswith("#") else line for line in lines]


def _reproduced(report: Report | BenchReport | CertificateReport | GalleryReport) -> list[str]:
    lines = ["", "## How to reproduce", ""]
    lines += [*fenced([report.command]), ""] if report.command else []
    lines += table(["setting", "value"], escaped_rows(cells.settings(report)))
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
    blocks = [f"{name} = {values}" for name, values in numbers(found.case)]
    return [*lines, "", *fenced([*blocks, found.replay])]
