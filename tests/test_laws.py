"""Laws that a gradient obeys whatever the network, for each engine by itself and in every domain.

Where two gradients are compared that belong to two cases, the rounding radii of both cases are what is allowed
between them. Every law has a wrong engine that breaks it and that the same search finds out. In a field nothing is
large or below 0: where a law speaks of that, gates of a relu are said to be open or shut instead.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT64, RATIONAL, changed, each_domain, exact, find, on_other_case, places, radii, settled, values
from hypothesis import assume, given
from hypothesis import strategies as st

from backprove.case import Case, Layer, Loss
from backprove.domains import Domain, Modular
from backprove.engines import ENGINES, Engine
from backprove.generate import cases
from backprove.rounding import forward

Law = Callable[[Engine, Case, Domain], bool]
each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
MATRIX = ENGINES["matrix"]


def small(domain: Domain, **limits: Any) -> st.SearchStrategy[Case]:
    """Cases small enough that one can be computed many times."""
    return cases(domain=domain.name, **{"max_layers": 3, "max_width": 3, "max_batch": 3, **limits})


def holds(law: Law, engine: Engine, domain: Domain, strategy: st.SearchStrategy[Case]) -> None:
    """The law holds on every drawn case."""

    @given(strategy)
    def check(case: Case) -> None:
        with domain.context():  # a test's own arithmetic is as fine as the engine's
            assert law(engine, case, domain)

    check()


def is_found_out(engine: Engine, law: Law, domain: Domain, strategy: st.SearchStrategy[Case]) -> None:
    """A drawn case shows that the engine breaks the law. (NoSuchExample where none does.)"""

    def broken(case: Case) -> bool:
        with domain.context():
            return not law(engine, case, domain)

    find(strategy, broken, shrink=False)


def finite(*arrays: np.ndarray) -> None:
    """Leave aside what the precision's range does not hold."""
    assume(all(np.isfinite(array).all() for array in arrays))


# --- zero residual: where every output meets its target, squared error has no slope ---


def own_outputs(case: Case, D: Domain) -> np.ndarray:
    """The network's outputs, exactly; for identity, square and relu."""
    A = D.array(case.inputs)
    for layer in case.layers:
        Z = A @ D.array(layer.weights).T
        Z = Z if layer.bias is None else Z + D.array(layer.bias)
        A = {"identity": Z, "square": Z * Z, "relu": np.where(D.positive(Z), Z, D.number(0))}[layer.activation]
    return A


def met(case: Case, domain: Domain) -> Case:
    """The case with its own outputs for targets; in small integers, but in a field as it is."""
    if domain.modulus:
        outputs = own_outputs(case, domain.anew())
        return replace(case, targets=[[int(a.value) for a in row] for row in outputs])
    layers = [
        Layer(np.rint(c.weights) % 3, None if c.bias is None else np.rint(c.bias) % 3 - 1, c.activation)
        for c in case.layers
    ]
    case = replace(case, layers=tuple(layers), inputs=np.rint(case.inputs) % 4)
    return replace(case, targets=own_outputs(case, RATIONAL).astype(np.float64))


def zero_residual(engine: Engine, case: Case, domain: Domain) -> bool:
    case = met(case, domain)
    return settled(domain, exact(values(engine, case, domain)), radii(case, domain))


def exact_cases(domain: Domain) -> st.SearchStrategy[Case]:
    return small(domain, activations=("identity", "square", "relu"), losses=("squared_error",))


@each_domain
@each_engine
def test_zero_residual_gives_zero_gradient(engine: Engine, domain: Domain) -> None:
    holds(zero_residual, engine, domain, exact_cases(domain))


@each_domain
def test_an_engine_that_forgets_the_target_has_a_gradient_at_zero_residual(domain: Domain) -> None:
    forgetful = on_other_case(MATRIX, lambda case: replace(case, targets=np.zeros(case.targets.shape)))
    is_found_out(forgetful, zero_residual, domain, exact_cases(domain))


# --- renaming the hidden units renames the entries of the gradient ---


def renamed(case: Case, l: int) -> tuple[Case, np.ndarray]:
    """The case with the units of hidden layer l in reverse, and where each entry of its gradient was before."""
    numbered = np.arange(case.entries)
    blocks = {(m, kind): numbered[part] for m, kind, part in places(case)}
    layers = list(case.layers)
    below, above = layers[l - 1], layers[l]
    bias = None if below.bias is None else below.bias[::-1]
    layers[l - 1] = Layer(below.weights[::-1], bias, below.activation)
    layers[l] = Layer(above.weights[:, ::-1], above.bias, above.activation)
    blocks[l, "W"] = blocks[l, "W"].reshape(below.weights.shape)[::-1].ravel()
    blocks[l + 1, "W"] = blocks[l + 1, "W"].reshape(above.weights.shape)[:, ::-1].ravel()
    if below.bias is not None:
        blocks[l, "b"] = blocks[l, "b"][::-1]
    return replace(case, layers=tuple(layers)), np.concatenate(list(blocks.values()))


def renaming(engine: Engine, case: Case, domain: Domain) -> bool:
    assume(len(case.layers) > 1)
    other, was = renamed(case, len(case.layers) - 1)
    r, r_other = radii(case, domain), radii(other, domain)
    finite(r, r_other)
    difference = exact(values(engine, other, domain)) - exact(values(engine, case, domain))[was]
    return settled(domain, difference, r_other + r[was])


