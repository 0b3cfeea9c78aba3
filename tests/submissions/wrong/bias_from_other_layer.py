import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [3, 2, 2],
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    (w1, w2), (b1, b2) = weights, biases
    h = 1 / (1 + np.exp(-(inputs @ w1.T + b1)))
    y = 1 / (1 + np.exp(-(h @ w2.T + b2)))
    dy = (y - targets) * y * (1 - y)
    dh = dy @ w2 * h * (1 - h)
    return (dh.T @ inputs, dy.T @ h), (dy.sum(0), dy.sum(0))
