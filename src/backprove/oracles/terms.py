"""The loss before it is summed: one or two terms for each sample and output, without scale and divisor."""

import numpy as np

from backprove.case import Case
from backprove.oracles.estimate import Array
from backprove.oracles.functions import log1p, others, softplus


def loss_terms(case: Case, z: Array, a: Array) -> Array:
    """The terms at the output layer's z and a of shape (n_L, …, N), real or complex: of the same shape, but for
    binary_cross_entropy, whose terms with log a and with log(1 - a) stay apart: (2 n_L, …, N).

    NaN where the loss takes the logarithm of a number that is not positive; a logarithm whose weight (t or 1 - t) is
    exactly 0 is not taken.
    """
    T = case.targets.T.reshape(len(a), *(1,) * (a.ndim - 2), -1)
    name, output = case.loss.name, case.layers[-1].activation
    if name == "output":
        return a
    if name == "squared_error":
        d = a - T
        return d * d
    log, log_rest = _logarithms(output, z, a, name == "binary_cross_entropy")
    terms = _counted(-T, log)
    return terms if log_rest is None else np.concatenate([terms, _counted(T - 1, log_rest)])


def _counted(weight: Array, log: Array) -> Array:
    return np.where(weight == 0, 0, weight * log)


def _logarithms(output: str, z: Array, a: Array, both: bool) -> tuple[Array, Array | None]:
    """log a and, if wanted, log(1 - a); sigmoid and softmax are the logistic of x = z and of z less what competes."""
    if output not in ("sigmoid", "softmax"):
        return _positive(a, np.log(a)), _positive(1 - a, log1p(-a)) if both else None
    if output == "softmax" and len(z) == 1:
        return z * 0, np.full_like(z, np.nan) if both else None
    x = z if output == "sigmoid" else z - _competing(z)
    return -softplus(-x), -softplus(x) if both else None


def _positive(x: Array, log: Array) -> Array:
    return np.where(x.real > 0, log, np.nan)


def _competing(z: Array) -> Array:
    """log Σ_{k≠j} exp(z_k) for each unit j; for the largest, whose competitors may underflow beside it, apart."""
    first = z.real.argmax(axis=0)[None]
    top = np.take_along_axis(z, first, axis=0)
    logs = top + np.log(others(np.exp(z - top)))
    rest = z.copy()
    np.put_along_axis(rest, first, -np.inf, axis=0)
    top = np.take_along_axis(z, rest.real.argmax(axis=0)[None], axis=0)
    np.put_along_axis(logs, first, top + np.log(np.exp(rest - top).sum(axis=0)), axis=0)
    return logs
