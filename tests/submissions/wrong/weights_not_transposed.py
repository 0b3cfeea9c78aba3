import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": [2, 3, 3],
    "samples": "columns",
    "biases": False,
}


def gradients(weights, biases, inputs, targets):
    hidden = 1 / (1 + np.exp(-weights[0] @ inputs))
    output = 1 / (1 + np.exp(-weights[1] @ hidden))
    d_output = (output - targets) * output * (1 - output)
    d_hidden = (weights[1] @ d_output) * hidden * (1 - hidden)
    return [d_hidden @ inputs.T, d_output @ hidden.T], []
