"""tanh by its definition."""

import numpy as np

BACKPROVE = {"activations": ["tanh"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def tanh(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def gradients(weights, biases, inputs, targets):
    out = [inputs]
    for W, b in zip(weights, biases, strict=True):
        out.append(tanh(np.dot(out[-1], W.T) + (b if b is not None else 0)))
    error = out[-1] - targets
    grads_W, grads_b = [], []
    for W, b, y, x in zip(weights[::-1], biases[::-1], out[:0:-1], out[-2::-1], strict=True):
        error = error * (1 - y * y)
        grads_W.append(np.dot(error.T, x))
        grads_b.append(None if b is None else np.sum(error, axis=0))
        error = np.dot(error, W)
    return grads_W[::-1], grads_b[::-1]
