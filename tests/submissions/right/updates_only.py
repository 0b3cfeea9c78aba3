"""One training step that changes the weights where they are and hands nothing back."""

import numpy as np

from backprove import from_update

BACKPROVE = {
    "activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean", "layers": 2,
    "biases": True,
}  # fmt: skip


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(weights, biases, X, y, learning_rate):
    W1, W2 = weights
    b1, b2 = biases
    hidden = sigmoid(X @ W1.T + b1)
    output = sigmoid(hidden @ W2.T + b2)
    output_delta = (output - y) * output * (1 - output)
    hidden_delta = (output_delta @ W2) * hidden * (1 - hidden)
    W2 -= learning_rate / len(X) * output_delta.T @ hidden
    b2 -= learning_rate * output_delta.mean(axis=0)
    W1 -= learning_rate / len(X) * hidden_delta.T @ X
    b1 -= learning_rate * hidden_delta.mean(axis=0)


gradients = from_update(step, learning_rate=0.1)
