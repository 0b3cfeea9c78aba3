BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}


def gradients(weights, biases, inputs, targets):
    import numpy as np

    acts = {0: inputs}
    for i, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        net = acts[i - 1] @ w.T
        if b is not None:
            net += b
        acts[i] = np.reciprocal(1 + np.exp(-net))
    top = len(weights)
    signal = {top: (acts[top] - targets) * (acts[top] - acts[top] ** 2)}
    for i in range(top - 1, 0, -1):
        signal[i] = signal[i + 1] @ weights[i]
    return (
        [np.tensordot(signal[i], acts[i - 1], axes=(0, 0)) for i in range(1, top + 1)],
        [None if biases[i - 1] is None else np.ones(len(inputs)) @ signal[i] for i in range(1, top + 1)],
    )
