"""The subgradient interval at kinks: by hand, against a brute backward pass of bent.py's own, and able to fail.

sub       an interval of every gradient entry, flattened as `blocks` numbers them
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from bent import corners, deep, gradient, met, near, whole
from helpers import FLOAT32, FLOAT64, kinked, network, values
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backprove.case import Case, Layer, Loss
from backprove.engines import ENGINES
from backprove.rounding import (
    UNITS,
    Subgradients,
    analyse,
    conventions,
    exact_zeros,
    inside,
    kinks,
    subgradients,
)

NEURON = ENGINES["neuron"]
HALF = Fraction(1, 2)


def holds(sub: Subgradients, x: np.ndarray) -> bool:
    return bool(((sub.low - sub.radius <= x) & (x <= sub.high + sub.radius)).all())


# --- by hand ---


@pytest.mark.parametrize(("name", "left"), [("relu", 0.0), ("leaky_relu", 0.01)])
@pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=("float64", "float32"))
def test_one_unit_at_0_has_the_interval_of_its_slope(name: str, left: float, domain: object) -> None:
    """C = a^2 = a^1 and x = 1: dC/dW1[1,1] is the slope, dC/dW2[1,1] = a^1 = 0."""
    for kink in (0, HALF, 1):
        sub = subgradients(kinked(name, kink), domain)
        assert sub.low.tolist() == [left, 0.0]
        assert sub.high.tolist() == [1.0, 0.0]
        assert (sub.count, sub.exact) == (1, True)


def test_a_kink_deep_in_a_network_has_the_gradients_of_both_sides_for_ends() -> None:
    sub = subgradients(deep(), FLOAT64)
    sides = [values(NEURON, deep(c), FLOAT64) for c in (0, 1)]
    assert sub.low.tolist() == np.minimum(*sides).tolist()
    assert sub.high.tolist() == np.maximum(*sides).tolist()
    # dC/da1[1] = 3·2 - 4 = 2: times x for W1[1,:], itself for b1[1]; nothing else moves.
    moves = np.flatnonzero(sub.high > sub.low)
    assert moves.tolist() == [0, 1, 4]
    assert (sub.low[moves].tolist(), sub.high[moves].tolist()) == ([0, -2, 0], [2, 0, 2])
    assert (sub.count, sub.exact) == (1, True)


def test_two_kinks_whose_paths_have_opposite_signs_do_not_end_at_the_conventions() -> None:
    """C = a1 - a2 of two units at 0 that share x: 0 under either convention, -1 … 1 in truth."""
    layers = (Layer([[0.0]]), Layer([[1.0], [1.0]], None, "relu"), Layer([[1.0, -1.0]]))
    case = Case(layers, [[1.0]], [[0.0]], Loss("output"))
    sub = subgradients(case, FLOAT64)
    assert (sub.low[0], sub.high[0]) == (-1, 1)
    assert all(values(NEURON, replace(case, kink=c), FLOAT64)[0] == 0 for c in (Fraction(0), Fraction(1)))


def test_a_network_without_kinks_has_a_point_for_an_interval() -> None:
    case = network((2, 3, 2), ("tanh", "softmax"))
    sub, found = subgradients(case, FLOAT64), values(NEURON, case, FLOAT64)
    assert sub.low.tolist() == sub.high.tolist()
    assert (sub.count, sub.exact) == (0, True)
    assert holds(sub, found)
    assert not inside(found, found, sub).any()


def test_a_kink_that_nothing_depends_on_needs_no_choice() -> None:
    """Behind a dead unit: twenty units at 0 and every end still attained."""
    layers = (Layer(np.ones((20, 1)), None, "relu"), Layer(np.ones((1, 20)), [-1.0], "relu"), Layer([[1.0]]))
    sub = subgradients(Case(layers, [[0.0]], [[1.0]]), FLOAT64)
    assert (sub.count, sub.exact) == (20, True)
    assert sub.low.tolist() == sub.high.tolist()


# --- against all choices ---


@given(whole(), st.data())
@settings(max_examples=300, deadline=None)
def test_every_choice_lies_inside(case: Case, data: st.DataObject) -> None:
    sub, at = subgradients(case, FLOAT64), met(exact_zeros(case))
    assert sub.count >= len(at)
    for _ in range(3):
        shares = data.draw(st.lists(st.floats(0, 1), min_size=len(at), max_size=len(at)))
        assert holds(sub, gradient(case, dict(zip(at, shares, strict=True))))


@given(whole(names=("relu", "identity")))
@settings(max_examples=300, deadline=None)
def test_ends_are_the_least_and_greatest_of_all_corners(case: Case) -> None:
    at = met(exact_zeros(case))
    assume(0 < len(at) <= 8)
    sub, all_corners = (
        subgradients(replace(case, reduction="sum"), FLOAT64),
        corners(replace(case, reduction="sum"), at),
    )
    assume(sub.exact)
    assert sub.low.tolist() == all_corners.min(axis=0).tolist()
    assert sub.high.tolist() == all_corners.max(axis=0).tolist()


@given(whole(names=("leaky_relu", "relu", "tanh", "softmax")), st.sampled_from([FLOAT64, FLOAT32]))
@settings(max_examples=300, deadline=None)
def test_ends_are_attained_up_to_the_radius(case: Case, domain: object) -> None:
    at = met(analyse(case, domain).kinks)
    assume(0 < len(at) <= 8)
    sub, all_corners = subgradients(case, domain), corners(case, at)
    assume(sub.exact)
    assert (np.abs(sub.low - all_corners.min(axis=0)) <= sub.radius).all()
    assert (np.abs(sub.high - all_corners.max(axis=0)) <= sub.radius).all()


@given(whole(names=("leaky_relu", "relu", "tanh", "softmax")))
@settings(max_examples=300, deadline=None)
def test_an_enclosure_contains_the_exact_range(case: Case) -> None:
    exact = subgradients(case, FLOAT64)
    assume(exact.exact and (exact.high > exact.low).any())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinks, "MOST", 0)
        wide = subgradients(case, FLOAT64)
    assert (wide.count, wide.exact) == (exact.count, False)
    assert (wide.low <= exact.low + exact.radius).all()
    assert (wide.high >= exact.high - exact.radius).all()


def test_an_enclosure_says_that_its_ends_need_not_be_attained(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kink that reaches b1[1] on two paths, 1 and -1, which interval arithmetic takes for independent."""
    layers = (Layer([[1.0]], [0.0]), Layer([[1.0], [-1.0]]), Layer([[1.0, 1.0]], None, "relu"))
    case = Case(layers, [[1.0]], [[0.0]], Loss("output"))
    exact = subgradients(case, FLOAT64)
    assert (exact.low[1], exact.high[1], exact.exact) == (0, 0, True)
    monkeypatch.setattr(kinks, "MOST", 0)
    wide = subgradients(case, FLOAT64)
    assert (wide.low[1], wide.high[1], wide.exact) == (-1, 1, False)


