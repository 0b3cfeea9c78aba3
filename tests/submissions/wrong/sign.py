import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": False,
}


def gradients(weights, biases, inputs, targets):
    h = 1 / (1 + np.exp(-inputs @ weights[0].T))
    y = 1 / (1 + np.exp(-h @ weights[1].T))
    d = (targets - y) * y * (1 - y)
    return [(d @ weights[1] * h * (1 - h)).T @ inputs, d.T @ h], []
