"""What stayed UNDECIDED at kinks, and by which convention of its own an engine differs there."""

from dataclasses import dataclass
from fractions import Fraction

from backprove.case import case_to
from backprove.compare import Comparison
from backprove.findings import AtKink, plain


@dataclass
class Convention:
    """What an engine can take relu'(0) to be, by the networks with kinks where engines differ."""

    possible: frozenset[Fraction] | None = None
    follows_the_case: bool = True

    def seen(self, own: tuple[Fraction, ...], asked: Fraction) -> None:
        self.possible = frozenset(own) if self.possible is None else self.possible & frozenset(own)
        self.follows_the_case &= asked in own

    def add(self, other: "Convention") -> None:
        if other.possible is not None:
            self.possible = other.possible if self.possible is None else self.possible & other.possible
        self.follows_the_case &= other.follows_the_case

    @property
    def said(self) -> str:
        """The convention, where it is the engine's own and one only."""
        return "" if self.follows_the_case or len(self.possible or ()) != 1 else str(*(self.possible or ()))


def at_kinks(comparison: Comparison, *, most: int | None = None, case: bool = False) -> list[AtKink]:
    """Entries left UNDECIDED at kinks, as data."""
    exact = comparison.subgradients is not None and comparison.subgradients.exact
    return [
        AtKink(
            address=at.label,
            low=plain(low),
            high=plain(high),
            exact=exact,
            values={name: plain(float(value)) for name, value in values.items()},
            case=case_to(comparison.case) if case else None,
        )
        for at, low, high, values in comparison.at_kinks()[:most]
    ]
