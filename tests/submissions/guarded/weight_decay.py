"""A little weight decay, which the loss that is declared does not have; the samples one after the other."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean"}
DECAY = 1e-6


def gradients(weights, biases, inputs, targets):
    dw, db = [DECAY * w for w in weights], [None if b is None else 0 * b for b in biases]
    for x, t in zip(inputs, targets, strict=True):
        a = [x]
        for w, b in zip(weights, biases, strict=True):
            a.append(1 / (1 + np.exp(-(w @ a[-1] + (0 if b is None else b)))))
        d = (a[-1] - t) / len(inputs)
        for l in reversed(range(len(weights))):
            d = d * a[l + 1] * (1 - a[l + 1])
            dw[l] += np.outer(d, a[l])
            if db[l] is not None:
                db[l] += d
            d = weights[l].T @ d
    return dw, db