@each_domain
@each_engine
def test_reversing_hidden_units_reverses_the_gradient(engine: Engine, domain: Domain) -> None:
    holds(renaming, engine, domain, small(domain))


@each_domain
def test_an_engine_that_favours_its_first_unit_is_found_out(domain: Domain) -> None:
    def change(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
        weights[0][0] *= 2

    is_found_out(changed(MATRIX, change), renaming, domain, small(domain))


# --- the loss times 4: the gradient times 4, without any rounding, since 4 is a power of two ---


def scaling(engine: Engine, case: Case, domain: Domain) -> bool:
    # With |z| <= 8 and two layers nothing comes near underflow, which alone could round one side and not the other.
    reference = domain if domain.unit_roundoff else FLOAT64
    assume(domain.modulus or all(np.abs(z.value).max() <= 8 for z in forward(case, reference).z))
    four = replace(case, loss=Loss(case.loss.name, case.loss.scale * 4))
    once, fourfold = exact(values(engine, case, domain)), exact(values(engine, four, domain))
    enclosed = domain.judged_by and not domain.unit_roundoff  # with a width that does not cancel
    return settled(domain, fourfold - 4 * once, radii(four, domain) if enclosed else np.zeros(case.entries))


@each_domain
@each_engine
def test_scaling_the_loss_scales_the_gradient_exactly(engine: Engine, domain: Domain) -> None:
    holds(scaling, engine, domain, small(domain, max_layers=2))


@each_domain
def test_an_engine_that_ignores_the_scale_is_found_out(domain: Domain) -> None:
    ignorant = on_other_case(MATRIX, lambda case: replace(case, loss=Loss(case.loss.name)))
    is_found_out(ignorant, scaling, domain, small(domain, max_layers=2))


# --- batches and reductions ---


def batching(engine: Engine, case: Case, domain: Domain) -> bool:
    """The gradient of a batch is the sum of the gradients of its samples."""
    case = replace(case, reduction="sum")
    ones = [replace(case, inputs=x[None], targets=t[None]) for x, t in zip(case.inputs, case.targets, strict=True)]
    allowed = radii(case, domain) + sum(radii(one, domain) for one in ones)
    finite(allowed)
    parts = sum(exact(values(engine, one, domain)) for one in ones)
    return settled(domain, exact(values(engine, case, domain)) - parts, allowed)


def averaging(engine: Engine, case: Case, domain: Domain) -> bool:
    """`mean` is the sum over N, `mean_all` the sum over N n_L."""
    whole = replace(case, reduction="sum")
    summed, r = exact(values(engine, whole, domain)), radii(whole, domain)
    finite(r)
    N, n_L = case.targets.shape
    fine = True
    for reduction, divisor in (("mean", N), ("mean_all", N * n_L)):
        mean = replace(case, reduction=reduction)
        allowed = r + divisor * radii(mean, domain)
        finite(allowed)
        fine &= settled(domain, divisor * exact(values(engine, mean, domain)) - summed, allowed)
    return fine


@each_domain
@each_engine
def test_a_batch_is_the_sum_of_its_samples(engine: Engine, domain: Domain) -> None:
    holds(batching, engine, domain, small(domain))


@each_domain
def test_an_engine_that_loses_the_last_sample_is_found_out(domain: Domain) -> None:
    def but_last(case: Case) -> Case:
        N = max(1, len(case.inputs) - 1)
        return replace(case, inputs=case.inputs[:N], targets=case.targets[:N])

    is_found_out(on_other_case(MATRIX, but_last), batching, domain, small(domain))


@each_domain
@each_engine
def test_a_mean_is_the_sum_divided(engine: Engine, domain: Domain) -> None:
    holds(averaging, engine, domain, small(domain))


@each_domain
@pytest.mark.parametrize("taken", ["sum", "mean", "mean_all"])
def test_an_engine_that_knows_one_reduction_only_is_found_out(taken: str, domain: Domain) -> None:
    is_found_out(on_other_case(MATRIX, lambda case: replace(case, reduction=taken)), averaging, domain, small(domain))


# --- relu: nothing passes a dead layer ---


SHUT = (False,) * 1000  # more gates than any case has


def dead_layer(engine: Engine, case: Case, domain: Domain) -> bool:
    """With every z of a relu layer below 0, its own gradient and all below it are exactly 0."""
    layers, l = list(case.layers), max(1, len(case.layers) - 1)
    dead = layers[l - 1]
    below_0 = dead.bias if domain.modulus else np.full(len(dead.weights), -(2.0**45))
    domain = Modular(gates=SHUT) if domain.modulus else domain
    layers[l - 1] = Layer(dead.weights, below_0, "relu")
    case = replace(case, layers=tuple(layers), loss=Loss("squared_error"))
    below = [part for m, _, part in places(case) if m <= l]
    gradient = exact(values(engine, case, domain))[: below[-1].stop]
    return settled(domain, gradient, np.zeros(len(gradient)))


@each_domain
@each_engine
def test_nothing_passes_a_dead_relu_layer(engine: Engine, domain: Domain) -> None:
    holds(dead_layer, engine, domain, small(domain, losses=("squared_error", "output")))


@each_domain
def test_an_engine_with_a_leak_is_found_out(domain: Domain) -> None:
    def leaking(case: Case) -> Case:
        layers = [replace(c, activation="leaky_relu") if c.activation == "relu" else c for c in case.layers]
        return replace(case, layers=tuple(layers))

    is_found_out(on_other_case(MATRIX, leaking), dead_layer, domain, small(domain, losses=("squared_error",)))
