"""Digits lost by a right formula are told from mistakes, in either direction: neither is taken for the other."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backprove.campaign import Settings, search
from backprove.campaign.look import UNTOLD, look
from backprove.case import Case, Gradient, Layer, Loss, blocks
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, Engine
from backprove.generate import cases, scaled
from backprove.mistakes import CATALOGUE, gradient
from backprove.verdict import Verdict
from backprove.weakness import LOSES, OVERFLOWS, SATURATED, Weakness, weakness

FLOAT64, FLOAT32 = DOMAINS["float64"], DOMAINS["float32"]
# Units as (f, f') of z; the textbooks' forms do not lose digits, these do.
WEAK: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "sigmoid by tanh": ("sigmoid", lambda z: (1 + np.tanh(z / 2)) / 2, lambda z, a: a * (1 - a)),
    "elu by exp - 1": (
        "elu",
        lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
        lambda z, a: np.where(z > 0, z * 0 + 1, np.exp(np.minimum(z, 0))),
    ),
    "tanh of exponentials": (
        "tanh",
        lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
        lambda z, a: 1 - a * a,
    ),
    "softplus by log": ("softplus", lambda z: np.log(1 + np.exp(z)), lambda z, a: 1 / (1 + np.exp(-z))),
}
# Nearly right, and wrong all the same.
GUARDED: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "probabilities clipped": (
        "sigmoid",
        lambda z: np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1e-7),
        lambda z, a: a * (1 - a),
    ),
    "slope of at least 1e-3": (
        "sigmoid",
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z, a: np.maximum(a * (1 - a), 1e-3),
    ),
    "net inputs clipped": (
        "tanh",
        lambda z: np.tanh(np.clip(z, -6, 6)),
        lambda z, a: 1 - a * a,
    ),
}


def of(value: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> Engine:
    """An engine for squared error, with these units throughout."""

    def engine(case: Case, domain: Any) -> Gradient:
        A, Z = [domain.array(case.inputs)], []
        for layer in case.layers:
            z = A[-1] @ domain.array(layer.weights).T
            Z.append(z if layer.bias is None else z + domain.array(layer.bias))
            A.append(value(Z[-1]))
        delta = domain.array(2 * float(case.loss.scale) / case.divisor) * (A[-1] - domain.array(case.targets))
        dW: list[Any] = []
        db: list[Any] = []
        for l in reversed(range(len(case.layers))):
            delta = delta * slope(Z[l], A[l + 1])
            dW.insert(0, delta.T @ A[l])
            db.insert(0, None if case.layers[l].bias is None else delta.sum(axis=0))
            delta = delta @ domain.array(case.layers[l].weights)
        return Gradient(dW, db)

    return engine


def judging(engine: Engine, domain: Any = FLOAT64) -> Callable[[Case], Comparison]:
    return lambda case: compare(case, domain, {**ENGINES, "other": engine})


def explained(engine: Engine, activation: str, domain: Any = FLOAT64) -> Iterator[Weakness | None]:
    """What explains the differences on drawn networks and on the same driven into saturation."""
    judged = judging(engine, domain)
    drawn: list[Case] = []

    @settings(max_examples=60, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(cases(activations=(activation,), losses=("squared_error",), domain=domain.name))
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    for case in [*drawn, *(scaled(case, 64.0) for case in drawn[:20])]:
        found = judged(case)
        if found.verdict is Verdict.DISAGREE:
            yield weakness(found, judged)


EVERY_TIME = {("sigmoid by tanh", "float64"), ("elu by exp - 1", "float32"), ("slope of at least 1e-3", "float64")}


def mostly_slow(names: Iterable[str], domains: Iterable[Any] = (FLOAT64,)) -> list[Any]:
    """One or two in every run, the others with -m slow."""
    return [
        pytest.param(name, domain, marks=() if (name, domain.name) in EVERY_TIME else pytest.mark.slow)
        for name in names
        for domain in domains
    ]


@pytest.mark.parametrize(("name", "domain"), mostly_slow(WEAK, (FLOAT64, FLOAT32)))
def test_what_a_right_formula_loses_is_no_mistake(name: str, domain: Any) -> None:
    activation, value, slope = WEAK[name]
    found = list(explained(of(value, slope), activation, domain))
    assert None not in found
    assert {w.kind for w in found if w} & {LOSES, OVERFLOWS}


@pytest.mark.parametrize(("name", "domain"), mostly_slow(GUARDED))
def test_a_guard_that_changes_the_gradient_is_not_excused(name: str, domain: Any) -> None:
    activation, value, slope = GUARDED[name]
    found = list(explained(of(value, slope), activation, domain))
    assert None in found
    assert not {w.kind for w in found if w} & {LOSES, OVERFLOWS}


def test_a_clip_that_only_units_beyond_any_slope_meet_is_named_as_that() -> None:
    clipped = of(lambda z: 1 / (1 + np.exp(-np.clip(z, -40, 40))), lambda z, a: a * (1 - a))
    found = list(explained(clipped, "sigmoid"))
    assert SATURATED in {w.kind for w in found if w}
    assert None not in found
    assert max(w.difference for w in found if w) < 1e-12


@settings(max_examples=30, deadline=None)
@given(
    cases(max_layers=3, max_width=3, max_batch=3, losses=("squared_error",)),
    st.sampled_from(sorted(CATALOGUE)),
    st.sampled_from([1.0, 8.0]),
)
def test_no_known_mistake_is_ever_excused(case: Case, name: str, factor: float) -> None:
    assume(all(layer.activation != "square" for layer in case.layers))

    def mistaken(case: Case, domain: Any) -> Gradient:
        flat, dW = gradient(case, [CATALOGUE[name]]), []
        db: list[Any] = [None] * len(case.layers)
        for l, kind, shape, at in blocks(case):
            block = flat[at : at + int(np.prod(shape))].reshape(shape)
            if kind == "W":
                dW.append(block)
            else:
                db[l - 1] = block
        return Gradient(dW, db)

    judged = judging(mistaken)
    found = judged(scaled(case, factor))
    assume(found.verdict is Verdict.DISAGREE)
    excused = weakness(found, judged)
    assert excused is None or not excused.kind or _nothing_but_rounding(found)


def _nothing_but_rounding(found: Comparison) -> bool:
    """Whether the gradient is 0 but for rounding wherever engines differ: there, no formula is wrong."""
    truth = np.abs(found.outcomes["matrix"].values.astype(np.float64))
    return bool((truth <= found.radius)[found.verdicts == Verdict.DISAGREE].all())


def test_a_plain_difference_is_none_of_it() -> None:
    judged = judging(lambda case, domain: Gradient([2 * W for W in _right(case).weights], _right(case).biases))
    found = judged(_drawn())
    assert found.verdict is Verdict.DISAGREE
    assert weakness(found, judged) is None


def test_what_fails_otherwise_than_by_arithmetic_is_none_of_it() -> None:
    def failing(case: Case, domain: Any) -> Gradient:
        if np.abs(case.layers[0].weights).max() > 1:
            raise ValueError("too large")
        return _right(case)

    judged = judging(failing)
    found = judged(scaled(_drawn(), 100.0))
    assert found.verdict is Verdict.DISAGREE
    assert weakness(found, judged) is None


@pytest.mark.parametrize("result", [float("nan"), float("inf"), OverflowError])
def test_nan_where_nothing_is_saturated_is_a_mistake(result: Any) -> None:
    def odd(case: Case, domain: Any) -> Gradient:
        right = _right(case)
        if np.abs(case.layers[0].weights).max() > 2:
            if result is OverflowError:
                raise OverflowError("math range error")
            right.weights[0][0, 0] = result
        return right

    judged = judging(odd)
    case = _drawn(weights=3.0)
    found = judged(case)
    assert found.verdict is Verdict.DISAGREE
    assert weakness(found, judged) is None


def test_nan_of_units_that_cannot_overflow_is_a_mistake() -> None:
    def odd(case: Case, domain: Any) -> Gradient:
        right = _right(case)
        if np.abs(case.layers[0].weights).max() > 40:
            right.weights[0][0, 0] = np.nan
        return right

    straight = tuple(Layer(layer.weights * 100, None, "relu") for layer in _drawn().layers)
    judged = judging(odd)
    found = judged(Case(straight, np.array([[0.5, 0.75]]), np.array([[1.0]]), Loss("squared_error")))
    assert found.verdict is Verdict.DISAGREE
    assert weakness(found, judged) is None


def _drawn(weights: float = 1.0) -> Case:
    layers = (
        Layer(np.array([[weights, 0.5], [0.25, -1.0]]), None, "sigmoid"),
        Layer(np.array([[1.0, 0.75]]), None, "sigmoid"),
    )
    return Case(layers, np.array([[0.5, -0.75]]), np.array([[1.0]]), Loss("squared_error"))


def _right(case: Case) -> Gradient:
    return ENGINES["matrix"](case, FLOAT64)


# In a run


def test_a_run_leaves_open_what_a_weak_engine_loses() -> None:
    weak = of(*WEAK["sigmoid by tanh"][1:])
    asked = Settings(120, activations=("sigmoid",), losses=("squared_error",), domains=("float64",))
    found = search(asked, {**ENGINES, "weak": weak})
    assert found.verdict == "UNDECIDED"
    assert UNTOLD[LOSES] in found.domains[0].undecided
    assert found.disagreements == []


def test_a_weak_engine_that_is_wrong_as_well_disagrees() -> None:
    _, value, slope = WEAK["sigmoid by tanh"]
    wrong = of(value, lambda z, a: slope(z, a) * (1 + 1e-9))
    asked = Settings(60, activations=("sigmoid",), losses=("squared_error",), domains=("float64",))
    assert search(asked, {**ENGINES, "wrong": wrong}).verdict == "DISAGREE"


def test_an_engine_that_answers_at_random_is_not_excused() -> None:
    random = np.random.default_rng(1)
    noisy = of(lambda z: 1 / (1 + np.exp(-z)) * (1 + 1e-13 * random.normal(size=z.shape)), lambda z, a: a * (1 - a))
    found = look(_drawn(), FLOAT64, {**ENGINES, "noisy": noisy})
    assert found.unstable == ["noisy"]
    assert found.disagrees
