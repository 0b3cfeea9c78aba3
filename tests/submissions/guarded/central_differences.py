"""No formula at all: every number moved a little to both sides. Right up to its noise."""

import numpy as np

BACKPROVE = {"activations": ["tanh"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}
STEP = 1e-5


def loss(weights, biases, inputs, targets):
    a = inputs
    for w, b in zip(weights, biases, strict=True):
        a = np.tanh(a @ w.T + (0 if b is None else b))
    return ((a - targets) ** 2).sum() / 2


def gradients(weights, biases, inputs, targets):
    def slopes(block):
        found = np.zeros_like(block)
        for at in np.ndindex(block.shape):
            was = block[at]
            block[at] = was + STEP
            above = loss(weights, biases, inputs, targets)
            block[at] = was - STEP
            below = loss(weights, biases, inputs, targets)
            block[at] = was
            found[at] = (above - below) / (2 * STEP)
        return found

    return [slopes(w) for w in weights], [None if b is None else slopes(b) for b in biases]
