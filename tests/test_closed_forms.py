"""Where the gradient is known in closed form, every engine has it: slopes at a kink, logarithmic losses at logits up
to 1000, targets that do not sum to 1.

    z, y, t    logits, outputs and targets of one sample; with weights [[z_1], [z_2], …] and input 1, dC/dW = dC/dz
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from helpers import (
    FLOAT32,
    FLOAT64,
    LOG_LOSSES,
    agree,
    each_domain,
    exact,
    kinked,
    on_other_case,
    radii,
    settled,
    values,
)
from hypothesis import given
from hypothesis import strategies as st

from backprove.case import LEAKY_SLOPE, Case, Gradient, Layer, Loss
from backprove.compare import compare
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine
from backprove.verdict import Verdict

each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
each_float = pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=("float64", "float32"))
MATRIX = ENGINES["matrix"]

RELUS = st.sampled_from(("relu", "leaky_relu"))
KINKS = st.fractions(0, 1, max_denominator=16)
LOGITS = st.lists(st.integers(-1000, 1000).map(lambda n: n + 0.25), min_size=2, max_size=4)
SHARES = st.lists(st.integers(0, 64).map(lambda n: n / 64), min_size=4, max_size=4)


def has_the_kink_agreed_on(engine: Engine, case: Case, domain: Domain) -> bool:
    """On 1-1-1 with z^1 = 0 and C = a^2 = a^1, dC/dW1[1,1] lies `kink` of the way from the left slope to 1."""
    left = Fraction(LEAKY_SLOPE) if case.layers[0].activation == "leaky_relu" else Fraction(0)
    slope = left + case.kink * (1 - left)
    with domain.context():
        expected = slope if domain.unit_roundoff else domain.number(slope)
        return settled(domain, exact(values(engine, case, domain))[:1] - expected, 2 * radii(case, domain)[:1])


@each_domain
@each_engine
@given(name=RELUS, kink=KINKS)
def test_the_slope_at_a_kink_is_the_one_agreed_on(engine: Engine, domain: Domain, name: str, kink: Fraction) -> None:
    assert has_the_kink_agreed_on(engine, kinked(name, kink), domain)


@each_domain
@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_an_engine_with_a_convention_of_its_own_is_found_out(domain: Domain, name: str) -> None:
    own = on_other_case(MATRIX, lambda case: replace(case, kink=Fraction(0)))
    assert has_the_kink_agreed_on(own, kinked(name, 0), domain)
    assert not has_the_kink_agreed_on(own, kinked(name, Fraction(1, 16)), domain)


def logits(z: list[float], t: list[float], output: str, loss: str) -> Case:
    return Case((Layer([[x] for x in z], None, output),), [[1.0]], [t[: len(z)]], Loss(loss))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -z))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def delta(case: Case) -> np.ndarray:
    """dC/dz in closed form; a binary cross-entropy on softmax outputs only for two of them."""
    z, t = case.layers[0].weights[:, 0], case.targets[0]
    binary = case.loss.name == "binary_cross_entropy"
    if case.layers[0].activation == "sigmoid":
        return (1 - t) * sigmoid(z) - t * sigmoid(-z) if binary else -t * sigmoid(-z)
    if binary:
        # y_2 = 1 - y_1, so each output's log(1 - y) is the other's log y: targets s = t + 1 - (t swapped)
        t = t + 1 - t[::-1]
    return softmax(z) * t.sum() - t


def is_right(engine: Engine, case: Case, domain: Domain) -> bool:
    """The engine has the closed form, evaluated in float64, and it is a number."""
    mine = values(engine, case, domain)
    expected = delta(case).astype(mine.dtype)
    return bool(np.isfinite(mine).all()) and agree(domain, mine, expected, radii(case, domain))


@each_float
@pytest.mark.parametrize("loss", LOG_LOSSES)
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@given(z=LOGITS, t=SHARES)
def test_logarithmic_losses_at_saturated_outputs_are_right(
    output: str, loss: str, domain: Domain, z: list[float], t: list[float]
) -> None:
    closed = output == "sigmoid" or loss == "categorical_cross_entropy"
    case = logits(z if closed else z[:2], t, output, loss)
    assert all(is_right(engine, case, domain) for engine in ENGINES.values())


@each_float
@given(z=LOGITS, t=SHARES)
def test_engines_agree_on_binary_cross_entropy_of_many_softmax_outputs(
    domain: Domain, z: list[float], t: list[float]
) -> None:
    comparison = compare(logits(z, t, "softmax", "binary_cross_entropy"), domain, ENGINES)
    assert comparison.verdict is Verdict.AGREE
    assert all(np.isfinite(outcome.values).all() for outcome in comparison.outcomes.values())


def unfused(case: Case, domain: Domain) -> Gradient:
    """The textbook's product dC/da · da/dz, with 1/a as it stands: right on paper, 0/0 at a saturated output."""
    z, t = domain.array(case.layers[0].weights[:, 0]), domain.array(case.targets[0])
    a = 1 / (1 + domain.exp(-z))
    return Gradient([((1 - t) / (1 - a) - t / a)[:, None] * (a * (1 - a))[:, None]], [None])


def test_a_log_loss_that_is_not_fused_is_found_out_when_saturated() -> None:
    t = [0.25, 0.75]
    assert is_right(unfused, logits([0.5, -0.5], t, "sigmoid", LOG_LOSSES[0]), FLOAT64)
    assert not is_right(unfused, logits([100.0, 1000.0], t, "sigmoid", LOG_LOSSES[0]), FLOAT64)


def a_minus_t(form: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Engine:
    """An engine that has a formula for dC/dz of softmax and cross-entropy."""

    def engine(case: Case, domain: Domain) -> Gradient:
        y = softmax(domain.array(case.layers[0].weights[:, 0]))
        return Gradient([form(y, domain.array(case.targets[0]))[:, None]], [None])

    return engine


def test_y_minus_t_is_the_gradient_only_where_targets_sum_to_one() -> None:
    short, whole = a_minus_t(lambda y, t: y - t), a_minus_t(lambda y, t: y * t.sum() - t)
    one = logits([0.5, -1.0, 2.0], [0.25, 0.5, 0.25], "softmax", LOG_LOSSES[1])
    two = logits([0.5, -1.0, 2.0], [1.0, 0.5, 0.5], "softmax", LOG_LOSSES[1])
    assert is_right(short, one, FLOAT64)
    assert is_right(whole, one, FLOAT64)
    assert is_right(whole, two, FLOAT64)
    assert not is_right(short, two, FLOAT64)
    assert all(is_right(engine, two, FLOAT64) for engine in ENGINES.values())
