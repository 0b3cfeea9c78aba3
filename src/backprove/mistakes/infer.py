"""Parameters worked out from the numbers: the learning rate of updated-weights, the constant of factor.

Each telling entry of each network leaves an interval to a parameter; where they have nothing in common, no value of it
explains the numbers. Of what they have in common the simplest number is taken, and how far it may be off is kept.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from backprove.mistakes.gradients import Factor
from backprove.mistakes.mistake import EVERY, OUTPUT, Mistake, Planted, at, ordered
from backprove.mistakes.network import Network
from backprove.mistakes.propagation import Rate
from backprove.rounding import Float, Mask

Interval = tuple[float, float]
# Powers of N and K that a factor may have, the simplest first.
POWERS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1))
MOST_BELOW = 64  # largest denominator of a constant that is said as a fraction


def inferred(
    mistake: Mistake, networks: Sequence[Network], others: Sequence[Planted] = (), *, at_output: bool = False
) -> Iterator[Planted]:
    """The mistake with the parameters that explain the numbers, if any, beside `others`; the simplest first.

    `at_output`: a factor of every layer, read off the output layer alone.
    """
    if mistake.inferred == "rate":
        yield from _rates(mistake, networks, others)
    else:
        for where in (EVERY,) if at_output else mistake.parameters["where"]:
            yield from _factors(mistake, networks, others, where, OUTPUT if at_output else where)


def _rates(mistake: Mistake, networks: Sequence[Network], others: Sequence[Planted]) -> Iterator[Planted]:
    none, one = (mistake.planted(rate=Rate(x)) for x in (0.0, 1.0))
    found = None
    for network in networks:
        # In layer L-1 the numbers are linear in the rate.
        place = _places(network, [len(network.case.layers) - 1])
        if not place.any():
            continue
        (x, r), (y, s) = (network.passed(ordered((*others, p)), -1).flat() for p in (none, one))
        within = _slopes(network.values[place] - x[place], (y - x)[place], (r + network.lost)[place], (r + s)[place])
        found = _common(found, within)
        if found is not None and found[0] > found[1]:
            return
    if found is not None:
        rate, off = _simplest(found)
        if rate:
            yield mistake.planted(rate=Rate(rate, off))


def _slopes(rise: Float, run: Float, fixed: Float, growing: Float) -> Interval | None:
    """The x for which rise = x run, with radii `fixed` of rise and `growing` of run; None where nothing tells."""
    with np.errstate(all="ignore"):
        telling = (np.abs(run) > 4 * growing) & np.isfinite(growing) & np.isfinite(fixed)
        if not telling.any():
            return None
        rise, run, fixed, growing = (part[telling] for part in (rise, run, fixed, growing))
        x = rise / run
        best = np.abs(x[np.argmin((fixed + growing) / np.abs(run))])
        width = 2 * (fixed + 2 * best * growing) / np.abs(run)
        return float((x - width).max()), float((x + width).min())


def _factors(
    mistake: Mistake, networks: Sequence[Network], others: Sequence[Planted], where: str, seen: str
) -> Iterator[Planted]:
    found: dict[tuple[int, int], Interval] = {}
    left, informed = list(POWERS), False
    for network in networks:
        P = network.passed(tuple(others), -1)
        place = _places(network, [l for l in range(1, P.L + 1) if at(seen, P, l)])
        x, r = P.flat()
        rise, run = network.values[place], x[place]
        within = _slopes(rise, run, 2 * network.problem.held.u * np.abs(rise) + network.lost[place], r[place])
        if within is None:
            continue
        informed = True
        N, K = network.case.targets.shape
        for power in tuple(left):
            scale = float(N) ** power[0] * float(K) ** power[1]
            common = _common(found.get(power), (within[0] / scale, within[1] / scale))
            if common is None or common[0] > common[1]:
                left.remove(power)
            else:
                found[power] = common
        if not left:
            return
    for power in left if informed else ():
        constant, off = _simplest(found[power])
        factor = Factor(constant, *power, off)
        every = {factor.of(*network.case.targets.shape) for network in networks}
        # 1 is no mistake, 0 another, and so is -1 in every layer.
        if every != {1.0} and every != {0.0} and (every != {-1.0} or where != EVERY):
            yield mistake.planted(factor=factor, where=where)


def _places(network: Network, layers: Sequence[int]) -> Mask:
    """Which entries of the flat gradient belong to these layers."""
    mask = np.zeros(network.case.entries, dtype=bool)
    for l, _, place in network.problem.places:
        mask[place] = l in layers
    return mask


def _common(first: Interval | None, second: Interval | None) -> Interval | None:
    if first is None or second is None:
        return second if first is None else first
    return max(first[0], second[0]), min(first[1], second[1])


def _simplest(within: Interval) -> tuple[float, float]:
    """(the simplest number of an interval, how far it may be off): small fractions and short decimals are meant."""
    low, high = within
    middle = (low + high) / 2
    if not np.isfinite(middle):
        return 0.0, 0.0
    fraction = Fraction(middle).limit_denominator(MOST_BELOW)
    if low <= fraction <= high:
        return float(fraction), 0.0
    for digits in range(1, 10):
        short = float(f"{middle:.{digits}g}")
        if low <= short <= high:
            return short, 0.0
    return middle, (high - low) / 2
