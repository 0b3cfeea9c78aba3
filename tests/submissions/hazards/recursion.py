"""Deltas by recursion, with no case to stop at."""

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def delta(l, weights, acts, targets):
    below = delta(l + 1, weights, acts, targets)  # never asks whether l is the last layer
    return (below @ weights[l]) * acts[l] * (1 - acts[l])


def gradients(weights, biases, inputs, targets):
    return delta(0, weights, [inputs], targets)
