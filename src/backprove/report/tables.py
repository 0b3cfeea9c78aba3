"""Findings as tables of text, and as grids to be coloured, for Markdown and for pages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprove.findings import CaseFinding, Cost, Disagreement, DomainFinding, Report, Rung, Sheet
from backprove.report.words import count_of, fraction, number, undecided

Rows = list[list[str]]
RUNGS = ["evidence", "domain", "verdict", "networks", "entries", "largest difference", "undecided", "zero everywhere"]
MOST_GRID = 24  # rows, and columns, of a grid
MOST_WRITTEN = 6  # columns of a grid whose numbers are written into it


def rungs(report: Report) -> Rows:
    """The ladder of evidence under RUNGS."""
    return [row for rung in report.ladder for row in _rung(rung, report)]


def _rung(rung: Rung, report: Report) -> Iterator[list[str]]:
    members = [d for d in report.domains if d.rung == rung.name]
    for d in members:
        largest = fraction(d.worst_fraction_of_bound)
        if d.false_agreement_probability is not None:
            largest = f"none, but by chance ({d.false_agreement_probability:.1e})"
        largest += ", where they agree" if d.verdict == "DISAGREE" else ""
        counts = [f"{d.networks:,}", f"{d.entries:,}", largest, undecided(d.undecided) or "0"]
        yield [rung.name, d.name, d.verdict, *counts, f"{d.vacuous_entries:,}"]
    o = report.oracles
    if o and not members and rung.networks:
        counts = [f"{o.networks:,}", f"{o.entries:,}", "within the oracles' errors", f"{o.unsure_entries:,}", "–"]
        yield [rung.name, ", ".join(o.oracles), o.verdict, *counts]
    elif not members:
        yield [rung.name, "–", "not covered", "0", "0", "–", "–", "–"]


def rests_on(report: Report) -> dict[str, str]:
    """Rung → what agreement on it rests on; where there is none, what it would have meant."""
    found = {d.rung: d.rests_on for d in report.domains}
    found |= {report.ladder[-1].name: report.oracles.rests_on} if report.oracles else {}
    agree = {rung.name for rung in report.ladder if rung.verdict == "AGREE"}
    return {name: line if name in agree else f"agreement would mean: {line}" for name, line in found.items()}


def pairs(domain: DomainFinding, steps: Sequence[float]) -> tuple[list[str], Rows]:
    """How far each pair of engines was apart: entries by their difference as a fraction of the bound."""
    rounded = domain.worst_fraction_of_bound is not None
    head = ["engines", "entries", "equal", *(f"≤ {s:g}" for s in steps if rounded), *(["> 1"] if rounded else [])]
    rows = [[" / ".join(p.engines), *(f"{n:,}" for n in (p.entries, p.equal, *p.fractions))] for p in domain.pairs]
    if any(p.undecided or p.disagree for p in domain.pairs):
        head += ["of these undecided", "of these disagree"]
        for row, p in zip(rows, domain.pairs, strict=True):
            row += [f"{p.undecided:,}", f"{p.disagree:,}"]
    return head, rows


def precision(domain: DomainFinding) -> str:
    """The bound against actual errors, in a sentence; "" where none were known."""
    p = domain.precision
    if p is None:
        return ""
    said = f"against {p.reference}, on {count_of(p.networks, 'network')} ({count_of(p.entries, 'entry')}): "
    said += f"{p.outside:,} entries outside their bound, {p.without_error:,} without any error"
    return said + (f"; the middle bound is {p.median_ratio:.0f} times the error" if p.median_ratio else "")


def costs(found: Sequence[Cost]) -> tuple[list[str], Rows]:
    """Milliseconds for a whole gradient: a row a way, a column a network."""
    networks = list(dict.fromkeys(p.network for cost in found for p in cost.points))
    rows = []
    for cost in found:
        times = {p.network: f"{p.seconds * 1e3:.3g}" for p in cost.points}
        grows = "–" if cost.exponent is None else f"entries^{cost.exponent:.1f}"
        rows.append([cost.way, *(times.get(name, "–") for name in networks), grows])
    return ["way", *networks, "grows as"], rows


def same_before(report: Report, i: int) -> Disagreement | None:
    """The disagreement before the i-th (from 0) that has the same network and groups, if any."""
    found = report.disagreements[i]
    return next((d for d in report.disagreements[:i] if (d.case, d.groups) == (found.case, found.groups)), None)


def costs_of(report: Report) -> list[Cost]:
    found = report.timing.get("costs", [])
    return found if isinstance(found, list) else []


def drawn(report: Report) -> list[tuple[str, list[tuple[str, int, float]]]]:
    """(what, [(name, networks, share of all)]) of what the networks were like; counts in the order of their size."""
    found = []
    for kind, counts in report.drawn.items():
        names = sorted(counts, key=int) if all(name.isdigit() for name in counts) else list(counts)
        found.append((kind, [(name, counts[name], counts[name] / max(report.networks, 1)) for name in names]))
    return found


def settings(report: Any) -> Rows:
    """What was asked for, and the versions that answered."""
    said = dict(getattr(report, "settings", {}))
    if getattr(report, "seed", None) is not None:
        said = {"seed": report.seed, **said}
    rows = [
        [name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value)]
        for name, value in said.items()
    ]
    return rows + [[f"version of {name}", version] for name, version in report.versions.items()]


@dataclass(frozen=True)
class Cell:
    """An entry of a grid: how strong its colour is (-1 … 1; None: no number), and what is said of it."""

    shade: float | None
    text: str
    name: str
    value: str
    verdict: str


@dataclass(frozen=True)
class Grid:
    title: str
    rows: list[list[Cell]]
    left_out: str
    written: bool
    """Whether there is room for the numbers."""


def heat(sheet: Sheet) -> Iterator[tuple[str, list[Grid]]]:
    """(`W2` or `b2`, grids of every engine and of the difference), layers from the output backwards.

    Colours are strong where a number is large among the gradients of its block, by all engines; rounding has none.
    """
    values: dict[str, Mapping[str, list[Any]]] = {f"{name}": block for name, block in sheet.gradients.items()}
    if sheet.differences is not None:
        values["difference"] = sheet.differences
    for l in reversed(range(len(sheet.verdicts["weights"]))):
        for kind, letter in (("weights", "W"), ("biases", "b")):
            if sheet.verdicts[kind][l] is None:
                continue
            name = f"{letter}{l + 1}"
            blocks = {title: _rows(block[kind][l]) for title, block in values.items()}
            largest = _largest([b for title, b in blocks.items() if title != "difference"])
            judged = _rows(sheet.verdicts[kind][l])
            yield name, [_grid(title, name, b, judged, largest) for title, b in blocks.items()]


def _rows(block: Any) -> list[list[Any]]:
    return block if block and isinstance(block[0], list) else [[x] for x in block or []]


def _number(x: Any) -> float | None:
    try:
        found = float(x)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _largest(blocks: Sequence[list[list[Any]]]) -> float:
    numbers = (abs(n) for block in blocks for row in block for x in row if (n := _number(x)) is not None)
    return max(numbers, default=0.0)


def _grid(title: str, name: str, block: list[list[Any]], judged: list[list[Any]], largest: float) -> Grid:
    rows = [
        [
            _cell(_address(name, j, k), x, judged[j][k], largest)
            for k, x in enumerate(row[:MOST_GRID])
        ]
        for j, row in enumerate(block[:MOST_GRID])
    ]  # fmt: skip
    size = (len(block), len(block[0]) if block else 0)
    cut = f"of {size[0]} × {size[1]}" if max(size) > MOST_GRID else ""
    return Grid(title, rows, cut, written=min(size[1], MOST_GRID) <= MOST_WRITTEN)


def _address(name: str, j: int, k: int) -> str:
    return f"{name}[{j + 1}]" if name[0] == "b" else f"{name}[{j + 1},{k + 1}]"


def _cell(name: str, x: Any, verdict: str | None, largest: float) -> Cell:
    n = _number(x)
    shade = None if n is None else n / largest if largest else 0.0
    return Cell(shade, number(x, 4) if n is not None else number(x), name, number(x), verdict or "not compared")


def verdicts(sheet: Sheet | None) -> dict[str, str | None]:
    """`W2[1,3]` → the verdict on it; of a network too large to list none is known."""
    found: dict[str, str | None] = {}
    for kind, letter in (("weights", "W"), ("biases", "b")):
        for l, block in enumerate(sheet.verdicts[kind] if sheet else (), 1):
            for j, row in enumerate(_rows(block)):
                found |= {_address(f"{letter}{l}", j, k): x for k, x in enumerate(row)}
    return found


def sheet_of(found: CaseFinding) -> Sheet:
    """What a given case's finding has of every entry."""
    return Sheet(gradients=found.gradients, verdicts=found.verdicts, differences=found.differences)
