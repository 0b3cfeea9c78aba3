"""softplus as log(1 + exp(z)): 0 or infinite where z is large; the samples are columns."""

import numpy as np

BACKPROVE = {
    "activations": ["softplus", "sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "mean",
    "samples": "columns",
}


def logistic(z):
    return 1 / (1 + np.exp(-z))


def gradients(weights, biases, X, Y):
    m = X.shape[1]
    cache, A = [], X
    for l, (W, b) in enumerate(zip(weights, biases, strict=True)):
        Z = W @ A if b is None else W @ A + b[:, None]
        cache.append((A, Z))
        A = logistic(Z) if l == len(weights) - 1 else np.log(1 + np.exp(Z))
    dZ = (A - Y) * A * (1 - A) / m
    dWs, dbs = [], []
    for l in range(len(weights) - 1, -1, -1):
        A_prev, _ = cache[l]
        dWs.append(dZ @ A_prev.T)
        dbs.append(None if biases[l] is None else dZ.sum(axis=1))
        if l:
            dZ = (weights[l].T @ dZ) * logistic(cache[l - 1][1])
    return dWs[::-1], dbs[::-1]
