BACKPROVE = {
    "activations": ["relu", "identity"], "loss": "squared_error", "reduction": "sum", "layers": [2, 3, 3, 1],
    "biases": True,
}  # fmt: skip


def gradients(weights, biases, inputs, targets):
    z1 = inputs @ weights[0].T + biases[0]
    z2 = z1.clip(0) @ weights[1].T + biases[1]
    z3 = z2.clip(0) @ weights[2].T + biases[2]
    d3 = 2 * (z3 - targets)
    d2 = d3 @ weights[2]
    d2[z2 <= 0] = 0
    d1 = d2 @ weights[1]
    d1[z2 <= 0] = 0
    return [d1.T @ inputs, d2.T @ z1.clip(0), d3.T @ z2.clip(0)], [d.sum(axis=0) for d in (d1, d2, d3)]
