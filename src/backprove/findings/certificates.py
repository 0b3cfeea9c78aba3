"""What was proved of architectures (`prove`)."""

from typing import Any

import msgspec

from backprove.display import Shown
from backprove.findings.runs import Disagreement

CERTIFICATE_FORMAT = "backprove.certificate/1"


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


class CertificateReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    format: str = CERTIFICATE_FORMAT
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    architectures: list[Certificate]
    not_covered: list[str]
    interrupted: bool
    timing: dict[str, float]
