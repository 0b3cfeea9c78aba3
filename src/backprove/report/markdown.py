"""The report of a run as Markdown."""

from collections.abc import Iterable

from backprove.findings import Disagreement, Report
from backprove.report.words import (
    agreement,
    count_of,
    fraction,
    groups,
    network,
    number,
    numbers,
    safe,
    times_the_bound,
    undecided,
)


def _escaped(text: str) -> str:
    """Text from outside that must not become Markdown or HTML."""
    text = safe(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + c if c in "\\`*_{}[]()#+!|~" else c for c in text)


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]


def write(report: Report) -> str:
    """The whole report."""
    lines = ["# Equivalence report", "", f"**{report.verdict}**: {_escaped(agreement(report))}.", ""]
    lines += _table(
        ["domain", "verdict", "networks", "entries", "largest difference", "undecided", "zero everywhere", "rests on"],
        [
            [
                d.name,
                d.verdict,
                f"{d.networks:,}",
                f"{d.entries:,}",
                fraction(d.worst_fraction_of_bound),
                _escaped(undecided(d.undecided)) or "0",
                f"{d.vacuous_entries:,}",
                d.rests_on,
            ]
            for d in report.domains
        ],
    )
    for found in report.disagreements:
        lines += ["", *_disagreement(found)]
    lines += ["", "## What was drawn", ""]
    lines += _table(
        ["", "networks"],
        (
            [kind, ", ".join(f"{name}: {count:,}" for name, count in counts.items())]
            for kind, counts in report.drawn.items()
        ),
    )
    lines += ["", "## Not covered", "", *(f"- {_escaped(line)}" for line in report.not_covered)]
    lines += ["", "## How to reproduce", ""]
    said = {**report.settings} if report.seed is None else {"seed": report.seed, **report.settings}
    rows = [
        [name, _escaped(", ".join(value) if isinstance(value, list) else str(value))] for name, value in said.items()
    ]
    lines += _table(["setting", "value"], rows + [[f"version of {name}", v] for name, v in report.versions.items()])
    if report.interrupted:
        lines += ["", "The run was interrupted; this is what was found up to then."]
    return "\n".join(lines) + "\n"


def _disagreement(found: Disagreement) -> list[str]:
    lines = [f"## {_escaped(groups(found.groups))} in {found.domain}", ""]
    lines += [f"Seen on {count_of(found.networks, 'network')}. Smallest: {network(found.case)}.", ""]
    for name in found.unstable:
        lines += [f"{_escaped(name)} differs from itself on this network.", ""]
    for name, failure in found.failures.items():
        lines += [f"{_escaped(name)} {_escaped(failure)}.", ""]
    if found.address is not None:
        lines += _table(["first difference", f"{found.address} ({_escaped(found.index or '')})"], [])
        lines += [f"| {_escaped(name)} | {number(value)} |" for name, value in found.values.items()]
        lines += ["", f"The {times_the_bound(found)}.", ""]
    lines += _table(["layer", "weights", "bias"], ([str(m.layer), m.weights, m.bias or "–"] for m in found.layers))
    lines += ["", "```", *(f"{name} = {values}" for name, values in numbers(found.case)), found.replay, "```"]
    return lines
