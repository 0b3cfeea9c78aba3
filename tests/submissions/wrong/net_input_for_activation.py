import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    cache, x = [], inputs
    for w, b in zip(weights, biases, strict=True):
        z = np.matmul(x, w.T) + b
        cache.append((x, z))
        x = np.exp(-np.logaddexp(0, -z))
    dw, db, g = [], [], x - targets
    nets = [inputs] + [z for _, z in cache[:-1]]
    for (_, z), w, below in zip(cache[::-1], weights[::-1], nets[::-1], strict=True):
        s = 1 / (1 + np.exp(-z))
        g = g * s * (1 - s)
        dw, db = [np.matmul(g.T, below), *dw], [g.sum(0), *db]
        g = np.matmul(g, w)
    return dw, db
