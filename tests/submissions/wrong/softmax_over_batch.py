import numpy as np

BACKPROVE = {
    "activations": ["relu", "softmax"], "loss": "categorical_cross_entropy", "reduction": "sum", "layers": 2,
    "biases": True,
}  # fmt: skip


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def gradients(weights, biases, inputs, targets):
    z = inputs @ weights[0].T + biases[0]
    h = z * (z > 0)
    p = softmax(h @ weights[1].T + biases[1])
    d2 = p - targets
    d1 = d2 @ weights[1] * (z > 0)
    return [d1.T @ inputs, d2.T @ h], [d1.sum(axis=0), d2.sum(axis=0)]
