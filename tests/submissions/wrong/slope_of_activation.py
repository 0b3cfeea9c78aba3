import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": True,
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(x):
    return sigmoid(x) * (1 - sigmoid(x))


def gradients(weights, biases, inputs, targets):
    layers = [inputs]
    for i in range(len(weights)):
        layers.append(sigmoid(np.dot(layers[i], weights[i].T) + biases[i]))
    delta = (layers[-1] - targets) * sigmoid_derivative(layers[-1])
    deltas = [delta]
    for i in range(len(weights) - 1, 0, -1):
        delta = np.dot(delta, weights[i]) * sigmoid_derivative(layers[i])
        deltas.append(delta)
    deltas.reverse()
    return [np.dot(d.T, a) for d, a in zip(deltas, layers, strict=False)], [d.sum(axis=0) for d in deltas]
