"""The loss with its radius, and whether it has a value at all at a network's outputs."""

import numpy as np

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.units import F, Float, Valued


def loss(case: Case, domain: Domain, z: Valued, a: Valued) -> tuple[Valued, str]:
    """The loss at the last layer's z and a, and why it has no value there, or ""."""
    u, T = domain.unit_roundoff or 0.0, domain.array(case.targets).astype(np.float64)
    factor = float(case.factor)
    undefined = ""
    if case.loss.name == "squared_error":
        d = a.value - T
        r = a.radius + u * np.abs(d)
        terms, off = d * d, (2 * np.abs(d) + r) * r
    elif case.loss.name == "output":
        terms, off = a.value, a.radius
    else:
        terms, off, undefined = _log_terms(case, u, T, z, a)
    n = T.size + 3
    gamma = n * u / (1 - n * u)
    r = abs(factor) * (off.sum() + gamma * np.abs(terms).sum()) * (1 + 2.0**-20) + domain.tiny
    return Valued(np.asarray(factor * terms.sum()), np.asarray(r)), undefined


def _log_terms(case: Case, u: float, T: Float, z: Valued, a: Valued) -> tuple[Float, Float, str]:
    activation, K = case.layers[-1].activation, T.shape[1]
    a_log, c_log = np.log(np.abs(a.value)), np.log(np.abs(1 - a.value))
    if activation == "sigmoid":
        a_log, c_log = -np.logaddexp(0, -z.value), -np.logaddexp(0, z.value)
    if activation == "softmax":
        shifted = z.value - z.value.max(axis=-1, keepdims=True)
        a_log = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    always = activation == "sigmoid" or (activation == "softmax" and K > 1)
    parts = [(T, a_log, a.value, a.radius, always or activation == "softplus")]
    if case.loss.name == "binary_cross_entropy":
        parts.append((1 - T, c_log, 1 - a.value, a.radius + u * np.abs(1 - a.value), always))
    terms, off, undefined = np.zeros_like(T), np.zeros_like(T), ""
    for weight, log, x, radius, positive in parts:
        counted = weight != 0
        terms -= np.where(counted, weight * log, 0)
        ratio = np.divide(radius, np.abs(x), out=np.full_like(T, np.inf), where=x != 0)
        spread = np.where(ratio < 1, -np.log1p(-np.minimum(ratio, 0.999999)), np.inf)
        off += np.where(counted, np.abs(weight) * (spread + (F(u) + 2) * u * np.abs(log)), 0)
        bad = counted & (x <= 0)
        if bad.any() and not positive and not undefined:
            n, k = np.argwhere(bad)[0]
            at = f"a{len(case.layers)}[{k + 1}] = {a.value[n, k]:.6g} of sample {n + 1}"
            undefined = f"{case.loss.name} has no value at {at}"
    return terms, off, undefined
