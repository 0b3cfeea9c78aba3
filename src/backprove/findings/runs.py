"""What a run over many networks found (`run`, `replay`), part by part."""

from typing import Any

import msgspec


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


class PairFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Two engines in one domain: how far apart they were, over all entries that both computed."""

    engines: list[str]
    entries: int
    equal: int
    """Entries that do not differ at all."""
    fractions: list[int]
    """Entries that differ, by their difference as a fraction of the rounding bound: how many are at most the first of
    the report's `fraction_steps`, the second, …, and last those beyond all of them; [] where nothing is rounded."""
    undecided: int
    disagree: int


class ErrorCell(msgspec.Struct, frozen=True, kw_only=True):
    """Entries whose actual error is in [10^(error/2), 10^((error+1)/2)) and whose bound likewise."""

    error: int
    bound: int
    entries: int


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """The bound on rounding against the actual error, on some of the networks."""

    reference: str
    """What the exact values were taken from."""
    networks: int
    entries: int
    without_error: int
    """Entries that every engine has exactly."""
    outside: int
    """Entries whose actual error is beyond the bound."""
    median_ratio: float | None
    """The middle bound / error, to within a factor of 2, over entries in error; null where there are none."""
    cells: list[ErrorCell]


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
    pairs: list[PairFinding]
    precision: Precision | None
    """Null where nothing is rounded, or there was nothing exact to compare with."""


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


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Every entry of one network's gradient, each list in the shape of the layers: {"weights": …, "biases": …}.

    Null where an engine has no value, and in place of a bias that a layer has not.
    """

    gradients: dict[str, dict[str, list[Any]]]
    """Engine → its values."""
    verdicts: dict[str, list[Any]]
    differences: dict[str, list[Any]] | None
    """The largest difference of two engines; null in a field, which has no distances."""


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
    sheet: Sheet | None
    """Null where the network has too many entries to list."""
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


class CostPoint(msgspec.Struct, frozen=True, kw_only=True):
    network: str
    entries: int
    seconds: float
    """The shortest of several times of a whole gradient."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a gradient costs by one way, as networks grow."""

    way: str
    points: list[CostPoint]
    exponent: float | None
    """p where the time grows as (number of entries)^p, between the two largest networks."""
    stopped: str
    """Why it was not measured on larger ones, or ""."""
