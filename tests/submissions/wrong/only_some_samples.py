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
    for x, t in zip(inputs, targets, strict=True):
        h = 1 / (1 + np.exp(-(weights[0] @ x + biases[0])))
        y = 1 / (1 + np.exp(-(weights[1] @ h + biases[1])))
        d2 = (y - t) * y * (1 - y)
        d1 = weights[1].T @ d2 * h * (1 - h)
        dw, db = [np.outer(d1, x), np.outer(d2, h)], [d1, d2]  # += is what it should be
    return dw, db
