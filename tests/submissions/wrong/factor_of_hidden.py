"""The hidden layers' gradients are averaged over the batch twice."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "mean",
    "layers": 2,
    "biases": False,
}


def gradients(weights, biases, inputs, targets):
    n = len(inputs)
    h = 1 / (1 + np.exp(-inputs @ weights[0].T))
    y = 1 / (1 + np.exp(-h @ weights[1].T))
    d = (y - targets) * y * (1 - y) / n
    hidden = np.mean([np.outer(e, x) for e, x in zip(d @ weights[1] * h * (1 - h), inputs, strict=True)], axis=0)
    return [hidden, d.T @ h], []
