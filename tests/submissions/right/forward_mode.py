"""Forward mode: dual numbers that carry their derivatives by all parameters along. No backward pass at all."""

import numpy as np

BACKPROVE = {"activations": ["tanh", "identity"], "loss": "squared_error", "reduction": "sum"}


class Dual:
    def __init__(self, value, dots):
        self.value, self.dots = value, dots

    def __add__(self, other):
        return Dual(self.value + other.value, self.dots + other.dots)

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.dots + other.value * self.dots)

    def tanh(self):
        y = np.tanh(self.value)
        return Dual(y, (1 - y * y) * self.dots)


def gradients(weights, biases, inputs, targets):
    count = sum(w.size for w in weights) + sum(b.size for b in biases if b is not None)
    units = iter(np.eye(count))
    W = [[[Dual(x, next(units)) for x in row] for row in w] for w in weights]
    B = [None if b is None else [Dual(x, next(units)) for x in b] for b in biases]
    nothing = np.zeros(count)
    loss = Dual(0.0, nothing)
    for x, t in zip(inputs, targets, strict=True):
        layer = [Dual(v, nothing) for v in x]
        for l, rows in enumerate(W):
            if l:
                layer = [a.tanh() for a in layer]
            fresh = []
            for j, row in enumerate(rows):
                z = Dual(0.0, nothing) if B[l] is None else B[l][j]
                for w, a in zip(row, layer, strict=True):
                    z = z + w * a
                fresh.append(z)
            layer = fresh
        for y, goal in zip(layer, t, strict=True):
            off = y + Dual(-goal, nothing)
            loss = loss + off * off
    rest = list(loss.dots)
    dw = [np.array([rest.pop(0) for _ in range(w.size)]).reshape(w.shape) for w in weights]
    return dw, [None if b is None else np.array([rest.pop(0) for _ in b]) for b in biases]
