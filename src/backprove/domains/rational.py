"""Domain `rational`: exact arithmetic. Every finite float64 is a rational number; equality is equality."""

from fractions import Fraction
from numbers import Rational as RationalNumber
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.domains.base import Array, Domain
from backprove.verdict import Verdict

_exact = np.frompyfunc(Fraction, 1, 1)


def _equal(x: Any, y: Any) -> bool:
    return isinstance(x, RationalNumber) and isinstance(y, RationalNumber) and x == y


class Rational(Domain):
    name = "rational"
    rung = "exact"
    rests_on = "every value is equal, exactly"

    def number(self, value: float | Fraction) -> Fraction:
        return Fraction(value)

    def array(self, values: Any) -> Array:
        return np.asarray(_exact(np.asarray(values)), dtype=object)

    def own(self, values: Any) -> Array:
        array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
        if array.dtype != object:  # NumPy's own numbers round
            raise TypeError(f"{array.dtype} numbers; exact ones are needed")
        for x in array.flat:
            # `Fraction + 0.5` is a float: it has left the exact domain, however right it looks.
            if not isinstance(x, RationalNumber) or isinstance(x, bool):
                raise TypeError(f"a {type(x).__name__}; exact numbers are needed")
        return array

    def judge(self, x: Array, y: Array, radius: Array) -> tuple[npt.NDArray[np.int8], Array]:
        equal = np.fromiter(map(_equal, x, y), dtype=bool, count=len(x))
        fraction = np.where(equal, 0.0, np.inf)
        return np.where(equal, Verdict.AGREE, Verdict.DISAGREE).astype(np.int8), fraction
