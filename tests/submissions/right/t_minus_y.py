"""False alarm: t - y, which is right because the update adds it."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum", "layers": 2,
    "biases": True,
}  # fmt: skip


def step(w1, b1, w2, b2, x, t):
    """One step of learning, with a learning rate of 1."""
    h = 1 / (1 + np.exp(-(x @ w1.T + b1)))
    y = 1 / (1 + np.exp(-(h @ w2.T + b2)))
    error = t - y
    d2 = error * y * (1 - y)
    d1 = (d2 @ w2) * h * (1 - h)
    return d1.T @ x, d1.sum(axis=0), d2.T @ h, d2.sum(axis=0)  # what is added


def gradients(weights, biases, inputs, targets):
    dw1, db1, dw2, db2 = step(weights[0], biases[0], weights[1], biases[1], inputs, targets)
    return [-dw1, -dw2], [-db1, -db2]