def test_samples_choose_apart_and_so_many_stay_exact() -> None:
    """Eight samples at one kink each: 256 corners in all, 2 in each sample."""
    case = kinked("relu")
    case = replace(case, inputs=np.arange(-3.0, 5.0)[:, None], targets=np.zeros((8, 1)))
    sub = subgradients(case, FLOAT64)
    assert (sub.count, sub.exact) == (8, True)
    assert (sub.low[0], sub.high[0]) == (-6, 10)


# --- what is judged inside ---


def test_what_lies_beyond_an_end_by_more_than_rounding_is_outside() -> None:
    sub, at = subgradients(kinked("relu"), FLOAT64), np.array([0.5, 0.0])

    def judged(x: float) -> bool:
        moved = np.array([x, 0.0])
        first, second = inside(moved, at, sub)[0], inside(at, moved, sub)[0]
        assert first == second
        return bool(first)

    low, high = sub.low[0] - sub.radius[0], sub.high[0] + sub.radius[0]
    assert all(judged(x) for x in (low, 0.0, 0.25, 1.0, high))
    assert not any(judged(x) for x in (np.nextafter(low, -1), np.nextafter(high, 2), 1.125, -0.125))
    assert 0 < sub.radius[0] < 1e-14


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_inside(x: float) -> None:
    sub, one = subgradients(kinked("relu"), FLOAT64), np.array([0.5, 0.5])
    assert not inside(np.array([x, x]), np.array([x, x]), sub).any()
    assert not inside(one, np.array([x, x]), sub).any()
    unbounded = replace(sub, high=np.array([np.inf, np.inf]))
    assert not inside(one, one, unbounded).any()
    assert not inside(one, one, replace(sub, radius=np.array([x, x]))).any()


