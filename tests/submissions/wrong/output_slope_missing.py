import numpy as np

BACKPROVE = {"activations": ["tanh"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    def forward(l, a):
        if l == len(weights):
            return a - targets, [], []
        out = np.tanh(a @ weights[l].T + (0 if biases[l] is None else biases[l]))
        err, dw, db = forward(l + 1, out)
        if l < len(weights) - 1:
            err = err * (1 - out**2)
        return err @ weights[l], [err.T @ a, *dw], [None if biases[l] is None else err.sum(0), *db]

    return forward(0, inputs)[1:]
