"""Small networks, broken engines and ways of judging that several tests use.

D    a domain; u, r: values and their rounding radius, flattened as `blocks` numbers the entries of a gradient
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import hypothesis
import numpy as np
import pytest

from backprove.case import ACTIVATIONS, Case, Gradient, Layer, Loss, blocks
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.outcome import run
from backprove.rounding import analyse
from backprove.verdict import Verdict

FLOAT64, FLOAT32, RATIONAL = DOMAINS["float64"], DOMAINS["float32"], DOMAINS["rational"]
each_domain = pytest.mark.parametrize(
    "domain",
    [
        pytest.param(d, id=name, marks=pytest.mark.skipif(bool(d.missing()), reason=d.missing()))
        for name, d in DOMAINS.items()
    ],
)
LOG_LOSSES = ("binary_cross_entropy", "categorical_cross_entropy")


def network(sizes: Sequence[int], names: Sequence[str], *, bias: bool = True, batch: int = 2, **rest: Any) -> Case:
    """A network of ordinary dyadic numbers, all different, whose targets sum to 1."""
    layers = []
    for l, (n_from, n_to, name) in enumerate(zip(sizes, sizes[1:], names, strict=False), 1):
        W = (np.arange(n_to * n_from).reshape(n_to, n_from) * 5 % 13 - 5) / 8 + l / 16
        layers.append(Layer(W, (np.arange(n_to) - 1) / 4 + 1 / 32 if bias else None, name))
    inputs = (np.arange(batch * sizes[0]).reshape(batch, -1) * 3 % 7 - 2) / 4 + 1 / 64
    targets = np.zeros((batch, sizes[-1]))
    targets[:, 0], targets[:, -1] = 0.25, 0.75
    if sizes[-1] == 1:
        targets[:] = 0.75
    return Case(tuple(layers), inputs, targets, **rest)


def covering() -> list[Case]:
    """Cases that between them have every activation hidden and as output, every loss behind every sort of output,
    every reduction, biases present and absent, an exact kink on either relu.
    """
    cases = [network((2, 3, 2, 2), (name, "tanh", name), bias=i % 2 == 0) for i, name in enumerate(ACTIVATIONS)]
    for i, name in enumerate(LOG_LOSSES):
        cases.append(network((2, 3), ("sigmoid",), loss=Loss(name), reduction="mean"))
        cases.append(network((2, 2, 3), ("softmax", "softmax"), bias=i == 0, loss=Loss(name, Fraction(1, 2))))
        between = network((1, 2), ("identity",), reduction="mean_all", loss=Loss(name))
        cases.append(replace(between, layers=(Layer([[0.25], [0.125]], [0.25, 0.5]),)))
    cases.append(network((2, 2), ("relu",), loss=Loss("output")))
    cases += [kinked(name) for name in ("relu", "leaky_relu")]
    return cases


def kinked(name: str, kink: Fraction | int = 0) -> Case:
    """1-1-1 with z^1 = 0 exactly and C = a^2 = a^1: dC/dW1[1,1] is the slope at 0."""
    return Case((Layer([[0.0]], None, name), Layer([[1.0]])), [[1.0]], [[0.0]], Loss("output"), kink=Fraction(kink))


def values(engine: Engine, case: Case, domain: Domain) -> np.ndarray:
    """The flat gradient of an engine that must have one."""
    outcome = run(engine, case, domain.anew())
    assert outcome.values is not None, outcome.failure or outcome.refused
    return outcome.values


def radii(case: Case, domain: Domain) -> np.ndarray:
    """The radius by which a domain judges each entry: of rounding in its own precision or, for enclosures, in
    float64; 0 where arithmetic is exact.
    """
    return analyse(case, DOMAINS[domain.judged_by]).radii() if domain.judged_by else np.zeros(case.entries)


def exact(x: np.ndarray) -> np.ndarray:
    """The numbers as fractions, so that what a test does with them does not round; objects do not, or say so."""
    if x.dtype == object:
        return x
    return np.array([Fraction(float(v)) for v in x] + [None], dtype=object)[:-1]


def settled(domain: Domain, difference: np.ndarray, allowed: np.ndarray) -> bool:
    """Whether differences (as fractions, or as the domain's own numbers where it does not round) that should be 0 are,
    up to what rounding explains in all.
    """
    x = domain.array([float(d) for d in difference]) if domain.unit_roundoff else difference
    verdicts, _ = domain.judge(x, domain.array(np.zeros(len(x))), allowed / 2)
    return bool((verdicts == Verdict.AGREE).all())


def agree(domain: Domain, x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> bool:
    """Whether every entry of x agrees with that of y, each being within `radius` of the exact number."""
    verdicts, _ = domain.judge(domain.own(x), domain.own(y), np.asarray(radius))
    return bool((verdicts == Verdict.AGREE).all())


def on_other_case(engine: Engine, change: Callable[[Case], Case]) -> Engine:
    """A wrong engine: it works out the gradient of another problem than it was given."""
    return lambda case, domain: engine(change(case), domain)


def changed(engine: Engine, change: Callable[[list[np.ndarray], list[np.ndarray | None]], None]) -> Engine:
    """A wrong engine: `change` spoils the arrays of its answer in place."""

    def spoiled(case: Case, domain: Domain) -> Gradient:
        outcome = engine(case, domain)
        weights = [domain.own(W).copy() for W in outcome.weights]
        biases = [None if b is None else domain.own(b).copy() for b in outcome.biases]
        change(weights, biases)
        return Gradient(weights, biases)

    return spoiled


def plus_one(layer: int, to: int, from_: int, engine: Engine = ENGINES["matrix"]) -> Engine:
    """An engine whose entry W<layer>[to,from] (1-based) is 1 too large."""

    def change(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
        weights[layer - 1][to - 1, from_ - 1] += 1

    return changed(engine, change)


def against(engine: Engine, case: Case, domain: Domain = FLOAT64) -> Comparison:
    """A stranger beside one built-in engine."""
    return compare(case, domain, {"matrix": ENGINES["matrix"], "mine": engine})


def places(case: Case) -> list[tuple[int, str, slice]]:
    """(layer, "W" or "b", where in the flat gradient) of every block."""
    return [(l, kind, slice(at, at + int(np.prod(shape)))) for l, kind, shape, at in blocks(case)]


def find(strategy: Any, condition: Callable[[Any], bool], examples: int = 500, shrink: bool = True) -> Any:
    """The smallest drawn value that meets a condition, the same every time. Raises NoSuchExample."""
    phases = (hypothesis.Phase.generate, hypothesis.Phase.shrink) if shrink else (hypothesis.Phase.generate,)
    settings = hypothesis.settings(
        max_examples=examples,
        derandomize=False,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    return hypothesis.find(strategy, condition, settings=settings, random=Random(0))
