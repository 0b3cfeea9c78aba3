"""What a run over many networks found (`run`, `replay`)."""

from typing import Any

import msgspec

REPORT_FORMAT = "backprove.report/1"


class AtKink(msgspec.Struct, frozen=True, kw_only=True):
    """An entry left UNDECIDED at a kink: what it may be there, and what the engines say."""

    address: str
    low: float | str
    high: float | str
    exact: bool
    """Whether the ends are attained; else they enclose."""
    values: dict[str, float | str]
    case: dict[str, Any] | None
    """The network, where it is not the one that the finding is about."""


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
    conventions: dict[str, str]
    """Engine → its own relu'(0), where that is all that sets it apart at kinks."""
    at_kink: AtKink | None
    """The first entry that stayed UNDECIDED at a kink."""
    repeated: int
    """Networks on which every engine ran twice and was compared with itself."""
    rung: str
    """On the ladder of evidence: rounding, exact, enclosed or certificate."""
    false_agreement_probability: float | None
    """In a field: the largest probability, of all networks, that formulas which differ agreed by chance."""
    rests_on: str


class OracleFinding(msgspec.Struct, frozen=True, kw_only=True):
    """The loss itself, by oracles that know no derivative, on networks where the engines agree."""

    oracles: list[str]
    networks: int
    entries: int
    """Entries of which an oracle has an opinion."""
    verdict: str
    silent_entries: int
    unsure_entries: int
    """Entries at which the oracles are not sharp enough to tell."""
    disagreeing_networks: int
    rests_on: str


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """One oracle on the entry where engines first differ."""

    oracle: str
    address: str
    value: float | str
    error: float | str
    """How far the value may be off, as the oracle estimates."""
    sides_with: list[str]
    """The group of engines that the loss sides with; empty: none of them, or the oracle cannot tell (no margin)."""
    margin: float | str | None
    """How many times as far off the nearest other group is; null where the oracle is not sharp enough to tell."""


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
    oracles: list[Testimony]
    layers: list[LayerFinding]
    case: dict[str, Any]
    replay: str


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of evidence: what it covered and what it did not."""

    name: str
    verdict: str | None
    """Null where it was not looked for."""
    domains: list[str]
    networks: int
    entries: int
    not_covered: list[str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    format: str = REPORT_FORMAT
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
    drawn: dict[str, dict[str, int]]
    """What the networks were like: depth, widest layer, activations, losses, … → how many."""
    interrupted: bool
    timing: dict[str, float]
