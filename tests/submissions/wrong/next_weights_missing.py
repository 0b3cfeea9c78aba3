import math

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": False,
    "batch": 1,
}


def gradients(weights, biases, inputs, targets):
    x, t = inputs[0].tolist(), targets[0].tolist()
    h = [1 / (1 + math.exp(-sum(w * v for w, v in zip(row, x, strict=True)))) for row in weights[0].tolist()]
    y = [1 / (1 + math.exp(-sum(w * v for w, v in zip(row, h, strict=True)))) for row in weights[1].tolist()]
    out = [(o - goal) * o * (1 - o) for o, goal in zip(y, t, strict=True)]
    hid = [sum(out) * a * (1 - a) for a in h]
    return [[[d * v for v in x] for d in hid], [[d * v for v in h] for d in out]], []
