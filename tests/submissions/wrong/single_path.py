"""For each weight its chain of factors, along one path."""

import math

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": False,
    "batch": 1,
}


def gradients(weights, biases, inputs, targets):
    a = [inputs[0]]
    for w in weights:
        a.append(np.array([1 / (1 + math.exp(-z)) for z in w @ a[-1]]))

    def to_loss(l, j):
        """dC/dz of unit j in layer l."""
        here = a[l][j] * (1 - a[l][j])
        if l == len(weights):
            return here * (a[l][j] - targets[0][j])
        return here * weights[l][0, j] * to_loss(l + 1, 0)

    grads = []
    for l, w in enumerate(weights):
        grads.append([[to_loss(l + 1, j) * a[l][k] for k in range(w.shape[1])] for j in range(w.shape[0])])
    return grads, None
