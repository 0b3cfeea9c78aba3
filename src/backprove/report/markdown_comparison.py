"""Given networks, compared, as Markdown."""

from backprove.findings import CaseFinding, ComparisonReport
from backprove.report.markup import escaped, escaped_rows, fenced, table
from backprove.report.words import (
    at_kink,
    compared,
    fraction,
    groups,
    network,
    number,
    numbers,
    published_rows,
    reproduced,
    undecided,
)


def write(report: ComparisonReport) -> str:
    """The whole report."""
    lines = ["# The engines on given networks", "", f"**{report.verdict}**: {escaped(compared(report))}.", ""]
    lines += [*(f"- not compared: {escaped(line)}" for line in report.troubles), ""] if report.troubles else []
    for case in report.cases:
        lines += _case(case)
    lines += ["## How to reproduce", "", *([*fenced([report.command]), ""] if report.command else [])]
    return "\n".join([*lines, *table(["version of", ""], escaped_rows(report.versions.items()))]) + "\n"


def _case(case: CaseFinding) -> list[str]:
    lines = [f"## {escaped(case.title or case.file)}", ""]
    lines += [f"{escaped(case.source)}", ""] if case.source else []
    said = f"{groups(case.groups)} in {case.domain}"
    if case.worst_fraction_of_bound is not None:
        said += f"; largest difference {fraction(case.worst_fraction_of_bound)}"
    lines += [f"**{case.engines_verdict}**: {escaped(said)}.", "", f"{escaped(network(case.case))}", ""]
    lines += [f"- undecided: {escaped(undecided(case.undecided))}"] if case.undecided else []
    lines += [f"- {escaped(at_kink(kink))}" for kink in case.at_kinks]
    lines += [f"- {escaped(name)} {escaped(failure)}" for name, failure in case.failures.items()]
    lines += [f"- not covered: {escaped(line)}" for line in case.not_covered]
    lines += ["", *table(["layer", "weights", "bias"], ([str(m.layer), m.weights, m.bias or "–"] for m in case.layers))]
    if case.first_difference and case.first_difference["address"]:
        lines += ["", *table([f"first difference: {case.first_difference['address']}", "value"], [])]
        lines += table_rows(case.first_difference["values"])
    if case.published:
        lines += ["", f"{reproduced(case)}:", ""]
        lines += table(["published", "printed", "recomputed", ""], escaped_rows(published_rows(case)))
    return [*lines, "", "```", *(f"{name} = {values}" for name, values in numbers(case.case)), "```", ""]


def table_rows(values: dict[str, float | str]) -> list[str]:
    return [f"| {escaped(name)} | {number(value)} |" for name, value in values.items()]
