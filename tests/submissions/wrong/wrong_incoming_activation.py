import numpy as np

BACKPROVE = {
    "activations": ["tanh"], "loss": "squared_error", "reduction": "sum", "layers": [3, 3, 3], "biases": False,
    "samples": "columns",
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    a1 = np.tanh(weights[0] @ inputs)
    a2 = np.tanh(weights[1] @ a1)
    d2 = 2 * (a2 - targets) * (1 - a2 * a2)
    d1 = (weights[1].T @ d2) * (1 - a1 * a1)
    return [d1 @ a1.T, d2 @ a2.T], []
