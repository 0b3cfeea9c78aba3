import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    one = np.ones((len(inputs), 1))
    V1, V2 = (np.c_[b, w] for w, b in zip(weights, biases, strict=True))
    X = np.c_[one, inputs]
    H = np.c_[one, 1 / (1 + np.exp(-X @ V1.T))]
    Y = 1 / (1 + np.exp(-H @ V2.T))
    D2 = (Y - targets) * Y * (1 - Y)
    D1 = D2 @ V2[:, :-1] * H[:, 1:] * (1 - H[:, 1:])
    G1, G2 = D1.T @ X, D2.T @ H
    return [G1[:, 1:], G2[:, 1:]], [G1[:, 0], G2[:, 0]]
