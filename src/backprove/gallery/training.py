"""What ways of updating do: to one step, and to the loss over some hundred.

A rule takes a case and a learning rate to the same case with other weights; all on the samples of the case.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from backprove.case import Case, Gradient, Layer, Loss
from backprove.domains import DOMAINS
from backprove.engines import matrix
from backprove.mistakes import CATALOGUE, Rate, gradient
from backprove.rounding import Float, analyse

FLOAT64 = DOMAINS["float64"]
Rule = Callable[[Case, float], Case]


def exclusive_or() -> Case:
    """A 2-3-1 sigmoid network before it has learnt the exclusive or: 4 samples, half squared error, their mean."""
    random = np.random.default_rng(1986)
    layers = tuple(
        Layer(random.uniform(-1, 1, (n, m)), random.uniform(-1, 1, n), "sigmoid") for m, n in ((2, 3), (3, 1))
    )
    inputs, targets = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    return Case(layers, inputs, targets, Loss("squared_error", Fraction(1, 2)), "mean")


def loss(case: Case) -> float:
    """The loss over all samples of the case."""
    return float(analyse(case, FLOAT64).loss().value)


def flat(case: Case) -> Float:
    """All weights and biases in a row."""
    parts = [x.ravel() for c in case.layers for x in (c.weights, c.bias) if x is not None]
    return np.concatenate(parts)


def moved(case: Case, by: Float) -> Case:
    """The case with its weights and biases, in a row, changed by so much."""
    layers, at = [], 0
    for c in case.layers:
        W = c.weights + by[at : at + c.weights.size].reshape(c.weights.shape)
        at += c.weights.size
        b = c.bias
        if b is not None:
            b = b + by[at : at + b.size]
            at += b.size
        layers.append(Layer(W, b, c.activation))
    return replace(case, layers=tuple(layers))


def of(found: Gradient) -> Float:
    """A gradient in a row."""
    parts = [np.ravel(x) for W, b in zip(found.weights, found.biases, strict=True) for x in (W, b) if x is not None]
    return np.concatenate(parts)


def full_batch(case: Case, rate: float) -> Case:
    """All deltas from the old weights, one update for all samples."""
    return moved(case, -rate * of(matrix.engine(case, FLOAT64)))


def online(case: Case, rate: float) -> Case:
    """One sample after the other, an update after each; a sample counts as much as it does in the batch."""
    share = replace(case.loss, scale=case.factor)
    for n in range(len(case.inputs)):
        rows = slice(n, n + 1)
        one = replace(case, inputs=case.inputs[rows], targets=case.targets[rows], loss=share, reduction="sum")
        case = replace(case, layers=full_batch(one, rate).layers)
    return case


def layer_by_layer(case: Case, rate: float) -> Case:
    """The weights of each layer updated before the error goes back through them."""
    planted = CATALOGUE["updated-weights"].planted(rate=Rate(rate))
    return moved(case, -rate * gradient(case, [planted]))


def largest_only(case: Case, rate: float) -> Case:
    """Only the weight or bias with the largest derivative changed."""
    found = of(matrix.engine(case, FLOAT64))
    at = int(np.abs(found).argmax())
    return moved(case, -rate * np.where(np.arange(len(found)) == at, found, 0.0))


def descend(case: Case, rule: Rule, rate: float, steps: Sequence[int]) -> Iterator[float]:
    """The loss after so many steps, for each of an increasing sequence of them."""
    done = 0
    for step in steps:
        for _ in range(step - done):
            case = rule(case, rate)
        done = step
        yield loss(case)


def apart(case: Case, first: Rule, second: Rule, rate: float) -> float:
    """How far apart two rules' updates are, as a share of the first's."""
    start = flat(case)
    one, other = flat(first(case, rate)) - start, flat(second(case, rate)) - start
    return float(np.linalg.norm(one - other) / np.linalg.norm(one))
