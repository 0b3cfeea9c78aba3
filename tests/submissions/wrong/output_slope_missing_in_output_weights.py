import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "mean",
    "biases": False,
    "layers": 2,
}


def gradients(weights, biases, inputs, targets):
    gw = [np.zeros_like(w) for w in weights]
    for x, t in zip(inputs, targets, strict=True):
        h = 1 / (1 + np.exp(-weights[0] @ x))
        o = 1 / (1 + np.exp(-weights[1] @ h))
        for j in range(len(o)):
            gw[1][j] += (o[j] - t[j]) * h
        for k in range(len(h)):
            back = sum((o[j] - t[j]) * o[j] * (1 - o[j]) * weights[1][j, k] for j in range(len(o)))
            gw[0][k] += back * h[k] * (1 - h[k]) * x
    return [g / len(inputs) for g in gw], None
