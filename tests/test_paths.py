"""The engine `paths` counts before it expands: within its budget it expands every weight, above it a stated sample.

cost   Σ over the weights of (samples × paths from the weight to the loss), counted here by walking the network
"""

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np
import pytest
from helpers import FLOAT32, FLOAT64, RATIONAL, agree, network, plus_one, radii, values
from hypothesis import given
from hypothesis import strategies as st

from backprove.case import Case, Gradient, Layer
from backprove.compare import compare
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine, paths
from backprove.generate import cases
from backprove.verdict import Verdict

EXACT = cases(domain="rational", max_layers=3, max_width=3, max_batch=2)


def budgeted(budget: int) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        return paths.engine(case, domain, budget=budget)

    return engine


def cost(case: Case) -> int:
    """Paths in all, for squared error and activations that act on each unit alone."""
    counted = 0
    for l, layer in enumerate(case.layers):
        weights = layer.weights.size + len(layer.weights)  # one more for each unit's bias
        counted += weights * len(case.inputs) * prod(case.sizes[l + 2 :])
    return counted


def cover(case: Case, gradient: Gradient) -> np.ndarray:
    """Which entries were expanded, flat."""
    if gradient.expanded is None:
        return np.ones(case.entries, dtype=bool)
    masks = []
    for W, b in zip(gradient.expanded.weights, gradient.expanded.biases, strict=True):
        masks += [W.ravel()] if b is None else [W.ravel(), b]
    return np.concatenate(masks)


NET = network((3, 4, 3, 2), ("tanh", "square", "identity"))


def test_within_the_budget_every_weight_is_expanded() -> None:
    assert cost(NET) == 16 * 2 * 6 + 15 * 2 * 2 + 8 * 2
    assert paths.engine(NET, FLOAT64, budget=cost(NET)).expanded is None
    assert paths.engine(NET, FLOAT64, budget=cost(NET) - 1).expanded is not None


@pytest.mark.parametrize("budget", [0, 1, 50, 200, cost(NET) - 1])
def test_above_the_budget_a_stated_sample_is_expanded(budget: int) -> None:
    gradient = paths.engine(NET, FLOAT64, budget=budget)
    assert gradient.expanded is not None
    mask = cover(NET, gradient)
    assert gradient.expanded.said == f"expanded {mask.sum()} of {NET.entries} weights"
    spent = 0
    for l, (W, b) in enumerate(zip(gradient.expanded.weights, gradient.expanded.biases, strict=True)):
        spent += (W.sum() + b.sum()) * len(NET.inputs) * prod(NET.sizes[l + 2 :])
    assert spent <= budget


def test_the_sample_is_the_same_each_time() -> None:
    first, again = (paths.engine(NET, FLOAT64, budget=150) for _ in range(2))
    assert (cover(NET, first) == cover(NET, again)).all()
    assert 0 < cover(NET, first).sum() < NET.entries
    assert (cover(NET, first) != cover(NET, paths.engine(NET, FLOAT64, budget=250))).any()


def test_within_the_time_a_sample_is_expanded_too() -> None:
    started = time.perf_counter()
    part = paths.engine(network((99,) * 4, ("tanh", "tanh", "identity")), FLOAT64, seconds=0.05)
    assert time.perf_counter() - started < 10  # on a busy machine
    assert part.expanded is not None
    assert any(mask.any() for mask in part.expanded.weights)
    small = network((6, 6, 6), ("tanh", "identity"))
    assert paths.engine(small, FLOAT64, seconds=60).expanded is None
    timed = values(partial(paths.engine, seconds=60), small, FLOAT64)
    assert agree(FLOAT64, values(paths.engine, small, FLOAT64), timed, radii(small, FLOAT64))
    nothing = paths.engine(small, FLOAT64, seconds=0)
    assert nothing.expanded is not None
    assert nothing.expanded.said.startswith("expanded 0 of")


def test_a_weight_with_too_many_paths_is_left_where_the_time_ends() -> None:
    deep = network((2,) * 40, ("tanh",) * 38 + ("identity",))  # 2^38 paths from each weight of the first layer
    started = time.perf_counter()
    part = paths.engine(deep, FLOAT64, seconds=0.3)
    assert time.perf_counter() - started < 20  # all of them take many minutes
    assert part.expanded is not None
    assert not part.expanded.weights[0].any()
    assert part.expanded.weights[-1].all()


