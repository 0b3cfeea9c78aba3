"""(1 + tanh(z / 2)) / 2: 0 to all digits where z is far below 0."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "output", "loss_scale": "1", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    acts = [inputs]
    for w, b in zip(weights, biases, strict=True):
        acts.append(0.5 * (1 + np.tanh(0.5 * (acts[-1] @ w.T + (0 if b is None else b)))))
    delta = np.ones_like(acts[-1])
    dw, db = [], []
    for l in range(len(weights), 0, -1):
        delta *= acts[l] * (1 - acts[l])
        dw = [delta.T @ acts[l - 1], *dw]
        db = [None if biases[l - 1] is None else delta.sum(axis=0), *db]
        delta = delta @ weights[l - 1]
    return dw, db
