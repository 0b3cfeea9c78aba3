"""A check on a terminal: one screen, the right thing first."""

from rich.console import Console
from rich.text import Text

from backprove.findings import CheckFinding, CheckReport
from backprove.report import checks
from backprove.report.terminal import STYLES, plain_table
from backprove.report.words import numbers, safe, undecided

MARKS = {"AGREE": "✓", "DISAGREE": "✗", "UNDECIDED": "?"}


def show_verdict(found: CheckFinding, console: Console) -> None:
    """The first lines, which stand before the reasons are known."""
    mark = Text(f"{MARKS[found.verdict]} ", style=STYLES[found.verdict])
    _write(console, Text.assemble(mark, (safe(found.candidate), "bold"), f" {safe(checks.verdict(found))}"), 0)


def show_reasons(found: CheckFinding, console: Console, *, quiet: bool = False) -> None:
    """Where, how small, and why."""
    if found.traceback and not quiet:
        for line in found.traceback.splitlines():
            _write(console, Text(safe(line), style="dim"), 4)
    if found.case and found.first_difference and not found.failure:
        _show_where(found, console)
    if found.verdict == "DISAGREE" and not found.failure and found.tried:
        _show_why(found, console)
    if found.verdict == "UNDECIDED" and found.undecided:
        _write(console, Text(f"undecided: {undecided(found.undecided)}"), 2)
    if quiet:
        return
    for name, note in zip(found.hygiene, found.notes, strict=True):
        _write(console, Text(f"{name}: {safe(note)}", style="yellow"), 2)
    for line in found.not_covered:
        _write(console, Text(f"not covered: {safe(line)}", style="dim"), 2)
    if found.replay:
        console.print(Text(f"  again: {safe(found.replay)}"), soft_wrap=True)


def _write(console: Console, text: Text, indent: int) -> None:
    """The text, wrapped at words and without blanks at the ends of lines."""
    for line in text.wrap(console, max(20, console.width - indent)):
        line.rstrip()
        console.print(Text.assemble(" " * indent, line), soft_wrap=True)


def _show_where(found: CheckFinding, console: Console) -> None:
    assert found.case is not None
    _write(console, Text(f"wrong: {checks.wrong(found)}    right: {checks.right(found)}"), 2)
    _write(console, Text(checks.where(found)), 2)
    for name, values in numbers(found.case):
        _write(console, Text(f"{name} = {values}"), 4)
    _write(console, Text(f"first difference: {found.first_difference} ({found.index})"), 2)
    rows = checks.values(found)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        _write(console, Text(f"{safe(name):<{width}}  {value}"), 4)
    if told := checks.times(found):
        _write(console, Text(told), 4)


def _show_why(found: CheckFinding, console: Console) -> None:
    _write(console, Text.assemble(("cause: " if found.causes else "", "bold"), checks.cause(found)), 2)
    for c in found.causes:
        for wrong, right, explanation in zip(c.wrong, c.right, c.explanation, strict=True):
            _write(console, Text(explanation), 4)
            _write(console, Text(f"yours  {wrong}"), 6)
            _write(console, Text(f"right  {right}"), 6)
        _write(console, Text(checks.reproduced(c), style="dim"), 4)


def show_checks(report: CheckReport, console: Console) -> None:
    """Several candidates: a line each, and what could not be asked."""
    table = plain_table("", "candidate", "what")
    table.columns[1].no_wrap = True
    for f, name in zip(report.candidates, checks.names(report), strict=True):
        what = Text(safe(checks.what(f)))
        if f.hygiene:
            what.append(f"; {', '.join(f.hygiene)}", style="yellow")
        table.add_row(Text(MARKS[f.verdict], style=STYLES[f.verdict]), safe(name), what)
    console.print(table)
    for trouble in report.troubles:
        _write(console, Text(f"! {safe(trouble)}"), 0)
    console.print(Text(checks.score(report)))