@given(EXACT, st.integers(0, 60))
def test_what_is_expanded_is_what_all_would_have_been(case: Case, budget: int) -> None:
    whole = values(budgeted(10**9), case, RATIONAL)
    part = values(budgeted(budget), case, RATIONAL)
    mask = cover(case, paths.engine(case, RATIONAL, budget=budget))
    assert agree(RATIONAL, whole[mask], part[mask], np.zeros(mask.sum()))


@given(EXACT, st.integers(0, 60))
def test_what_is_not_expanded_is_not_compared(case: Case, budget: int) -> None:
    mask = cover(case, paths.engine(case, RATIONAL, budget=budget))
    engines = {"matrix": ENGINES["matrix"], "paths": budgeted(budget)}
    comparison = compare(case, RATIONAL, engines)
    assert (comparison.compared == mask).all()
    assert comparison.verdict is (Verdict.AGREE if mask.any() else Verdict.UNDECIDED)
    wrong = compare(case, RATIONAL, engines | {"matrix": plus_one(1, 1, 1)})
    assert (wrong.verdict is Verdict.DISAGREE) == mask[0]


def test_exact_numbers_have_the_smaller_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    case = network((3, 4, 3, 2), ("square", "relu", "identity"))
    monkeypatch.setitem(paths.BUDGET, "exact", 100)
    assert paths.engine(case, RATIONAL).expanded is not None
    assert paths.engine(case, FLOAT64).expanded is None
    monkeypatch.setitem(paths.BUDGET, "hardware", 100)
    assert paths.engine(case, FLOAT64).expanded is not None


# --- blocks ---


@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_the_size_of_a_block_changes_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    nets = [NET, network((2, 3, 3), ("softmax", "softmax")), network((2, 1), ("sigmoid",), bias=False)]
    nets.append(network((2, 3, 2, 3), ("square", "relu", "identity"), batch=3))
    before = [values(paths.engine, case, FLOAT64) for case in nets]
    exact = values(paths.engine, nets[-1], RATIONAL)
    monkeypatch.setattr(paths, "BLOCK", block)
    assert agree(RATIONAL, exact, values(paths.engine, nets[-1], RATIONAL), np.zeros(len(exact)))
    for case, was in zip(nets, before, strict=True):
        assert agree(FLOAT64, was, values(paths.engine, case, FLOAT64), radii(case, FLOAT64))


def peak(function: Callable[[], object]) -> int:
    """Bytes held at most while the function runs: the least of three times, since others' threads only add to it."""
    found = []
    for _ in range(3):
        tracemalloc.start()
        try:
            function()
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(found)


def deep(width: int, layers: int, batch: int = 1) -> Case:
    W = (np.arange(width * width).reshape(width, width) % 7 - 3) / 16
    nets = tuple(Layer(W, None, "tanh") for _ in range(layers))
    return Case(nets, np.ones((batch, width)) / 4, np.zeros((batch, width)))


@pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=("float64", "float32"))
def test_memory_is_bounded_while_paths_are_not(domain: Domain) -> None:
    case = deep(width=8, layers=5)
    number = domain.array([0.0]).itemsize
    assert cost(case) > 300_000
    assert peak(lambda: paths.engine(case, domain)) < 4 * number * paths.BLOCK + 2**18


def test_a_single_weight_with_a_million_paths_takes_one_block_at_a_time() -> None:
    case = deep(width=16, layers=6)
    per_weight = prod(case.sizes[2:])
    assert per_weight == 16**5
    engine = budgeted(7 * per_weight)
    one_array_of_all_its_paths = 8 * per_weight
    assert peak(lambda: engine(case, FLOAT64)) < one_array_of_all_its_paths / 2
    comparison = compare(case, FLOAT64, {"matrix": ENGINES["matrix"], "paths": engine})
    assert comparison.verdict is Verdict.AGREE
    assert comparison.compared[: case.layers[0].weights.size].any()
    assert not comparison.compared.all()


def test_an_astronomic_number_of_paths_is_counted_and_left() -> None:
    case = deep(width=32, layers=40)
    gradient = paths.engine(case, FLOAT64)
    assert cost(case) > 10**50
    mask = cover(case, gradient)
    assert 0 < mask.sum() < case.entries
    assert gradient.expanded is not None
    assert gradient.expanded.said == f"expanded {mask.sum():,} of {case.entries:,} weights"


@pytest.mark.parametrize("names", [("tanh",) * 80, ("softmax",) * 40], ids=("chain", "softmax"))
def test_a_deep_chain_is_one_path(names: tuple[str, ...]) -> None:
    case = network((1,) * (len(names) + 1), names)
    comparison = compare(case, FLOAT64, ENGINES)
    assert comparison.failures == {}
    assert comparison.verdict is Verdict.AGREE
