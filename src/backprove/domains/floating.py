"""Domains `float64` and `float32`: hardware numbers, judged by the derived rounding radius."""

import math
from abc import abstractmethod
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from backprove.domains.base import Array, Domain
from backprove.verdict import Verdict

AGREE, DISAGREE = np.int8(Verdict.AGREE), np.int8(Verdict.DISAGREE)


class _Floating(Domain):
    rung = "rounding"
    rests_on = "every difference is within the derived rounding bound"
    functions = frozenset({"exp", "expm1", "log1pexp", "tanh", "erf"})
    dtype: ClassVar[npt.DTypeLike]

    @abstractmethod
    def number(self, value: float | Fraction) -> Any: ...

    def array(self, values: Any) -> Array:
        return np.asarray(values, dtype=self.dtype)

    def own(self, values: Any) -> Array:
        array = np.asarray(values)
        if array.dtype != self.dtype:
            raise TypeError(f"{array.dtype} numbers; {self.name} is needed")
        return array

    def judge(self, x: Array, y: Array, radius: Array) -> tuple[npt.NDArray[np.int8], Array]:
        difference = np.abs(x.astype(np.float64) - y.astype(np.float64))
        allowed = 2 * radius
        # NaN fails `<=`; an infinite difference, or a bound that is none, never agrees either.
        agree = (difference <= allowed) & np.isfinite(allowed)
        fraction = np.divide(difference, allowed, out=np.full_like(difference, np.inf), where=allowed > 0)
        fraction[difference == 0] = 0
        fraction[np.isnan(difference)] = np.inf
        return np.where(agree, AGREE, DISAGREE), fraction

    # NumPy's own scalars and arrays share these; Python's floats, three times as fast, take math's.
    def exp(self, x: Any) -> Any:
        return math.exp(x) if type(x) is float else np.exp(x)

    def expm1(self, x: Any) -> Any:
        return math.expm1(x) if type(x) is float else np.expm1(x)

    def tanh(self, x: Any) -> Any:
        return math.tanh(x) if type(x) is float else np.tanh(x)

    def log1pexp(self, x: Any) -> Any:
        zero = x * 0
        y = np.logaddexp(zero, x)
        return float(y) if type(x) is float else y

    def erf(self, x: Any) -> Any:
        if type(x) is float:
            return math.erf(x)
        # NumPy has no erf. Through float64, so that float32 loses nothing.
        values = [math.erf(v) for v in np.ravel(x).tolist()]
        y = np.array(values, dtype=self.dtype).reshape(np.shape(x))
        return y if isinstance(x, np.ndarray) else y[()]


class Float64(_Floating):
    name = judged_by = "float64"
    dtype = np.dtype(np.float64)
    unit_roundoff = 2.0**-53
    bits = 53
    tiny = float(np.finfo(np.float64).tiny)
    huge = float(np.finfo(np.float64).max)
    sqrt_half = math.sqrt(0.5)
    inv_sqrt_pi = 1 / math.sqrt(math.pi)

    def number(self, value: float | Fraction) -> Any:
        return float(value)


class Float32(_Floating):
    name = judged_by = "float32"
    dtype = np.dtype(np.float32)
    unit_roundoff = 2.0**-24
    bits = 24
    tiny = float(np.finfo(np.float32).tiny)
    huge = float(np.finfo(np.float32).max)
    sqrt_half = np.float32(math.sqrt(0.5))
    inv_sqrt_pi = np.float32(1 / math.sqrt(math.pi))

    def number(self, value: float | Fraction) -> Any:
        return np.float32(float(value))

    def numbers(self, values: Any) -> list[Any]:
        array = self.array(values)  # tolist() would make float64 of them
        return list(array) if array.ndim == 1 else [list(row) for row in array]
