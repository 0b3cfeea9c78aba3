"""The literature's formulations, judged, and the questions that they answer (`gallery`)."""

from typing import Any

import msgspec

from backprove.display import Shown
from backprove.findings.runs import Disagreement

GALLERY_FORMAT = "backprove.gallery/1"


class ReadingDomain(msgspec.Struct, frozen=True, kw_only=True):
    """One reading against the engines in one number domain."""

    name: str
    networks: int
    entries: int
    verdict: str
    disagreeing_networks: int
    undecided_networks: int
    false_agreement_probability: float | None
    """In a field: the largest probability, of all networks, that formulas which differ agreed by chance."""
    largest_error: float | str | None
    """In float64, where it disagrees: how far from the engines, as a share of the network's largest entry."""


class ReadingFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One way to take a source's formulas."""

    name: str
    """As it stands beside the engines: `local-error/printed`."""
    kind: str
    """as printed, converted, corrected, in contrast."""
    says: str
    formula: list[str]
    conversion: str
    verdict: str
    domains: list[ReadingDomain]
    disagreement: Disagreement | None
    """On the smallest network found."""
    not_covered: list[str]


class RowFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One formulation. `verdict` is that of its formulas as printed."""

    id: str
    title: str
    source: str
    form: str
    network: str
    fault: str
    verdict: str
    readings: list[ReadingFinding]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Something measured in this run."""

    says: str
    head: list[str]
    rows: list[list[str]]


class QuestionFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer. `verdict` AGREE: the evidence of this run bears the answer out."""

    id: str
    text: str
    source: str
    verdict: str
    answer: str
    lacking: list[str]
    """What the answer rests on and this run did not show."""
    evidence: list[Evidence]
    timing: dict[str, float]
    """What was timed for it, in words → a ratio of times."""


class GalleryReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """`verdict` is that of all formulas as printed; of questions alone, whether their answers are borne out."""

    format: str = GALLERY_FORMAT
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    seed: int
    versions: dict[str, str]
    settings: dict[str, Any]
    rows: list[RowFinding]
    questions: list[QuestionFinding]
    unverified: list[str]
    """Conversions and corrections that did not agree."""
    not_covered: list[str]
    interrupted: bool
    timing: dict[str, float]
