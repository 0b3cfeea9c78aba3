"""What the rounding bound takes for granted: elementary functions' accuracy, and derivatives."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from backprove.case import LEAKY_SLOPE
from backprove.domains import DOMAINS
from backprove.rounding import TANH, UNITS, F

GRID = np.concatenate([x * np.geomspace(1e-9, 700, 1500) for x in (-1, 1)] + [[0.0], np.linspace(-10, 10, 1001)])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "log1pexp": lambda x: mpmath.log1p(mpmath.exp(x)),
}
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "square": lambda z: z * z,
    "relu": lambda z: z if z > 0 else 0 * z,
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(LEAKY_SLOPE) * z,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", ["float64", "float32"])
def test_elementary_functions_are_as_accurate_as_granted(name: str, function: str) -> None:
    """Relative error at most what is granted where the result is a normal number, of arrays and of single numbers."""
    D = DOMAINS[name]
    granted = TANH if function == "tanh" else F(D.unit_roundoff)
    x = D.array(GRID[np.abs(GRID) < (700 if name == "float64" else 85)])
    with np.errstate(all="ignore"):
        arrays = getattr(D, function)(x).tolist()
        singles = [float(getattr(D, function)(v)) for v in D.numbers(x)]
    with mpmath.workdps(40):
        for got in (arrays, singles):
            for v, y in zip(x.tolist(), got, strict=True):
                true = FUNCTIONS[function](mpmath.mpf(v))
                assert abs(y - true) <= granted * D.unit_roundoff * abs(true) + (abs(true) < D.tiny) * D.tiny


def test_activations_under_analysis_are_all_that_have_slopes() -> None:
    assert set(ACTIVATIONS) == set(UNITS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_slope_and_curvature_are_the_activations_own(name: str) -> None:
    """Against mpmath's numeric derivatives; 2^-40 is beyond any wrong formula and above what float64 rounds."""
    z = np.array([v for v in np.linspace(-9, 9, 121) if abs(v) > 0.01])
    unit = UNITS[name](z, 2.0**-53)
    with mpmath.workdps(40):
        for i, v in enumerate(z.tolist()):
            a, slope, curvature = (mpmath.diff(ACTIVATIONS[name], mpmath.mpf(v), n) for n in range(3))
            for got, true in ((unit.a[i], a), (unit.slope[i], slope)):
                assert abs(got - true) <= 2.0**-40 * abs(true) + 2.0**-50
            assert abs(abs(unit.curvature[i]) - abs(curvature)) <= 2.0**-40


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sup2_and_sup3_bound_the_second_and_third_derivative(name: str) -> None:
    unit = UNITS[name](np.zeros(1), 2.0**-53)
    with mpmath.workdps(40):
        for v in np.linspace(-8, 8, 641) + 1 / 128:
            assert abs(mpmath.diff(ACTIVATIONS[name], mpmath.mpf(v), 2)) <= unit.sup2 + 2.0**-40
            assert abs(mpmath.diff(ACTIVATIONS[name], mpmath.mpf(v), 3)) <= unit.sup3 + 2.0**-40
