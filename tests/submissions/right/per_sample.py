"""Nothing but lists and loops, one sample after the other."""

import math

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def one(weights, biases, x, t, grad_w, grad_b):
    outs = [list(x)]
    for w, b in zip(weights, biases, strict=True):
        row = []
        for j in range(len(w)):
            total = 0.0 if b is None else b[j]
            for k in range(len(w[j])):
                total += w[j][k] * outs[-1][k]
            row.append(1.0 / (1.0 + math.exp(-total)))
        outs.append(row)
    deltas = [(o - y) * o * (1 - o) for o, y in zip(outs[-1], t, strict=True)]
    for l in range(len(weights) - 1, -1, -1):
        below = [0.0] * len(outs[l])
        for j, d in enumerate(deltas):
            for k, a in enumerate(outs[l]):
                grad_w[l][j][k] += d * a
                below[k] += d * weights[l][j][k]
            if grad_b[l] is not None:
                grad_b[l][j] += d
        deltas = [s * a * (1 - a) for s, a in zip(below, outs[l], strict=True)]


def gradients(weights, biases, inputs, targets):
    weights, inputs, targets = [w.tolist() for w in weights], inputs.tolist(), targets.tolist()
    biases = [None if b is None else b.tolist() for b in biases]
    grad_w = [[[0.0] * len(row) for row in w] for w in weights]
    grad_b = [None if b is None else [0.0] * len(b) for b in biases]
    for x, t in zip(inputs, targets, strict=True):
        one(weights, biases, x, t, grad_w, grad_b)
    return grad_w, grad_b
