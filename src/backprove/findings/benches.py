"""What a bench measured, as data. All of it is times and memory, which no two runs have the same."""

import msgspec

from backprove.display import Shown

BENCH_FORMAT = "backprove.bench/1"


class GrowthPoint(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    """Of what grows: units of every layer, weight layers, or samples."""
    network: str
    entries: int
    paths: int
    """From all weights and biases to the loss, sample by sample."""
    seconds: float
    """The shortest of several times."""
    peak_bytes: int
    """The most memory in use at a time, over what was in use before."""


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What one way costs as networks grow along one side: `width`, `depth` or `batch`."""

    way: str
    along: str
    points: list[GrowthPoint]
    exponent: float | None
    """p where the time grows as size^p; None where it does not, or too few were measured to tell."""
    base: float | None
    """b where the time grows as b^size instead."""
    stopped: str
    """Why it was not measured on larger ones, or ""."""


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Two ways side by side, one after the other in turn, on the same network."""

    what: str
    against: str
    network: str
    seconds: float
    against_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.against_seconds


class PathRate(msgspec.Struct, frozen=True, kw_only=True):
    """How fast engine paths multiplies paths out."""

    network: str
    paths: int
    seconds: float
    per_second: float
    peak_bytes: int


class CampaignCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a network of a campaign costs in one domain, in seconds."""

    domain: str
    networks: int
    bytes_alone: float
    """Hypothesis draws as many bytes, and nothing is made of them: the floor."""
    drawing_alone: float
    """Networks are drawn, and nothing is done with them."""
    whole: float
    """Drawn, compared and counted."""


class JobsCost(msgspec.Struct, frozen=True, kw_only=True):
    """The same campaign by one process and by several, which had begun before the clock did."""

    jobs: int
    networks: int
    one_seconds: float
    seconds: float


class BenchReport(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """What the engines, the bound, the oracles and a campaign cost, beside what a user would take instead."""

    format: str = BENCH_FORMAT
    versions: dict[str, str]
    machine: dict[str, str | int]
    settings: dict[str, bool]
    growth: list[Growth]
    ratios: list[Ratio]
    paths: list[PathRate]
    campaign: list[CampaignCost]
    jobs: JobsCost | None
    """None where there is one core."""
    missing: list[str]
    """What was not measured, since it is not installed."""
    seconds: float
    command: str = ""
    interrupted: bool = False
