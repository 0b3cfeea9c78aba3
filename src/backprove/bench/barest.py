"""The least code that does the arithmetic of a gradient: products of matrices, or plain loops, and nothing else."""

from collections.abc import Callable

import numpy as np

from backprove.case import Case


def products(case: Case) -> Callable[[], object]:
    """Forward, back, and the gradient: the products of a pass through the network, kept as a pass keeps them."""
    random, N = np.random.default_rng(0), len(case.inputs)
    W = [layer.weights for layer in case.layers]
    A, Delta = ([random.normal(size=(N, n)) for n in case.sizes] for _ in range(2))

    def run() -> object:
        up = [A[l] @ W_l.T for l, W_l in enumerate(W)]
        down = [Delta[l + 1] @ W_l for l, W_l in enumerate(W) if l]
        return up, down, [Delta[l + 1].T @ A[l] for l in range(len(W))]

    return run


def loops(case: Case) -> Callable[[], object]:
    """The multiplications and additions of the same products in plain loops over lists; neither slopes nor loss."""
    W = [layer.weights.tolist() for layer in case.layers]
    columns = [[list(c) for c in zip(*W_l, strict=True)] for W_l in W]
    samples = case.inputs.tolist()

    def sums(rows: list[list[float]], x: list[float]) -> list[float]:
        y = []
        for row in rows:
            total = 0.0
            for w, x_k in zip(row, x):  # noqa: B905
                total = total + w * x_k
            y.append(total)
        return y

    def run() -> object:
        dW = [[[0.0] * len(row) for row in W_l] for W_l in W]
        for x in samples:
            a = [x]
            for W_l in W:
                a.append(sums(W_l, a[-1]))
            delta = a[-1]
            for l in reversed(range(len(W))):
                dW[l] = [[t + d * x_k for t, x_k in zip(row, a[l])] for row, d in zip(dW[l], delta)]  # noqa: B905
                delta = sums(columns[l], delta) if l else delta
        return dW

    return run
