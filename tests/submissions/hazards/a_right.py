"""A right one, before all the others."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    acts = [inputs]
    for w, b in zip(weights, biases, strict=True):
        z = acts[-1] @ w.T
        acts.append(1 / (1 + np.exp(-(z if b is None else z + b))))
    delta = (acts[-1] - targets) * acts[-1] * (1 - acts[-1])
    dw, db = [], []
    for w, b, a in zip(weights[::-1], biases[::-1], acts[-2::-1], strict=True):
        dw.insert(0, delta.T @ a)
        db.insert(0, None if b is None else delta.sum(axis=0))
        delta = (delta @ w) * a * (1 - a)
    return dw, db
