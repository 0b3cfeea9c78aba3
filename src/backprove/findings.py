"""What a whole run found, as data: computed once, read by every writer. JSON names and shapes are a contract."""

from typing import Any

import msgspec

REPORT_FORMAT = "backprove.report/1"
COMPARISON_FORMAT = "backprove.comparison/1"


class DomainFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One number domain: what was compared there and what agreement rests on."""

    name: str
    networks: int
    entries: int
    verdict: str
    worst_fraction_of_bound: float | None
    """Largest difference over the sum of the two radii, over entries that agree; null where nothing is rounded."""
    vacuous_entries: int
    """Entries that are zero in every engine."""
    weak_entries: int
    """Entries whose rounding bound is not below their own value."""
    undecided_entries: int
    undecided: dict[str, int]
    """Reason → entries."""
    disagreeing_networks: int
    repeated: int
    """Networks on which every engine ran twice and was compared with itself."""
    rests_on: str


class LayerFinding(msgspec.Struct, frozen=True, kw_only=True):
    layer: int
    weights: str
    bias: str | None


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which engines differ, on the smallest network found that shows it."""

    id: str
    domain: str
    networks: int
    """How many of the run's networks show this grouping of the engines."""
    groups: list[list[str]]
    address: str | None
    """First entry that differs, layers from the output backwards; null where a whole gradient is missing."""
    index: str | None
    values: dict[str, float | str]
    difference: float | str | None
    radius: float | str | None
    """What rounding explains of the difference of two engines: the sum of their radii."""
    fraction: float | str | None
    failures: dict[str, str]
    tracebacks: dict[str, str]
    """Of the engines' own code, where it raised."""
    unstable: list[str]
    """Engines that differ from themselves on this very network."""
    layers: list[LayerFinding]
    case: dict[str, Any]
    replay: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    format: str = REPORT_FORMAT
    verdict: str
    seed: int | None
    versions: dict[str, str]
    settings: dict[str, Any]
    networks: int
    entries: int
    domains: list[DomainFinding]
    groups: list[list[str]]
    disagreements: list[Disagreement]
    not_covered: list[str]
    drawn: dict[str, dict[str, int]]
    """What the networks were like: depth, widest layer, activations, losses, … → how many."""
    interrupted: bool
    timing: dict[str, float]


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
    worst_fraction_of_bound: float | None
    undecided: dict[str, int]
    failures: dict[str, str]
    layers: list[LayerFinding]
    first_difference: dict[str, Any] | None
    published: list[PublishedFinding]
    not_covered: list[str]


class ComparisonReport(msgspec.Struct, frozen=True, kw_only=True):
    format: str = COMPARISON_FORMAT
    verdict: str
    versions: dict[str, str]
    cases: list[CaseFinding]


def plain(number: Any) -> float | str:
    """A number as JSON has it: floats as they are, what JSON has no number for (fractions, NaN, …) as text."""
    if isinstance(number, (float, int)) and not isinstance(number, bool):
        value = float(number)
        return value if value - value == 0 else str(value)
    if type(number).__module__ == "numpy":
        return plain(number.item()) if number.dtype.kind in "fiu" else str(number)
    return str(number)
