"""Targets that are numbers of classes, as targets of every output."""

from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case.numbers import FloatArray
from backprove.errors import CaseError


def one_hot(classes: npt.NDArray[Any], units: int, where: str) -> FloatArray:
    """(N,) whole numbers from 0 on as (N, units), 1 at the class; refuses a class without a unit by its row."""
    beyond = np.flatnonzero((classes < 0) | (classes >= units))
    if len(beyond):
        row = int(beyond[0])
        raise CaseError(f"{where}[{row}]", f"the class {classes[row]} is not in 0 … {units - 1} ({units} outputs)")
    found = np.zeros((len(classes), units))
    found[np.arange(len(classes)), classes.astype(np.intp)] = 1
    return found
