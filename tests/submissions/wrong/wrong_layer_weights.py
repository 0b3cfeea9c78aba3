import numpy as np

BACKPROVE = {"activations": ["tanh"], "loss": "squared_error", "reduction": "sum", "layers": [2, 2, 2], "biases": False}


def gradients(weights, biases, inputs, targets):
    out = [inputs]
    for w in weights:
        out.append(np.tanh(np.inner(out[-1], w)))
    delta = 2 * (out[2] - targets) * (1 - out[2] ** 2)
    below = (1 - out[1] ** 2) * np.inner(delta, weights[0].T)
    return [np.inner(below.T, out[0].T), np.inner(delta.T, out[1].T)], []
