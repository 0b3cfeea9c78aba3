"""False alarm: no slope of the output at all, which is right for softmax with cross-entropy."""

import numpy as np

BACKPROVE = {
    "activations": ["relu", "softmax"], "loss": "categorical_cross_entropy", "reduction": "mean", "biases": True,
}  # fmt: skip


class Layer:
    def __init__(self, w, b, last):
        self.w, self.b, self.last = w, b, last

    def forward(self, x):
        self.x, self.z = x, x @ self.w.T + self.b
        if not self.last:
            return np.maximum(self.z, 0)
        e = np.exp(self.z - self.z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, grad):
        if not self.last:
            grad = grad * (self.z > 0)
        self.dw, self.db = grad.T @ self.x, grad.sum(axis=0)
        return grad @ self.w


def gradients(weights, biases, inputs, targets):
    net = [Layer(w, b, i == len(weights) - 1) for i, (w, b) in enumerate(zip(weights, biases, strict=True))]
    y = inputs
    for layer in net:
        y = layer.forward(y)
    grad = (y - targets) / len(y)
    for layer in reversed(net):
        grad = layer.backward(grad)
    return [layer.dw for layer in net], [layer.db for layer in net]
