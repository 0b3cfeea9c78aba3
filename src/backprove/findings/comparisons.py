"""Given cases, and the numbers that their sources printed (`compare`)."""

from typing import Any

import msgspec

from backprove.display import Shown
from backprove.findings.runs import AtKink, LayerFinding

COMPARISON_FORMAT = "backprove.comparison/1"


class PublishedFinding(msgspec.Struct, frozen=True, kw_only=True):
    position: int
    what: str
    label: str
    printed: str
    recomputed: float | str
    reproduced: bool
    mistake: str | None
    """The known mistake that reproduces a number which the right formulas do not, where there is one."""


class CaseFinding(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    file: str
    source: str
    verdict: str
    engines_verdict: str
    domain: str
    groups: list[list[str]]
    gradients: dict[str, dict[str, list[Any]]]
    verdicts: dict[str, list[Any]]
    """Of every entry, in the shape of the layers: {"weights": …, "biases": …}."""
    differences: dict[str, list[Any]]
    """The largest difference of two engines at every entry."""
    case: dict[str, Any]
    worst_fraction_of_bound: float | None
    undecided: dict[str, int]
    at_kinks: list[AtKink]
    failures: dict[str, str]
    layers: list[LayerFinding]
    first_difference: dict[str, Any] | None
    published: list[PublishedFinding]
    not_covered: list[str]


class ComparisonReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    format: str = COMPARISON_FORMAT
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    versions: dict[str, str]
    cases: list[CaseFinding]
    troubles: list[str] = []
    """What could not be read, and why."""
