"""The same in the denominator of a softmax, in lists and loops."""

import math

BACKPROVE = {
    "activations": ["tanh", "softmax"],
    "loss": "categorical_cross_entropy",
    "loss_scale": "1",
    "reduction": "sum",
}


def softmax(z):
    top = max(z)
    e = [math.exp(z_k - top) for z_k in z]
    return [e_k / (sum(e) + 1e-8) for e_k in e]


def gradients(weights, biases, inputs, targets):
    dw = [[[0.0] * w.shape[1] for _ in w] for w in weights]
    db = [None if b is None else [0.0] * len(b) for b in biases]
    for x, t in zip(inputs, targets, strict=True):
        acts = [list(x)]
        for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
            z = [
                sum(w_jk * a_k for w_jk, a_k in zip(w_j, acts[-1], strict=True)) + (0.0 if b is None else b[j])
                for j, w_j in enumerate(w)
            ]
            acts.append(softmax(z) if l == len(weights) else [math.tanh(z_j) for z_j in z])
        delta = [a_k - t_k for a_k, t_k in zip(acts[-1], t, strict=True)]
        for l in range(len(weights) - 1, -1, -1):
            for j, d in enumerate(delta):
                for k, a_k in enumerate(acts[l]):
                    dw[l][j][k] += d * a_k
                if db[l] is not None:
                    db[l][j] += d
            delta = [
                sum(d * weights[l][j][k] for j, d in enumerate(delta)) * (1 - a_k**2) for k, a_k in enumerate(acts[l])
            ]
    return dw, db
