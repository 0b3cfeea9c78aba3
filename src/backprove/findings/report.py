"""The report of a run over many networks (`run`, `replay`)."""

from typing import Any

import msgspec

from backprove.display import Shown
from backprove.findings.galleries import GalleryReport
from backprove.findings.runs import Cost, Disagreement, DomainFinding, OracleFinding, Rung

REPORT_FORMAT = "backprove.report/1"


class Report(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """What a run over many networks found."""

    format: str = REPORT_FORMAT
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    seed: int | None
    versions: dict[str, str]
    settings: dict[str, Any]
    networks: int
    entries: int
    domains: list[DomainFinding]
    ladder: list[Rung]
    oracles: OracleFinding | None
    groups: list[list[str]]
    disagreements: list[Disagreement]
    not_covered: list[str]
    remarks: list[str] = []
    """What is known of engines that are other people's, one line each."""
    drawn: dict[str, dict[str, int]]
    """What the networks were like: depth, widest layer, activations, losses, … → how many."""
    gallery: GalleryReport | None = None
    """The literature's formulations and the questions, where they were asked for; they do not touch the verdict."""
    fraction_steps: list[float]
    """What the domains' pairs count differences by."""
    interrupted: bool
    timing: dict[str, float | list[Cost]]
    """All that may change from run to run; in `costs`, where a report was asked for, what each way costs."""
