"""What a whole run found, as data: computed once, read by every writer. JSON names and shapes are a contract."""

from typing import Any

import msgspec

REPORT_FORMAT = "backprove.report/1"
CERTIFICATE_FORMAT = "backprove.certificate/1"
CHECK_FORMAT = "backprove.check/1"
CHECKS_FORMAT = "backprove.checks/1"
COMPARISON_FORMAT = "backprove.comparison/1"


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


class GradientOf(msgspec.Struct, frozen=True, kw_only=True):
    """A problem whose gradient reproduces a candidate's numbers on every network."""

    loss: str
    loss_scale: str
    reduction: str
    activations: list[str]
    factor: str
    """What remains beside scale and reduction: "1", or a formula of N (samples) and K (outputs)."""
    sign: int
    layout: str


class CauseFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A known mistake, or two, that reproduce a candidate's numbers on every network."""

    ids: list[str]
    wrong: list[str]
    right: list[str]
    explanation: list[str]
    networks: int
    telling: int
    """Networks on which the mistake can be told from the truth."""
    left_out: int
    """Networks with units nearly saturated, or without finite numbers, on which they are others."""


class CheckFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate. `verdict` AGREE: it is the gradient of what it says it minimises."""

    format: str = CHECK_FORMAT
    candidate: str
    verdict: str
    seed: int
    versions: dict[str, str]
    networks: int
    wrong_networks: int
    saturated_networks: int
    """Further ones, with weights and inputs so large that units are saturated."""
    wrong_saturated_networks: int
    posed: dict[str, Any]
    """What it is taken to minimise: declared, or inferred where `inferred` says so."""
    inferred: list[str]
    assumed: list[str]
    """What is neither declared nor could be inferred."""
    is_gradient_of: GradientOf | None
    cause: list[str] | None
    causes: list[CauseFinding]
    """All explanations that fit, where several do."""
    tried: int
    first_difference: str | None
    index: str | None
    values: dict[str, float | str]
    difference: float | str | None
    radius: float | str | None
    fraction: float | str | None
    layers: list[LayerFinding]
    """On the smallest network."""
    wrong_elsewhere: list[str]
    """What agrees on the smallest network and is wrong on others: W or b, of its layers as counted from the output."""
    case: dict[str, Any] | None
    failure: str
    traceback: str
    output: str
    hygiene: list[str]
    notes: list[str]
    """What the ids of `hygiene` stand for here, in the same order."""
    undecided: dict[str, int]
    not_covered: list[str]
    replay: str | None


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """Several candidates."""

    format: str = CHECKS_FORMAT
    verdict: str
    candidates: list[CheckFinding]
    troubles: list[str]
    """What could not be loaded, and why."""


class GatePatterns(msgspec.Struct, frozen=True, kw_only=True):
    """On which sides of their kinks the units of one sample were: patterns tested, of all there are."""

    tested: int
    of: int


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture and loss: the formulations are the same rational function, or a witness that they are not."""

    layers: list[int]
    """n_0 … n_L."""
    activations: list[str]
    loss: str
    verdict: str
    formulations: list[str]
    degree: int
    points: int
    false_agreement_probability: float | None
    """At most (degree / (2^61 - 1))^points; null where nothing was certified."""
    preconditions: list[str]
    gate_patterns: GatePatterns
    holds_if: list[str]
    """Of a refuted statement: conditions under each of which it would hold."""
    witness: Disagreement | None
    """A point at which the formulations differ; with preconditions, one that does not meet them."""
    undecided: str
    not_covered: list[str]


class CertificateReport(msgspec.Struct, frozen=True, kw_only=True):
    format: str = CERTIFICATE_FORMAT
    verdict: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    architectures: list[Certificate]
    not_covered: list[str]
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
    at_kinks: list[AtKink]
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


AnyReport = Report | CertificateReport | CheckFinding | CheckReport


def plain(number: Any) -> float | str:
    """A number as JSON has it: floats as they are, what JSON has no number for (fractions, NaN, …) as text."""
    if isinstance(number, (float, int)) and not isinstance(number, bool):
        value = float(number)
        return value if value - value == 0 else str(value)
    if type(number).__module__ == "numpy":
        return plain(number.item()) if number.dtype.kind in "fiu" else str(number)
    return str(number)
