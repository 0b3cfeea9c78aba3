"""The same with sigmoid outputs, where it is the gradient of another loss."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    z1 = inputs @ weights[0].T + biases[0]
    a1 = 1.0 / (1.0 + np.exp(-z1))
    z2 = a1 @ weights[1].T + biases[1]
    a2 = 1.0 / (1.0 + np.exp(-z2))
    error = a2 - targets
    hidden = np.dot(error, weights[1]) * a1 * (1 - a1)
    return [hidden.T @ inputs, error.T @ a1], [hidden.sum(axis=0), error.sum(axis=0)]
