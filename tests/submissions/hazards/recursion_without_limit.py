"""The same recursion, after the advice to raise the limit, through a sort that calls back from C."""

import sys

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}

sys.setrecursionlimit(10**9)


def delta(l):
    return sorted([l + 1, l + 2], key=delta)[0]


def gradients(weights, biases, inputs, targets):
    return [delta(0) * w for w in weights], biases
