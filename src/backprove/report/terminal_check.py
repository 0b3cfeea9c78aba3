"""A check on a terminal: one screen, the right thing first."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from backprove.findings import CheckFinding, CheckReport
from backprove.report import checks
from backprove.report.terminal import STYLES, indented, plain_table
from backprove.report.words import count_of, network, number, numbers, safe

MARKS = {"AGREE": "✓", "DISAGREE": "✗", "UNDECIDED": "?"}


def show_check(found: CheckFinding, console: Console, *, quiet: bool = False) -> None:
    """One candidate."""
    mark = Text(f"{MARKS[found.verdict]} ", style=STYLES[found.verdict])
    console.print(Text.assemble(mark, (safe(found.candidate), "bold"), f" {safe(checks.verdict(found))}"))
    if found.traceback and not quiet:
        for line in found.traceback.splitlines():
            console.print(Padding(Text(safe(line), style="dim"), (0, 0, 0, 4), expand=False))
    if found.case and found.first_difference and not found.failure:
        _show_where(found, console)
    if found.verdict == "DISAGREE" and not found.failure:
        _show_why(found, console)
    if quiet:
        return
    for name, note in zip(found.hygiene, found.notes, strict=True):
        console.print(indented(Text(f"{name}: {safe(note)}", style="yellow")))
    for line in found.not_covered:
        console.print(indented(Text(f"not covered: {safe(line)}", style="dim")))
    if found.replay:
        console.print(indented(Text(f"again: {safe(found.replay)}")))


def _show_where(found: CheckFinding, console: Console) -> None:
    assert found.case is not None
    where = f"wrong: {checks.parts(found, 'DISAGREE')}    right: {checks.parts(found, 'AGREE')}"
    console.print(indented(Text(where)))
    console.print(indented(Text(f"smallest network that shows it: {network(found.case)}")))
    for name, values in numbers(found.case):
        console.print(Padding(Text(f"{name} = {values}"), (0, 0, 0, 4), expand=False))
    console.print(indented(Text(f"first difference: {found.first_difference} ({found.index})")))
    table = plain_table("", "")
    table.show_header = False
    for name, value in found.values.items():
        table.add_row("yours" if name == found.candidate else name, number(value))
    console.print(Padding(table, (0, 0, 0, 4), expand=False))
    if isinstance(found.fraction, float):
        console.print(indented(Text(f"{found.fraction:.2g} times what rounding explains")))


def _show_why(found: CheckFinding, console: Console) -> None:
    console.print(indented(Text.assemble(("cause: " if found.causes else "", "bold"), checks.cause(found))))
    for c in found.causes:
        for wrong, right, explanation in zip(c.wrong, c.right, c.explanation, strict=True):
            console.print(Padding(Text(explanation), (0, 0, 0, 4), expand=False))
            console.print(Padding(Text(f"yours  {wrong}"), (0, 0, 0, 6), expand=False))
            console.print(Padding(Text(f"right  {right}"), (0, 0, 0, 6), expand=False))
        told = f"reproduces your numbers on all {c.networks} networks; {c.telling} of them tell it from the truth"
        console.print(Padding(Text(told, style="dim"), (0, 0, 0, 4), expand=False))


def show_checks(report: CheckReport, console: Console, *, quiet: bool = False) -> None:
    """Several candidates: a line each."""
    table = plain_table("", "candidate", "networks", "what", "hygiene", right=(2,))
    for f in report.candidates:
        what = f.failure or (
            "right" if f.verdict == "AGREE" else checks.cause(f) if f.verdict == "DISAGREE" else "open"
        )
        mark = Text(MARKS[f.verdict], style=STYLES[f.verdict])
        table.add_row(mark, safe(f.candidate), str(f.networks), safe(what), ", ".join(f.hygiene))
    console.print(table)
    right = sum(f.verdict == "AGREE" for f in report.candidates)
    console.print(Text(f"{right} of {count_of(len(report.candidates), 'candidate')} right"))
