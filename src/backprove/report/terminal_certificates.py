"""Certificates on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from backprove.findings import Certificate, CertificateReport
from backprove.report.certificates import HEAD, activations, patterns, rows, said, sizes
from backprove.report.terminal import NARROW, indented, plain_table, show_disagreement, verdict
from backprove.report.words import count_of, safe

SHOWN_WITNESSES = 3
SHOWN_COLUMNS = 6  # the others are said in lines below


def show_certificates(report: CertificateReport, console: Console, *, quiet: bool = False) -> None:
    """A row a certificate, the witnesses, the verdict, what is not covered."""
    if not quiet and report.architectures:
        lines = rows(report)
        _show_rows(lines, console)
        for row in lines:
            if row[-1] not in ("always", "–"):
                what = "open" if row[3] == "UNDECIDED" else "if"
                console.print(indented(Text(f"{row[0]} {row[1]}, {row[2]}: {what} {safe(row[-1])}")))
        if line := patterns(report):
            console.print(indented(Text(line, style="dim")))
        console.print()
    _show_witnesses([c for c in report.architectures if c.verdict == "DISAGREE"], console)
    if not quiet:
        _show_witnesses([c for c in report.architectures if c.verdict != "DISAGREE"], console)
    console.print(verdict(report.verdict), Text(said(report)))
    if report.interrupted:
        console.print(Text("Interrupted: this is what was proved up to then.", style="yellow"))
    if not quiet:
        console.print(Text("not covered", style="dim"))
        for line in report.not_covered:
            console.print(indented(Text(safe(line), style="dim")))


def _show_rows(lines: Sequence[Sequence[str]], console: Console) -> None:
    """A table; where it is narrow, two lines for each row."""
    table = plain_table(*HEAD[:SHOWN_COLUMNS], right=(4, 5))
    for row in lines:
        if console.width >= NARROW:
            table.add_row(*row[:3], verdict(row[3]), *map(safe, row[4:SHOWN_COLUMNS]))
            continue
        console.print(Text(" ".join(row[:3])))
        told = ", ".join(f"{name} {safe(value)}" for name, value in zip(HEAD[4:], row[4:SHOWN_COLUMNS], strict=False))
        console.print(indented(Text.assemble(verdict(row[3]), f" {told}")))
    if table.row_count:
        console.print(table)


def _show_witnesses(found: list[Certificate], console: Console) -> None:
    witnessed = [c for c in found if c.witness]
    shown = SHOWN_WITNESSES if any(c.verdict == "DISAGREE" for c in witnessed) else 1
    for c in witnessed[:shown]:
        what = f"{sizes(c)} {activations(c)}, {c.loss}"
        if c.verdict == "DISAGREE":
            console.print(Text(f"{what}: refuted", style="bold"))
            if c.holds_if:
                console.print(indented(Text(f"it would hold if {' or if '.join(c.holds_if)}")))
        else:
            console.print(Text(f"{what}: not unless {'; '.join(c.preconditions)}. The witness without:", style="bold"))
        assert c.witness is not None
        show_disagreement(c.witness, console, None, shows="witness")
        console.print()
    if len(witnessed) > shown:
        more = count_of(len(witnessed) - shown, "witness")
        console.print(Text(f"… and {more} more: --json has them all", style="dim"))
