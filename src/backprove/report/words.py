"""The words that every writer uses: groups, numbers, a case in a line."""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprove.findings import AtKink, CaseFinding, ComparisonReport, Disagreement, Report

MOST_NUMBERS = 64  # of one block that are shown


def safe(text: str) -> str:
    """Text from outside with control characters (terminal escapes among them) made visible."""
    return "".join(c if c == " " or unicodedata.category(c)[0] not in "CZ" else ascii(c)[1:-1] for c in text)


def count_of(count: int, name: str) -> str:
    """`1 network`, `1,200 entries`."""
    plural = name[:-1] + "ies" if name.endswith("y") else name + ("es" if name.endswith("s") else "s")
    return f"{count:,} {name if count == 1 else plural}"


def groups(found: Sequence[Sequence[str]]) -> str:
    """`neuron = paths ≠ matrix`."""
    return " ≠ ".join(" = ".join(safe(name) for name in members) for members in found)


def number(value: Any, digits: int = 17) -> str:
    """A number with up to `digits` significant digits; text as it is."""
    if isinstance(value, str):
        return safe(value)
    if value is None:
        return "–"
    if isinstance(value, int):  # a residue, which a float need not hold
        return str(value)
    if digits >= 17:
        text = repr(float(value))
        return text.removesuffix(".0")
    return f"{value:.{digits}g}"


def common(values: Sequence[Any]) -> str:
    """Numbers that agree, as one: with the digits that they share; those of each where that is hardly any."""
    for digits in range(17, 4, -1):
        said = {number(value, digits) for value in values}
        if len(said) == 1:
            return said.pop()
    return ", ".join(number(value) for value in values)


def fraction(value: float | None) -> str:
    """How much of the rounding bound a difference takes up."""
    return "no rounding" if value is None else f"{value:.2g} of the bound"


def times_the_bound(found: Disagreement) -> str:
    """The difference against what rounding explains."""
    if found.difference is None:
        return "these are different elements of the field of integers modulo 2^61 - 1"
    if found.radius is None:
        return f"difference {number(found.difference)}; nothing is rounded here"
    if isinstance(found.difference, str):
        return f"difference {number(found.difference)}, which no rounding explains"
    ratio = f"{float(found.fraction):.2g}" if found.fraction is not None else "–"
    return (
        f"difference {number(found.difference, 3)} is {ratio} times what rounding explains ({number(found.radius, 3)})"
    )


def sides_with(found: Disagreement) -> str:
    """The group that the loss sides with, by the oracles that can tell."""
    telling = [t for t in found.oracles if t.margin is not None]
    side = next((t.sides_with for t in telling if t.sides_with), [])
    return groups([side]) if side else "no engine" if telling else "nobody: the oracles cannot tell"


def testimonies(found: Disagreement) -> list[tuple[str, str, str]]:
    """(oracle, its value, how much farther off the others are) where engines differ."""
    rows = []
    for t in found.oracles:
        at = "" if t.address == found.address else f" for {t.address}"
        margin = "cannot tell"
        if t.margin is not None:
            who = "the others are" if t.sides_with else "they are"
            margin = f"{who} {number(t.margin, 2)} times as far off"
        rows.append((t.oracle, f"{number(t.value)} ± {number(t.error, 2)}{at}", margin))
    return rows


def network(case: dict[str, Any]) -> str:
    """A case in a line: `2-3-1, sigmoid, identity; half squared error …`."""
    sizes = [len(case["layers"][0]["weights"][0]), *(len(layer["weights"]) for layer in case["layers"])]
    names = ", ".join(layer["activation"] for layer in case["layers"])
    loss, scale = case["loss"]["name"], case["loss"].get("scale", "1")
    scaled = loss if scale == "1" else f"{scale} {loss}"
    kink = f", kink {case['kink']}" if case.get("kink") else ""
    N = len(case["inputs"])
    return f"{'-'.join(map(str, sizes))} ({names}), {scaled}, {case['reduction']} over {count_of(N, 'sample')}{kink}"


