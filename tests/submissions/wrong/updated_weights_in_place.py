"""The weights of the output are updated where they are before the hidden delta is carried back through them."""

import numpy as np

from backprove import from_update

BACKPROVE = {
    "activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum", "biases": True,
}  # fmt: skip


def step(weights, biases, inputs, targets, lr):
    a = [inputs]
    for w, b in zip(weights, biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + b))))
    delta = (a[-1] - targets) * a[-1] * (1 - a[-1])
    for l in reversed(range(len(weights))):
        weights[l] -= lr * delta.T @ a[l]
        biases[l] -= lr * delta.sum(axis=0)
        delta = (delta @ weights[l]) * a[l] * (1 - a[l])


gradients = from_update(step, learning_rate=0.1)
