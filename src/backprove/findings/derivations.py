"""One entry of a gradient, derived three ways (`explain`)."""

from typing import Any

import msgspec

from backprove.display import Shown

DERIVATION_FORMAT = "backprove.derivation/1"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that stands for part of a formula."""

    letter: str
    formula: str
    value: float | str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity as an engine worked it out."""

    symbol: str
    formula: str
    numbers: str
    """The formula with numbers in place of names."""
    parts: list[Part]
    value: float | str
    note: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A matrix that an engine worked with; a vector of a layer's units is a row for each sample."""

    symbol: str
    formula: str
    values: list[list[float | str]]
    rows: list[int]
    """1-based; those that matter here."""
    columns: list[int]


class NeuronWalk(msgspec.Struct, frozen=True, kw_only=True):
    steps: list[Step]
    samples: list[float | str]
    """What each sample contributes, where they were all written out; the entry is their sum."""


class MatrixWalk(msgspec.Struct, frozen=True, kw_only=True):
    start: list[Step]
    """What comes before the first matrix: the gradient for an output unit."""
    tables: list[Table]
    end: Step | None
    """The entry as a sum over the samples."""


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    """`∂a2[1]/∂z2[1]`, as text."""
    formula: str
    parts: list[Part]
    value: float | str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One path from the entry to the loss: its factors from the loss back, as the chain rule is written."""

    through: list[str]
    """The activations that it passes, the entry's own unit first."""
    along: list[str]
    """The entry, the weights and the units on the way, by name: `W1[1,2]`, `a1[1]`, `W2[3,1]`, `a2[3]`."""
    term: str
    """In which term of the loss it ends, where there are several."""
    factors: list[Factor]
    known: list[Part]
    """The values of the activations and net inputs in the formulas."""
    product: float | str


class PathsWalk(msgspec.Struct, frozen=True, kw_only=True):
    paths: int
    """From this entry to the loss, for one sample."""
    symbols: list[str]
    """The factors of a path as symbols, with the units in general where there are too many paths to write out."""
    shown: list[Route]
    others: int
    others_sum: float | str | None
    """Of the paths that are not shown; null where none were worked out one by one."""
    total: float | str | None
    """Of all paths of the sample that is shown; null where they were not multiplied out."""
    samples: list[float | str]


class SlopeForms(msgspec.Struct, frozen=True, kw_only=True):
    """How each engine works out the slope of an activation."""

    activation: str
    unit: str
    textbook: str
    engines: dict[str, Step]


class Derivation(Shown, msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the gradient, derived three ways; the formulas are read off the engines' own runs."""

    format: str = DERIVATION_FORMAT
    entry: str
    """`W2[1,3]`, `b2[1]` or `delta2[1]`."""
    index: str
    """Where a Python user finds it; "" of a delta."""
    what: str
    """`dC/dW2[1,3]`, or `delta2[1] of sample 1`."""
    title: str
    source: str
    case: dict[str, Any]
    sample: int
    samples: int
    command: str = ""
    """The command that finds the same again; "" where it was no command that found it."""
    verdict: str
    values: dict[str, float | str]
    """Of the engines' recorded runs; of a run without record too (`matrix, plain`) where it differs from that."""
    failures: dict[str, str]
    """Engine → why it has no value."""
    difference: float | str | None
    radius: float | str | None
    fraction: float | str | None
    undecided: list[str]
    enclosure: str | None
    """Where the exact value lies, by the domain `ball`."""
    neuron: NeuronWalk
    matrix: MatrixWalk
    chain_rule: PathsWalk
    slopes: list[SlopeForms]
    remarks: list[str]
    not_covered: list[str]
    versions: dict[str, str]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an engine worked out, when it did: a quantity, a whole array, or one path's product."""

    phase: str
    """forward, backward, or gradient."""
    symbol: str
    formula: str
    value: float | str | None
    """Null of an array."""
    lit: list[str]
    """What it is about, by names: `a1[2]` (a unit), `W2[1,2]`, `b2[1]`."""


class Tour(msgspec.Struct, frozen=True, kw_only=True):
    """A network with the derivations of its entries, and the order in which each engine worked them out."""

    case: dict[str, Any]
    title: str
    source: str
    sample: int
    samples: int
    window: list[list[int]]
    """Of each layer, the inputs first, which units are shown; 1-based."""
    units: dict[str, float | str]
    """`z1[2]`, `a1[2]`, `delta1[2]`, … → its value, for the sample that is shown, of the units that are."""
    gradients: dict[str, float | str]
    """`W2[1,2]` → its entry by engine `matrix`, between the units that are shown."""
    chosen: str
    """The entry that is shown first; it is among those derived."""
    derivations: list[Derivation]
    orders: dict[str, list[Moment]]
    """Engine → everything that it worked out of what is shown, in its own order."""
    left_out: list[str]
