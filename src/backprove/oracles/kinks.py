"""Which entries' slopes go through a unit of relu or leaky_relu whose z is 0 or, up to rounding, may be."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from backprove.case import Case
from backprove.oracles.estimate import Array, Float
from backprove.oracles.loss import JITTER, MODEST, UNIT

Count = npt.NDArray[np.intp]


def kinks(case: Case, z: Sequence[Array]) -> Count:
    """How many units at a kink, each sample for itself, every entry's slope may depend on; flat.

    Those are its own unit and all of the layers behind. `z` as from `evaluate` with some copies.
    """
    counts, last = np.zeros(case.entries, dtype=np.intp), case.entries
    for layer, z_l in zip(reversed(case.layers), reversed(z), strict=True):
        n, m = layer.weights.shape
        first = last - layer.weights.size - (0 if layer.bias is None else n)
        if layer.activation in ("relu", "leaky_relu") and (units := _kinked(z_l.real)).any():
            counts[:first] += units.sum()
            counts[first : first + n * m] += np.repeat(units, m)
            if layer.bias is not None:
                counts[last - n : last] += units
        last = first
    return counts


def _kinked(z: Float) -> Count:
    """In how many samples each unit's z, (n_l, Q, N), is not certainly on one side of 0."""
    spread = np.abs(z[:, 1:] - z[:, :1]).max(axis=1) * (UNIT / JITTER)
    counts: Count = (np.abs(z[:, 0]) <= MODEST * spread).sum(axis=-1)
    return counts
