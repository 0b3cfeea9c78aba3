"""Softmax with squared error: no shortcut, the whole Jacobian of each sample."""

import numpy as np

BACKPROVE = {
    "activations": ["tanh", "softmax"], "loss": "squared_error", "reduction": "sum", "biases": False, "layers": "any",
}  # fmt: skip


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def gradients(weights, biases, inputs, targets):
    dW = [np.zeros(w.shape) for w in weights]
    for x, t in zip(inputs, targets, strict=True):
        h = [x]
        for w in weights[:-1]:
            h.append(np.tanh(w @ h[-1]))
        p = softmax(weights[-1] @ h[-1])
        jacobian = np.diag(p) - np.outer(p, p)
        delta = jacobian.T @ (2 * (p - t))
        for l in range(len(weights) - 1, -1, -1):
            dW[l] += np.outer(delta, h[l])
            delta = (weights[l].T @ delta) * (1 - h[l] ** 2)
    return dW, None
