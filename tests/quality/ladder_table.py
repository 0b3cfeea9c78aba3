"""The ladder as a table for people: which rung caught which fault, and why the others did not."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from quality.faults import OVERFLOWING
from quality.ladder import IN_ALL, NETWORKS, NO_EFFECT, NOT_FOUND, RUNGS, UNDECIDED, Cell


class Reason(NamedTuple):
    """Why a rung does not find a fault; test_ladder.py checks each."""

    text: str
    holds: Callable[[str, str, Cell], bool]
    """Of a fault, a rung and its cell."""


NOT_RATIONAL = ("tanh", "sigmoid", "softmax", "gelu", "elu", "silu", "softplus", "unmatched", "target", "y-minus")
SMALL = ("sigmoid-slope-off-2**-30", "one-weight-off-1e-11")
NAN = ("relu-dead-nan", OVERFLOWING.name)
FREE_TARGETS = "y-minus-t"
AT_KINK = "relu-slope-2-at-the-kink"

LACKED = Reason(
    "fractions have no exp, hence no such activation",
    lambda fault, rung, cell: rung == "rational" and cell == NO_EFFECT and fault.startswith(NOT_RATIONAL),
)
SHARED = Reason(
    "all engines make the same mistake, so they agree",
    lambda fault, rung, cell: fault.endswith(IN_ALL) and cell == NOT_FOUND,
)
ROUNDED = Reason(
    "float32 rounds the share by which it is off away",
    lambda fault, rung, cell: rung == "float32" and cell == NO_EFFECT and fault in SMALL,
)
NOT_SURE = Reason(
    "off by less than 1,000 errors of the less sharp oracle, which is when all are sure",
    lambda fault, rung, cell: rung == "oracles" and cell == NOT_FOUND and fault in SMALL,
)
SUM_TO_1 = Reason(
    "right where targets sum to 1, and only in a field are others drawn",
    lambda fault, rung, cell: fault == FREE_TARGETS and cell == NO_EFFECT,
)
NO_ZERO = Reason(
    "a field's random numbers do not meet the 0 of a kink",
    lambda fault, rung, cell: fault == AT_KINK and rung == "modular" and cell == NO_EFFECT,
)
NO_SLOPE = Reason(
    "at a kink the loss has no one slope",
    lambda fault, rung, cell: fault == AT_KINK and rung == "oracles",
)
NOT_ITSELF = Reason(
    "NaN differs from itself, so that the engine is caught before the oracles are asked",
    lambda fault, rung, cell: fault in NAN and rung == "oracles",
)
ANYTHING = Reason(
    "NaN as an enclosure may be any number: undecided, never agreement",
    lambda fault, rung, cell: fault in NAN and cell == UNDECIDED,
)
NO_LIMIT = Reason(
    "nothing overflows there",
    lambda fault, rung, cell: fault == OVERFLOWING.name and cell == NO_EFFECT,
)
REASONS = (LACKED, SHARED, ROUNDED, NOT_SURE, SUM_TO_1, NO_ZERO, NO_SLOPE, NOT_ITSELF, ANYTHING, NO_LIMIT)


def reason(fault: str, rung: str, cell: Cell) -> Reason | None:
    """Why a rung did not find a fault: the first reason that fits."""
    return next((known for known in REASONS if known.holds(fault, rung, cell)), None)


def only(cells: dict[str, Cell]) -> str:
    """The one kind of evidence that found a fault, or ""; both floating-point domains are one kind."""
    found = {RUNGS[rung].split(" (")[0] for rung, cell in cells.items() if isinstance(cell, int)}
    return found.pop() if len(found) == 1 else ""


def table(ladder: dict[str, dict[str, Cell]]) -> Iterator[str]:
    """Lines of Markdown: for each fault and rung the network that showed it, or a letter that says why none did."""
    used: list[Reason] = []

    def said(fault: str, rung: str, cell: Cell) -> str:
        if isinstance(cell, int):
            return str(cell)
        why = reason(fault, rung, cell)
        if why is None:
            return cell
        if why not in used:
            used.append(why)
        return f"– {chr(ord('a') + used.index(why))}"

    yield "| planted fault | " + " | ".join(RUNGS.values()) + " | caught only by |"
    yield "| --- " + "| ---: " * len(RUNGS) + "| --- |"
    for fault, cells in ladder.items():
        row = [said(fault, rung, cell) for rung, cell in cells.items()]
        yield f"| {fault} | " + " | ".join(row) + f" | {only(cells)} |"
    yield ""
    yield f"A number: found, on that network first of the {NETWORKS} drawn for the rung. –: not found, since"
    yield ""
    for letter, why in enumerate(used):
        yield f"- {chr(ord('a') + letter)}: {why.text}"
