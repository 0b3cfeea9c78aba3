"""exp(z) / (1 + exp(z)), which is NaN where exp overflows; a recursion down the layers."""

import numpy as np

BACKPROVE = {"activations": ["relu", "sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean"}


def sigmoid(z):
    return np.exp(z) / (1 + np.exp(z))


def descend(layers, x, targets):
    """dC/dx, and (dW, db) of this layer and all that follow."""
    if not layers:
        return (x - targets) / len(targets), []
    (w, b), *rest = layers
    z = x @ w.T if b is None else x @ w.T + b
    y = np.maximum(z, 0) if rest else sigmoid(z)
    dy, found = descend(rest, y, targets)
    dz = dy * (y > 0) if rest else dy * y * (1 - y)
    return dz @ w, [(dz.T @ x, None if b is None else dz.sum(axis=0)), *found]


def gradients(weights, biases, inputs, targets):
    _, found = descend(list(zip(weights, biases, strict=True)), inputs, targets)
    return [dw for dw, _ in found], [db for _, db in found]
