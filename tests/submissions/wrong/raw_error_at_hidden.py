import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [2, 3, 1],
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    dw, db = [np.zeros((3, 2)), np.zeros((1, 3))], [np.zeros(3), np.zeros(1)]
    for (p, q), (t,) in zip(inputs, targets, strict=True):
        h = 1 / (1 + np.exp(-(weights[0] @ [p, q] + biases[0])))
        (o,) = 1 / (1 + np.exp(-(weights[1] @ h + biases[1])))
        error = o - t
        dw[1] += error * o * (1 - o) * h
        db[1] += error * o * (1 - o)
        for i in range(3):
            d = error * h[i] * (1 - h[i])
            dw[0][i] += d * p, d * q
            db[0][i] += d
    return dw, db
