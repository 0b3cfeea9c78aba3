"""Categorical cross-entropy by -t / a and the whole Jacobian of softmax: 0 / 0 where a probability is 0."""

import numpy as np

BACKPROVE = {
    "activations": ["elu", "softmax"],
    "loss": "categorical_cross_entropy",
    "loss_scale": "1",
    "reduction": "mean",
}


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def one(weights, biases, x, t):
    """Gradients of one sample's loss, from the output backwards."""
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        z = w @ a[-1] + (0 if b is None else b)
        a.append(softmax(z) if w is weights[-1] else np.where(z > 0, z, np.expm1(np.minimum(z, 0))))
    p = a.pop()
    jacobian = np.diag(p) - np.outer(p, p)
    delta = jacobian.T @ (-t / p)
    for l in reversed(range(len(weights))):
        yield np.outer(delta, a[l]), delta
        delta = (weights[l].T @ delta) * np.where(a[l] > 0, 1, a[l] + 1)


def gradients(weights, biases, inputs, targets):
    samples = [list(one(weights, biases, x, t))[::-1] for x, t in zip(inputs, targets, strict=True)]
    dw = [sum(layer[0] for layer in layers) / len(inputs) for layers in zip(*samples, strict=True)]
    db = [sum(layer[1] for layer in layers) / len(inputs) for layers in zip(*samples, strict=True)]
    return dw, [None if b is None else d for b, d in zip(biases, db, strict=True)]
