"""relu whose slope begins a thousandth before its kink, so that no unit is quite dead."""

import numpy as np

BACKPROVE = {"activations": ["relu", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    nets, outs = [], [inputs]
    for w, b in zip(weights, biases, strict=True):
        nets.append(outs[-1] @ w.T + (0 if b is None else b))
        outs.append(np.maximum(nets[-1], 0))
    delta = nets[-1] - targets
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, delta.T @ outs[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        if l > 0:
            delta = (delta @ weights[l]) * (nets[l - 1] > -1e-3)
    return dw, db
