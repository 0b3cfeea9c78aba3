import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "biases": False,
    "layers": 2,
    "layout": "in,out",
}


def slope(x):
    return x * (1 - x)


def gradients(weights, biases, inputs, targets):
    hid = 1 / (1 + np.exp(-np.dot(inputs, weights[0])))
    out = 1 / (1 + np.exp(-np.dot(hid, weights[1])))
    miss = out - targets
    d_out = miss * slope(out)
    d_hid = np.dot(miss, weights[1].T) * slope(hid)
    return [np.dot(inputs.T, d_hid), np.dot(hid.T, d_out)], []
