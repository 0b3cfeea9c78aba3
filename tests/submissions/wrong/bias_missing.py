from numpy import einsum, tanh, zeros_like

BACKPROVE = {"activations": ["tanh"], "loss": "squared_error", "reduction": "mean", "biases": True}


def gradients(weights, biases, inputs, targets):
    a = [inputs]
    for w, b in zip(weights, biases, strict=True):
        a.append(tanh(einsum("ji,ni->nj", w, a[-1]) + b))
    g, grads = 2 * (a[-1] - targets) / len(inputs), []
    for l in range(len(weights), 0, -1):
        g = g * (1 - a[l] ** 2)
        grads.insert(0, einsum("nj,ni->ji", g, a[l - 1]))
        g = einsum("nj,ji->ni", g, weights[l - 1])
    return grads, [zeros_like(b) for b in biases]
