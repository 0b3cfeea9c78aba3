"""elu with exp(z) - 1, which has few digits where z is nearly 0."""

import numpy as np

BACKPROVE = {"activations": ["elu", "identity"], "loss": "squared_error", "loss_scale": "1", "reduction": "mean"}


def elu(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


def elu_prime(z):
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))


def gradients(weights, biases, inputs, targets):
    L = len(weights)
    z, a = [], [inputs]
    for l in range(L):
        z.append(np.einsum("nk,jk->nj", a[l], weights[l]))
        if biases[l] is not None:
            z[l] = z[l] + biases[l]
        a.append(z[l] if l == L - 1 else elu(z[l]))
    dw, db = [None] * L, [None] * L
    delta = 2 * (a[L] - targets) / inputs.shape[0]
    for l in range(L - 1, -1, -1):
        dw[l] = np.einsum("nj,nk->jk", delta, a[l])
        db[l] = None if biases[l] is None else np.einsum("nj->j", delta)
        if l:
            delta = np.einsum("nj,jk->nk", delta, weights[l]) * elu_prime(z[l - 1])
    return dw, db
