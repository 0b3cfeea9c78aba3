"""Networks for measuring the rounding bound: ordinary ones, and those in which rounding does its worst."""

from collections.abc import Iterator, Sequence

import numpy as np

from backprove.case import REDUCTIONS, Case, Layer, Loss
from backprove.domains import DOMAINS
from backprove.rounding import forward

SMOOTH = ("identity", "square", "sigmoid", "tanh", "softplus", "elu", "silu", "gelu", "leaky_relu", "relu")
Random = np.random.Generator


def network(
    random: Random,
    sizes: Sequence[int],
    names: Sequence[str],
    *,
    batch: int = 2,
    weights: float = 1.0,
    inputs: float = 1.0,
    loss: str = "squared_error",
    reduction: str = "sum",
) -> Case:
    """Normal numbers of the given sizes; targets that sum to 1 where the loss is a logarithm."""
    layers = [
        Layer(random.normal(size=(n, m)) * weights, random.normal(size=n) * weights, name)
        for m, n, name in zip(sizes, sizes[1:], names, strict=False)
    ]
    targets = random.normal(size=(batch, sizes[-1]))
    if loss.endswith("cross_entropy"):
        targets = random.dirichlet(np.ones(sizes[-1]), size=batch)
    return Case(tuple(layers), random.normal(size=(batch, sizes[0])) * inputs, targets, Loss(loss), reduction)


def some(random: Random, names: Sequence[str], count: int) -> list[str]:
    return [names[i] for i in random.integers(len(names), size=count)]


def shape(random: Random) -> list[int]:
    """Two or three layers of up to five units."""
    return random.integers(1, 6, size=random.integers(3, 5)).tolist()


def ordinary(random: Random) -> Case:
    """Two or three layers of sigmoid, tanh, relu, at times a softmax behind them; normal weights and inputs."""
    sizes = shape(random)
    names = some(random, ("sigmoid", "tanh", "relu"), len(sizes) - 1)
    if sizes[-1] > 1 and random.random() < 0.25:
        return network(random, sizes, [*names[:-1], "softmax"], loss="categorical_cross_entropy")
    return network(random, sizes, names)


def converged(case: Case, off: float) -> Case:
    """The same network with its own outputs as targets, but for a relative error."""
    outputs = forward(case, DOMAINS["float64"]).a[-1].value
    return Case(case.layers, case.inputs, outputs * (1 + off), case.loss, case.reduction)


def cancelling(case: Case, l: int, off: float) -> Case:
    """The same network with a bias in layer l (0-based) that cancels z there for the first sample."""
    layer = case.layers[l]
    z = forward(case, DOMAINS["float64"]).z[l].value[0] - (0 if layer.bias is None else layer.bias)
    changed = Layer(layer.weights, -z * (1 + off), layer.activation)
    return Case(
        (*case.layers[:l], changed, *case.layers[l + 1 :]),
        case.inputs,
        case.targets,
        case.loss,
        case.reduction,
    )


def extreme(random: Random) -> Iterator[Case]:
    """One network of every kind in which rounding, range or cancellation is extreme."""
    sizes = shape(random)
    L = len(sizes) - 1
    smooth = some(random, SMOOTH[:8], L)
    soft = some(random, ("softmax", "sigmoid", "tanh", "gelu"), L)
    log = str(random.choice(["binary_cross_entropy", "categorical_cross_entropy"]))
    yield network(random, sizes, smooth, weights=2.0 ** random.integers(-20, 3), inputs=2.0 ** random.integers(-20, 3))
    yield network(random, sizes, soft, weights=2.0 ** random.integers(0, 7), inputs=5)
    yield network(random, [2, 3, 4], ["tanh", "softmax"], weights=2.0 ** random.integers(-6, 8), loss=log)
    yield network(random, sizes, [*smooth[:-1], "sigmoid"], weights=2.0 ** random.integers(-6, 7), loss=log)
    yield network(random, [int(random.integers(50, 300)), 3, 2], smooth, batch=1, weights=0.3)
    yield network(
        random,
        [2, 3, 1],
        smooth,
        batch=int(random.integers(50, 200)),
        reduction=str(random.choice(REDUCTIONS)),
    )
    yield network(random, [2] * 11, some(random, ("sigmoid", "tanh", "gelu", "silu"), 10), batch=1, weights=1.5)
    yield network(random, sizes, smooth, batch=5, reduction="mean_all")
    yield converged(network(random, sizes, some(random, SMOOTH, L)), float(random.choice([0, 1e-16, 1e-12, 1e-7])))
    yield converged(network(random, sizes, soft), float(random.choice([0, 1e-16, 1e-12, 1e-7])))
    for off in (0.0, 1e-15, 1e-10, 1e-7):
        plain = network(random, sizes, smooth, weights=2.0 ** random.integers(0, 4))
        yield cancelling(plain, int(random.integers(L)), off)
    yield edge(random)


def edge(random: Random) -> Case:
    """One unit a layer, z where exp underflows or its result drowns beside 1, and a second layer that magnifies."""
    z = random.choice([-1, 1]) * random.choice(
        [random.uniform(80, 105), random.uniform(5, 42), random.uniform(700, 750)]
    )
    name = some(random, ("sigmoid", "tanh", "softmax", "softplus", "elu", "silu", "gelu"), 1)[0]
    second = Layer([[random.normal() * 2.0 ** random.integers(-10, 30)]], None, "identity")
    return Case((Layer([[z], [random.normal()]], None, name), Layer(second.weights.repeat(2, axis=1))), [[1]], [[0.5]])
