import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    a = [inputs]
    for w, b in zip(weights, biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + b))))
    dw, db = [0 * w for w in weights], [0 * b for b in biases]
    d = (a[-1] - targets) * a[-1] * (1 - a[-1])
    for l in reversed(range(1, len(weights))):
        d = d @ weights[l] * a[l] * (1 - a[l])
    dw[0], db[0] = d.T @ a[0], d.sum(axis=0)
    return dw, db
