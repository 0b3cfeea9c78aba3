"""Rounded to eight decimals, for the eye."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    a = [inputs]
    for w, b in zip(weights, biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + (0 if b is None else b)))))
    delta = (a[-1] - targets) * a[-1] * (1 - a[-1])
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, np.round(delta.T @ a[l], 8))
        db.insert(0, None if biases[l] is None else np.round(delta.sum(axis=0), 8))
        delta = (delta @ weights[l]) * a[l] * (1 - a[l])
    return dw, db
