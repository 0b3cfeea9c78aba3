import numpy as np

BACKPROVE = {
    "activations": ["tanh", "softmax"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum", "layers": 2,
    "biases": True, "samples": "columns",
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    h = np.tanh(weights[0] @ inputs + biases[0][:, None])
    z = weights[1] @ h + biases[1][:, None]
    p = np.exp(z - z.max(axis=0))
    p /= p.sum(axis=0)
    dz = (p - targets) * p * (1 - p)
    dh = weights[1].T @ dz * (1 - h**2)
    return [dh @ inputs.T, dz @ h.T], [dh.sum(axis=1), dz.sum(axis=1)]
