"""A bench on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from backprove.findings import BenchReport
from backprove.report import benches
from backprove.report.terminal import plain_table


def show_bench(report: BenchReport, console: Console, *, quiet: bool = False) -> None:
    """All tables, and last the headline; that alone where it is to be quiet."""
    if not quiet:
        _show("Side by side", benches.RATIOS, benches.ratios(report), console, texts=3)
        _show("Paths multiplied out, without a budget", benches.PATHS, benches.path_rates(report), console)
        title = "A network of a campaign, in ms"
        _show(title, benches.CAMPAIGN, benches.campaign(report), console)
        for along, found in benches.sides(report):
            _show(benches.TITLES[along], *benches.growth(found), console)
            for line in benches.stopped(found):
                console.print(Text(f"  {line}", style="dim"))
        console.print()
    console.print(Text(benches.said(report)))
    if line := benches.jobs(report):
        console.print(Text(line))
    if report.interrupted:
        console.print(Text("Interrupted: this is what was measured up to then.", style="yellow"))
    if not quiet:
        for line in (benches.machine(report), *benches.notes(report)):
            console.print(Text(line, style="dim"))


def _show(title: str, head: Sequence[str], rows: benches.Rows, console: Console, *, texts: int = 1) -> None:
    if not rows:
        return
    table = plain_table(*head, right=range(texts, len(head)))
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)
