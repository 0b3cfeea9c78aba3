"""A check as Markdown."""

from collections.abc import Iterable

from backprove.findings import CheckFinding, CheckReport
from backprove.report import checks
from backprove.report.markup import escaped, escaped_rows, fenced, table
from backprove.report.words import numbers, undecided


def write(report: CheckFinding | CheckReport) -> str:
    """The whole report."""
    if isinstance(report, CheckFinding):
        lines = ["# Somebody's backprop, checked", "", *_candidate(report)]
    else:
        lines = ["# Backprops, checked", "", f"**{report.verdict}**: {checks.score(report)}.", ""]
        lines += table(["candidate", "verdict", "networks", "what", "habits"], escaped_rows(checks.rows(report)))
        lines += ["", *(f"- not asked: {escaped(line)}" for line in report.troubles)] if report.troubles else []
        for found in report.candidates:
            lines += ["", f"## {escaped(found.candidate)}", "", *_candidate(found)]
    return "\n".join(lines) + "\n"


def _candidate(found: CheckFinding) -> list[str]:
    lines = [f"**{found.verdict}**: {escaped(found.candidate)} {escaped(checks.verdict(found))}.", ""]
    if found.traceback:
        lines += [*fenced(found.traceback.splitlines()), ""]
    if found.case and found.first_difference and not found.failure:
        lines += [f"- wrong: {checks.wrong(found)}; right: {checks.right(found)}", f"- {checks.where(found)}", ""]
        lines += table([f"{found.first_difference} ({escaped(found.index or '')})", "value"], _values(found))
        told = checks.times(found)
        lines += ["", f"{told[0].upper()}{told[1:]}.", ""] if told else [""]
    if found.verdict == "DISAGREE" and not found.failure and found.tried:
        lines += [f"Cause: {escaped(checks.cause(found))}.", ""]
    for c in found.causes:
        for wrong, right, explanation in zip(c.wrong, c.right, c.explanation, strict=True):
            lines += [escaped(explanation), ""]
            lines += [*table(["", "formula"], [["yours", escaped(wrong)], ["right", escaped(right)]]), ""]
        lines += [f"It {checks.reproduced(c)}.", ""]
    if found.verdict == "UNDECIDED" and found.undecided:
        lines += [f"- undecided: {undecided(found.undecided)}"]
    lines += [f"- {name}: {escaped(note)}" for name, note in zip(found.hygiene, found.notes, strict=True)]
    lines += [f"- not covered: {escaped(line)}" for line in found.not_covered]
    if found.case and found.replay:
        blocks = [f"{name} = {values}" for name, values in numbers(found.case)]
        lines += ["", *fenced([*blocks, found.replay])]
    return lines


def _values(found: CheckFinding) -> Iterable[list[str]]:
    return ([escaped(name), value] for name, value in checks.values(found))
