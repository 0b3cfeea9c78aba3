"""The oracles against gradients exact to 60 digits, against closed forms, and against their own broken selves.

off     |value - exact|;  ratio: off / error
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from helpers import FLOAT64, covering, kinked, network, values
from hypothesis import given
from quality.exact import exact_gradient
from quality.hunt import draw
from quality.networks import ordinary

import backprove.oracles
from backprove.case import ACTIVATIONS, LOSSES, Case, Layer, Loss
from backprove.engines import ENGINES
from backprove.errors import NotInDomain
from backprove.generate import cases
from backprove.oracles import ORACLES, Estimate, Oracle, central, complex_step, functions, loss, terms
from backprove.oracles.differences import central_fixed, forward
from backprove.oracles.tableau import best

Exact = list[tuple[Case, np.ndarray]]
NAMES = tuple(ORACLES)


def without_gelu(case: Case) -> bool:
    return all(layer.activation != "gelu" for layer in case.layers)


def opinions(oracle: Oracle, exact: Exact) -> Iterator[tuple[Case, np.ndarray, Estimate]]:
    for case, g in exact:
        if oracle is not complex_step or without_gelu(case):
            yield case, g, oracle(case)


def off(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """|x - g|, less what the reference itself may be off: 60 digits of numbers as large as its largest, or 1."""
    slack = 1e-50 * max(1.0, max(abs(float(y)) for y in g))
    with mpmath.workdps(60):
        difference = np.array([float(abs(mpmath.mpf(float(v)) - y)) for v, y in zip(x, g, strict=True)])
    return np.maximum(difference - slack, 0)


def ratios(oracle: Oracle, exact: Exact) -> np.ndarray:
    """off / error of every entry on which there is an opinion."""
    parts = []
    for _, g, e in opinions(oracle, exact):
        has = np.isfinite(e.error)
        parts.append(off(e.values, g)[has] / e.error[has])
    return np.concatenate(parts)


def shares(oracle: Oracle, exact: Exact) -> np.ndarray:
    """off / |exact|, where that is no remainder of rounding."""
    parts = []
    for _, g, e in opinions(oracle, exact):
        size = np.array([abs(float(y)) for y in g])
        has = np.isfinite(e.error) & (size > 1e-12)
        parts.append(off(e.values, g)[has] / size[has])
    return np.concatenate(parts)


@pytest.fixture(scope="module")
def exact() -> Exact:
    random = np.random.default_rng(3)
    networks = [*(ordinary(random) for _ in range(200)), *draw(cases(), 250, 5), *covering()]
    return [(case, exact_gradient(case, "float64")) for case in networks if not case.title]


def test_the_networks_cover_everything(exact: Exact) -> None:
    for keep in (lambda case: True, without_gelu):
        kept = [case for case, _ in exact if keep(case)]
        assert {layer.activation for case in kept for layer in case.layers} >= set(ACTIVATIONS) - {"gelu"}
        assert {case.loss.name for case in kept} == set(LOSSES)
    assert any(not without_gelu(case) for case, _ in exact)


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_gradient_is_within_the_estimated_error(name: str, exact: Exact) -> None:
    r = ratios(ORACLES[name], exact)
    assert len(r) > 8000
    assert (r <= 1).mean() >= 0.995
    assert r.max() <= 100


@pytest.mark.parametrize(("name", "most"), [("central differences", 1e-9), ("complex step", 1e-14)])
def test_the_values_are_useful(name: str, most: float, exact: Exact) -> None:
    assert np.median(shares(ORACLES[name], exact)) < most


@pytest.mark.parametrize(("name", "most"), [("central differences", 1e-7), ("complex step", 1e-12)])
def test_the_errors_are_useful(name: str, most: float, exact: Exact) -> None:
    """An error of inf would be honest, too."""
    errors = [e.error / np.maximum(np.abs(e.values), 1e-12) for _, _, e in opinions(ORACLES[name], exact)]
    assert np.median(np.concatenate(errors)) < most


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_a_millionth_is_seen(name: str, exact: Exact) -> None:
    seen = [
        (np.abs(x * (1 + 1e-6) - e.values) > e.error)[x != 0]
        for case, _, e in opinions(ORACLES[name], exact[:150])
        for x in [values(ENGINES["neuron"], case, FLOAT64)]
    ]
    assert np.concatenate(seen).mean() > 0.95


WRONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-1.0001 * z)),
    "tanh": lambda z: np.tanh(z) + 1e-4 * z,
    "relu": lambda z: np.where(z.real > 0, z, 1e-4 * z),
    "softmax": lambda z: np.exp(z) / (1e-4 + np.exp(z).sum(axis=0)),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("activation", WRONG)
def test_a_broken_activation_is_noticed(
    name: str, activation: str, exact: Exact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(functions._FUNCTIONS, activation, WRONG[activation])
    r = ratios(ORACLES[name], exact[::3])
    assert (r <= 1).mean() < 0.98
    assert r.max() > 100


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_sum_is_noticed(name: str, exact: Exact, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is the softmax's: every unit competes with itself."""
    monkeypatch.setattr(terms, "others", lambda x: x + functions.others(x))
    assert ratios(ORACLES[name], exact[::3]).max() > 100