def test_an_entry_that_no_choice_moves_is_never_inside() -> None:
    sub = subgradients(deep(), FLOAT64)
    assert inside(sub.low, sub.high, sub).tolist() == (sub.high > sub.low).tolist()
    assert not inside(sub.low, sub.high, sub)[5:].any()


def test_a_slope_beyond_its_side_is_outside() -> None:
    """The twin of 'every choice lies inside': a share of 5/4 or of -1/4 does not."""
    case, at = deep(), [(0, 0, 0)]
    sub = subgradients(case, FLOAT64)
    assert holds(sub, gradient(case, {at[0]: 1.0}))
    assert not holds(sub, gradient(case, {at[0]: 1.25}))
    assert not holds(sub, gradient(case, {at[0]: -0.25}))


def test_ends_of_another_left_slope_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the corners."""
    least = corners(deep(), [(0, 0, 0)]).min(axis=0)
    assert (subgradients(deep(), FLOAT64).low == least).all()
    plain = UNITS["relu"]
    monkeypatch.setitem(UNITS, "relu", lambda z, u: replace(plain(z, u), left=0.25, jump=0.75))
    assert (subgradients(deep(), FLOAT64).low != least).any()


# --- which units ---


def test_named_kinks_alone_are_open() -> None:
    layers = (Layer([[0.0], [0.0]], None, "relu"), Layer([[1.0, 1.0]]))
    case = Case(layers, [[1.0]], [[0.0]], Loss("output"), kink=HALF)
    sub = subgradients(case, FLOAT64, [np.array([[True, False]]), np.array([[False]])])
    assert (sub.low[:2].tolist(), sub.high[:2].tolist(), sub.count) == ([0, 0.5], [1, 0.5], 1)


def test_kinks_that_do_not_fit_the_case_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        subgradients(kinked("relu"), FLOAT64, [np.array([[True]])])
    with pytest.raises(ValueError, match="layer 2 is identity, which has no kink"):
        subgradients(kinked("relu"), FLOAT64, [np.array([[True]]), np.array([[True]])])


def one_unit(weights: list[float], inputs: list[float], bias: float | None = None, name: str = "relu") -> Case:
    """C = f(w·x + b) of one unit, behind which only rounding may tell z from 0."""
    return Case((Layer([weights], None if bias is None else [bias], name),), [inputs], [[0.0]], Loss("output"))


@pytest.mark.parametrize(
    ("case", "zero"),
    [
        (one_unit([1.0], [0.0]), True),
        (one_unit([1.0], [1e-20]), False),
        (one_unit([1.0], [5e-324]), False),
        (one_unit([1.0, 1.0, -1.0], [0.1, 0.2, 0.3]), False),
        (one_unit([1.0] * 10 + [-10.0], [0.1] * 11), True),
        (one_unit([0.1], [3.0], -0.3), False),
        (one_unit([0.5], [3.0], -1.5, "leaky_relu"), True),
    ],
)
def test_exact_zeros_tells_0_from_what_rounds_to_it(case: Case, zero: bool) -> None:
    assert exact_zeros(case) == [np.array([[zero]])]


def test_exact_zeros_are_those_of_the_numbers_a_precision_holds() -> None:
    case = one_unit([1.0], [0.1], -0.1 - 2.0**-40)
    assert exact_zeros(case) == [np.array([[False]])]
    assert exact_zeros(case, FLOAT32) == [np.array([[True]])]


def test_exact_zeros_need_rational_numbers_before_every_kink() -> None:
    for first, second, known in [
        ("square", "relu", True),
        ("leaky_relu", "relu", True),
        ("relu", "tanh", True),
        ("tanh", "identity", True),
        ("softmax", "leaky_relu", False),
        ("elu", "relu", False),
    ]:
        found = exact_zeros(network((2, 2, 1), (first, second)))
        assert (found is not None) == known
        assert found is None or [k.shape for k in found] == [(2, 2), (2, 1)]
    far = network((1, 1, 1, 1), ("tanh", "sigmoid", "identity"))
    assert [bool(k.any()) for k in exact_zeros(far)] == [False] * 3


@given(whole())
@settings(max_examples=100, deadline=None)
def test_in_whole_numbers_zeros_are_those_of_floating_point(case: Case) -> None:
    case = replace(case, layers=tuple(replace(c, activation=c.activation.replace("leaky_", "")) for c in case.layers))
    z = analyse(case, FLOAT64).z
    bent = [layer.activation == "relu" for layer in case.layers]
    assert [k.tolist() for k in exact_zeros(case)] == [
        ((v.value == 0) & b).tolist() for v, b in zip(z, bent, strict=True)
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_unit_left_out_has_the_slope_of_its_exact_z(first: int) -> None:
    case = near(first)
    zeros = exact_zeros(case)
    assert [k.tolist() for k in zeros] == [[[False, True]], [[False]]]
    assert analyse(case, FLOAT64).kinks[0].tolist() == [[True, True]]
    sub = subgradients(case, FLOAT64, zeros)
    assert (sub.low[:3].tolist(), sub.high[:3].tolist()) == ([1.0] * 3, [1.0] * 3)
    assert (sub.low[3:6].tolist(), sub.high[3:6].tolist()) == ([0.0] * 3, [1.0] * 3)
    both = subgradients(case, FLOAT64)
    assert (both.low[:3].tolist(), both.high[:3].tolist()) == ([0.0] * 3, [1.0] * 3)


# --- conventions ---


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=("float64", "float32"))
@pytest.mark.parametrize("c", [Fraction(0), HALF, Fraction(1)])
def test_a_convention_is_recovered_from_one_network(name: str, domain: object, c: Fraction) -> None:
    for case in (kinked(name), deep()):
        for engine in ENGINES.values():
            assert conventions(case, values(engine, replace(case, kink=c), domain), domain) == (c,)


def test_a_convention_that_is_no_candidate_is_none_of_them() -> None:
    x = values(NEURON, deep(Fraction(1, 4)), FLOAT64)
    assert conventions(deep(), x, FLOAT64) == ()
    assert conventions(deep(), x, FLOAT64, (Fraction(1, 4), HALF)) == (Fraction(1, 4),)


def test_without_a_kink_every_convention_is_possible_and_wrong_values_have_none() -> None:
    case = network((2, 3, 1), ("relu", "identity"))
    x = values(NEURON, case, FLOAT64)
    assert conventions(case, x, FLOAT64) == (0, HALF, 1)
    assert conventions(case, x * 1.001, FLOAT64) == ()
    assert conventions(case, x * np.nan, FLOAT64) == ()


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("c", [Fraction(0), HALF, Fraction(1)])
def test_a_unit_at_0_only_within_rounding_says_nothing_of_a_convention(first: int, c: Fraction) -> None:
    """It may have either side's slope; the unit at exactly 0 beside it tells."""
    case, other = near(first), near(1 - first, c)
    assert [z != 0 for z in analyse(case, FLOAT64).z[0].value[0]] == [True, False]
    at = met([analyse(case, FLOAT64).kinks[0]])
    for slope in (0.0, 1.0):
        x = gradient(other, {at[0]: slope, at[1]: float(c)})
        assert conventions(case, x[[1, 2, 0, 3, 4, 5, 6, 7]] if first else x, FLOAT64) == (c,)
