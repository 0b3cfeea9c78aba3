"""Engine `jax`: the forward pass and the loss as a user of JAX writes them; jax.grad differentiates.

XLA compiles anew for every shape, which takes a second for a network of a millisecond. So layers and batches are filled
up to a few shapes, as JAX's users do: further units have zero weights, further samples are the first one again and are
left out of the loss. That adds exact zeros to sums. Operations run one by one: networks of one structure are rare.

P_l, B    units of layer l and samples, filled up
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import log_sigmoid, log_softmax, logsumexp

from backprove.case import LEAKY_SLOPE, Case, Gradient
from backprove.domains import Domain
from backprove.errors import NotInDomain

Array = Any
CPU = jax.devices("cpu")[0]
Parameters = tuple[list[Array], list[Array | None]]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "square": jnp.square,
    "relu": jax.nn.relu,
    "leaky_relu": lambda z: jax.nn.leaky_relu(z, negative_slope=LEAKY_SLOPE),
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "softmax": jax.nn.softmax,
    "softplus": jax.nn.softplus,
    "elu": jax.nn.elu,
    "silu": jax.nn.silu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
}


def _counted(t: Array, log: Callable[[Array], Array], a: Array) -> Array:
    """t log(a), and 0 where t is 0, whatever a is."""
    return t * log(jnp.where(t == 0, 0.5, a))


def _log_of_softmax(z: Array, t: Array) -> Array:
    """t log softmax(z), and 0 where z is -inf: there is no unit."""
    return t * jnp.where(z == -jnp.inf, 0, log_softmax(z))


def _binary_of_softmax(z: Array, t: Array) -> Array:
    """log(1 - a_i) = logsumexp of the units other than i - logsumexp of all, so that no a_i rounds to 1."""
    itself = jnp.eye(z.shape[-1], dtype=bool) & (t != 1)[:, :, None]
    others = logsumexp(jnp.where(itself, -jnp.inf, z[:, None, :]), axis=-1)
    return -(_log_of_softmax(z, t) + (1 - t) * (others - logsumexp(z, axis=-1, keepdims=True)))


# (loss, output activation): the terms (N, n_L) of the loss, from the net input z where digits would be lost
FROM_Z: dict[tuple[str, str], Callable[[Array, Array], Array]] = {
    ("binary_cross_entropy", "sigmoid"): lambda z, t: -(t * log_sigmoid(z) + (1 - t) * log_sigmoid(-z)),
    ("binary_cross_entropy", "softmax"): _binary_of_softmax,
    ("categorical_cross_entropy", "sigmoid"): lambda z, t: -(t * log_sigmoid(z)),
    ("categorical_cross_entropy", "softmax"): lambda z, t: -_log_of_softmax(z, t),
}
FROM_A: dict[str, Callable[[Array, Array], Array]] = {
    "squared_error": lambda a, t: (a - t) ** 2,
    "output": lambda a, t: a,
    "binary_cross_entropy": lambda a, t: -(_counted(t, jnp.log, a) + _counted(1 - t, lambda x: jnp.log1p(-x), a)),
    "categorical_cross_entropy": lambda a, t: -_counted(t, jnp.log, a),
}


def loss(parameters: Parameters, case: Case, a: Array, t: Array) -> Array:
    z = a
    for layer, W, b in zip(case.layers, *parameters, strict=True):
        z = a @ W.T if b is None else a @ W.T + b
        if layer.activation == "softmax":
            z = jnp.where(np.arange(len(W)) < len(layer.weights), z, -jnp.inf)
        a = ACTIVATIONS[layer.activation](z)
    from_z = FROM_Z.get((case.loss.name, case.layers[-1].activation))
    terms = FROM_A[case.loss.name](a, t) if from_z is None else from_z(z, t)
    N, K = case.targets.shape
    own = (np.arange(terms.shape[0]) < N)[:, None] & (np.arange(terms.shape[1]) < K)
    divide = {"sum": 1, "mean": N, "mean_all": N * K}
    return jnp.where(own, terms, 0).sum() * (float(case.loss.scale) / divide[case.reduction])


def _filled(n: int) -> int:
    """How many there are when n are filled up."""
    return max(8, 1 << (n - 1).bit_length())


def _fill(values: Array, *sizes: int) -> Array:
    """The array with zeros behind, up to the sizes."""
    return jnp.asarray(np.pad(values, [(0, size - n) for n, size in zip(values.shape, sizes, strict=True)]))


def wide() -> AbstractContextManager[object]:
    """64 bits inside it alone; JAX has had two names for it."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^l as NumPy arrays (n_l, n_{l-1}) and dC/db^l as (n_l,) or None, on the CPU.

    Raises NotInDomain outside float64 and float32.
    """
    if domain.name not in ("float64", "float32"):
        raise NotInDomain(domain.name, "arrays in JAX")
    if case.modulus:
        raise NotInDomain(domain.name, "residues, which the numbers of this case are")
    P, B = [_filled(n) for n in case.sizes], _filled(len(case.inputs))
    again = np.arange(B) % len(case.inputs)
    with jax.default_device(CPU), wide():
        W = [_fill(domain.array(c.weights), P[l + 1], P[l]) for l, c in enumerate(case.layers)]
        b = [None if c.bias is None else _fill(domain.array(c.bias), P[l + 1]) for l, c in enumerate(case.layers)]
        x, t = _fill(domain.array(case.inputs)[again], B, P[0]), _fill(domain.array(case.targets)[again], B, P[-1])
        dW, db = jax.grad(loss)((W, b), case, x, t)
        return _own(case, dW, db)


def _own(case: Case, dW: Sequence[Array], db: Sequence[Array | None]) -> Gradient:
    """The entries that are the network's own, copied."""
    weights = [np.array(d)[: len(c.weights), : c.weights.shape[1]] for c, d in zip(case.layers, dW, strict=True)]
    biases = [None if d is None else np.array(d)[: len(c.weights)] for c, d in zip(case.layers, db, strict=True)]
    return Gradient(weights, biases)
