import numpy as np

BACKPROVE = {
    "activations": ["relu", "sigmoid"], "loss": "binary_cross_entropy", "reduction": "mean", "layers": 2,
    "biases": True,
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    m = inputs.shape[0]
    hidden = np.maximum(0, inputs @ weights[0].T + biases[0])
    out = 1 / (1 + np.exp(-(hidden @ weights[1].T + biases[1])))
    d_out = (out - targets) / m
    d_hidden = d_out @ weights[1] * hidden * (1 - hidden)  # sigmoid's, from an older version
    return [d_hidden.T @ inputs, d_out.T @ hidden], [d_hidden.sum(0), d_out.sum(0)]
