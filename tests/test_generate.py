"""The strategies for cases: what is drawn, that every domain holds it, what is refused, and where shrinking ends."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import hypothesis
import numpy as np
import pytest
from helpers import FLOAT64, LOG_LOSSES, each_domain, find, values
from hypothesis import given
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, LOSSES, MODULUS, REDUCTIONS, Case
from backprove.compare import compare
from backprove.domains import DOMAINS, Domain, Modular
from backprove.engines import ENGINES
from backprove.generate import cases, losses_for, supported
from backprove.rounding import forward
from backprove.verdict import Verdict


def numbers(case: Case) -> list[float | int]:
    """Every number of the case."""
    arrays = [case.inputs, case.targets]
    for layer in case.layers:
        arrays += [layer.weights] if layer.bias is None else [layer.weights, layer.bias]
    return [x for array in arrays for x in array.ravel().tolist()]


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


def is_exactly(domain: Domain, mine: Any, x: Fraction) -> bool:
    """Whether a number of the domain is x: in a field, x's image there."""
    if domain.modulus:
        return bool(mine * x.denominator == x.numerator)
    return Fraction(float(mine)) == x and (domain.name != "ball" or mine.is_exact())


def holds(domain: Domain, x: list[float | int]) -> bool:
    """Whether the domain holds the numbers as they are."""
    return all(is_exactly(domain, mine, Fraction(v)) for mine, v in zip(domain.array(x), x, strict=True))


@pytest.mark.parametrize("name", [name for name in DOMAINS if name != "modular"])
@each_domain
def test_every_domain_holds_every_number_exactly(domain: Domain, name: str) -> None:
    @given(cases(domain=name))
    def check(case: Case) -> None:
        x = numbers(case)
        assert holds(domain, x)
        assert all(Fraction(v).denominator <= 2**80 for v in x)
        assert case.modulus is None

    check()


@given(cases(domain="modular"))
def test_a_field_gets_points_of_its_own(case: Case) -> None:
    x = numbers(case)
    assert case.modulus == MODULUS
    assert all(v == int(v) and 0 <= v < MODULUS for v in x)
    assert holds(DOMAINS["modular"], list(map(int, x)))
    assert len(set(x)) == len(x)  # each of 2^61 numbers is as likely


def test_a_number_that_float32_does_not_hold_is_noticed() -> None:
    assert not holds(DOMAINS["float32"], [0.1])
    assert holds(DOMAINS["rational"], [0.1])
    assert not is_exactly(DOMAINS["modular"], DOMAINS["modular"].number(0.1), Fraction(1, 10))
    assert is_exactly(DOMAINS["modular"], DOMAINS["modular"].number(0.1), Fraction(0.1))


def test_an_enclosure_that_is_none_is_noticed() -> None:
    flint = pytest.importorskip("flint")
    assert not is_exactly(DOMAINS["ball"], flint.arb(0.5, 2.0**-90), Fraction(1, 2))
    assert holds(DOMAINS["ball"], [0.1])


@given(cases(activations=("sigmoid", "softmax"), losses=("categorical_cross_entropy", "squared_error")))
def test_classification_targets_sum_to_exactly_one(case: Case) -> None:
    hypothesis.assume(case.loss.name in LOG_LOSSES or case.layers[-1].activation == "softmax")
    assert [sum(map(Fraction, row)) for row in case.targets.tolist()] == [1] * len(case.targets)
    assert (case.targets >= 0).all()


@given(cases())
def test_a_loss_has_a_value_behind_its_outputs(case: Case) -> None:
    output = case.layers[-1].activation
    assert case.loss.name in losses_for(output, case.sizes[-1], LOSSES, FLOAT64)
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


def test_a_field_gets_every_loss_behind_every_output_but_relu() -> None:
    behind = {(case.layers[-1].activation, case.loss.name) for case in drawn("modular", 600)}
    assert behind == {(name, loss) for name in ACTIVATIONS for loss in losses_for(name, 2, LOSSES, DOMAINS["modular"])}
    assert ("relu", "binary_cross_entropy") not in behind
    assert len(behind) == 4 * len(ACTIVATIONS) - 2
    assert {len(case.inputs) for case in drawn("modular", 600)} == {1, 2}


@given(cases(domain="modular", activations=("relu", "identity"), losses=LOG_LOSSES))
def test_in_a_field_a_loss_has_a_value_even_where_every_gate_is_shut(case: Case) -> None:
    shut = compare(case, Modular(gates=(False,) * 1000), ENGINES)
    assert (shut.verdict, shut.reasons) == (Verdict.AGREE, {})


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
        ({"domain": "complex"}, "domain must be one of float64, float32, rational, ball, modular, got 'complex'"),
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
    assert {*numbers(case)} <= {-1.0, 0.0, 1.0}
    assert case.loss.scale == 1
    assert case.kink == 0
    assert all(layer.bias is None for layer in case.layers)


def test_what_nothing_meets_is_not_found() -> None:
    with pytest.raises(hypothesis.errors.NoSuchExample):
        find(cases(), lambda case: len(case.layers) > 9, examples=20)
