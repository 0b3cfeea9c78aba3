"""Engine `matrix`: whole layers and whole batches as arrays, samples in rows.

    forward    Z^l = A^{l-1} (W^l)ᵀ + b^l;  A^l = f(Z^l)
    output     Delta^L = f'(Z^L) ∘ dC/dA^L, fused to A - T (softmax: A Σ_k T_k - T) with its matching log loss
    hidden     Delta^l = f'(Z^l) ∘ (Delta^{l+1} W^{l+1})
    gradient   dC/dW^l = (Delta^l)ᵀ A^{l-1};  dC/db^l = column sums of Delta^l

Its own choices: slopes from the output a wherever f allows that (a (1 - a), 1 - a², …); the softmax Jacobian as
diag(a) - a aᵀ, never formed.
"""

from typing import Any

import numpy as np

from backprove.case import LEAKY_SLOPE, Case, Gradient, Trace
from backprove.domains import Array, Domain


def _sigmoid(D: Domain, Z: Array) -> Array:
    """1 / (1 + exp(-z)), whose digits are right for every z: where exp overflows, it is below the smallest number."""
    E = D.exp(-Z)
    E += 1  # in place, here and below: on wide layers new arrays cost more than the arithmetic
    return np.divide(D.number(1), E, out=E)


def _logistic(D: Domain, Z: Array) -> Array:
    """The same for what is multiplied by z, which makes a number again of what is below the smallest."""
    up = D.leans(Z)
    E = D.exp(np.where(up, -Z, Z))
    return np.where(up, D.number(1), E) / (E + 1)


def _softmax(D: Domain, Z: Array) -> Array:
    E = D.exp(Z - D.peak(Z))
    return E / E.sum(axis=-1, keepdims=True)


def _phi(D: Domain, Z: Array) -> Array:
    """The normal distribution function."""
    return (D.erf(Z * D.sqrt_half) + 1) * D.number(0.5)


def _forward(D: Domain, name: str, Z: Array) -> Array:
    if name == "identity":
        return Z
    if name == "square":
        return Z * Z
    if name == "relu":
        return np.where(D.positive(Z), Z, D.number(0))
    if name == "leaky_relu":
        return np.where(D.positive(Z), Z, Z * D.number(LEAKY_SLOPE))
    if name == "sigmoid":
        return _sigmoid(D, Z)
    if name == "tanh":
        return np.asarray(D.tanh(Z))
    if name == "softplus":
        return np.asarray(D.log1pexp(Z))
    if name == "silu":
        return Z * _logistic(D, Z)
    if name == "gelu":
        return Z * _phi(D, Z)
    if name == "softmax":
        return _softmax(D, Z)
    up = D.positive(Z)  # elu; expm1 sees no positive argument, where it could overflow
    return np.where(up, Z, D.expm1(np.where(up, D.number(0), Z)))


def _slope(D: Domain, name: str, Z: Array, A: Array, kink: Any) -> Array:
    """f'(Z), shape (N, n_l), given A = f(Z)."""
    one = D.number(1)
    if name == "square":
        return Z * 2
    if name == "relu":
        return np.where(D.positive(A), one, np.where(D.zero(Z), kink, D.number(0)))
    if name == "leaky_relu":
        left = D.number(LEAKY_SLOPE)
        return np.where(D.positive(Z), one, np.where(D.zero(Z), left + kink * (one - left), left))
    if name == "sigmoid":
        S = 1 - A
        S *= A
        return S
    if name == "tanh":
        return 1 - A * A
    if name == "softplus":
        return _sigmoid(D, Z)
    if name == "elu":
        return np.where(D.positive(Z), one, A + 1)
    if name == "silu":
        S = _logistic(D, Z)
        return S + A * (1 - S)
    if name == "gelu":
        bell = D.exp(Z * Z * D.number(-0.5)) * (D.inv_sqrt_pi * D.sqrt_half)
        return _phi(D, Z) + Z * bell
    return np.full_like(Z, one)  # identity


