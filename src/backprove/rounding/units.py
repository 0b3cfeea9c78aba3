"""Each activation at z: its value and derivatives, and by how much any textbook's evaluation of them may be off.

`a_error` and `slope_error` bound the rounding of one evaluation at an exact z, in absolute terms; `sup2` and `sup3`
bound |f''| and |f'''| everywhere, for what an inexact z adds.

Relative errors granted to elementary functions, F(u) u and TANH u, in units in the last place (one is at most 2u):
exp, expm1, log1p and erf 2 in float64 and 4 in float32, tanh 3. That is, rounded up, what NumPy's own validation sets
for its vector versions allow (1 and 3, tanh 2) and the half unit of the value they are compared with.

A slope may be computed from z or from the output a; a (1 - a) with a near 1 is off by about u, not by u times itself,
and the bound allows for that. What it does not allow for is exp without a shift, log of a rounded output, and the
like: such formulas are weaker than rounding explains.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprove.case import LEAKY_SLOPE

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
TANH = 6.0


def F(u: float) -> float:
    """How many u the relative error of exp, expm1, log1p or erf may be."""
    return 4.0 if u < 2.0**-30 else 8.0


@dataclass(frozen=True)
class Valued:
    """A value and its radius, arrays of one shape."""

    value: Float
    radius: Float


@dataclass(frozen=True)
class Unit:
    """An activation at z, |dz| <= r: its value, slope, curvature, how far each evaluation may be off, and its kink."""

    a: Float
    slope: Float
    curvature: Float
    a_error: Float
    slope_error: Float
    sup2: float
    sup3: float
    left: float = 0.0
    """The slope left of the kink; right of it the slope is 1."""
    jump: float = 0.0


def logistic(z: Float) -> tuple[Float, Float]:
    """1 / (1 + exp(-z)), and what is left of 1."""
    e = np.exp(-np.abs(z))
    most, up = 1 / (1 + e), z > 0
    least = e / (1 + e)
    return np.where(up, most, least), np.where(up, least, most)


def _identity(z: Float, u: float) -> Unit:
    zero = np.zeros_like(z)
    return Unit(z, zero + 1, zero, zero, zero, 0, 0)


def _square(z: Float, u: float) -> Unit:
    zero = np.zeros_like(z)
    return Unit(z * z, 2 * z, zero + 2, u * z * z, zero, 2, 0)


def _bend(left: float) -> Callable[[Float, float], Unit]:
    def unit(z: Float, u: float) -> Unit:
        slope = np.where(z > 0, 1.0, left)
        zero = np.zeros_like(z)
        return Unit(slope * z, slope, zero, u * abs(left * z), zero, 0, 0, left, 1 - left)

    return unit


def _sigmoid(z: Float, u: float) -> Unit:
    s, c = logistic(z)
    p, tilt = s * c, np.abs(c - s)
    # 1/d, d = 1 + e: e is off by F(u) u, which moves a by a (1 - a) as much; then one sum and one quotient
    a_error = u * (F(u) * p + 2 * s)
    # a (1 - a), or e/d² with as many as five operations; either moves by |1 - 2a| times what a or e is off by
    slope_error = np.maximum(tilt * a_error + 2 * u * p, u * p * (tilt * F(u) + 5))
    return Unit(s, p, p * (c - s), a_error, slope_error, 0.0963, 0.125)


def _tanh(z: Float, u: float) -> Unit:
    a = np.tanh(z)
    slope = 1 / np.cosh(np.clip(z, -350, 350)) ** 2
    # 1 - a² moves by 2|a| times the error of a; 4q/(1 + q)², q = e², by 2|a| times that of e, in up to seven operations
    slope_error = u * np.maximum((2 * TANH + 1) * a * a + slope, (2 * F(u) * np.abs(a) + 7) * slope)
    return Unit(a, slope, -2 * a * slope, TANH * u * np.abs(a), slope_error, 0.77, 2)


def _softplus(z: Float, u: float) -> Unit:
    s, c = logistic(z)
    a, small = np.logaddexp(0, z), np.log1p(np.exp(-np.abs(z)))
    return Unit(a, s, s * c, u * (2 * F(u) * small + a), u * (F(u) * s * c + 3 * s + 2 * c), 0.25, 0.0963)


def _elu(z: Float, u: float) -> Unit:
    below = np.minimum(z, 0)
    down, slope = z <= 0, np.exp(below)
    a = np.where(down, np.expm1(below), z)
    # e^z, or a + 1, which inherits what a is off by
    a_error = F(u) * u * np.abs(np.minimum(a, 0))
    return Unit(a, slope, slope * down, a_error, down * (F(u) * u + u * slope), 1, 1)


def _silu(z: Float, u: float) -> Unit:
    s, c = logistic(z)
    p, tilt, m = s * c, c - s, np.abs(z)
    s_error = u * (F(u) * p + 2 * s)
    slope = s + z * p
    slope_error = s_error * (1 + m * np.abs(tilt)) + u * (6 * m * p + 2 * s + np.abs(slope))
    return Unit(z * s, slope, p * (2 + z * tilt), m * s_error + u * m * s, slope_error, 0.5, 1)


_PHI_0 = 1 / math.sqrt(2 * math.pi)
_erf = np.vectorize(math.erf, otypes=[np.float64])


def _gelu(z: Float, u: float) -> Unit:
    m = np.abs(z)
    e, density = _erf(z * np.sqrt(0.5)), _PHI_0 * np.exp(-z * z / 2)
    cdf = (1 + e) / 2
    # erf, then 1 + erf; its argument z √½ is off by 2u of itself
    cdf_error = u * (F(u) / 2 * np.abs(e) + 2 * cdf + 2 * m * density)
    slope = cdf + z * density
    slope_error = cdf_error + u * (m * density * (F(u) + 8 + 3 * z * z) + np.abs(slope) + 2 * cdf)
    return Unit(z * cdf, slope, density * (2 - z * z), m * cdf_error + 2 * u * m * cdf, slope_error, 0.8, 1)


UNITS: dict[str, Callable[[Float, float], Unit]] = {
    "identity": _identity,
    "square": _square,
    "relu": _bend(0.0),
    "leaky_relu": _bend(LEAKY_SLOPE),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "elu": _elu,
    "silu": _silu,
    "gelu": _gelu,
}
