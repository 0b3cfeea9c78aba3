"""A class whose weights go from inputs to units, with biases as rows; the gradients are attributes."""

import numpy as np

from backprove import from_class

BACKPROVE = {
    "activations": ["tanh", "sigmoid"], "loss": "binary_cross_entropy", "loss_scale": "1", "reduction": "mean",
    "layers": 2, "biases": True, "layout": "in,out",
}  # fmt: skip


class NeuralNetwork:
    def __init__(self, n_x, n_h, n_y):
        generator = np.random.default_rng(3)
        self.W1, self.b1 = 0.01 * generator.normal(size=(n_x, n_h)), np.zeros((1, n_h))
        self.W2, self.b2 = 0.01 * generator.normal(size=(n_h, n_y)), np.zeros((1, n_y))

    def forward(self, X):
        self.A1 = np.tanh(X @ self.W1 + self.b1)
        self.A2 = 1 / (1 + np.exp(-(self.A1 @ self.W2 + self.b2)))

    def backward(self, X, Y):
        m = len(X)
        dZ2 = self.A2 - Y
        self.dW2 = self.A1.T @ dZ2 / m
        self.db2 = dZ2.sum(axis=0, keepdims=True) / m
        dZ1 = dZ2 @ self.W2.T * (1 - self.A1**2)
        self.dW1 = X.T @ dZ1 / m
        self.db1 = dZ1.sum(axis=0, keepdims=True) / m

    def train(self, X, Y, learning_rate=0.5):
        self.forward(X)
        self.backward(X, Y)
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, "d" + name))


gradients = from_class(
    lambda sizes: NeuralNetwork(*sizes),
    NeuralNetwork.train,
    weights="W{}",
    biases="b{}",
    weight_gradients="dW{}",
    bias_gradients="db{}",
)
