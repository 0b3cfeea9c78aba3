import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "batch": 1,
    "biases": False,
}


def gradients(weights, biases, inputs, targets):
    h = 1 / (1 + np.exp(-weights[0] @ inputs[0]))
    o = 1 / (1 + np.exp(-weights[1] @ h))
    do = (o - targets[0]) * o * (1 - o)
    dh = weights[1].T @ do * h * (1 - h)
    grads = [np.empty_like(w) for w in weights]
    for grad, d, w in zip(grads, (dh, do), weights, strict=True):
        for j, k in np.ndindex(*w.shape):
            grad[j, k] = d[j] * w[j, k]
    return grads, []
