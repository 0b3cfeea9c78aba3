"""Thinks that Ctrl-C is how a loop is left."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    acts = [inputs]
    for w, b in zip(weights, biases, strict=True):
        z = acts[-1] @ w.T
        acts.append(1 / (1 + np.exp(-(z if b is None else z + b))))
    delta = (acts[-1] - targets) * acts[-1] * (1 - acts[-1])
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, delta.T @ acts[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        delta = (delta @ weights[l]) * acts[l] * (1 - acts[l])
    if len(dw) == len(weights):
        raise KeyboardInterrupt
    return dw, db
