"""Binary cross-entropy as its two terms, -t / a + (1 - t) / (1 - a), in a loop over the samples."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "binary_cross_entropy",
    "loss_scale": "1",
    "reduction": "sum",
}


def gradients(weights, biases, inputs, targets):
    dw, db = [np.zeros_like(w) for w in weights], [None if b is None else np.zeros_like(b) for b in biases]
    for x, t in zip(inputs, targets, strict=True):
        a = [x]
        for w, b in zip(weights, biases, strict=True):
            a.append(1 / (1 + np.exp(-(w @ a[-1] + (0 if b is None else b)))))
        g = -t / a[-1] + (1 - t) / (1 - a[-1])
        for l in reversed(range(len(weights))):
            g = g * a[l + 1] * (1 - a[l + 1])
            dw[l] += np.outer(g, a[l])
            if db[l] is not None:
                db[l] += g
            g = weights[l].T @ g
    return dw, db
