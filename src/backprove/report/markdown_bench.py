"""A bench as Markdown."""

from backprove.findings import BenchReport
from backprove.report import benches
from backprove.report.markup import table


def write(report: BenchReport) -> list[str]:
    """All but how it is reproduced, which every report says alike."""
    lines = ["# What everything costs", "", f"{benches.said(report)}.", "", f"{benches.machine(report)}.", ""]
    lines += ["## Side by side", "", *table(benches.RATIOS, benches.ratios(report)), ""]
    lines += ["## Paths multiplied out, without a budget", "", *table(benches.PATHS, benches.path_rates(report)), ""]
    lines += ["## A network of a campaign, in milliseconds", ""]
    lines += [*table(benches.CAMPAIGN, benches.campaign(report)), ""]
    lines += [f"{benches.jobs(report)}.", ""] if report.jobs else []
    for along, found in benches.sides(report):
        head, rows = benches.growth(found)
        lines += [f"## {benches.TITLES[along]}", "", *table(head, rows), ""]
        lines += [f"- {line}." for line in benches.stopped(found)]
        lines += [""] if benches.stopped(found) else []
    return lines + (
        ["## Not measured", "", *(f"- {n}." for n in benches.notes(report))] if benches.notes(report) else []
    )
