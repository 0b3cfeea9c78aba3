"""Elementwise activations f and their slopes f', at arrays of net inputs, for the rows that leave f open."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import ACTIVATIONS, LEAKY_SLOPE
from backprove.domains import Array, Domain
from backprove.formulations.common import sigmoid

ELEMENTWISE = tuple(name for name in ACTIVATIONS if name != "softmax")


def _constant(D: Domain, z: Array, c: float) -> Array:
    return np.full(z.shape, D.number(c), dtype=z.dtype)


def _bent(D: Domain, z: Array, left: Array) -> Array:
    """z right of 0, `left` elsewhere."""
    return np.where(D.positive(z), z, left)


def _bent_slope(D: Domain, z: Array, left: Any, kink: Any) -> Array:
    """1 right of 0, `left` left of it, between them at 0."""
    one = D.number(1)
    return np.where(D.positive(z), one, np.where(D.zero(z), left + kink * (one - left), left))


def _below(D: Domain, z: Array) -> Array:
    """min(z, 0): what an elu takes the exponential of."""
    return np.where(D.positive(z), D.number(0), z)


def _silu_slope(D: Domain, z: Array) -> Array:
    s = sigmoid(D, z)
    return s * (1 + z * (1 - s))


def _normal(D: Domain, z: Array) -> Array:
    """The normal distribution function, (1 + erf(z/√2)) / 2."""
    return (1 + D.erf(z * D.sqrt_half)) / D.number(2)


def _gelu_slope(D: Domain, z: Array) -> Array:
    density = D.exp(-(z * z) / D.number(2)) * D.inv_sqrt_pi * D.sqrt_half
    return _normal(D, z) + z * density


_VALUES: dict[str, Callable[[Domain, Array], Array]] = {
    "identity": lambda D, z: z,
    "square": lambda D, z: z * z,
    "relu": lambda D, z: _bent(D, z, _constant(D, z, 0)),
    "leaky_relu": lambda D, z: _bent(D, z, z * D.number(LEAKY_SLOPE)),
    "sigmoid": sigmoid,
    "tanh": lambda D, z: D.tanh(z),
    "softplus": lambda D, z: D.log1pexp(z),
    "elu": lambda D, z: _bent(D, z, D.expm1(_below(D, z))),
    "silu": lambda D, z: z * sigmoid(D, z),
    "gelu": lambda D, z: z * _normal(D, z),
}
# Of z, a = f(z), and the slope of relu at 0.
_SLOPES: dict[str, Callable[[Domain, Array, Array, Any], Array]] = {
    "identity": lambda D, z, a, kink: _constant(D, z, 1),
    "square": lambda D, z, a, kink: 2 * z,
    "relu": lambda D, z, a, kink: _bent_slope(D, z, D.number(0), kink),
    "leaky_relu": lambda D, z, a, kink: _bent_slope(D, z, D.number(LEAKY_SLOPE), kink),
    "sigmoid": lambda D, z, a, kink: a * (1 - a),
    "tanh": lambda D, z, a, kink: 1 - a * a,
    "softplus": lambda D, z, a, kink: sigmoid(D, z),
    "elu": lambda D, z, a, kink: D.exp(_below(D, z)),
    "silu": lambda D, z, a, kink: _silu_slope(D, z),
    "gelu": lambda D, z, a, kink: _gelu_slope(D, z),
}


def f(D: Domain, name: str, z: Array) -> Array:
    """f(z)."""
    return _VALUES[name](D, z)


def slope(D: Domain, name: str, z: Array, a: Array, kink: Any) -> Array:
    """f'(z), given a = f(z)."""
    return _SLOPES[name](D, z, a, kink)
