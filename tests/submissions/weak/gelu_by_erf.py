"""gelu with the normal distribution as (1 + erf) / 2, which has no digits left far below 0; numbers one by one."""

import math

import numpy as np

BACKPROVE = {"activations": ["gelu", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def normal(z):
    return (1 + math.erf(z / math.sqrt(2))) / 2


gelu = np.vectorize(lambda z: z * normal(z), otypes=[float])
gelu_prime = np.vectorize(lambda z: normal(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi), otypes=[float])


def gradients(weights, biases, inputs, targets):
    nets, outs = [], [inputs]
    for w, b in zip(weights, biases, strict=True):
        nets.append(outs[-1] @ w.T + (0 if b is None else b))
        outs.append(gelu(nets[-1]))
    delta = nets[-1] - targets
    dw, db = [], []
    for l in reversed(range(len(weights))):
        dw.insert(0, delta.T @ outs[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        if l > 0:
            delta = (delta @ weights[l]) * gelu_prime(nets[l - 1])
    return dw, db
