"""dC/da = (a - t) / (a (1 - a)), and then times a (1 - a): 0 / 0 where an output is 0 or 1."""

import numpy as np

BACKPROVE = {
    "activations": ["relu", "sigmoid"],
    "loss": "binary_cross_entropy",
    "loss_scale": "1",
    "reduction": "mean_all",
}


def gradients(weights, biases, inputs, targets):
    caches, a = [], inputs
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = a @ w.T + (0 if b is None else b)
        caches.append(a)
        a = 1 / (1 + np.exp(-z)) if l == len(weights) - 1 else np.maximum(z, 0)
    da = (a - targets) / (a * (1 - a)) / targets.size
    dz = da * a * (1 - a)
    result = []
    for w, b, below in zip(weights[::-1], biases[::-1], caches[::-1], strict=True):
        result.append((dz.T @ below, None if b is None else dz.sum(axis=0)))
        dz = (dz @ w) * (below > 0)
    return [dw for dw, _ in result[::-1]], [db for _, db in result[::-1]]
