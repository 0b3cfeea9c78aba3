"""The gallery as Markdown."""

from collections.abc import Callable

from backprove.findings import Disagreement, Evidence, GalleryReport, QuestionFinding, ReadingFinding, RowFinding
from backprove.report import galleries as words
from backprove.report.markup import escaped, escaped_rows, table


def write(report: GalleryReport, disagreement: Callable[[Disagreement], list[str]]) -> list[str]:
    """Both sections; `disagreement` writes one of these."""
    lines = ["# Formulations of the literature", "", f"**{report.verdict}**: {escaped(words.said(report))}.", ""]
    lines += [f"{escaped(words.counts(report))}.", ""]
    lines += [f"- NOT verified: {escaped(line)}" for line in report.unverified]
    for question in report.questions:
        lines += _question(question)
    lines += table(["formulation", "as printed", "", "by"], escaped_rows(words.cells(report)))
    for row in report.rows:
        lines += _row(row, disagreement)
    return [*lines, "", "## Not covered", "", *(f"- {escaped(line)}" for line in report.not_covered)]


def _row(row: RowFinding, disagreement: Callable[[Disagreement], list[str]]) -> list[str]:
    lines = ["", f"## {escaped(row.title)}", "", f"`{row.id}`, {escaped(row.source)}", "", escaped(row.form), ""]
    lines += [f"The network it is: {escaped(row.network)}", ""] if row.network else []
    lines += [f"The term at fault: {escaped(row.fault)}", ""] if row.fault else []
    for reading in row.readings:
        lines += _reading(row, reading, disagreement)
    return lines


def _reading(row: RowFinding, reading: ReadingFinding, disagreement: Callable[[Disagreement], list[str]]) -> list[str]:
    name = escaped(words.short(row, reading))
    lines = [f"### {reading.kind}: {name}", "", f"**{reading.verdict}**. {escaped(reading.says)}", ""]
    lines += ["```", *reading.formula, "```", ""] if reading.formula else []
    lines += [f"Conversion: {escaped(reading.conversion)}", ""] if reading.conversion else []
    lines += table(["domain", "verdict", ""], ([d.name, d.verdict, words.in_domain(d)] for d in reading.domains))
    lines += ["", *(f"- not covered: {escaped(line)}" for line in reading.not_covered)]
    if reading.disagreement:
        lines += ["", *(f"##{line}" if line.startswith("## ") else line for line in disagreement(reading.disagreement))]
    return [*lines, ""]


def _question(question: QuestionFinding) -> list[str]:
    lines = [f"## {escaped(question.text)}", "", f"*{escaped(question.source)}*", "", escaped(question.answer), ""]
    lines += [f"- not so in this run: {escaped(line)}" for line in question.lacking]
    for evidence in question.evidence:
        lines += [*_evidence(evidence), ""]
    return lines


def _evidence(evidence: Evidence) -> list[str]:
    rows = ([escaped(cell) for cell in row] for row in evidence.rows)
    return [f"{escaped(evidence.says)}:", "", *table([escaped(cell) for cell in evidence.head], rows)]
