"""What an oracle hands back: the gradient as it measured it, and how far that may be off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case import Case

Float = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Estimate:
    """The gradient as an oracle sees it; both arrays flat, in the order of `backprove.case.blocks`.

    `error` >= 0 estimates how far `values` may be off; it is measured, not a bound. Where it is inf there is no
    opinion, and the value, always finite, means nothing: |x - value| <= error then holds of every number x.
    """

    values: Float
    error: Float


Oracle = Callable[[Case], Estimate]


def estimate(values: Float, error: Float) -> Estimate:
    """No opinion where the value or its error is no number."""
    none = ~(np.isfinite(values) & np.isfinite(error))
    return Estimate(np.where(none, 0.0, values), np.where(none, np.inf, error))
