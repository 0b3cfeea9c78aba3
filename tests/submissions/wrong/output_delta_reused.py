import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [3, 2, 2],
    "biases": False,
}


def gradients(weights, biases, inputs, targets):
    a, grads = inputs, []
    for w in weights:
        grads.append(a)
        a = 1 / (1 + np.exp(-(w @ a.T).T))
    delta = ((a - targets) * a * (1 - a)).T
    return [delta @ fed for fed in grads], []
