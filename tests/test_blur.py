"""What an update loses of its gradient: no more than the blur, which hides no mistake that it need not hide."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from candidates import CASE, OTHER
from hypothesis import given
from hypothesis import strategies as st
from updates import NETS, SIGMOID, answered, backprop, compared, stepping

from backprove import from_update
from backprove.candidate import Answer
from backprove.case import Case, Layer, Loss, blocks
from backprove.check.infer import Problem, gradient_of
from backprove.check.subject import strategy
from backprove.mistakes import causes
from backprove.verdict import Verdict

VARIANTS: dict[str, Callable[..., Any]] = {
    "w - η g": lambda w, eta, s, N: w - eta * s,
    "w + η (-g)": lambda w, eta, s, N: w + eta * -s,
    "-η g + w": lambda w, eta, s, N: -eta * s + w,
    "w - (η/N) s": lambda w, eta, s, N: w - (eta / N) * s,
    "w - η (1/N) s": lambda w, eta, s, N: w - eta * (1 / N) * s,
    "w - η s (1/N)": lambda w, eta, s, N: w - eta * s * (1 / N),
}
sized = st.floats(-1e6, 1e6, allow_subnormal=False)


def lost(dtype: Any, variant: str, w: float, s: float, eta: float, N: int) -> tuple[Fraction, Fraction]:
    """(how far the recovered number is off, its blur), exactly."""
    by = N if "N" in variant else 1
    number = dtype(s)

    def step(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        w = weights[0][0, 0].astype(dtype)
        return [np.array([[VARIANTS[variant](w, dtype(eta), number, dtype(by))]])], None

    case = Case((Layer([[w]]),), [[1.0]], [[0.0]])
    answer = answered(from_update(step, learning_rate=eta), case)
    assert answer.precision == np.dtype(dtype).name
    assert answer.values is not None
    blur = answer.blur(case)
    assert blur is not None
    off = abs(Fraction(float(answer.values[0])) - Fraction(float(number)) / by)
    return off, Fraction(float(blur[0]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("variant", VARIANTS)
@given(w=sized, s=sized, eta=st.floats(1e-12, 10), N=st.integers(1, 7))
def test_no_update_loses_more_than_the_blur(dtype: Any, variant: str, w: float, s: float, eta: float, N: int) -> None:
    off, blur = lost(dtype, variant, w, s, eta, N)
    assert off <= blur


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("eta", [1.0, 0.1, 1e-3])
def test_the_blur_is_not_loose(dtype: Any, eta: float) -> None:
    pairs = [lost(dtype, "w - η g", *np.random.default_rng(seed).normal(size=2), eta, 1) for seed in range(100)]
    assert np.median([float(blur / off) for off, blur in pairs if off]) < 12


def test_a_value_that_is_no_number_has_no_blur() -> None:
    case = Case((Layer([[1.0, 2.0, 3.0]]),), [[0.0, 0.0, 0.0]], [[0.0]])
    blur = Answer(np.array([np.nan, np.inf, 1.0]), learning_rate=0.1).blur(case)
    assert blur is not None
    assert (blur[:2] == 0).all()
    assert blur[2] > 0
    assert compared(from_update(lambda w, b, x, t: ([w[0] * np.nan, w[1]], b), learning_rate=0.1), CASE).verdict is (
        Verdict.DISAGREE
    )


@given(case=strategy(SIGMOID, {"max_layers": 3, "max_width": 3}), e=st.integers(0, 9))
def test_a_right_step_agrees_at_every_learning_rate(case: Case, e: int) -> None:
    assert compared(stepping(10.0**-e), case).verdict is Verdict.AGREE


def test_without_the_blur_a_right_step_would_be_wrong() -> None:
    for case in (CASE, OTHER):
        with_, without = (compared(stepping(1e-3), case, blurred) for blurred in (True, False))
        assert (with_.verdict, without.verdict) == (Verdict.AGREE, Verdict.DISAGREE)
        assert with_.worst_fraction <= 1


@given(case=st.sampled_from(NETS), e=st.integers(0, 4), layer=st.integers(1, 2))
def test_one_entry_off_by_a_millionth_is_found(case: Case, e: int, layer: int) -> None:
    lr = 10.0**-e

    def step(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        dW, db = backprop(weights, biases, inputs, targets)
        dW[layer - 1][-1, -1] *= 1 + 1e-6
        new = [w - lr * g for w, g in zip(weights, dW, strict=True)]
        return new, [None if b is None else b - lr * g for b, g in zip(biases, db, strict=True)]

    found = compared(from_update(step, learning_rate=lr), case)
    (place,) = (at + int(np.prod(shape)) - 1 for l, kind, shape, at in blocks(case) if (l, kind) == (layer, "W"))
    assert found.verdict is Verdict.DISAGREE
    assert np.flatnonzero(found.verdicts).tolist() == [place]
    first, blur = found.first_difference(), next(pair.blur for pair in found.pairs if pair.second == "own")
    assert first is not None
    assert first.difference is not None
    assert first.radius == pytest.approx(2 * found.radius[place] + blur[place], abs=0)
    assert first.fraction == pytest.approx(first.difference / first.radius, rel=1e-6)


def test_where_the_learning_rate_hides_everything_all_entries_are_weak() -> None:
    for lr, weak in ((0.1, 0), (1e-17, CASE.entries)):
        assert compared(stepping(lr), CASE).weak == weak
    assert compared(stepping(1e-17, "hidden slope"), CASE).weak == CASE.entries


def test_at_a_kink_an_update_is_undecided() -> None:
    layers = Layer([[1000.0, -1000.0]], None, "relu"), Layer([[1.0]])
    case = Case(layers, [[1.0, 1.0]], [[0.0]], Loss("output"))

    def step(weights: Any, biases: Any, inputs: Any, targets: Any, lr: float) -> None:
        weights[0] -= lr  # the slope from the right

    function = from_update(step, learning_rate=0.1)
    found = compared(function, case)
    assert max(answered(function, case).values) > 1 + 1e-13  # beyond the interval of slopes, but for the blur
    assert (found.verdict, list(found.reasons)) == (Verdict.UNDECIDED, ["kink"])


def test_a_plain_candidate_is_judged_as_ever() -> None:
    answer = answered(backprop, CASE)
    assert (answer.learning_rate, answer.blur(CASE)) == (None, None)
    found = compared(backprop, CASE)
    assert all(pair.blur is None for pair in found.pairs)
    assert all(found.radius_of(name) is found.radius for name in found.outcomes)


# What it is, and why it is wrong


def observed(function: Callable[..., Any]) -> list[tuple[Case, Any, str, Any]]:
    answers = [(case, answered(function, case)) for case in NETS]
    return [(case, a.values, a.precision, a.blur(case)) for case, a in answers]


@pytest.mark.parametrize("lr", [0.1, 1e-3])
def test_what_an_update_is_the_gradient_of_is_inferred(lr: float) -> None:
    for sign in (1, -1):
        seen = observed(stepping(lr, sign=-sign))
        (problem, *_) = gradient_of(seen, Problem(("sigmoid", "sigmoid"), "squared_error"))
        assert (problem.loss, problem.reduction) == ("squared_error", "sum")
        assert (problem.factor.sign, problem.factor.number) == (sign, Fraction(1, 2))
        assert gradient_of([one[:3] for one in seen]) == []  # as it would be without the blur


@pytest.mark.parametrize("lr", [0.1, 1e-3])
@pytest.mark.parametrize(
    ("planted", "name"), [("hidden slope", "hidden-slope-missing"), ("updated", "updated-weights")]
)
def test_the_mistake_of_an_update_is_named(planted: str, name: str, lr: float) -> None:
    seen = observed(stepping(lr, planted))
    found = causes([(case, v, blur) for case, v, _, blur in seen], pairs=False)
    assert [cause.ids for cause in found.found] == [(name,)]
    if planted == "updated":
        assert str(found.found[0].planted[0].chosen["rate"]) == "0.1"
    assert causes([(case, v) for case, v, _, _ in seen], pairs=False).found == ()  # as it would be without the blur


def test_no_mistake_is_named_where_the_learning_rate_hides_it() -> None:
    seen = observed(stepping(1e-17, "hidden slope"))
    found = causes([(case, v, blur) for case, v, _, blur in seen], pairs=False)
    assert (found.found, found.wrong) == ((), 0)
    assert gradient_of(seen) == []
