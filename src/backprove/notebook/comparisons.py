"""A comparison in a notebook: groups, verdict, the network with its edges by verdict, and the first difference."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from backprove.campaign import at_kinks
from backprove.case import Address, position
from backprove.compare import Comparison, Difference
from backprove.findings import plain
from backprove.notebook.networks import MOST_CHARACTERS, cut, drawn, line
from backprove.report import words
from backprove.report.derivations import window as around
from backprove.report.drawing import Drawing
from backprove.report.markup import escaped, escaped_rows, table
from backprove.verdict import Verdict

MOST_KINKS = 4
MOST_LAYERS = 12  # in the layer map
MOST_FAILURE = 4 * MOST_CHARACTERS


@dataclass(frozen=True)
class First:
    """The first entry that differs, layers from the output backwards."""

    address: str
    index: str
    values: list[list[str]]
    """(engine, its value)."""
    far: str


@dataclass(frozen=True)
class Compared:
    """What is shown of a comparison."""

    verdict: str
    said: str
    title: str
    line: str
    warnings: list[str]
    first: First | None
    layers: list[list[str]]
    """(layer, verdict on its weights, verdict on its bias)."""
    of_layers: int
    drawn: Drawing
    edges: dict[str, str]
    """`W2[1,3]` → its verdict, of the edges that are drawn and were compared."""
    not_covered: list[str]


def compared(found: Comparison) -> Compared:
    """What is shown of a comparison."""
    first = found.first_difference()
    at = first.address if first else None
    picture = drawn(found.case, at)
    return Compared(
        verdict=found.verdict.name,
        said=_said(found),
        title=cut(found.case.title),
        line=line(found.case),
        warnings=list(_warnings(found)),
        first=_first(first, at) if first and at else None,
        layers=_layers(found, at),
        of_layers=len(found.case.layers),
        drawn=picture,
        edges=_edges(found, picture),
        not_covered=list(_not_covered(found)),
    )


def markdown(found: Compared) -> str:
    """The same as Markdown."""
    lines = [f"**{found.verdict}**: {escaped(found.said)}.", ""]
    lines += [f"{escaped(found.title)}\n"] if found.title else []
    lines += [escaped(found.line), "", *(f"- {escaped(text)}" for text in found.warnings), ""]
    if found.first:
        head = f"first difference: {found.first.address} ({escaped(found.first.index)})"
        lines += [
            *table([head, "value"], escaped_rows(found.first.values)),
            "",
            f"{escaped(found.first.far[:1].upper() + found.first.far[1:])}.",
            "",
        ]
    lines += table(["layer", "weights", "bias"], found.layers)
    lines += ["", *(f"- not covered: {escaped(text)}" for text in found.not_covered)]
    return "\n".join(lines).rstrip() + "\n"


def _said(found: Comparison) -> str:
    """`neuron = paths ≠ matrix in float64`."""
    said = f"{words.groups(found.groups) or 'nothing was compared'} in {found.domain.name}"
    if found.verdict is Verdict.AGREE and found.domain.unit_roundoff is not None:
        said += f"; largest difference {words.fraction(found.worst_fraction)}"
    return said


def _warnings(found: Comparison) -> Iterator[str]:
    for name, failure in found.failures.items():
        yield f"{words.safe(name)} {cut(failure, MOST_FAILURE)}"
    if found.reasons:
        yield f"undecided: {words.undecided(found.reasons)}"
    for kink in at_kinks(found, most=MOST_KINKS):
        yield words.at_kink(kink)


def _not_covered(found: Comparison) -> Iterator[str]:
    """What agreement does not rest on."""
    entries = int(found.compared.sum())
    for name, outcome in found.outcomes.items():
        if outcome.refused or outcome.said:
            yield f"{name}: {cut(outcome.refused or outcome.said)}"
        elif name not in found.answered:
            yield f"{name}: was compared with nobody"
    if found.weak:
        yield f"{found.weak:,} of {entries:,} entries are no larger than their rounding bound"
    if found.vacuous:
        yield f"{found.vacuous:,} of {entries:,} entries are zero in every engine"


def _layers(found: Comparison, at: Address | None) -> list[list[str]]:
    """The layer map; of many layers those around the first difference."""
    rows = [[str(l), W.name, b.name if b is not None else "–"] for l, W, b in found.layer_map()]
    shown = around(len(rows), [len(rows) + 1 - at.layer] if at else [], MOST_LAYERS)
    return [rows[i] for i in shown]


def _first(first: Difference, at: Address) -> First:
    values = [[words.safe(name), words.number(plain(value))] for name, value in first.values.items()]
    far: Any = replace(  # a Difference has what the words read of a finding, once its numbers are plain
        first,
        difference=_plain(first.difference),
        radius=_plain(first.radius),
        fraction=_plain(first.fraction),
    )
    return First(at.label, at.index, values, words.times_the_bound(far))


def _plain(number: float | None) -> Any:
    return None if number is None else plain(number)


def _edges(found: Comparison, picture: Drawing) -> dict[str, str]:
    verdicts, known = found.verdicts, found.compared | bool(found.failures)
    at = {edge.name: position(found.case, Address.of(edge.name)) for edge in picture.edges}
    return {name: Verdict(int(verdicts[i])).name for name, i in at.items() if known[i]}
