import numpy as np

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "biases": True,
}


class Network:
    def __init__(self, w1, b1, w2, b2):
        self.w1, self.b1, self.w2, self.b2 = w1, b1, w2, b2

    def forward(self, x):
        self.x = x
        self.h = 1 / (1 + np.exp(-(x.dot(self.w1.T) + self.b1)))
        self.y = 1 / (1 + np.exp(-(self.h.dot(self.w2.T) + self.b2)))

    def backward(self, t):
        d2 = (self.y - t) * self.y * (1 - self.y)
        d1 = d2.dot(self.w2) * self.h * (1 - self.h)
        return d1.T.dot(self.x), np.sum(d1), d2.T.dot(self.h), np.sum(d2)


def gradients(weights, biases, inputs, targets):
    net = Network(weights[0], biases[0], weights[1], biases[1])
    net.forward(inputs)
    dw1, db1, dw2, db2 = net.backward(targets)
    return [dw1, dw2], [db1, db2]
