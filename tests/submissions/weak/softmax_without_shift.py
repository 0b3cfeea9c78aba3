"""Softmax as it stands in the book: no maximum is taken off."""

import numpy as np

BACKPROVE = {
    "activations": ["relu", "softmax"],
    "loss": "categorical_cross_entropy",
    "loss_scale": "1",
    "reduction": "mean",
}


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def gradients(weights, biases, inputs, targets):
    acts = [inputs]
    for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = acts[-1] @ w.T + (0 if b is None else b)
        acts.append(softmax(z) if l == len(weights) else np.maximum(z, 0))
    delta = (acts[-1] - targets) / len(inputs)
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, delta.T @ acts[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        delta = (delta @ weights[l]) * (acts[l] > 0)
    return dw, db
