"""What is said of somebody's backprop (`check`)."""

from typing import Any

import msgspec

from backprove.display import Shown
from backprove.findings.runs import LayerFinding, Sheet

CHECK_FORMAT = "backprove.check/1"
CHECKS_FORMAT = "backprove.checks/1"


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


class CheckFinding(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """One candidate. `verdict` AGREE: it is the gradient of what it says it minimises."""

    format: str = CHECK_FORMAT
    candidate: str
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
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
    perhaps: list[list[str]] = []
    """Explanations that reproduce the numbers too, on too few networks to tell."""
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
    sheet: Sheet | None
    """Of the smallest network; null where there is none, or it has too many entries to list."""
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


class CheckReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """Several candidates."""

    format: str = CHECKS_FORMAT
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    versions: dict[str, str]
    candidates: list[CheckFinding]
    troubles: list[str]
    """What could not be loaded, and why."""
