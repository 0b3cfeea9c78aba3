"""Numbers from outside, read and refused with the path of every fault."""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.errors import CaseError

FloatArray = npt.NDArray[np.float64]
_FRACTION = re.compile(r"[+-]?[0-9]{1,400}(/[0-9]{1,400}|\.[0-9]{1,400})?")


MODULUS = 2**61 - 1


def numbers(value: Any, where: str, dims: int) -> FloatArray:
    """A read-only float64 array of `dims` dimensions; refuses ragged, empty, non-numeric and non-finite input.

    Residues modulo MODULUS that float64 does not hold make an int64 array, which only a case with a modulus keeps.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiu" or value.dtype.itemsize > 8:
            raise CaseError(where, f"numbers of type {value.dtype}; expected float64")
        if value.ndim == dims and value.size and value.dtype == np.float64 and np.isfinite(value).all():
            array = np.array(value, order="C")  # a copy: what is frozen must not alias what is not
            array.setflags(write=False)
            return array
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        raise CaseError(where, f"expected a list of {'lists of ' if dims == 2 else ''}numbers, got {kind(value)}")
    if len(value) == 0:
        raise CaseError(where, "is empty; at least one is needed")
    if dims == 2:
        value = [row.tolist() if isinstance(row, np.ndarray) and row.ndim == 1 else row for row in value]
        for i, row in enumerate(value):
            if not isinstance(row, (list, tuple)):
                raise CaseError(f"{where}[{i}]", f"expected a list of numbers, got {kind(row)}")
            if len(row) != len(value[0]):
                raise CaseError(where, f"ragged: row {i + 1} has {len(row)} numbers, row 1 has {len(value[0])}")
        if len(value[0]) == 0:
            raise CaseError(where, "its rows are empty; at least one number is needed in each")
    rows = value if dims == 2 else [value]
    try:
        for i, row in enumerate(rows):
            for j, x in enumerate(row):
                if type(x) is not float or not math.isfinite(x):
                    check_number(x, f"{where}[{i}][{j}]" if dims == 2 else f"{where}[{j}]")
        array = np.array(value, dtype=np.float64)
    except CaseError:
        if not all(type(x) is int and 0 <= x < MODULUS for row in rows for x in row):
            raise
        array = np.array(value, dtype=np.int64)
    array.setflags(write=False)
    return array


def check_number(x: Any, where: str) -> None:
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, float, np.integer, np.floating)):
        raise CaseError(where, f"expected a number, got {kind(x)}")
    try:
        value = float(x)
    except OverflowError:
        raise CaseError(where, "is too large for a float64") from None
    if not math.isfinite(value):
        raise CaseError(where, f"is {value}; only finite numbers make a case")
    if isinstance(x, int) and int(value) != x:
        raise CaseError(where, f"the integer {x} is not exactly a float64")


def kind(value: Any) -> str:
    if value is None:
        return "null"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def one_of(value: Any, where: str, allowed: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise CaseError(where, f"{kind(value)} is not one of {', '.join(allowed)}")


def fraction(value: Any, where: str) -> Fraction:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
            raise TypeError
        if isinstance(value, str) and not _FRACTION.fullmatch(value):
            raise ValueError
        fraction = Fraction(value)
        float(fraction)
        return fraction
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise CaseError(where, f'expected a fraction such as "1/2", got {kind(value)}') from None


def integer(value: Any, where: str, low: int, high: int, of: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CaseError(where, f"expected a whole number, got {kind(value)}")
    if not low <= value <= high:
        raise CaseError(where, f"{value} is not in {low} … {high} ({of})")
