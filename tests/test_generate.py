"""The strategies for cases: what is drawn, that every domain holds it, what is refused, and where shrinking ends."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import hypothesis
import numpy as np
import pytest
from helpers import FLOAT64, LOG_LOSSES, find, values
from hypothesis import given
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS, Case
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES
from backprove.generate import cases, losses_for, supported
from backprove.rounding import forward


def numbers(case: Case) -> np.ndarray:
    """Every number of the case."""
    arrays = [case.inputs, case.targets]
    for layer in case.layers:
        arrays += [layer.weights] if layer.bias is None else [layer.weights, layer.bias]
    return np.concatenate([array.ravel() for array in arrays])


@cache
def drawn(domain: str = "float64", examples: int = 300) -> tuple[Case, ...]:
    """A few hundred cases."""
    seen: list[Case] = []

    @hypothesis.settings(max_examples=examples)
    @given(cases(domain=domain))
    def draw(case: Case) -> None:
        seen.append(case)

    draw()
    return tuple(seen)


# --- what every drawn case is ---


def holds(domain: Domain, x: np.ndarray) -> bool:
    """Whether the domain holds the numbers as they are."""
    return all(Fraction(float(mine)) == Fraction(v) for mine, v in zip(domain.array(x), x.tolist(), strict=True))


@pytest.mark.parametrize("name", DOMAINS)
def test_every_domain_holds_every_number_exactly(name: str) -> None:
    @given(cases(domain=name))
    def check(case: Case) -> None:
        x = numbers(case)
        assert all(holds(domain, x) for domain in DOMAINS.values())
        assert all(Fraction(v).denominator <= 2**80 for v in x.tolist())

    check()


def test_a_number_that_float32_does_not_hold_is_noticed() -> None:
    assert not holds(DOMAINS["float32"], np.array([0.1]))
    assert holds(DOMAINS["rational"], np.array([0.1]))


@given(cases(activations=("sigmoid", "softmax"), losses=("categorical_cross_entropy", "squared_error")))
def test_classification_targets_sum_to_exactly_one(case: Case) -> None:
    hypothesis.assume(case.loss.name in LOG_LOSSES or case.layers[-1].activation == "softmax")
    assert [sum(map(Fraction, row)) for row in case.targets.tolist()] == [1] * len(case.targets)
    assert (case.targets >= 0).all()


@given(cases())
def test_a_loss_has_a_value_behind_its_outputs(case: Case) -> None:
    output = case.layers[-1].activation
    assert case.loss.name in losses_for(output, case.sizes[-1], LOSSES)
    if case.loss.name == "binary_cross_entropy":
        assert ((case.targets >= 0) & (case.targets <= 1)).all()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.data())
def test_limits_are_kept(layers: int, width: int, batch: int, data: st.DataObject) -> None:
    names, losses = ("relu", "tanh"), ("output",)
    limits: dict[str, Any] = {"max_layers": layers, "max_width": width, "max_batch": batch}
    case = data.draw(cases(**limits, activations=names, losses=losses))
    assert len(case.layers) <= layers
    assert max(case.sizes) <= width
    assert len(case.inputs) <= batch
    assert {layer.activation for layer in case.layers} <= {*names}
    assert case.loss.name == "output"


def test_an_exact_domain_gets_only_what_it_can_compute() -> None:
    names = {layer.activation for case in drawn("rational") for layer in case.layers}
    assert names == set(supported(DOMAINS["rational"], ACTIVATIONS)) == {"identity", "square", "relu", "leaky_relu"}
    assert {case.loss.name for case in drawn("rational")} == {"squared_error", "output"}


@pytest.mark.parametrize("domain", DOMAINS)
def test_large_networks_are_drawn(domain: str) -> None:
    sizes: list[tuple[int, ...]] = []

    @hypothesis.settings(max_examples=10)
    @given(cases(max_layers=8, max_width=64, domain=domain))
    def draw(case: Case) -> None:
        sizes.append(case.sizes)

    draw()
    assert max(map(len, sizes)) > 5
    assert max(map(max, sizes)) > 40


# --- what a few hundred draws meet ---


def share(condition: Callable[[Case], bool], domain: str = "float64") -> float:
    return sum(map(condition, drawn(domain))) / len(drawn(domain))


def kinked(case: Case) -> bool:
    return any(kink.any() for kink in forward(case, FLOAT64).kinks)


def saturated(case: Case) -> bool:
    passed = forward(case, FLOAT64)
    bounded = {"sigmoid", "tanh", "softmax"}
    return any(
        c.activation in bounded and (np.abs(z.value) > 20).any() for c, z in zip(case.layers, passed.z, strict=True)
    )


def residual(case: Case) -> float:
    """The largest difference of output and target, relative to the output."""
    a = forward(case, FLOAT64).a[-1].value
    return float((np.abs(a - case.targets) / np.maximum(np.abs(a), 2.0**-20)).max())


def test_everything_is_drawn() -> None:
    assert {layer.activation for case in drawn() for layer in case.layers[:-1]} == set(ACTIVATIONS)
    assert {case.layers[-1].activation for case in drawn()} == set(ACTIVATIONS)
    assert {case.loss.name for case in drawn()} == set(LOSSES)
    assert {case.reduction for case in drawn()} == set(REDUCTIONS)
    assert {len(case.inputs) for case in drawn()} == set(range(1, 9))
    assert {len(case.layers) for case in drawn()} == {1, 2, 3, 4}
    assert {case.kink for case in drawn()} == {0, 1, Fraction(1, 2)}
    biases = Counter(layer.bias is None for case in drawn() for layer in case.layers)
    assert 0.25 < biases[True] / biases.total() < 0.45


def test_hard_cases_are_drawn() -> None:
    unequal = share(lambda case: len(set(case.sizes)) > 1)
    assert unequal > 0.8
    assert share(kinked) > 0.01
    assert share(kinked, "rational") > 0.05
    assert share(saturated) > 0.05
    assert share(lambda case: residual(case) < 2.0**-7) > 0.05
    assert share(lambda case: residual(case) < 2.0**-18) > 0.01
    assert share(lambda case: residual(case) > 0.5) > 0.2


def test_the_same_settings_draw_the_same_cases() -> None:
    first, again = drawn.__wrapped__(examples=20), drawn.__wrapped__(examples=20)
    assert first == again
    assert len(set(first)) > 10


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_layers": 0}, "max_layers must be a whole number of at least 1, got 0"),
        ({"max_width": -1}, "max_width must be a whole number of at least 1, got -1"),
        ({"max_batch": 2.0}, "max_batch must be a whole number of at least 1, got 2.0"),
        ({"max_batch": True}, "max_batch must be a whole number of at least 1, got True"),
        ({"domain": "complex"}, "domain must be one of float64, float32, rational, got 'complex'"),
        ({"activations": ("swish",)}, f"activations: 'swish' is not one of {', '.join(ACTIVATIONS)}"),
        ({"losses": ("mse",)}, f"losses: 'mse' is not one of {', '.join(LOSSES)}"),
        (
            {"activations": ("tanh", "elu"), "domain": "rational"},
            "activations: the domain rational has none of tanh, elu",
        ),
        (
            {"activations": ("relu",), "losses": ("binary_cross_entropy",)},
            "losses: none of binary_cross_entropy has a value behind any of relu",
        ),
        ({"activations": ()}, "activations: the domain float64 has none of "),
    ],
)
def test_arguments_that_leave_nothing_to_draw_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        cases(**arguments)
    assert str(error.value) == said


# --- where shrinking ends ---


def has(name: str) -> Callable[[Case], bool]:
    return lambda case: any(layer.activation == name for layer in case.layers)


SMALLEST: dict[str, tuple[Callable[[Case], bool], tuple[int, ...], int]] = {
    "anything": (lambda case: True, (1, 1), 1),
    "two layers and a relu": (lambda case: len(case.layers) > 1 and has("relu")(case), (1, 1, 1), 1),
    "three outputs": (lambda case: case.sizes[-1] == 3, (1, 3), 1),
    "two samples": (lambda case: len(case.inputs) > 1, (1, 1), 2),
    "a logarithmic loss": (lambda case: case.loss.name in LOG_LOSSES, (1, 1), 1),
    "a gradient behind two layers": (
        lambda case: len(case.layers) == 2 and bool((values(ENGINES["matrix"], case, FLOAT64) != 0).all()),
        (1, 1, 1),
        1,
    ),
}


@pytest.mark.parametrize(("condition", "sizes", "batch"), SMALLEST.values(), ids=SMALLEST)
def test_shrinking_ends_at_the_smallest_case(
    condition: Callable[[Case], bool], sizes: tuple[int, ...], batch: int
) -> None:
    case = find(cases(), condition, examples=100)
    assert case.sizes == sizes
    assert len(case.inputs) == batch
    assert {*numbers(case).tolist()} <= {-1.0, 0.0, 1.0}
    assert case.loss.scale == 1
    assert case.kink == 0
    assert all(layer.bias is None for layer in case.layers)


def test_what_nothing_meets_is_not_found() -> None:
    with pytest.raises(hypothesis.errors.NoSuchExample):
        find(cases(), lambda case: len(case.layers) > 9, examples=20)