def _backward(D: Domain, name: str, Z: Array, A: Array, G: Array, kink: Any) -> Array:
    """dC/dZ from G = dC/dA."""
    if name == "softmax":
        return A * (G - (A * G).sum(axis=-1, keepdims=True))
    if name == "identity":
        return G
    S = _slope(D, name, Z, A, kink)
    S *= G
    return S


def _shares_without(D: Domain, Z: Array) -> Array:
    """(N, n, n): [i, j] is exp(z_j) / Σ_{k≠i} exp(z_k), and 0 for j = i."""
    n = Z.shape[-1]
    keep = ~np.eye(n, dtype=bool)
    others = np.stack([np.delete(Z, i, axis=-1) for i in range(n)], axis=1)
    shares = np.full((*Z.shape, n), D.number(0), dtype=Z.dtype)
    if n > 1:
        shares[:, keep] = _softmax(D, others).reshape(len(Z), -1)
    return shares


def _counted(D: Domain, weights: Array, parts: Array) -> Array:
    """weights / parts, and 0 where the weight is 0: a logarithm that is not counted has no slope."""
    none = D.zero(weights)
    return np.where(none, D.number(0), weights / np.where(none, D.number(1), parts))


def _output_delta(D: Domain, case: Case, Z: Array, A: Array, T: Array, kink: Any) -> tuple[Array | None, Array]:
    """(dC/dA, dC/dZ) of the output layer, reduction and scale included."""
    name, loss = case.layers[-1].activation, case.loss.name
    factor = D.number(case.factor)
    if name == "sigmoid" and loss == "binary_cross_entropy":
        return None, factor * (A - T)
    if name == "sigmoid" and loss == "categorical_cross_entropy":
        return None, factor * (T * (A - 1))
    if name == "softmax" and loss.endswith("cross_entropy"):
        Delta = A * T.sum(axis=-1, keepdims=True) - T
        if loss == "binary_cross_entropy":
            weights = (1 - T) * A
            Delta = Delta + weights - (weights[:, :, None] * _shares_without(D, Z)).sum(axis=1)
        return None, factor * Delta
    if loss == "output":
        G = np.full_like(A, factor)
    elif loss == "squared_error":
        G = A - T
        G *= 2 * factor
    else:
        G = -_counted(D, T, A) * factor
        if loss == "binary_cross_entropy":
            G = G + _counted(D, 1 - T, 1 - A) * factor
    return G, _backward(D, name, Z, A, G, kink)


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^l as arrays (n_l, n_{l-1}) and dC/db^l as arrays (n_l,), summed over the batch by the products.

    Raises NotInDomain where the domain lacks a function that an activation needs.
    """
    D, L = domain, len(case.layers)
    kink = D.number(case.kink)
    W = [D.array(layer.weights) for layer in case.layers]
    A: list[Array] = [D.array(case.inputs)]
    Z: list[Array] = []
    for layer, W_l in zip(case.layers, W, strict=True):
        Z.append(A[-1] @ W_l.T)
        if layer.bias is not None:
            Z[-1] += D.array(layer.bias)
        A.append(_forward(D, layer.activation, Z[-1]))
    G, Delta = _output_delta(D, case, Z[-1], A[-1], D.array(case.targets), kink)
    Gs, Deltas = [G], [Delta]
    for l in reversed(range(L - 1)):
        G = Deltas[0] @ W[l + 1]
        Gs.insert(0, G)
        Deltas.insert(0, _backward(D, case.layers[l].activation, Z[l], A[l + 1], G, kink))
    dW = [Delta.T @ a for Delta, a in zip(Deltas, A, strict=False)]
    db = [None if c.bias is None else Delta.sum(axis=0) for c, Delta in zip(case.layers, Deltas, strict=True)]
    return Gradient(dW, db, Trace(Z, A[1:], Gs, Deltas))
