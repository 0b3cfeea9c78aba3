"""What is worth a word beside a derivation: paths, kinks, terms of the loss, and values that say little."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backprove.case import Address, Case, Trace, position
from backprove.derivation import textbook
from backprove.domains import DOMAINS
from backprove.findings import PathsWalk
from backprove.rounding import exact_zeros, subgradients

FLOAT64 = DOMAINS["float64"]
READABLE = 10**15


def count_in_words(count: int) -> str:
    """`1,200`; of very many, their order of size."""
    return f"{count:,}" if count < READABLE else f"about {count:.1e}"


def remarks(
    case: Case, entry: Address, chain: PathsWalk, judged: Mapping[str, Any], trace: Trace, n: int
) -> Iterator[str]:
    """One line each; `judged`: what the comparator says of the entry; `trace`: that of engine `paths`; of sample n
    (0-based).
    """
    yield from _paths(case, entry, chain.paths, trace)
    yield from _units(case, entry, trace, n)
    last, loss = case.layers[-1].activation, case.loss.name
    if len(chain.shown) and chain.shown[0].term and (said := textbook.taken_apart(last, loss, len(case.layers))):
        yield said
    if any(layer.activation == "gelu" for layer in case.layers[entry.layer - 1 :]):
        yield "Φ and φ are the distribution and the density of the normal distribution"
    yield from _kinks(case, entry)
    yield from _little(judged)


def _paths(case: Case, entry: Address, paths: int, trace: Trace) -> Iterator[str]:
    beyond = case.sizes[entry.layer + 1 :]
    if len(beyond) > 1 and (count := math.prod(beyond)) > 1:
        shown = " · ".join(map(str, beyond)) if len(beyond) <= 12 else "the product of their sizes"
        yield (
            f"layer {entry.layer} is {len(beyond)} layers from the output: each layer on the way adds two factors to "
            f"every path, a weight and a slope, and makes as many paths of one as it has units: {shown} = "
            f"{count_in_words(count)}. 'Just two more factors' is one path of the sum."
        )
    elif len(beyond) > 1:
        yield (
            f"layer {entry.layer} is {len(beyond)} layers from the output: each layer on the way adds two factors, a "
            "weight and a slope; with one unit a layer there is one path only, and no sum"
        )
    slopes = trace.slopes or ()
    if any(slope is not None and slope.ndim == 3 for slope in slopes[entry.layer - 1 :]):
        yield "softmax: every activation of its layer depends on every net input, so that a path branches there too"
    if paths != (units := math.prod(beyond)):
        yield (
            f"with what softmax layers and the terms of the loss add, {count_in_words(units)} "
            f"way{'s' if units != 1 else ''} from unit to unit make {count_in_words(paths)} paths"
        )


def _units(case: Case, entry: Address, trace: Trace, n: int) -> Iterator[str]:
    unit, z = f"{entry.layer}[{entry.to}]", trace.z[entry.layer - 1][n][entry.to - 1]
    if case.layers[entry.layer - 1].activation == "relu" and z < 0:
        yield f"unit {unit} is off, z{unit} < 0: its slope 0 is a factor of every path through it"


def _kinks(case: Case, entry: Address) -> Iterator[str]:
    """What the entry may be where units are exactly at a kink, which has no slope."""
    zeros = exact_zeros(case)
    if zeros is None or not any(mask.any() for mask in zeros):
        return
    at, interval = position(case, entry), subgradients(case, FLOAT64, zeros)
    low, high = float(interval.low[at]), float(interval.high[at])
    if np.isfinite([low, high]).all() and high - low > interval.radius[at]:
        yield (
            f"at a kink: some units have a net input of exactly 0, where relu has no slope; the derivative may be "
            f"anything from {low:.6g} to {high:.6g}, and the engines agree by the convention relu'(0) = {case.kink}"
        )


def _little(judged: Mapping[str, Any]) -> Iterator[str]:
    values, radius = list(judged["values"].values()), judged["radius"]
    if not any(values):
        yield "0 by every engine: that they agree here says little"
    elif isinstance(radius, float) and all(isinstance(v, float) and abs(v) <= radius / 2 for v in values):
        yield "no larger than its rounding bound: rounding alone could explain any of these values"
