"""A known mistake as data: the steps of the backward pass that it replaces, and the words that explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from backprove.case import Case
from backprove.domains import Domain
from backprove.mistakes.backward import FLOAT64, STAGES, Pass, Problem
from backprove.mistakes.bounded import Bounded
from backprove.rounding import Float

Chosen = Mapping[str, Any]
Right = Callable[[], Bounded]
Replacement = Callable[[Pass, int, Right, Chosen], Bounded]
"""(pass, layer, the step without this mistake, parameters) -> what the step gives instead."""

EVERY, HIDDEN, OUTPUT = "every layer", "hidden layers", "output layer"
WHERE = (EVERY, HIDDEN, OUTPUT)


def at(where: str, P: Pass, l: int) -> bool:
    """Whether layer l is among the layers that a parameter names."""
    return where == EVERY or (where == OUTPUT) == (l == P.L)


@dataclass(frozen=True, eq=False)
class Mistake:
    """One way to get the gradient wrong.

    `wrong` is its formula, or one for each value of its first parameter, in which ⟨name⟩ stands for another parameter's
    value. Where a replacement does not fit a layer (shapes, activations) that step stays right.
    """

    id: str
    replaces: Mapping[str, Replacement]
    wrong: str | Mapping[str, str]
    right: str
    explanation: str
    seen: str
    """How often, in some seventy public programs of which 38 were wrong; counts of one row may be shared."""
    hides: str
    """What keeps it from showing."""
    needs: str = ""
    """Which networks it is possible on; "": all."""
    parameters: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Name → its values, the most usual first."""
    inferred: str = ""
    """The parameter that is worked out from the numbers."""
    same_as: tuple[str, ...] = ()
    """Mistakes whose numbers are always the same."""
    poses: Callable[[Case, Chosen], Case] | None = None
    """The problem whose gradient it works out, where that is another than was posed."""
    looks_ahead: bool = False
    """Whether it uses gradients before all deltas are there."""

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(self.replaces)

    @property
    def stage(self) -> int:
        """The first stage of the pass that it may change; -1 where it changes the problem."""
        return -1 if self.poses else min(STAGES[step] for step in self.replaces)

    def planted(self, **parameters: Any) -> Planted:
        """This mistake with its parameters chosen. Raises ValueError for what it does not have."""
        for name, value in parameters.items():
            if name not in self.parameters:
                raise ValueError(f"{self.id} has no parameter {name}; it has {', '.join(self.parameters) or 'none'}")
            if name != self.inferred and value not in self.parameters[name]:
                raise ValueError(
                    f"{self.id}: {name} {value!r} is not one of {', '.join(map(str, self.parameters[name]))}"
                )
        return Planted(self, {name: values[0] for name, values in self.parameters.items()} | parameters)

    def variants(self) -> Iterator[Planted]:
        """This mistake with every choice of its parameters, the most usual first."""
        for values in product(*self.parameters.values()):
            yield Planted(self, dict(zip(self.parameters, values, strict=True)))

    def applies(self, case: Case) -> bool:
        """Whether it replaces anything in this network, with any choice of its parameters."""
        return any(p.applies(case) for p in self.variants())


@dataclass(frozen=True, eq=False)
class Planted:
    """A mistake with its parameters chosen."""

    mistake: Mistake
    chosen: Chosen

    def posed(self, case: Case) -> Case:
        return case if self.mistake.poses is None else self.mistake.poses(case, self.chosen)

    def applies(self, case: Case) -> bool:
        """Whether it replaces anything in this network."""
        P = Pass(Problem(case), (self,))
        P.flat()
        return bool(P.touched)

    @property
    def wrong(self) -> str:
        """Its formula with these parameters."""
        wrong = self.mistake.wrong
        text = wrong if isinstance(wrong, str) else wrong[next(iter(self.chosen.values()))]
        for name, value in self.chosen.items():
            text = text.replace(f"⟨{name}⟩", str(value))
        return text

    @property
    def label(self) -> str:
        """`single-path (unit: first)`."""
        said = ", ".join(f"{name}: {value}" for name, value in self.chosen.items())
        return f"{self.mistake.id} ({said})" if said else self.mistake.id

    def __repr__(self) -> str:
        return self.label


def gradient(
    case: Case, mistakes: Sequence[Mistake | Planted] = (), domain: Domain = FLOAT64, **parameters: Any
) -> Float:
    """The flat gradient, in the order of `backprove.case.blocks`, with some mistakes in it; none: the right one.

    `parameters` go to every mistake that has one of that name; the most usual value otherwise.
    """
    return Pass(Problem(case, domain), planting(mistakes, parameters)).flat()[0]


def planting(mistakes: Sequence[Mistake | Planted], parameters: Chosen) -> tuple[Planted, ...]:
    """Every mistake with its parameters, in the order in which a pass meets them."""
    for name in parameters:
        if not any(isinstance(m, Mistake) and name in m.parameters for m in mistakes):
            raise ValueError(f"none of these mistakes has a parameter {name}")
    planted = [
        m if isinstance(m, Planted) else m.planted(**{k: v for k, v in parameters.items() if k in m.parameters})
        for m in mistakes
    ]
    return ordered(planted)


def ordered(planted: Iterable[Planted]) -> tuple[Planted, ...]:
    """In the order in which a pass meets them."""
    return tuple(sorted(planted, key=lambda p: p.mistake.stage))
