"""What a formulation of the literature is, as data: its source, its formulas, and readings of them that can be run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from backprove.case import Case
from backprove.engines import Engine


class Kind(StrEnum):
    """How a reading stands to its source."""

    PRINTED = "as printed"
    CONVERTED = "converted"
    """The numbers of the printed formulas, taken for the gradient after a conversion that is named."""
    CORRECTED = "corrected"
    CONTRAST = "in contrast"
    """What it is not, or is mistaken for."""


@dataclass(frozen=True)
class Posed:
    """The networks that a reading is about; None: whatever is drawn.

    `activations`: those to draw from; `fixed`: one of all layers, or two of hidden and output. `adapt` makes a drawn
    case one of these networks, or gives None where it cannot. `domains`: where the reading is compared, where that is
    not everywhere: its formulas lose digits, need an order of numbers, or are exact in some numbers only.
    """

    activations: tuple[str, ...] | None = None
    fixed: tuple[str, ...] | None = None
    losses: tuple[str, ...] = ("squared_error",)
    scale: Fraction | None = None
    reduction: str | None = None
    depth: int | None = None
    max_layers: int = 3
    batch: int | None = None
    biases: bool | None = None
    adapt: Callable[[Case], Case | None] | None = None
    domains: tuple[str, ...] | None = None

    def fits(self, case: Case, domain: str) -> bool:
        """Whether a case is one of these networks."""
        names = [layer.activation for layer in case.layers]
        wanted = [self.fixed[0]] * (len(names) - 1) + [self.fixed[-1]] if self.fixed else names
        adapted = case if self.adapt is None else self.adapt(case)
        biases = None if self.adapt else self.biases
        return (
            names == wanted
            and set(names) <= set(self.activations or names)
            and case.loss.name in self.losses
            and self.scale in (None, case.loss.scale)
            and self.reduction in (None, case.reduction)
            and self.depth in (None, len(names))
            and self.batch in (None, len(case.inputs))
            and all(biases in (None, layer.bias is not None) for layer in case.layers)
            and adapted is not None
            and _shape(adapted) == _shape(case)
            and (self.domains is None or domain in self.domains)
        )


def _shape(case: Case) -> list[tuple[tuple[int, ...], bool]]:
    return [(layer.weights.shape, layer.bias is None) for layer in case.layers]


@dataclass(frozen=True)
class Reading:
    """One way to take a source's formulas, as an engine that works in their own form."""

    name: str
    """Short, of one word or some with hyphens; `printed` where there is nothing to add."""
    kind: Kind
    says: str
    """In a line: what is done."""
    formula: tuple[str, ...]
    posed: Posed
    engine: Engine
    conversion: str = ""
    """What makes the printed numbers the gradient: sign, factor, reduction, transposition, network mapping."""


@dataclass(frozen=True)
class Formulation:
    """A row of the gallery."""

    id: str
    title: str
    source: str
    form: str
    """In two or three sentences: how it is organised, and what is its own about it."""
    readings: tuple[Reading, ...]
    fault: str = ""
    """Of formulas that are not the gradient as printed: the term at fault."""
    network: str = ""
    """What network it really is, where that is another than it seems."""

    def named(self, reading: Reading) -> str:
        """The name under which a reading stands beside the engines: `local-error/printed`."""
        return f"{self.id}/{reading.name}"
