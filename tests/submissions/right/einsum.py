"""Einstein's summation for every step."""

from numpy import einsum, where

BACKPROVE = {"activations": ["relu", "identity"], "loss": "squared_error", "reduction": "mean_all"}


def gradients(weights, biases, inputs, targets):
    zs, a = [], [inputs]
    for w, b in zip(weights, biases, strict=True):
        z = einsum("ji,ni->nj", w, a[-1])
        z = z if b is None else z + b
        zs.append(z)
        a.append(where(z > 0, z, 0.0))
    e = 2 * (zs[-1] - targets) / targets.size
    dw, db = [], []
    while True:
        l = len(weights) - len(dw) - 1
        dw.append(einsum("nj,ni->ji", e, a[l]))
        db.append(None if biases[l] is None else einsum("nj->j", e))
        if l == 0:
            return dw[::-1], db[::-1]
        e = einsum("nj,ji,ni->ni", e, weights[l], where(zs[l - 1] > 0, 1.0, 0.0))
