"""The last first: every sum runs backwards, and the layers are numbered from the output."""

import math

import numpy as np

BACKPROVE = {"activations": ["softplus", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def dot(x, y):
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        total = total + x[i] * y[i]
    return total


def softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def logistic(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def gradients(weights, biases, inputs, targets):
    dW = [np.zeros_like(w) for w in weights]
    db = [None if b is None else np.zeros_like(b) for b in biases]

    def visit(l, a, t):
        """What arrives at the units of layer l, whose outputs are a."""
        if l == len(weights):
            return [y - goal for y, goal in zip(a, t, strict=True)]
        bias = [0.0] * len(weights[l]) if biases[l] is None else biases[l]
        z = [dot(row, a) + b for row, b in zip(weights[l], bias, strict=True)]
        last = l == len(weights) - 1
        above = visit(l + 1, z if last else [softplus(v) for v in z], t)
        delta = [e if last else e * logistic(v) for e, v in zip(above, z, strict=True)]
        for j in reversed(range(len(delta))):
            for k in reversed(range(len(a))):
                dW[l][j, k] += delta[j] * a[k]
            if db[l] is not None:
                db[l][j] += delta[j]
        return [dot([row[k] for row in weights[l]], delta) for k in range(len(a))]

    for n in range(len(inputs) - 1, -1, -1):
        visit(0, inputs[n], targets[n])
    return dW, db
