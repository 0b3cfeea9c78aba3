"""A right formula that is numerically weak, told from a wrong one by experiment.

What rounding explains is derived for the textbooks' forms; a form that is right on paper may lose more digits (1 - a
where a is nearly 1, exp without a shift). On the way from a mild network, where nothing is near 1 or near overflow, to
the one that shows a difference

    a wrong formula      differs on mild networks too, or its difference sets in and then follows the weights smoothly
    a weak one           agrees at first, and once it differs, the difference is rounding: it jumps about however little
                         the weights move; or it leaves the range of its numbers, where units are saturated

What jumps goes up and down several times on a way so short that a smooth difference is monotone there, or nearly.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprove.case import Case
from backprove.compare import ARITHMETIC, Comparison, Pair
from backprove.domains import Domain
from backprove.generate import between, mild
from backprove.rounding import analyse, forward
from backprove.verdict import Verdict

LOSES, OVERFLOWS, SATURATED = "loses-precision", "overflows", "differs-when-saturated"
MILD = 2
STRIDES, HALVINGS = 12, 14
CLEAR = -1 / 5  # u to this, times the bound: what the other engines lose no longer counts, and digits are left
STEPS, WAY, NEAR = 32, 2.0, 2.0**-12
STRAIGHT, TURNS, REVERSALS = 2.0, 2.5, 4
TOLD, TOLD_SMOOTH = 4.0, 16.0  # times the bound: below, what goes to and fro, or hides it, may be the others' rounding
ONSET, JUMP = 2.0**20, 2.0**15  # times the bound: rounding does not set in with so much; what overflows does

WITHOUT_EXP = {"identity", "relu", "leaky_relu", "square"}

Again = Callable[[Case], Comparison]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weakness:
    """Why engines differ on a network that may compute the same function.

    `kind`: LOSES, OVERFLOWS or SATURATED; "" where the experiment does not tell. `lost`: decimal digits lost beyond
    what rounding explains, at the worst entry; infinite where none is left. `difference`: the largest there is.
    """

    kind: str
    lost: float
    difference: float


def weakness(found: Comparison, again: Again) -> Weakness | None:
    """What explains the disagreements of a comparison, or None: the formulas differ.

    `again` makes the same comparison on another network of the same shape.
    """
    if found.domain.unit_roundoff is None or found.verdict is not Verdict.DISAGREE or _failed(found):
        return None
    agreed = False
    for seed in range(MILD):
        verdict = again(mild(found.case, seed, zeros=True)).verdict
        if verdict is Verdict.DISAGREE:
            return None
        agreed |= verdict is Verdict.AGREE
    return _met(found, again) if agreed else _of("", found)


def jumps(case: Case, again: Again) -> bool:
    """Whether engines that differ on a mild network do so by rounding, at all precisions: their difference jumps."""
    at = again(case)
    if at.verdict is not Verdict.DISAGREE or at.failures or not _finite(at):
        return False
    on = _steps(case, mild(case, MILD, zeros=True), 0.0, at, again)
    if not all(_finite(one) for one in on):
        return False
    turns, reversals = _turns(on, *_worst(at))
    return _jumping(turns, reversals)


def _jumping(turns: float, reversals: int) -> bool:
    """Whether a difference that moves by its own size on so short a way does so by rounding.

    Far to and fro some times, or less far at a third of the steps: rounding that grows along the way has a last leap as
    large as the others together, but still turns at two steps of three, which nothing smooth does.
    """
    return (turns > TURNS and reversals >= REVERSALS) or (turns > STRAIGHT and reversals >= STEPS // 3)


def _met(found: Comparison, again: Again) -> Weakness | None:
    """What the difference is like where it sets in."""
    start = mild(found.case, zeros=True)
    onset, at = _onset(start, found, again)
    if not _finite(at) and not _failed(at):
        return _of(OVERFLOWS, found) if _saturated(at) else None
    on = _steps(start, found.case, onset, at, again)
    if any(_failed(one) for one in on):
        return None
    if odd := [one for one in on if not _finite(one)]:
        return _of(OVERFLOWS, found) if _saturated(odd[0]) else None
    pair, entry = _worst(at)
    (turns, reversals), fraction = _turns(on, pair, entry), pair.fraction[entry]
    if _jumping(turns, reversals) and TOLD < fraction < ONSET:
        return _of(LOSES if _finite(found) else OVERFLOWS, found)
    if _saturated(at) and _negligible(found):
        return _of(SATURATED, found)
    open_ = (turns > STRAIGHT and fraction < ONSET) or fraction < TOLD_SMOOTH
    if not open_:
        # What exp makes of an overflow may be a number again; it sets in all at once, where exp overflows.
        return _of(OVERFLOWS, found) if fraction >= JUMP and _overflowing(at) else None
    return _of("" if _finite(found) or not _saturated(found) else OVERFLOWS, found)


def _steps(start: Case, end: Case, way: float, at: Comparison, again: Again) -> list[Comparison]:
    """Comparisons at and after a point of the way, close enough for a smooth function to be nearly straight."""
    step = WAY / STEPS / _speed(start, end, way, at.domain)
    return [at, *(again(between(start, end, way + i * step)) for i in range(1, STEPS + 1))]


def _speed(start: Case, end: Case, way: float, domain: Domain) -> float:
    """By how much net inputs change along the way, at most, and at least 1."""
    here, there = (forward(between(start, end, at), domain).z for at in (way, way + NEAR))
    changes = [np.abs(b.value - a.value).max() / NEAR for a, b in zip(here, there, strict=True)]
    return max(1.0, *(float(change) for change in changes if np.isfinite(change)))


def _of(kind: str, found: Comparison) -> Weakness:
    if not _finite(found):
        return Weakness(kind, math.inf, math.inf)
    pair, entry = _worst(found)
    values = [abs(_value(found, name, entry)) for name in (pair.first, pair.second)]
    difference = max(float(_differences(pair, found).max()) for pair in _differing(found))
    # The best of the two may have digits of which the other has none.
    left = _differences(pair, found)[entry] < max(values)
    return Weakness(kind, math.log10(pair.fraction[entry]) if left else math.inf, difference)


def _onset(start: Case, found: Comparison, again: Again) -> tuple[float, Comparison]:
    """About where on the way the difference first gets as large as it is, or clear; and the comparison there."""
    level = min((found.domain.unit_roundoff or 1) ** CLEAR, _fraction(found) / 2)
    low, high, at = 0.0, 1.0, found
    for i in range(1, STRIDES):  # halving alone would settle anywhere: the difference comes and goes
        one = again(between(start, found.case, i / STRIDES))
        if _fraction(one) > level:
            high, at = i / STRIDES, one
            break
        low = i / STRIDES
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        one = again(between(start, found.case, middle))
        if _fraction(one) > level:
            high, at = middle, one
        else:
            low = middle
    return high, at


def _differing(one: Comparison) -> list[Pair]:
    return [pair for pair in one.pairs if pair.verdict is Verdict.DISAGREE]


def _worst(one: Comparison) -> tuple[Pair, int]:
    pair = max(_differing(one), key=lambda pair: float(_counted(pair).max()))
    return pair, int(_counted(pair).argmax())


def _counted(pair: Pair) -> Float:
    """Fractions of the bound where a pair disagrees; infinite where a number is none."""
    differs = pair.compared & (pair.verdicts == Verdict.DISAGREE)
    return np.where(differs, np.where(np.isnan(pair.fraction), np.inf, pair.fraction), 0.0)


def _fraction(one: Comparison) -> float:
    if one.failures:
        return math.inf
    return max((float(_counted(pair).max()) for pair in _differing(one)), default=0.0)


def _failed(one: Comparison) -> bool:
    """Whether an engine failed by more than its arithmetic."""
    return any(one.outcomes[name].kind not in ARITHMETIC for name in one.failures)


def _finite(one: Comparison) -> bool:
    values = [o.values for o in one.outcomes.values() if o.values is not None]
    return not one.failures and all(np.isfinite(v).all() for v in values)


def _saturated(one: Comparison) -> bool:
    """Whether a unit made of exp has so large a net input that 1 + exp(-|z|) is 1, or a softmax two so far apart:
    below, nothing made of it overflows, nor is divided by 0.
    """
    limit = -math.log(one.domain.unit_roundoff or 1)
    for name, z in _exponents(one):
        apart = np.ptp(z, axis=-1) if name == "softmax" else 0.0
        if max(float(np.abs(z).max()), float(np.max(apart))) > limit:
            return True
    return False


def _exponents(one: Comparison) -> list[tuple[str, Float]]:
    """(activation, z) of every layer whose units are made of exp."""
    layers = zip(one.case.layers, forward(one.case, one.domain).z, strict=True)
    return [(layer.activation, z.value) for layer, z in layers if layer.activation not in WITHOUT_EXP]


def _negligible(found: Comparison) -> bool:
    """Whether the differences are what paths through a saturated unit, whose slope is at most u, add up to at most."""
    case, u = found.case, found.domain.unit_roundoff or 0
    most = u * len(case.inputs) * math.prod(case.sizes[1:]) * analyse(case, found.domain).largest
    return all(bool((_differences(pair, found) <= most).all()) for pair in _differing(found))


def _differences(pair: Pair, one: Comparison) -> Float:
    """Per entry; 0 where the pair does not disagree."""
    first, second = (np.asarray(one.outcomes[name].values, dtype=np.float64) for name in (pair.first, pair.second))
    return np.where(_counted(pair) > 0, np.abs(first - second), 0.0)


def _overflowing(one: Comparison) -> bool:
    """Whether a net input is about where exp overflows, or underflows to 0."""
    shares = [np.abs(z) / math.log(one.domain.huge) for _, z in _exponents(one)]
    return any(bool(((share > 0.98) & (share < 1.1)).any()) for share in shares)


def _turns(on: list[Comparison], pair: Pair, entry: int) -> tuple[float, int]:
    """How far the difference goes up and down on a short way, over the distance between its ends (1 where it is
    monotone, 0 where it moves by less than three quarters of its size); and how often it changes direction.
    """
    first, second = (np.array([_value(one, name, entry) for one in on]) for name in (pair.first, pair.second))
    difference = first - second
    span, steps = float(np.ptp(difference)), np.diff(difference)
    direction = np.sign(steps[steps != 0])
    turns = float(np.abs(steps).sum()) / span if span > 0.75 * float(np.abs(difference).max()) else 0.0
    return turns, int((np.diff(direction) != 0).sum())


def _value(one: Comparison, name: str, entry: int) -> float:
    values = one.outcomes[name].values
    assert values is not None
    return float(values[entry])
