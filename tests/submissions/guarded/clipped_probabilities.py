"""Probabilities kept within 1e-7 of 0 and 1, as libraries do before they take a logarithm; here the gradient too."""

import numpy as np

BACKPROVE = {
    "activations": ["tanh", "sigmoid"],
    "loss": "binary_cross_entropy",
    "loss_scale": "1",
    "reduction": "mean",
}


def gradients(weights, biases, inputs, targets):
    acts = [inputs]
    for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = acts[-1] @ w.T + (0 if b is None else b)
        acts.append(1 / (1 + np.exp(-z)) if l == len(weights) else np.tanh(z))
    p = np.clip(acts[-1], 1e-7, 1 - 1e-7)
    delta = (p - targets) / len(inputs)
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, delta.T @ acts[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        delta = (delta @ weights[l]) * (1 - acts[l] ** 2)
    return dw, db
