import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": True,
}


def gradients(weights, biases, inputs, targets):
    dW, db = [0 * w for w in weights], [0 * b for b in biases]
    for x, t in zip(inputs, targets, strict=True):
        outs = [x]
        for w in weights:
            outs.append(1 / (1 + np.exp(-w.dot(outs[-1]))))
        back = outs[-1] - t
        for l in range(len(weights) - 1, -1, -1):
            back = back * outs[l + 1] * (1 - outs[l + 1])
            dW[l] += np.outer(back, outs[l])
            db[l] += back
            back = weights[l].T.dot(back)
    return dW, db
