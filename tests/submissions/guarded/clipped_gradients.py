"""Gradients kept within -1 and 1, so that training does not explode: only large ones differ."""

import numpy as np

BACKPROVE = {"activations": ["tanh", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean"}


def gradients(weights, biases, inputs, targets):
    h = [inputs]
    for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = h[-1] @ w.T + (0 if b is None else b)
        h.append(z if l == len(weights) - 1 else np.tanh(z))
    d = (h[-1] - targets) / len(inputs)
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, d.T @ h[l])
        db.insert(0, None if biases[l] is None else d.sum(axis=0))
        d = (d @ weights[l]) * (1 - h[l] ** 2)
    return [np.clip(w, -1, 1) for w in dw], [None if b is None else np.clip(b, -1, 1) for b in db]
