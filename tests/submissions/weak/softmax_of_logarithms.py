"""Probabilities by way of their logarithms, z - log Σ exp(z); weights as (in, out), a class for each layer."""

import numpy as np

BACKPROVE = {
    "activations": ["leaky_relu", "softmax"],
    "loss": "categorical_cross_entropy",
    "loss_scale": "1",
    "reduction": "sum",
    "layout": "in,out",
}


class Dense:
    def __init__(self, W, b, last):
        self.W, self.b, self.last = W, b, last

    def forward(self, X):
        self.X = X
        Z = X @ self.W if self.b is None else X @ self.W + self.b
        if self.last:
            return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
        self.slope = np.where(Z > 0, 1.0, 0.01)
        return Z * self.slope

    def backward(self, D):
        D = D if self.last else D * self.slope
        self.dW = self.X.T @ D
        self.db = None if self.b is None else D.sum(axis=0)
        return D @ self.W.T


def gradients(weights, biases, inputs, targets):
    last = len(weights) - 1
    layers = [Dense(W, b, l == last) for l, (W, b) in enumerate(zip(weights, biases, strict=True))]
    out = inputs
    for layer in layers:
        out = layer.forward(out)
    D = np.exp(out) - targets
    for layer in reversed(layers):
        D = layer.backward(D)
    return [layer.dW for layer in layers], [layer.db for layer in layers]
