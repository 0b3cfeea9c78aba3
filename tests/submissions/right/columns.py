"""Samples as columns, everything keyed by layer, as in a well-known course."""

import numpy as np

BACKPROVE = {
    "activations": ["tanh", "sigmoid"], "loss": "binary_cross_entropy", "reduction": "mean", "samples": "columns",
    "biases": True,
}  # fmt: skip


def forward(parameters, X, L):
    cache = {"A0": X}
    for l in range(1, L + 1):
        Z = np.dot(parameters[f"W{l}"], cache[f"A{l - 1}"]) + parameters[f"b{l}"]
        cache[f"A{l}"] = 1 / (1 + np.exp(-Z)) if l == L else np.tanh(Z)
    return cache


def gradients(weights, biases, inputs, targets):
    L, m = len(weights), inputs.shape[1]
    parameters = {f"W{l + 1}": w for l, w in enumerate(weights)}
    parameters |= {f"b{l + 1}": b.reshape(-1, 1) for l, b in enumerate(biases)}
    cache = forward(parameters, inputs, L)
    grads = {}
    dZ = cache[f"A{L}"] - targets
    for l in range(L, 0, -1):
        grads[f"dW{l}"] = np.dot(dZ, cache[f"A{l - 1}"].T) / m
        grads[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dZ = np.dot(parameters[f"W{l}"].T, dZ) * (1 - np.power(cache[f"A{l - 1}"], 2))
    return [grads[f"dW{l}"] for l in range(1, L + 1)], [grads[f"db{l}"] for l in range(1, L + 1)]
