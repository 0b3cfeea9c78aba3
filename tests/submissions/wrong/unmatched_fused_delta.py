import numpy as np

BACKPROVE = {
    "activations": ["sigmoid", "tanh"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean", "layers": 2,
    "biases": True,
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    n = inputs.shape[0]
    hidden = 1 / (1 + np.exp(-(inputs @ weights[0].T + biases[0])))
    y = np.tanh(hidden @ weights[1].T + biases[1])
    dz2 = y - targets
    dz1 = dz2 @ weights[1] * hidden * (1 - hidden)
    dz1, dz2 = dz1 / n, dz2 / n
    return [dz1.T @ inputs, dz2.T @ hidden], [dz1.sum(0), dz2.sum(0)]
