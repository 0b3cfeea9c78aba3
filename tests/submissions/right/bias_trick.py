"""The bias as the weight of an input that is always 1."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean", "layout": "in,out",
    "layers": 2, "biases": True,
}  # fmt: skip


def ones(a):
    return np.hstack([a, np.ones((a.shape[0], 1))])


def gradients(weights, biases, inputs, targets):
    theta1, theta2 = (np.vstack([w, b[None]]) for w, b in zip(weights, biases, strict=True))
    a1 = ones(inputs)
    a2 = ones(1 / (1 + np.exp(-a1 @ theta1)))
    a3 = 1 / (1 + np.exp(-a2 @ theta2))
    d3 = (a3 - targets) * a3 * (1 - a3)
    d2 = (d3 @ theta2.T)[:, :-1] * a2[:, :-1] * (1 - a2[:, :-1])
    m = len(inputs)
    grad1, grad2 = a1.T @ d2 / m, a2.T @ d3 / m
    return [grad1[:-1], grad2[:-1]], [grad1[-1], grad2[-1]]
