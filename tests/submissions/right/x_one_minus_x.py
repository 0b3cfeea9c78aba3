"""False alarm: sigmoid's slope as x (1 - x), which is right because x is the activation."""

import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum", "layers": 2,
    "biases": False, "layout": "in,out",
}  # fmt: skip


def nonlin(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def gradients(weights, biases, inputs, targets):
    syn0, syn1 = weights
    l0 = inputs
    l1 = nonlin(np.dot(l0, syn0))
    l2 = nonlin(np.dot(l1, syn1))
    l2_delta = (l2 - targets) * nonlin(l2, deriv=True)
    l1_delta = l2_delta.dot(syn1.T) * nonlin(l1, deriv=True)
    return [l0.T.dot(l1_delta), l1.T.dot(l2_delta)], []
