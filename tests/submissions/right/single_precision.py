"""In float32 from beginning to end."""

import numpy as np

BACKPROVE = {
    "activations": ["leaky_relu", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "mean",
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    f = np.float32
    W = [w.astype(f) for w in weights]
    B = [f(0) if b is None else b.astype(f) for b in biases]
    a, slopes = [inputs.astype(f)], []
    for l, (w, b) in enumerate(zip(W, B, strict=True), 1):
        z = a[-1] @ w.T + b
        slope = np.where((z > 0) | (l == len(W)), f(1), f(0.01))
        a.append(z * slope)
        slopes.append(slope)
    g = (a[-1] - targets.astype(f)) / f(len(inputs))
    out_w, out_b = [], []
    for l in range(len(W))[::-1]:
        g = g * slopes[l]
        out_w.append(g.T @ a[l])
        out_b.append(None if biases[l] is None else g.sum(axis=0))
        g = g @ W[l]
    return tuple(reversed(out_w)), tuple(reversed(out_b))
