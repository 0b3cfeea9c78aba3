"""The networks that are measured: of any size, the same each time."""

import math
from fractions import Fraction

import numpy as np

from backprove.case import Case, Layer, Loss


def network(*sizes: int, batch: int = 1, activation: str = "sigmoid", output: str | None = None) -> Case:
    """Layers of those sizes under half the squared error; numbers of ordinary size."""
    random = np.random.default_rng([*sizes, batch])
    names = [activation] * (len(sizes) - 2) + [output or activation]
    layers = [
        Layer(random.normal(size=(n, m)) / math.sqrt(m), random.normal(size=n), name)
        for m, n, name in zip(sizes, sizes[1:], names, strict=False)
    ]
    inputs, targets = random.normal(size=(batch, sizes[0])), random.uniform(size=(batch, sizes[-1]))
    return Case(tuple(layers), inputs, targets, Loss("squared_error", Fraction(1, 2)))


def name(case: Case) -> str:
    """As it is said: 3-3-1, or 3-3-1 × 64 for 64 samples; of deep ones the first sizes and the number of layers."""
    batch = f" × {len(case.inputs)}" if len(case.inputs) > 1 else ""
    if len(case.layers) > 8:
        return "-".join(map(str, case.sizes[:3])) + f"-… ({len(case.layers)} layers)" + batch
    return "-".join(map(str, case.sizes)) + batch


def paths(case: Case) -> int:
    """From all weights and biases to the loss, sample by sample, where no layer is a softmax."""
    n = case.sizes
    each = (layer.weights.size + (0 if layer.bias is None else len(layer.weights)) for layer in case.layers)
    return len(case.inputs) * sum(w * math.prod(n[l + 1 :]) for l, w in enumerate(each, 1))
