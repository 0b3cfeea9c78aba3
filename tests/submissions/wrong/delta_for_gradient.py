import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    h = 1 / (1 + np.exp(-(inputs @ weights[0].T + biases[0])))
    y = 1 / (1 + np.exp(-(h @ weights[1].T + biases[1])))
    d2 = ((y - targets) * y * (1 - y)).T
    d1 = weights[1].T @ d2 * (h * (1 - h)).T
    db = [d1.sum(axis=1), d2.sum(axis=1)]
    return [np.column_stack([b] * w.shape[1]) for b, w in zip(db, weights, strict=True)], db
