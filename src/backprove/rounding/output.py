"""dC/da at the outputs, and where the loss is the logarithm of the output activation, delta itself. Notation: bound.py.

For either: the value with its radius, and the sizes (sums of absolute values) of the terms it is made of.
"""

import numpy as np

from backprove.rounding.forward import Passed, softmax
from backprove.rounding.held import Held
from backprove.rounding.units import F, Float, Valued, logistic


def fused_delta(H: Held, layer: Passed) -> tuple[Valued, Float]:
    """delta at sigmoid or softmax outputs under a logarithmic loss, dC/da cancelled against the slope."""
    rest = 1 - H.T if H.case.loss.name == "binary_cross_entropy" else np.zeros_like(H.T)
    sigmoid = H.case.layers[-1].activation == "sigmoid"
    return (_log_sigmoid if sigmoid else _log_softmax)(H, layer, rest)


def loss_gradient(H: Held, a: Valued) -> tuple[Valued, Float]:
    u, name, T, factor = H.u, H.case.loss.name, H.T, H.factor
    if name == "output":
        g = np.full_like(a.value, factor)
        return Valued(g, 2 * u * np.abs(g) + H.tiny), np.abs(g)
    if name == "squared_error":
        g = 2 * factor * (a.value - T)
        r = 2 * abs(factor) * a.radius + 3 * u * np.abs(g) + H.tiny
        return Valued(g, r), np.abs(g) + r
    terms = [(-T, a.value, a.radius)]
    if name == "binary_cross_entropy":
        terms.append((1 - T, 1 - a.value, a.radius + u * np.abs(1 - a.value)))
    g, r, size = (np.zeros_like(T) for _ in range(3))
    for weight, part, radius in terms:
        least = np.abs(part) - radius
        most = np.divide(np.abs(factor * weight), least, out=np.full_like(T, np.inf), where=least > 0)
        most[weight == 0] = 0
        off = np.divide(radius, np.abs(part), out=np.zeros_like(T), where=part != 0)
        g += np.divide(factor * weight, part, out=np.zeros_like(T), where=part != 0)
        r += np.where(most > 0, most * off + 5 * u * most, 0) + H.tiny
        size += most
    return Valued(g, r), size


def _log_sigmoid(H: Held, layer: Passed, rest: Float) -> tuple[Valued, Float]:
    """delta = factor ((1-t) a - t (1-a)), also as a - t and as its elementary steps."""
    u, z, t, s = H.u, layer.z, np.abs(H.T), np.abs(rest)
    a, c = logistic(z.value)
    p = a * c
    moved = (p + 0.0963 / 2 * z.radius) * z.radius
    evaluated = u * (s * (F(u) * p + 2 * a) + t * (F(u) * p + 2) + 6 * (s * a + t * c))
    size = abs(H.factor) * (s * (a + (z.value > 0)) + t * (c + 1))
    r = abs(H.factor) * ((s + t) * moved + evaluated) + 3 * u * size + H.tiny
    return Valued(H.factor * (rest * a - H.T * c), r), size


def _log_softmax(H: Held, layer: Passed, rest: Float) -> tuple[Valued, Float]:
    """delta = factor (a Σt - t), and for 1 - a_i the same with the shares of the units other than i."""
    p, off, K, t, f = layer.a.value, layer.a.radius, layer.a.value.shape[-1], np.abs(H.T), abs(H.factor)
    all_t = t.sum(axis=-1, keepdims=True)
    value = p * H.T.sum(axis=-1, keepdims=True) - H.T
    size, r = t + p * all_t, off * all_t
    if rest.any() and K > 1:
        value = value + p * rest
        size, r = size + p * np.abs(rest), r + off * np.abs(rest)
        for i in range(K):
            others = np.arange(K) != i
            z = Valued(layer.z.value[:, others], layer.z.radius[:, others])
            share, share_off = softmax(H, z)
            weight = p[:, [i]] * rest[:, [i]]
            value[:, others] -= weight * share
            heavy = np.abs(rest[:, [i]])
            size[:, others] += heavy * (share + p[:, others])
            # p_i share_j, of factors at most 1 each, and p_j
            r[:, others] += heavy * (share_off + share * off[:, [i]] + off[:, others])
    operations = 2 * K + 6 if rest.any() else K + 4
    r = f * (r + H.gamma(operations) * size + K * H.tiny * (all_t + 1)) + H.tiny
    return Valued(H.factor * value, r), f * size
