"""Net inputs are what is kept; activations and slopes are functions of them."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid", "sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean"}


def sigma(z):
    return np.where(z < 0, np.exp(-np.abs(z)), 1.0) / (1 + np.exp(-np.abs(z)))


def sigma_prime(z):
    return sigma(z) * sigma(-z)


def gradients(weights, biases, inputs, targets):
    zs, x = [], inputs
    for w, b in zip(weights, biases, strict=True):
        zs.append(x @ w.T + (0 if b is None else b))
        x = sigma(zs[-1])
    nabla = sigma_prime(zs[-1]) * (x - targets) / len(inputs)
    nabla_w, nabla_b = [None] * len(zs), [None] * len(zs)
    for l in range(1, len(zs) + 1):
        below = sigma(zs[-l - 1]) if l < len(zs) else inputs
        nabla_w[-l] = nabla.T @ below
        nabla_b[-l] = None if biases[-l] is None else nabla.sum(axis=0)
        if l < len(zs):
            nabla = nabla @ weights[-l] * sigma_prime(zs[-l - 1])
    return nabla_w, nabla_b
