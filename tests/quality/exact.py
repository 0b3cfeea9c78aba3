"""A test-only domain of high precision, in which the unmodified engines give gradients exact for all purposes here.

Numbers are mpmath's. A float that enters is first rounded to the precision judged: the bound speaks of the problem
as that precision holds it (in float32, leaky_relu's 0.01 is another number). Fractions enter exactly.
"""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from backprove.case import Case
from backprove.domains import DOMAINS, Array, Domain
from backprove.engines import neuron

DIGITS = 60


def _each(function: Any) -> Any:
    over_arrays = np.frompyfunc(function, 1, 1)

    def apply(self: "HighPrecision", x: Any) -> Any:
        return over_arrays(x)

    return apply


class HighPrecision(Domain):
    """mpmath's numbers; `of` names the domain whose rounding of the case's own numbers it takes over."""

    name = "mpmath"
    rests_on = f"{DIGITS} decimal digits"
    functions = frozenset({"exp", "expm1", "log1pexp", "tanh", "erf"})

    def __init__(self, of: str) -> None:
        self.dtype = np.dtype(of)
        self.convert = np.frompyfunc(self.number, 1, 1)

    def number(self, value: float | Fraction) -> Any:
        if isinstance(value, Fraction):
            return mpmath.mpf(value.numerator) / value.denominator
        return mpmath.mpf(float(self.dtype.type(value)))

    def array(self, values: Any) -> Array:
        return np.asarray(self.convert(np.asarray(values)), dtype=object)

    def own(self, values: Any) -> Array:
        return np.asarray(values)

    def judge(self, x: Array, y: Array, radius: Array) -> Any:
        raise NotImplementedError("a reference, not a judge")

    exp = _each(mpmath.exp)
    expm1 = _each(mpmath.expm1)
    tanh = _each(mpmath.tanh)
    erf = _each(mpmath.erf)
    log1pexp = _each(lambda x: mpmath.log1p(mpmath.exp(x)))

    @property
    def sqrt_half(self) -> Any:
        return mpmath.sqrt(mpmath.mpf(1) / 2)

    @property
    def inv_sqrt_pi(self) -> Any:
        return 1 / mpmath.sqrt(mpmath.pi)


EXACT = {name: HighPrecision(name) for name in ("float64", "float32")}


def flat(gradient: Any) -> Array:
    """A gradient's entries in the order of the radii: layer by layer, weights first."""
    parts = []
    for W, b in zip(gradient.weights, gradient.biases, strict=True):
        parts.append(np.asarray(W).ravel())
        if b is not None:
            parts.append(np.asarray(b).ravel())
    return np.concatenate(parts)


def exact_gradient(case: Case, name: str) -> Array:
    """The gradient of the case as `name` holds it, as mpmath numbers. Slopes from z: no digits cancel in them."""
    with mpmath.workdps(DIGITS):
        return flat(neuron.engine(case, EXACT[name]))


def errors(case: Case, name: str, engine: Any, exact: Array) -> Any:
    """|engine - exact| of every entry, the difference taken in high precision; NaN and infinite count as infinite."""
    with np.errstate(all="ignore"):
        values = flat(engine(case, DOMAINS[name])).astype(np.float64)
    off = [abs(mpmath.mpf(float(x)) - y) if np.isfinite(x) else mpmath.inf for x, y in zip(values, exact, strict=True)]
    return np.array([float(x) for x in off])