def numbers(case: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, values) of every block of numbers of a case."""
    rows = []
    for l, layer in enumerate(case["layers"], 1):
        rows.append((f"W{l}", _block(layer["weights"])))
        if layer["bias"] is not None:
            rows.append((f"b{l}", _block(layer["bias"])))
    return [*rows, ("inputs", _block(case["inputs"])), ("targets", _block(case["targets"]))]


def _block(values: Any) -> str:
    size = np.shape(values)
    if math.prod(size) > MOST_NUMBERS:
        return f"{' × '.join(map(str, size))} numbers, in the recorded case"
    return "[" + ", ".join(_block(v) if isinstance(v, list) else number(v) for v in values) + "]"


def agreement(report: Report) -> str:
    """The verdict of a run in a sentence."""
    where = f"{count_of(report.entries, 'gradient entry')} of {count_of(report.networks, 'network')}"
    if report.verdict == "AGREE":
        return f"{groups(report.groups)} on {where}"
    if report.verdict == "DISAGREE":
        networks = sum(d.disagreeing_networks for d in report.domains)
        networks += report.oracles.disagreeing_networks if report.oracles else 0
        return f"{groups(report.groups)} on {networks:,} of {count_of(report.networks, 'network')}"
    if not report.entries:
        return "nothing was compared"
    own = {name: c for d in report.domains for name, c in d.conventions.items()}
    but = "".join(f"; {safe(name)} agrees but for the convention at kinks (relu'(0) = {c})" for name, c in own.items())
    undecided = sum(d.undecided_entries for d in report.domains)
    return f"{undecided:,} of {where} undecided; nothing disagrees{but}"


def at_kink(found: AtKink) -> str:
    """`W1[1,1] of 1-1 (relu), …: anything from -2 to 0; neuron 0, mine -2`."""
    where = f" of {network(found.case)}" if found.case else ""
    says = ", ".join(f"{safe(name)} {number(value, 6)}" for name, value in found.values.items())
    ends = f"from {number(found.low, 6)} to {number(found.high, 6)}{'' if found.exact else ' at most'}"
    return f"{found.address}{where} may be anything {ends}: {says}"


def undecided(reasons: dict[str, int]) -> str:
    """Why entries stayed undecided: `12 entries: kink; 1 entry: range`."""
    return "; ".join(f"{count_of(count, 'entry')}: {safe(reason)}" for reason, count in reasons.items())


def compared(report: ComparisonReport) -> str:
    """The verdict on given cases in a sentence."""
    slips = sum(not p.reproduced for case in report.cases for p in case.published)
    checked = sum(len(case.published) for case in report.cases)
    engines = "the engines agree" if all(c.engines_verdict == "AGREE" for c in report.cases) else "see each"
    published = f"{checked - slips:,} of {checked:,} published numbers reproduced" if checked else "nothing published"
    lost = f"; {len(report.troubles):,} could not be compared" if report.troubles else ""
    return f"{count_of(len(report.cases), 'case')}: {engines}; {published}{lost}"


def reproduced(case: CaseFinding) -> str:
    """How many of the numbers that the source printed are reproduced."""
    slips = sum(not p.reproduced for p in case.published)
    return f"{len(case.published) - slips:,} of {len(case.published):,} published numbers reproduced"


def published_rows(case: CaseFinding) -> list[list[str]]:
    """(what, printed, recomputed, whether that is the same) of every number that the source printed."""
    rows = []
    for p in case.published:
        digits = max(10, sum(c.isdigit() for c in p.printed.lower().split("e")[0].lstrip("-+0.")) + 2)
        said = "reproduced" if p.reproduced else "NOT reproduced" + (f", but by {p.mistake}" if p.mistake else "")
        rows.append([p.label, p.printed, number(p.recomputed, min(digits, 17)), said])
    return rows
