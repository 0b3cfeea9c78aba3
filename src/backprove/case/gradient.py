"""What an engine hands back, and how its entries are named. Data only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backprove.case.numbers import integer
from backprove.case.problem import Case
from backprove.errors import CaseError


@dataclass(frozen=True)
class Trace:
    """The intermediate quantities of an engine's own run, one (N, n_l) array a layer, layers 1 … L in order.

    None for a layer where the engine's form does not have that quantity.
    """

    z: Sequence[Any]
    a: Sequence[Any]
    loss_gradient: Sequence[Any]
    """dC/da^l. Where an engine fuses the output's dC/da with its slope, the last one is None."""
    delta: Sequence[Any]
    slopes: Sequence[Any] | None = None
    """∂a^l/∂z^l where they are kept; of softmax (N, n_l, n_l), [sample, j, i] = ∂a_i/∂z_j; None where fused."""
    ends: Any = None
    """The last factors of every path of an expanded chain rule: (N, n_L, terms of the loss)."""


@dataclass(frozen=True)
class Expanded:
    """Which weights an engine worked out, where it could not afford all: boolean arrays shaped as the weights."""

    weights: Sequence[Any]
    biases: Sequence[Any]
    said: str
    """One line for the report: "expanded 2,000 of 1,064,960 weights"."""


@dataclass(frozen=True)
class Gradient:
    """dC/dW^l as (n_l, n_{l-1}) and dC/db^l as (n_l,) or None, layers 1 … L in order: what an engine hands back.

    The numbers are those of the domain. `expanded` None means that every entry was computed. `trace` is optional.
    """

    weights: Sequence[Any]
    biases: Sequence[Any]
    trace: Trace | None = None
    expanded: Expanded | None = None


@dataclass(frozen=True)
class Address:
    """One entry of a gradient; 1-based, target first, as in the literature: `W2[1,3]`, `b2[1]`.

    >>> from backprove import Address
    >>> str(Address(layer=2, to=1, from_=3))
    'W2[1,3] (weights[1][0, 2])'
    >>> Address.of("b2[1]")
    Address(layer=2, to=1, from_=None)
    """

    layer: int
    to: int
    from_: int | None

    @classmethod
    def of(cls, label: str) -> "Address":
        """The address that is written like this. Raises ValueError where none is."""
        found = re.fullmatch(r"(W|b)([0-9]+)\[([0-9]+)(?:,([0-9]+))?\]", label)
        if not found or (found[1] == "W") != (found[4] is not None):
            raise ValueError(label)
        return cls(int(found[2]), int(found[3]), int(found[4]) if found[4] else None)

    @property
    def label(self) -> str:
        """As it is written: `W2[1,3]`, or `b2[1]`."""
        return f"b{self.layer}[{self.to}]" if self.from_ is None else f"W{self.layer}[{self.to},{self.from_}]"

    @property
    def index(self) -> str:
        """The same entry for a Python user: `weights[1][0, 2]`."""
        if self.from_ is None:
            return f"biases[{self.layer - 1}][{self.to - 1}]"
        return f"weights[{self.layer - 1}][{self.to - 1}, {self.from_ - 1}]"

    def __str__(self) -> str:
        return f"{self.label} ({self.index})"


def blocks(case: Case) -> Iterator[tuple[int, str, tuple[int, ...], int]]:
    """(layer, "W" or "b", shape, offset) of every block of a gradient flattened layer by layer, weights first."""
    offset = 0
    for l, layer in enumerate(case.layers, 1):
        yield l, "W", layer.weights.shape, offset
        offset += layer.weights.size
        if layer.bias is not None:
            yield l, "b", layer.bias.shape, offset
            offset += layer.bias.size


def address(case: Case, position: int) -> Address:
    """The address of one position of the flattened gradient. Raises IndexError beyond its end."""
    for l, kind, shape, offset in blocks(case):
        within = position - offset
        if kind == "b" and 0 <= within < shape[0]:
            return Address(l, within + 1, None)
        if kind == "W" and 0 <= within < shape[0] * shape[1]:
            return Address(l, within // shape[1] + 1, within % shape[1] + 1)
    raise IndexError(position)


def position(case: Case, entry: Address) -> int:
    """Where an address stands in the flattened gradient. Raises CaseError where the case has no such entry."""
    for l, kind, shape, offset in blocks(case):
        if l != entry.layer or (kind == "b") != (entry.from_ is None):
            continue
        integer(entry.to, "to", 1, shape[0], f"units of layer {l}")
        if entry.from_ is None:
            return offset + entry.to - 1
        integer(entry.from_, "from", 1, shape[1], f"units of layer {l - 1}" if l > 1 else "inputs")
        return offset + (entry.to - 1) * shape[1] + entry.from_ - 1
    integer(entry.layer, "layer", 1, len(case.layers), "layers of this network")
    raise CaseError("layer", f"layer {entry.layer} has no bias")
