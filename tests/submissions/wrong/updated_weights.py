import math

BACKPROVE = {
    "activations": ["sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "sum",
    "layers": 2,
    "batch": 1,
    "biases": False,
}
ETA = 0.5


class Neuron:
    def __init__(self, weights):
        self.weights, self.gradient = [float(w) for w in weights], [0.0] * len(weights)

    def fire(self, inputs):
        self.inputs = inputs
        self.output = 1 / (1 + math.exp(-sum(w * x for w, x in zip(self.weights, inputs, strict=True))))
        return self.output

    def learn(self, error):
        self.delta = error * self.output * (1 - self.output)
        self.gradient = [self.delta * x for x in self.inputs]
        self.weights = [w - ETA * g for w, g in zip(self.weights, self.gradient, strict=True)]


def gradients(weights, biases, inputs, targets):
    hidden, output = ([Neuron(row) for row in w] for w in weights)
    ys = [o.fire([h.fire(list(inputs[0])) for h in hidden]) for o in output]
    for o, y, t in zip(output, ys, targets[0], strict=True):
        o.learn(y - t)
    for k, h in enumerate(hidden):
        h.learn(sum(o.weights[k] * o.delta for o in output))
    return [[n.gradient for n in layer] for layer in (hidden, output)], None
