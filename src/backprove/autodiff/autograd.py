"""Engine `autograd`: the forward pass and the loss as a user of HIPS autograd writes them; its `grad` differentiates.

What its NumPy lacks is made of it as its users do: relu is the larger of 0 and z.
"""

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
from autograd import grad
from autograd.scipy.special import erf, expit
from autograd.tracer import getval

from backprove.case import LEAKY_SLOPE, Case, Gradient
from backprove.domains import Domain
from backprove.errors import NotInDomain

Array = Any
Parameters = list[dict[str, Array]]


def _top(z: Array) -> Array:
    """The largest along the last axis, for a constant: what is shifted by it does not depend on it."""
    return np.max(getval(z), axis=-1, keepdims=True)


def _softmax(z: Array) -> Array:
    e = np.exp(z - _top(z))
    return e / np.sum(e, axis=-1, keepdims=True)


def _logsumexp(z: Array) -> Array:
    """Along the last axis, which stays; the slope of autograd.scipy's loses digits far from 0."""
    top = _top(z)
    return np.log(np.sum(np.exp(z - top), axis=-1, keepdims=True)) + top


def _elu(z: Array) -> Array:
    below = np.where(z > 0, 0, z)  # expm1 that overflows would make 0 · inf of the slope that is not chosen
    return np.where(z > 0, z, np.expm1(below))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "square": np.square,
    "relu": lambda z: np.maximum(0, z),
    "leaky_relu": lambda z: np.maximum(LEAKY_SLOPE * z, z),
    "sigmoid": expit,
    "tanh": np.tanh,
    "softmax": _softmax,
    "softplus": lambda z: np.logaddexp(0, z),
    "elu": _elu,
    "silu": lambda z: z * expit(z),
    "gelu": lambda z: z * (1 + erf(z / 2**0.5)) / 2,
}


def _log_sigmoid(z: Array) -> Array:
    return -np.logaddexp(0, -z)


def _counted(t: Array, log: Callable[[Array], Array], a: Array) -> Array:
    """t log(a), and 0 where t is 0, whatever a is."""
    return t * log(np.where(t == 0, 0.5, a))


def _binary_of_softmax(z: Array, t: Array) -> Array:
    """log(1 - a_i) = logsumexp of the units other than i - logsumexp of all, so that no a_i rounds to 1."""
    itself = np.eye(z.shape[-1], dtype=bool) & (t != 1)[:, :, None]
    # added, since np.where does not sum the gradient of what it broadcasts
    without = np.where(itself, -np.inf, 0.0).astype(t.dtype)
    others = _logsumexp(np.expand_dims(z, 1) + without)[:, :, 0]
    return -(t * (z - _logsumexp(z)) + (1 - t) * (others - _logsumexp(z)))


# (loss, output activation): the terms (N, n_L) of the loss, from the net input z where digits would be lost
FROM_Z: dict[tuple[str, str], Callable[[Array, Array], Array]] = {
    ("binary_cross_entropy", "sigmoid"): lambda z, t: -(t * _log_sigmoid(z) + (1 - t) * _log_sigmoid(-z)),
    ("binary_cross_entropy", "softmax"): _binary_of_softmax,
    ("categorical_cross_entropy", "sigmoid"): lambda z, t: -(t * _log_sigmoid(z)),
    ("categorical_cross_entropy", "softmax"): lambda z, t: -(t * (z - _logsumexp(z))),
}
FROM_A: dict[str, Callable[[Array, Array], Array]] = {
    "squared_error": lambda a, t: (a - t) ** 2,
    "output": lambda a, t: a,
    "binary_cross_entropy": lambda a, t: -(_counted(t, np.log, a) + _counted(1 - t, lambda x: np.log1p(-x), a)),
    "categorical_cross_entropy": lambda a, t: -_counted(t, np.log, a),
}
REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    "sum": np.sum,
    "mean": lambda terms: np.mean(np.sum(terms, axis=-1)),
    "mean_all": np.mean,
}


def loss(parameters: Parameters, case: Case, a: Array, t: Array) -> Array:
    z = a
    for layer, parts in zip(case.layers, parameters, strict=True):
        z = np.dot(a, parts["W"].T)
        if "b" in parts:
            z = z + parts["b"]
        a = ACTIVATIONS[layer.activation](z)
    from_z = FROM_Z.get((case.loss.name, case.layers[-1].activation))
    terms = FROM_A[case.loss.name](a, t) if from_z is None else from_z(z, t)
    return REDUCTIONS[case.reduction](terms) * float(case.loss.scale)


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^l as NumPy arrays (n_l, n_{l-1}) and dC/db^l as (n_l,) or None.

    Raises NotInDomain outside float64 and float32.
    """
    if domain.name not in ("float64", "float32"):
        raise NotInDomain(domain.name, "arrays in autograd")
    if case.modulus:
        raise NotInDomain(domain.name, "residues, which the numbers of this case are")
    # None has no derivative: a layer without a bias has a dictionary without one.
    parameters = [{"W": domain.array(layer.weights)} for layer in case.layers]
    for parts, layer in zip(parameters, case.layers, strict=True):
        if layer.bias is not None:
            parts["b"] = domain.array(layer.bias)
    found = grad(loss)(parameters, case, domain.array(case.inputs), domain.array(case.targets))
    return Gradient([parts["W"] for parts in found], [parts.get("b") for parts in found])
