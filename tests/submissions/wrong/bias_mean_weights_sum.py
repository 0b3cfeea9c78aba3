import numpy as np

BACKPROVE = {
    "activations": ["tanh", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum",
    "samples": "columns", "biases": True,
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    A = [inputs]
    for W, b in zip(weights, biases, strict=True):
        A.append(W @ (np.tanh(A[-1]) if len(A) > 1 else A[-1]) + b[:, None])
    d = A[-1] - targets
    pairs = []
    for l in reversed(range(len(weights))):
        below = np.tanh(A[l]) if l else inputs
        pairs.append((d @ below.T, d.mean(axis=1)))
        d = weights[l].T @ d / np.cosh(A[l]) ** 2 if l else d
    dW, db = zip(*reversed(pairs), strict=True)
    return list(dW), list(db)
