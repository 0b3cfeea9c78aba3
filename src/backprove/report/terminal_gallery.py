"""The gallery on a terminal."""

from rich.console import Console
from rich.text import Text

from backprove.findings import Evidence, GalleryReport, QuestionFinding, ReadingFinding, RowFinding
from backprove.report import galleries as words
from backprove.report.terminal import NARROW, STYLES, indented, plain_table, show_disagreement, verdict
from backprove.report.terminal_derivation import write_wrapped as write
from backprove.report.words import safe


def show_gallery(report: GalleryReport, console: Console, *, quiet: bool = False, whole: bool = False) -> None:
    """A table of the rows, or the rows in `whole`, or the questions; then the verdict."""
    if report.questions:
        for question in report.questions:
            _show_question(question, console, quiet)
    elif whole:
        for row in report.rows:
            _show_row(row, console, quiet)
    elif report.rows:
        _show_table(report, console, quiet)
    console.print(verdict(report.verdict), Text(words.said(report)))
    for line in report.unverified:
        write(console, f"NOT verified: {line}", 2, style="bold red")
    if report.interrupted:
        console.print(Text("Interrupted: this is what was judged up to then.", style="yellow"))
    if not quiet:
        write(console, words.counts(report), 2, style="dim")
        for line in report.not_covered:
            write(console, f"not covered: {line}", 2, style="dim")


def _show_table(report: GalleryReport, console: Console, quiet: bool) -> None:
    rows = [row for row in report.rows if not quiet or row.verdict != "AGREE"]
    if console.width < NARROW:
        _show_list(rows, console)
        return
    table = plain_table("formulation", "as printed", "", "by")
    table.columns[0].no_wrap = True
    for row in rows:
        for i, reading in enumerate(words.listed(row) or [None]):
            start = (safe(row.id), verdict(row.verdict)) if i == 0 else ("", "")
            end = (verdict(reading.verdict), safe(words.repair(row, reading))) if reading else ("", "")
            table.add_row(*start, *end)
    console.print(table)
    console.print()


def _show_list(rows: list[RowFinding], console: Console) -> None:
    """The table for a narrow terminal."""
    for row in rows:
        console.print(verdict(row.verdict), Text(f"{safe(row.id)} as printed"))
        for reading in words.listed(row):
            write(console, f"{reading.verdict} {words.repair(row, reading)}", 4, indent=2)
    console.print()


def _show_row(row: RowFinding, console: Console, quiet: bool) -> None:
    write(console, row.title, 0, style="bold")
    write(console, f"{row.source}", 0, style="dim")
    write(console, row.form, 0)
    if row.network:
        write(console, f"the network it is: {row.network}", 2)
    if row.fault:
        write(console, f"the term at fault: {row.fault}", 2, style="red")
    console.print()
    for reading in row.readings:
        _show_reading(row, reading, console, quiet)
    console.print(Text(f"{safe(row.id)} as printed: ").append_text(verdict(row.verdict)))
    console.print()


def _show_reading(row: RowFinding, reading: ReadingFinding, console: Console, quiet: bool) -> None:
    name = words.short(row, reading)
    console.print(Text.assemble(verdict(reading.verdict), f" {reading.kind}: ", (safe(name), "bold")))
    write(console, reading.says, 2, indent=2)
    for line in reading.formula:
        write(console, line, 6, indent=4)
    if reading.conversion:
        write(console, f"conversion: {reading.conversion}", 4, indent=2)
    if not quiet:
        for found in reading.domains:
            write(console, f"{found.name:<9} {found.verdict:<9} {words.in_domain(found)}", 22, indent=2)
        for line in reading.not_covered:
            write(console, f"not covered: {line}", 4, indent=2, style="dim")
    console.print()
    if reading.disagreement and not quiet:
        show_disagreement(reading.disagreement, console, None)
        console.print()


def _show_question(question: QuestionFinding, console: Console, quiet: bool) -> None:
    write(console, question.text, 0, style="bold")
    write(console, question.source, 0, style="dim")
    write(console, question.answer, 0)
    for line in question.lacking:
        write(console, f"not so in this run: {line}", 2, style="bold yellow")
    if not quiet:
        for evidence in question.evidence:
            _show_evidence(evidence, console)
        for line in words.timed(question.timing):
            write(console, line, 2, indent=2, style="dim")
    console.print()


def _show_evidence(evidence: Evidence, console: Console) -> None:
    console.print()
    write(console, evidence.says, 2, indent=2, style="dim")
    table = plain_table(*evidence.head)
    for column in table.columns:
        column.no_wrap = True
    for row in evidence.rows:
        table.add_row(*(verdict(cell) if cell in STYLES else safe(cell) for cell in row))
    if console.measure(table).maximum + 2 <= console.width:
        console.print(indented(table))
        return
    for row in evidence.rows:  # too wide for a table
        write(console, row[0], 4, indent=2)
        for name, cell in zip(evidence.head[1:], row[1:], strict=True):
            write(console, f"{name}: {cell}" if name else cell, 8, indent=4)
