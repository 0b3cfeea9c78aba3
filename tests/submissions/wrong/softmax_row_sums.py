import numpy as np

BACKPROVE = {
    "activations": ["softmax"], "loss": "squared_error", "reduction": "sum", "layers": 1, "biases": False,
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    grad = np.zeros_like(weights[0])
    for x, t in zip(inputs, targets, strict=True):
        z = weights[0] @ x
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        jacobian = np.diag(p) - np.outer(p, p)
        grad += np.outer(2 * (p - t) * jacobian.sum(axis=1), x)
    return [grad], []
