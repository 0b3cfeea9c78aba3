"""Findings on a terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from backprove.findings import (
    CaseFinding,
    ComparisonReport,
    Disagreement,
    DomainFinding,
    LayerFinding,
    OracleFinding,
    Report,
    Rung,
)
from backprove.report.galleries import said as gallery_said
from backprove.report.words import (
    agreement,
    at_kink,
    compared,
    count_of,
    fraction,
    groups,
    network,
    number,
    numbers,
    published_rows,
    reproduced,
    safe,
    sides_with,
    testimonies,
    times_the_bound,
    undecided,
)

STYLES = {"AGREE": "bold green", "DISAGREE": "bold red", "UNDECIDED": "bold yellow"}
LEFT_OUT = ": left out"
NARROW = 60  # characters, below which a table of sentences has one column
SHOWN_ENTRIES = 24
SHOWN_LAYERS = 12
SHOWN_KINKS = 4


def verdict(name: str) -> Text:
    return Text(name, style=STYLES[name])


def plain_table(*columns: str, right: Iterable[int] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if i in set(right) else "left", overflow="fold")
    return table


def indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def show_report(report: Report, console: Console, *, quiet: bool = False) -> None:
    """The outcome of a run: the verdict per domain, every disagreement, what was not covered."""
    if not quiet:
        for rung in report.ladder:
            _show_rung(rung, report, console)
        console.print()
    for i, found in enumerate(report.disagreements):
        same = next((d for d in report.disagreements[:i] if (d.case, d.groups) == (found.case, found.groups)), None)
        show_disagreement(found, console, same)
        console.print()
    console.print(verdict(report.verdict), Text(agreement(report)))
    if report.gallery:
        console.print(Text(f"gallery: {gallery_said(report.gallery)}", style="dim"))
    for line in report.remarks if report.disagreements or not (quiet or report.verdict == "AGREE") else ():
        console.print(Text(f"known of {safe(line)}", style="dim"))
    if report.interrupted:
        console.print(Text("Interrupted: this is what was found up to then.", style="yellow"))
    if not quiet:
        console.print(Text("not covered", style="dim"))
        shown = {line for rung in report.ladder for line in rung.not_covered}
        left_out = [line.removesuffix(LEFT_OUT) for line in report.not_covered if line.endswith(LEFT_OUT)]
        for line in (*report.not_covered, *([f"left out: {', '.join(left_out)}"] if left_out else [])):
            if line not in shown and not line.endswith(LEFT_OUT):
                console.print(indented(Text(safe(line), style="dim")))


def _show_rung(rung: Rung, report: Report, console: Console) -> None:
    """A rung of the ladder: what it rests on, its domains, what it does not cover."""
    members = [d for d in report.domains if d.rung == rung.name]
    oracles = report.oracles if not members and rung.networks else None
    lines = [line for line in rung.not_covered if not line.endswith(LEFT_OUT)]
    if not members and not oracles and not lines:
        return
    rests_on = [found.rests_on for found in (*members, oracles) if found and rung.verdict == "AGREE"][:1]
    console.print(Text.assemble((rung.name, "bold"), "".join(f": {line}" for line in rests_on)))
    for domain in members:
        _show_domain(domain, console)
    if oracles:
        _show_oracles(oracles, console)
    for line in lines:
        console.print(indented(Text(f"not covered: {safe(line)}", style="dim")))


def _show_oracles(found: OracleFinding, console: Console) -> None:
    _show_counts("oracles", found, console)
    details = " and ".join(found.oracles)
    if found.disagreeing_networks:
        details += f" contradict all engines on {count_of(found.disagreeing_networks, 'network')}"
    console.print(Padding(Text(details), (0, 0, 0, 12), expand=False))


def _show_counts(name: str, found: DomainFinding | OracleFinding, console: Console) -> None:
    """A name, its verdict, and what it rests on; where that takes several lines, they stand below one another."""
    line = Table.grid()
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    head = Text.assemble(f"  {name:<10}", verdict(found.verdict), " " * (10 - len(found.verdict)))
    line.add_row(head, f"{count_of(found.networks, 'network')}, {count_of(found.entries, 'entry')}")
    console.print(line)


def _show_domain(d: DomainFinding, console: Console) -> None:
    _show_counts(d.name, d, console)
    details = [] if d.entries else ["nothing was compared"]
    if d.disagreeing_networks:
        details = [f"engines disagree on {count_of(d.disagreeing_networks, 'network')}"]
    elif d.entries and d.worst_fraction_of_bound is not None:
        details.append(f"the largest takes up {fraction(d.worst_fraction_of_bound)}")
    elif d.false_agreement_probability is not None:
        details.append(f"in each network by chance with a probability of at most {d.false_agreement_probability:.1e}")
    if d.undecided:
        details.append(f"undecided: {undecided(d.undecided)}")
    if d.at_kink:
        details.append(f"such as {at_kink(d.at_kink)}")
    weak = f", {d.weak_entries:,} no larger than their rounding" if d.weak_entries else ""
    zero = f"{count_of(d.vacuous_entries, 'entry')} zero in every engine"
    details.append(f"{zero}{weak}; {count_of(d.repeated, 'network')} run twice")
    for line in details:
        console.print(Padding(Text(line), (0, 0, 0, 12), expand=False))


def show_disagreement(
    found: Disagreement,
    console: Console,
    same: Disagreement | None,
    *,
    shows: str = "smallest network that shows it",
) -> None:
    seen = count_of(found.networks, "network")
    console.print(Text.assemble(verdict("DISAGREE"), f" in {found.domain}: {groups(found.groups)}  ({seen})"))
    if same is not None:
        console.print(indented(Text(f"{shows}: the same as in {same.domain}")))
        console.print(indented(Text(f"again: {found.replay}")))
        return
    console.print(indented(Text(f"{shows}: {network(found.case)}")))
    for name, values in numbers(found.case):
        console.print(Padding(Text(f"{name} = {values}"), (0, 0, 0, 4), expand=False))
    for name in found.unstable:
        console.print(indented(Text(f"{safe(name)} differs from itself on this very network", style="red")))
    for name, failure in found.failures.items():
        console.print(indented(Text(f"{safe(name)} {safe(failure)}", style="red")))
        for line in found.tracebacks.get(name, "").splitlines():
            console.print(Padding(Text(safe(line), style="dim"), (0, 0, 0, 4), expand=False))
    console.print(indented(_layer_map(found.layers)))
    if found.address is not None:
        console.print(indented(Text(f"first difference: {found.address} ({found.index})")))
        table = plain_table("", "")
        table.show_header = False
        for name, value in found.values.items():
            table.add_row(safe(name), number(value))
        console.print(Padding(table, (0, 0, 0, 4), expand=False))
        console.print(indented(Text(times_the_bound(found))))
    if found.oracles:
        console.print(indented(Text(f"the loss itself sides with {sides_with(found)}")))
        table = plain_table("", "", "")
        table.show_header = False
        for oracle, value, margin in testimonies(found):
            table.add_row(oracle, value, margin)
        console.print(Padding(table, (0, 0, 0, 4), expand=False))
    console.print(indented(Text(f"again: {found.replay}")))


def _layer_map(layers: list[LayerFinding]) -> Table:
    table = plain_table("layer", "weights", "bias")
    differing = [part for part in layers if part.weights != "AGREE" or part.bias not in ("AGREE", None)]
    for part in layers if len(layers) <= SHOWN_LAYERS else differing[:SHOWN_LAYERS]:
        table.add_row(str(part.layer), verdict(part.weights), verdict(part.bias) if part.bias else Text("none"))
    return table


def show_comparison(
    report: ComparisonReport, console: Console, *, quiet: bool = False, everything: bool = False
) -> None:
    """Given cases: the gradients side by side and the published numbers."""
    for case in report.cases:
        _show_case(case, console, quiet, everything)
        console.print()
    console.print(verdict(report.verdict), Text(compared(report)))


def _show_case(case: CaseFinding, console: Console, quiet: bool, everything: bool) -> None:
    console.print(Text(safe(case.title or case.file), style="bold"))
    if case.source and not quiet:
        console.print(Text(safe(case.source), style="dim"))
    line = f"{groups(case.groups)} in {case.domain}"
    if case.worst_fraction_of_bound is not None:
        line += f"; largest difference {fraction(case.worst_fraction_of_bound)}"
    console.print(verdict(case.engines_verdict), Text(line))
    if case.undecided:
        console.print(indented(Text(f"undecided: {undecided(case.undecided)}", style="yellow")))
    for kink in case.at_kinks[: None if everything else SHOWN_KINKS]:
        console.print(indented(Text(at_kink(kink), style="yellow")))
    for name, failure in case.failures.items():
        console.print(indented(Text(f"{safe(name)} {safe(failure)}", style="red")))
    for said in case.not_covered:
        console.print(indented(Text(safe(said), style="dim")))
    if case.engines_verdict == "DISAGREE":
        console.print(indented(_layer_map(case.layers)))
        if case.first_difference and case.first_difference["address"]:
            console.print(indented(Text(f"first difference: {case.first_difference['address']}")))
    if not quiet:
        console.print(indented(_gradients(case, everything)))
    _show_published(case, console, everything and not quiet)


def _gradients(case: CaseFinding, everything: bool) -> Table:
    """A row an entry, a column an engine."""
    names = list(case.gradients)
    table = plain_table("dC/d…", *map(safe, names), right=range(1, 1 + len(names)))
    rows = list(_entries(case, names))
    shown = rows if everything or len(rows) <= SHOWN_ENTRIES else rows[: SHOWN_ENTRIES - 4]
    for label, values in shown:
        table.add_row(label, *(number(v, 10) for v in values))
    if len(shown) < len(rows):
        table.add_row("…", f"{len(rows) - len(shown):,} more: --all")
    return table


def _entries(case: CaseFinding, names: list[str]) -> Iterator[tuple[str, list[Any]]]:
    parts = [case.gradients[name] for name in names]
    for l, (rows, bias) in enumerate(zip(parts[0]["weights"], parts[0]["biases"], strict=True) if parts else ()):
        for j, row in enumerate(rows):
            for k in range(len(row)):
                yield f"W{l + 1}[{j + 1},{k + 1}]", [part["weights"][l][j][k] for part in parts]
        for j in range(len(bias or ())):
            yield f"b{l + 1}[{j + 1}]", [part["biases"][l][j] for part in parts]


def _show_published(case: CaseFinding, console: Console, everything: bool) -> None:
    if not case.published:
        return
    slipped = [not p.reproduced for p in case.published]
    console.print(Text(reproduced(case), style="bold red" if any(slipped) else "green"))
    rows = list(zip(published_rows(case), slipped, strict=True))
    if not everything and len(rows) > SHOWN_ENTRIES + 8:
        rows = [(row, slip) for row, slip in rows if slip]
    table = plain_table("published", "printed", "recomputed", "", right=(1, 2))
    for (label, printed, recomputed, said), slip in rows:
        verdict = Text(said, style="bold red" if slip else "green")
        table.add_row(safe(label), safe(printed), recomputed, verdict)
    if table.row_count:
        console.print(indented(table))
