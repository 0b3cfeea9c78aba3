"""A right one, after all the others: a recursion down the layers."""

import numpy as np

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    dw, db = [None] * len(weights), [None] * len(weights)

    def layer(l, x):
        """dC/dx, where x is what goes into layer l."""
        if l == len(weights):
            return x - targets
        z = x @ weights[l].T + (0 if biases[l] is None else biases[l])
        y = 1 / (1 + np.exp(-z))
        d = layer(l + 1, y) * y * (1 - y)
        dw[l] = d.T @ x
        if biases[l] is not None:
            db[l] = d.sum(axis=0)
        return d @ weights[l]

    layer(0, inputs)
    return dw, db