def within_its_error(name: str, case: Case, expected: list[float]) -> bool:
    """Whether an oracle's values are these within its own errors, and the errors small enough to say something."""
    found = ORACLES[name](case)
    return bool((np.abs(found.values - expected) <= found.error).all() and (found.error < 1e-6).all())


@pytest.mark.parametrize("name", NAMES)
def test_one_linear_unit_has_its_closed_form(name: str) -> None:
    """C = (w x + b - t)² / 4: dC/dw = (w x + b - t) x / 2."""
    case = Case((Layer([[3.0]], [1.0]),), [[2.0]], [[-1.0]], Loss(scale=Fraction(1, 4)))
    assert within_its_error(name, case, [8.0, 4.0])


@pytest.mark.parametrize("name", NAMES)
def test_entries_come_weights_first_layer_by_layer(name: str) -> None:
    """C = Σ_j a_j over W (2, 3), b: dC/dW[j,k] = v_j x_k, dC/db[j] = v_j; behind it dC/dv_j = a_j."""
    W = np.arange(6.0).reshape(2, 3)
    case = Case((Layer(W, [0.5, 0.25]), Layer([[7.0, 11.0]])), [[1.0, 2.0, 4.0]], [[0.0]], Loss("output"))
    expected = [7, 14, 28, 77 / 7, 22, 44, 7, 11, *(W @ [1, 2, 4] + [0.5, 0.25])]
    assert within_its_error(name, case, expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("z", [50.0, 800.0])
@pytest.mark.parametrize(("output", "loss_name"), [("sigmoid", "binary"), ("softmax", "binary"), ("softmax", "cat")])
def test_saturated_outputs_keep_their_digits(name: str, z: float, output: str, loss_name: str) -> None:
    """Certain and wrong: dC/dz = a - t = -1 or nearly so (softmax with binary cross-entropy: -2)."""
    name_of = {"binary": "binary_cross_entropy", "cat": "categorical_cross_entropy"}[loss_name]
    K = 1 if output == "sigmoid" else 2
    W, T = [[-z], [0.0]][:K], [[1.0, 0.0][:K]]
    e = ORACLES[name](Case((Layer(W, None, output),), [[1.0]], T, Loss(name_of)))
    expected = -2.0 if (output, loss_name) == ("softmax", "binary") else -1.0
    assert abs(e.values[0] - expected) <= e.error[0] < 1e-8


def test_a_right_and_certain_output_keeps_digits_that_one_minus_a_has_not() -> None:
    """dC/dz = a - 1 = -exp(-z) / (1 + exp(-z)), where a rounds to 1."""
    case = Case((Layer([[40.0]], None, "sigmoid"),), [[1.0]], [[1.0]], Loss("binary_cross_entropy"))
    assert np.isclose(complex_step(case).values[0], -np.exp(-40.0), rtol=1e-14, atol=0)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_at_a_kink_the_error_reaches_both_conventions(activation: str) -> None:
    e = central(kinked(activation))
    for convention in (0, Fraction(1, 2), 1):
        x = values(ENGINES["neuron"], kinked(activation, convention), FLOAT64)
        assert (np.abs(x - e.values) <= e.error).all()
    assert 0.4 < e.error[0] < 0.6


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_at_a_kink_the_complex_step_has_no_opinion_on_what_runs_through_it(activation: str) -> None:
    e = complex_step(kinked(activation))
    assert np.isinf(e.error[0])
    assert e.error[1] < 1e-100  # the weight behind: its slope is a = 0


def test_several_kinks_leave_central_differences_without_opinion() -> None:
    """C = relu(w) - relu(-w) = w, but at w = 0 every convention for the kink has another slope than 1 (0 to 2)."""
    case = Case((Layer([[0.0]], None, "relu"), Layer([[1.0]])), [[1.0], [-1.0]], [[0.0], [0.0]], Loss("output"))
    assert np.isinf(central(case).error[0])
    assert np.isfinite(central(case).error[1])


def test_a_kink_that_only_rounding_decides_is_one() -> None:
    """0.1 · 3 - 0.3 is 5.6e-17 in floating point."""
    case = Case((Layer([[3.0, -1.0]], None, "relu"), Layer([[1.0]])), [[0.1, 0.3]], [[0.0]], Loss("output"))
    assert np.isinf(complex_step(case).error[:2]).all()
    beside = replace(case, inputs=[[0.1, 0.2999]])
    assert np.isfinite(complex_step(beside).error).all()


@pytest.mark.parametrize("name", NAMES)
def test_without_a_loss_there_is_no_opinion_and_no_warning(name: str) -> None:
    case = Case((Layer([[-1.0], [1.0]]),), [[1.0]], [[0.5, 0.5]], Loss("categorical_cross_entropy"))
    e = ORACLES[name](case)
    assert np.isinf(e.error).all()
    assert np.isfinite(e.values).all()
    valued = ORACLES[name](replace(case, targets=[[0.0, 1.0]]))  # a logarithm of weight 0 is not taken
    assert (np.abs(valued.values - [0.0, -1.0]) <= valued.error).all()
    assert np.isfinite(valued.error).all()


@pytest.mark.parametrize("name", NAMES)
def test_beyond_the_range_there_is_no_opinion_and_no_warning(name: str) -> None:
    case = Case((Layer([[1e200]], None, "square"), Layer([[1.0]], None, "relu")), [[1.0]], [[0.0]])
    assert np.isinf(ORACLES[name](case).error).all()


def test_the_complex_step_has_no_gelu() -> None:
    with pytest.raises(NotInDomain, match="erf of complex numbers"):
        complex_step(network((2, 2), ("gelu",)))


def scaled(random: np.random.Generator) -> Case:
    """Inputs that differ by 2^24 in size, and weights that make up for it."""
    sizes = 2.0 ** np.array([12, 0, -12])
    return Case(
        (Layer(random.normal(size=(2, 3)) / sizes, random.normal(size=2), "tanh"), Layer(random.normal(size=(1, 2)))),
        random.normal(size=(2, 3)) * sizes,
        random.normal(size=(2, 1)),
    )


def test_a_fixed_step_is_worse_than_the_chosen_one() -> None:
    """Of badly scaled networks 1e-5 is far too long a step for some weights and too short for others."""
    random = np.random.default_rng(1)
    worst = []
    for case in (scaled(random) for _ in range(30)):
        g = exact_gradient(case, "float64")
        size = np.array([abs(float(y)) for y in g])
        worst.append([(off(x, g) / size).max() for x in (central(case).values, central_fixed(case, 1e-5))])
    chosen, fixed = np.median(worst, axis=0)
    assert chosen < 1e-6 < 1e-4 < fixed


def test_forward_differences_lose_half_the_digits(exact: Exact) -> None:
    some = [(case, g) for case, g in exact[:100] if np.isfinite(complex_step(case).error).all()]
    size = [np.array([abs(float(y)) for y in g]) + 1e-3 for _, g in some]
    one, two = (
        np.median(np.concatenate([off(f(case), g) / s for (case, g), s in zip(some, size, strict=True)]))
        for f in (forward, central_fixed)
    )
    assert 1e-10 < one < 1e-6
    assert two < one / 30


@pytest.mark.parametrize("name", NAMES)
def test_pieces_make_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = network((3, 4, 2), ("tanh", "softmax"), batch=3)
    whole = ORACLES[name](case)
    monkeypatch.setattr(loss, "MOST_NUMBERS", 300)
    assert len(list(loss.evaluate(case, np.zeros((case.entries, 4))))) > 3
    pieces = ORACLES[name](case)
    assert (np.abs(pieces.values - whole.values) <= pieces.error + whole.error).all()
    assert (pieces.error < 100 * whole.error + 1e-300).all()


@pytest.mark.parametrize("name", NAMES)
@given(case=cases())
def test_every_drawn_case_gets_finite_values_with_errors(name: str, case: Case) -> None:
    if name == "complex step" and not without_gelu(case):
        return
    e, again = ORACLES[name](case), ORACLES[name](case)
    assert e.values.shape == e.error.shape == (case.entries,)
    assert e.values.dtype == e.error.dtype == np.float64
    assert np.isfinite(e.values).all()
    assert (e.error >= 0).all()
    assert e.values.tobytes() + e.error.tobytes() == again.values.tobytes() + again.error.tobytes()


RATIO, STEPS = 8.0, 2.0 ** np.arange(-2, -27, -3)


def measured(f: Callable[[np.ndarray], np.ndarray], noise: float = 1e-16) -> tuple[float, float]:
    """(value, error) of the slope of f at 0."""
    h = STEPS[:, None]
    at_0 = f(np.zeros(1))
    slopes, gaps = (f(h) - f(-h)) / (2 * h), (f(h) - 2 * at_0 + f(-h)) / h
    value, error = best(slopes, gaps, noise / h, RATIO)
    return float(value[0]), float(error[0])


@pytest.mark.parametrize(
    ("f", "slope", "error"),
    [
        (np.exp, 1.0, 1e-11),
        (lambda x: np.exp(30 * x), 30.0, 1e-7),
        (lambda x: np.maximum(x, 0) ** 2, 0.0, 1e-7),  # a kink in the slope
        (lambda x: np.maximum(x - 2.0**-20, 0), 0.0, 1e-7),  # a kink beside
        (lambda x: np.tanh(2.0**18 * x), 2.0**18, 2.0),  # long steps see 1 / h
    ],
)
def test_the_tableau_finds_the_slope(f: Callable[[np.ndarray], np.ndarray], slope: float, error: float) -> None:
    value, estimated = measured(f)
    assert abs(value - slope) <= estimated < error


def test_the_tableau_sees_a_kink() -> None:
    value, error = measured(np.abs)
    assert abs(value) < 1e-9
    assert 1 <= error < 1 + 1e-7


def imports(source: str) -> set[str]:
    """The rooms of this project that a source imports."""
    names = {node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for a in node.names}
    return {".".join(name.split(".")[1:2]) for name in names if name.split(".")[0] == "backprove"}


def test_the_oracles_take_nothing_from_engines_domains_or_rounding() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(backprove.oracles.__file__).parent.glob("*.py")]
    assert len(sources) > 5
    assert set().union(*map(imports, sources)) == {"case", "errors", "oracles"}
    assert imports("from backprove.engines import matrix\nimport backprove.rounding") == {"engines", "rounding"}
