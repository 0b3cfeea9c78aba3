"""Values of the activations, for real and complex net inputs z of shape (n_l, …), units first.

A complex z stands for a real one with a tiny imaginary part, so pieces are chosen by the real part, and every form is
such that the imaginary part, too, keeps its digits: no 1 - a, no sum from which its largest term is taken again.
"""

import math
from collections.abc import Callable

import numpy as np

from backprove.case import LEAKY_SLOPE
from backprove.errors import NotInDomain
from backprove.oracles.estimate import Array

# Beyond it exp overflows; at it, a logistic is 1e-304, which no sum here notices.
_STEEP = 700.0


def activation(name: str, z: Array) -> Array:
    """a = f(z). Raises NotInDomain for gelu of complex numbers."""
    return _FUNCTIONS[name](z)


def log1p(x: Array) -> Array:
    """log(1 + x). NumPy's own complex one takes the logarithm of |1 + x|, where the digits of a small x are lost."""
    if x.dtype.kind == "f":
        return np.log1p(x)
    size = (2 + x.real) * x.real + x.imag * x.imag  # |1 + x|² - 1
    return _complex(np.log1p(size) / 2, np.arctan2(x.imag, 1 + x.real))


def softplus(z: Array) -> Array:
    """log(1 + exp(z))."""
    if z.dtype.kind == "f":
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    up = z.real > 0
    return np.where(up, z, 0) + log1p(np.exp(np.where(up, -z, z)))


def others(x: Array) -> Array:
    """For each unit the sum over all others; its own share is not in it, hence not lost when it is the largest."""
    sums: Array = (1 - np.eye(len(x))) @ np.ascontiguousarray(x).view(np.float64).reshape(len(x), -1)
    return sums.view(x.dtype).reshape(x.shape)


def _complex(real: Array, imag: Array) -> Array:
    z = np.empty(real.shape, dtype=np.complex128)
    z.real, z.imag = real, imag
    return z


def _logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(np.minimum(-z, _STEEP)))


def _softmax(z: Array) -> Array:
    """1 / (1 + Σ_{k≠j} exp(z_k) / exp(z_j)) in complex numbers, where E_j / Σ_k E_k cancels at a saturated unit."""
    E: Array = np.exp(np.maximum(z - z.max(axis=0), -_STEEP))
    if E.dtype.kind == "f":
        E /= E.sum(axis=0)
        return E
    return np.asarray(1 / (1 + others(E) / E))


def _elu(z: Array) -> Array:
    up = z.real > 0
    return np.where(up, z, np.expm1(np.where(up, 0, z)))


def _gelu(z: Array) -> Array:
    """z Φ(z), with Φ(z) = erfc(-z/√2) / 2, which unlike 1 + erf keeps its digits for z below 0."""
    if z.dtype.kind != "f":
        raise NotInDomain("complex step", "erf of complex numbers")
    x = (z * -math.sqrt(0.5)).ravel().tolist()
    return z * (np.fromiter(map(math.erfc, x), np.float64, z.size).reshape(z.shape) / 2)


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: +z,  # a copy, as all others are
    "square": lambda z: z * z,
    "relu": lambda z: np.where(z.real <= 0, 0, z),  # NaN stays NaN
    "leaky_relu": lambda z: np.where(z.real > 0, z, LEAKY_SLOPE * z),
    "sigmoid": _logistic,
    "tanh": np.tanh,
    "softmax": _softmax,
    "softplus": softplus,
    "elu": _elu,
    "silu": lambda z: z * _logistic(z),
    "gelu": _gelu,
}
