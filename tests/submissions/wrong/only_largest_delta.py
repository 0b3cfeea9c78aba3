import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [2, 3, 2],
    "biases": False,
    "batch": 1,
}


def gradients(weights, biases, inputs, targets):
    x, t = inputs[0], targets[0]
    h = 1 / (1 + np.exp(-weights[0] @ x))
    y = 1 / (1 + np.exp(-weights[1] @ h))
    d2 = (y - t) * y * (1 - y)
    d1 = weights[1].T @ d2 * h * (1 - h)
    grads = []
    for d, a in ((d1, x), (d2, h)):
        winner = max(range(len(d)), key=lambda j: abs(d[j]))
        grads.append([[d[j] * v if j == winner else 0.0 for v in a] for j in range(len(d))])
    return grads, []
