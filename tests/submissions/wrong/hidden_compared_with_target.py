import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [2, 2, 2, 2],
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    a, dw, db = inputs, [], []
    for w, b in zip(weights, biases, strict=True):
        below, a = a, 1 / (1 + np.exp(-(a @ w.T + b)))
        d = (a - targets) * a * (1 - a)  # forward and backward at once
        dw.append(d.T @ below)
        db.append(d.sum(0))
    return dw, db
