"""What an answer may rest on: rows that were judged in this run, and recorded runs of formulations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from backprove.case import Case, Layer, Loss
from backprove.derivation import formula, record
from backprove.engines import Engine
from backprove.findings import Evidence, ReadingFinding, RowFinding


@dataclass
class Facts:
    """The judged rows by id, and the seed."""

    rows: Mapping[str, RowFinding]
    seed: int
    lacking: list[str] = field(default_factory=list)
    """What an answer rests on and was not found so."""
    timing: dict[str, float] = field(default_factory=dict)

    def reading(self, name: str) -> ReadingFinding:
        """`row/reading`."""
        row = self.rows[name.partition("/")[0]]
        return next(r for r in row.readings if r.name == name)

    def agrees(self, *names: str) -> None:
        """Note which of these readings do not agree with the engines."""
        self._verdict("AGREE", names)

    def disagrees(self, *names: str) -> None:
        """Note which of these readings do not disagree with the engines."""
        self._verdict("DISAGREE", names)

    def _verdict(self, wanted: str, names: tuple[str, ...]) -> None:
        self.lacking += [
            f"{name} is {found}, not {wanted}" for name in names if (found := self.reading(name).verdict) != wanted
        ]

    def holds(self, so: bool, what: str) -> None:
        """Note what the answer rests on where it is not so."""
        self.lacking += [] if so else [what]

    def networks(self, *names: str) -> int:
        return sum(d.networks for name in names for d in self.reading(name).domains)

    def chance(self, *names: str) -> float:
        """The largest probability that formulas which differ agreed in a field."""
        found = [d.false_agreement_probability for name in names for d in self.reading(name).domains]
        return max((p for p in found if p is not None), default=1.0)

    def disagreeing(self, *names: str) -> int:
        return sum(d.disagreeing_networks for name in names for d in self.reading(name).domains)

    def of_kind(self, row: str, kind: str) -> list[str]:
        """The readings of a row that are of one kind."""
        return [r.name for r in self.rows[row].readings if r.kind == kind]

    def row(self, row: str, says: str) -> Evidence:
        """A table of all readings of a row."""
        return self.verdicts(says, *(r.name for r in self.rows[row].readings))

    def verdicts(self, says: str, *names: str) -> Evidence:
        """A table of readings; of one row, by their own names. `chance`: of agreeing in a field by accident."""
        common = {name.partition("/")[0] for name in names}
        prefix = f"{common.pop()}/" if len(common) == 1 else ""
        rows = [[name.removeprefix(prefix), *self._row(name)] for name in names]
        return Evidence(says=says, head=["reading", "verdict", "networks", "disagree", "chance"], rows=rows)

    def _row(self, name: str) -> list[str]:
        r = self.reading(name)
        chances = [d.false_agreement_probability for d in r.domains if d.false_agreement_probability is not None]
        wrong = self.disagreeing(name)
        chance = f"{max(chances):.1e}" if chances and r.verdict == "AGREE" else "–"
        return [r.verdict, f"{self.networks(name):,}", f"{wrong:,}", chance]


def small(*biases: bool) -> Case:
    """A 2-2-2 sigmoid network of plain numbers, one sample, half squared error; with biases in either layer, or not."""
    W1, W2 = np.array([[0.5, -0.25], [1.0, 0.75]]), np.array([[1.0, -0.5], [0.25, 0.75]])
    b1, b2 = np.array([0.25, -0.5]), np.array([0.5, -0.25])
    parts = zip((W1, W2), (b1, b2), biases, strict=True)
    layers = tuple(Layer(W, b if biased else None, "sigmoid") for W, b, biased in parts)
    return Case(layers, np.array([[1.0, 0.5]]), np.array([[1.0, 0.0]]), Loss("squared_error", Fraction(1, 2)))


def written(engine: Engine, case: Case, layer: int, unit: int, quantity: str = "delta") -> str:
    """How an engine or formulation made delta (or dC/da) of a unit of the first sample, in the names of the case."""
    gradient = record(engine, case)
    rows = getattr(gradient.trace, quantity)[layer - 1]
    return formula(rows[0][unit - 1]).text
