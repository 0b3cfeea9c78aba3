"""Networks that meet kinks, and a backward pass of its own for them.

choice    the share of its jump that the slope of one (layer, sample, unit) at a kink takes, 0 … 1
"""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
from hypothesis import strategies as st

from backprove.case import Case, Layer, Loss

Choice = dict[tuple[int, int, int], float]


def gradient(case: Case, choice: Choice) -> np.ndarray:
    """The flat gradient where the units at a kink have the slopes chosen, one sample after the other, float64."""
    left = {"relu": 0.0, "leaky_relu": 0.01}
    total = np.zeros(case.entries)
    for n, (a, t) in enumerate(zip(case.inputs, case.targets, strict=True)):
        incoming, jacobians = [], []
        for l, layer in enumerate(case.layers):
            incoming.append(a)
            z = layer.weights @ a + (0 if layer.bias is None else layer.bias)
            if layer.activation in left:
                low = left[layer.activation]
                a = np.where(z > 0, z, low * z)
                slope = np.where(z > 0, 1.0, low)
                for j in range(len(z)):
                    if (l, n, j) in choice:
                        slope[j] = low + choice[l, n, j] * (1 - low)
                jacobians.append(np.diag(slope))
            elif layer.activation == "softmax":
                a = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
                jacobians.append(np.diag(a) - np.outer(a, a))
            else:
                a, slope = {"identity": (z, 1 + 0 * z), "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2)}[layer.activation]
                jacobians.append(np.diag(slope))
        g = (np.ones(len(t)) if case.loss.name == "output" else 2 * (a - t)) * float(case.loss.scale) / case.divisor
        parts: list[np.ndarray] = []
        for layer, x, J in reversed(list(zip(case.layers, incoming, jacobians, strict=True))):
            delta = J @ g
            parts = [np.outer(delta, x).ravel(), *([] if layer.bias is None else [delta]), *parts]
            g = layer.weights.T @ delta
        total += np.concatenate(parts)
    return total


def met(masks: list[np.ndarray]) -> list[tuple[int, int, int]]:
    return [(l, int(n), int(j)) for l, mask in enumerate(masks) for n, j in np.argwhere(mask)]


def corners(case: Case, at: list[tuple[int, int, int]]) -> np.ndarray:
    """The gradient at every corner of the choices, (2^count, entries)."""
    return np.array([gradient(case, dict(zip(at, c, strict=True))) for c in product((0.0, 1.0), repeat=len(at))])


@st.composite
def whole(
    draw: st.DrawFn, names: tuple[str, ...] = ("relu", "leaky_relu", "identity"), zero_biases: bool = True
) -> Case:
    """A small network of whole numbers, which meets kinks often."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    numbers = st.integers(-2, 2).map(float)

    def matrix(rows: int, columns: int) -> list[list[float]]:
        return draw(st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows))

    layers = []
    for n_from, n_to in pairwise(sizes):
        bias = np.zeros(n_to) if zero_biases else draw(st.sampled_from([None, [0.0] * n_to]))
        layers.append(Layer(matrix(n_to, n_from), bias, draw(st.sampled_from(names))))
    N = draw(st.integers(1, 3))
    loss = Loss(draw(st.sampled_from(["squared_error", "output"])))
    reduction = draw(st.sampled_from(["sum", "mean"]))
    return Case(tuple(layers), matrix(N, sizes[0]), matrix(N, sizes[-1]), loss, reduction)


def deep(kink: Fraction | int = 0) -> Case:
    """2-2-2-1 with z^1 = (0, 1): paths through unit 1 weigh 2·1·3 and 2·(-4)·1 and, with the sign of x, cancel in
    part; C = a^3.
    """
    W1, W2, W3 = [[1.0, 1.0], [0.0, -1.0]], [[2.0, 1.0], [-4.0, 3.0]], [[3.0, 1.0]]
    layers = (Layer(W1, [0.0, 0.0], "relu"), Layer(W2, [0.5, 0.25]), Layer(W3, [0.0]))
    return Case(layers, [[1.0, -1.0]], [[0.0]], Loss("output"), kink=Fraction(kink))


def near(first: float, kink: Fraction | int = 0) -> Case:
    """Two units: z = 0.1 + 0.2 - 0.3 in the order given, 2.8e-17 exactly, and z = 0 exactly; C is the sum of both."""
    order = [[0.1, 0.2, -0.3], [-0.3, 0.1, 0.2]][first > 0]
    layers = (Layer([order, [0.0, 0.0, 0.0]], None, "relu"), Layer([[1.0, 1.0]]))
    return Case(layers, [[1.0, 1.0, 1.0]], [[0.0]], Loss("output"), kink=Fraction(kink))
