"""A small number in the denominator, so that nothing is divided by 0."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "binary_cross_entropy", "loss_scale": "1", "reduction": "sum"}
EPSILON = 1e-8


def gradients(weights, biases, inputs, targets):
    a = [inputs]
    for w, b in zip(weights, biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + (0 if b is None else b)))))
    grad = -(targets / (a[-1] + EPSILON)) + (1 - targets) / (1 - a[-1] + EPSILON)
    dw, db = [None] * len(weights), [None] * len(weights)
    for l in range(len(weights) - 1, -1, -1):
        grad = grad * a[l + 1] * (1 - a[l + 1])
        dw[l] = grad.T @ a[l]
        if biases[l] is not None:
            db[l] = grad.sum(axis=0)
        grad = grad @ weights[l]
    return dw, db
