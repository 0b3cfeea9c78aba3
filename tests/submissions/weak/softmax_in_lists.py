"""The same in lists of Python's floats, whose exp raises where NumPy's warns."""

import math

BACKPROVE = {
    "activations": ["relu", "softmax"],
    "loss": "categorical_cross_entropy",
    "loss_scale": "1",
    "reduction": "sum",
}


def affine(w, b, a):
    return [
        sum(w_jk * a_k for w_jk, a_k in zip(row, a, strict=True)) + (0.0 if b is None else b[j])
        for j, row in enumerate(w)
    ]


def softmax(z):
    e = [math.exp(z_j) for z_j in z]
    return [e_j / sum(e) for e_j in e]


def gradients(weights, biases, inputs, targets):
    L = len(weights)
    dw = [[[0.0] * len(row) for row in w] for w in weights]
    db = [None if b is None else [0.0] * len(b) for b in biases]
    for x, t in zip(inputs.tolist(), targets.tolist(), strict=True):
        a = [x]
        for l in range(L):
            z = affine(weights[l].tolist(), biases[l], a[-1])
            a.append(softmax(z) if l == L - 1 else [max(z_j, 0.0) for z_j in z])
        delta = [a_k - t_k for a_k, t_k in zip(a[-1], t, strict=True)]
        for l in reversed(range(L)):
            for j, d in enumerate(delta):
                for k, a_k in enumerate(a[l]):
                    dw[l][j][k] += d * a_k
                if db[l] is not None:
                    db[l][j] += d
            back = [sum(weights[l][j, k] * d for j, d in enumerate(delta)) for k in range(len(a[l]))]
            delta = [e if a_k > 0 else 0.0 for e, a_k in zip(back, a[l], strict=True)]
    return dw, db
