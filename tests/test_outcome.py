"""Whatever an engine raises or returns becomes an outcome: nonsense disagrees, stands alone and is told in one line."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT32, FLOAT64, RATIONAL, against, changed, each_domain, network, plus_one

from backprove.case import Case, Expanded, Gradient
from backprove.compare import compare
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine
from backprove.outcome import run
from backprove.verdict import Verdict

CASE = network((3, 2, 2), ("tanh", "sigmoid"))
BARE = network((3, 2, 2), ("tanh", "sigmoid"), bias=False)
POLYNOMIAL = network((2, 2), ("square",))
MATRIX = ENGINES["matrix"]
Arrays = tuple[list[Any], list[Any]]


def returning(change: Callable[[list[Any], list[Any]], Any]) -> Engine:
    """An engine that hands back what `change` makes of the right arrays; (weights, biases) where it returns None."""

    def engine(case: Case, domain: Domain) -> Any:
        gradient = MATRIX(case, domain)
        arrays = list(gradient.weights), list(gradient.biases)
        made = change(*arrays)
        return arrays if made is None else made

    return engine


def put(layer: int, value: Callable[[np.ndarray], Any], biases: bool = False) -> Engine:
    """An engine whose one array (0-based layer) is replaced."""

    def change(W: list[Any], b: list[Any]) -> None:
        block = b if biases else W
        block[layer] = value(block[layer])

    return returning(change)


def stands_alone(engine: Engine, case: Case, domain: Domain = FLOAT64) -> str:
    """The failure in one line, once it is seen that the engine disagrees with everybody."""
    comparison = compare(case, domain, {**ENGINES, "mine": engine})
    assert comparison.verdict is Verdict.DISAGREE
    assert comparison.groups == [["neuron", "matrix", "paths"], ["mine"]]
    assert list(comparison.failures) == ["mine"]
    first = comparison.first_difference()
    assert first is not None
    assert first.address is None
    assert first.values["mine"] == comparison.failures["mine"]
    assert all(verdict is Verdict.DISAGREE for _, verdict, _ in comparison.layer_map())
    assert "\n" not in comparison.failures["mine"]
    return comparison.failures["mine"]


WRONG_FORM = {
    "None": (lambda W, b: {}, "returned dict"),
    "a string": (lambda W, b: "gradient", "returned str"),
    "weights only": (lambda W, b: W[0], "returned ndarray"),
    "three parts": (lambda W, b: (W, b, 0.5), "returned tuple"),
    "too few layers": (lambda W, b: (W[:1], b), "returned 1 weights for 2 layers"),
    "too many biases": (lambda W, b: (W, [*b, b[0]]), "returned 3 biases for 2 layers"),
    "no biases at all": (lambda W, b: (W, None), "returned NoneType biases for 2 layers"),
    "a number for weights": (lambda W, b: (0.5, b), "returned float weights for 2 layers"),
    "a dict of layers": (lambda W, b: ({"W1": W[0], "W2": W[1]}, b), "cannot be read: KeyError"),
}


@pytest.mark.parametrize(("change", "said"), WRONG_FORM.values(), ids=WRONG_FORM)
def test_a_wrong_form_disagrees(change: Callable[[list[Any], list[Any]], Any], said: str) -> None:
    assert said in stands_alone(returning(change), CASE)


def ragged(W: np.ndarray) -> list[list[float]]:
    rows = W.tolist()
    return [rows[0][:1], *rows[1:]]


WRONG_ARRAY = {
    "transposed": (0, lambda W: W.T, "weights[0] of shape (3, 2), not (2, 3)"),
    "flat": (0, np.ravel, "weights[0] of shape (6,), not (2, 3)"),
    "one sample each": (1, lambda W: np.stack([W, W]), "weights[1] of shape (2, 2, 2), not (2, 2)"),
    "scalar": (1, lambda W: W[0, 0], "weights[1] of shape (), not (2, 2)"),
    "missing": (0, lambda W: None, "None for weights[0]"),
    "float32": (
        0,
        lambda W: W.astype(np.float32),
        "weights[0] as float32 numbers; float64 is needed",
    ),
    "long double": (0, lambda W: W.astype(np.longdouble), "weights[0]"),
    "complex": (1, lambda W: W + 0j, "weights[1] as complex128"),
    "integers": (1, lambda W: np.ones((2, 2), dtype=int), "weights[1] as int64"),
    "booleans": (1, lambda W: W > 0, "weights[1] as bool"),
    "objects": (1, lambda W: W.astype(object), "weights[1] as object"),
    "strings": (1, lambda W: W.astype(str), "weights[1] as <U"),
    "ragged": (0, ragged, "weights[0] as ragged lists"),
}


@pytest.mark.parametrize(("layer", "value", "said"), WRONG_ARRAY.values(), ids=WRONG_ARRAY)
def test_a_wrong_array_disagrees_and_is_named(layer: int, value: Callable[[np.ndarray], Any], said: str) -> None:
    assert said in stands_alone(put(layer, value), CASE)
    assert run(put(layer, lambda W: W), CASE, FLOAT64).failure == ""


def test_biases_must_be_where_the_network_has_them() -> None:
    assert "returned None for biases[1]" in stands_alone(put(1, lambda b: None, biases=True), CASE)
    assert "biases[0] of shape (2, 1)" in stands_alone(put(0, lambda b: b[:, None], biases=True), CASE)
    assert "biases[1], which the network does not have" in stands_alone(put(1, lambda b: np.zeros(2), True), BARE)
    assert run(returning(lambda W, b: (W, [None, None])), BARE, FLOAT64).failure == ""


def raising(error: BaseException) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        raise error

    return engine


class Stranger(BaseException):
    """Not an Exception, as pytest's own skip is not."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("shapes (2,3)\nand (4,)"), "raised ValueError: shapes (2,3) and (4,)"),
        (ZeroDivisionError(), "raised ZeroDivisionError"),
        (SystemExit(3), "raised SystemExit: 3"),
        (MemoryError(), "raised MemoryError"),
        (Stranger("skipped"), "raised Stranger: skipped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_what_raises_disagrees(error: BaseException, said: str) -> None:
    assert said in stands_alone(raising(error), CASE)
    assert type(error).__name__ in run(raising(error), CASE, FLOAT64).traceback


def test_a_long_message_is_cut() -> None:
    assert len(stands_alone(raising(ValueError("x" * 10_000)), CASE)) < 500


def test_ctrl_c_is_not_an_outcome() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(raising(KeyboardInterrupt()), CASE, FLOAT64)


def test_an_engine_cannot_spoil_the_case() -> None:
    def careless(case: Case, domain: Domain) -> Gradient:
        case.layers[0].weights[0, 0] = 0
        return MATRIX(case, domain)

    assert "read-only" in stands_alone(careless, CASE)


def filled(value: float) -> Engine:
    def change(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
        weights[1][0, 1] = value

    return changed(MATRIX, change)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=("float64", "float32"))
def test_what_is_no_number_never_agrees_even_with_itself(value: float, domain: Domain) -> None:
    comparison = compare(CASE, domain, {"one": filled(value), "other": filled(value), "matrix": MATRIX})
    assert [pair.verdict for pair in comparison.pairs] == [Verdict.DISAGREE] * 3
    assert comparison.groups == [["one"], ["other"], ["matrix"]]
    first = comparison.first_difference()
    assert first is not None
    assert str(first.address) == "W2[1,2] (weights[1][0, 1])"
    assert int((comparison.verdicts == Verdict.DISAGREE).sum()) == 1
    assert against(filled(float(MATRIX(CASE, FLOAT64).weights[1][0, 1])), CASE).verdict is Verdict.AGREE


EXACT = {
    "a float among fractions": (lambda W: W + 0.5, "a float; exact numbers are needed"),
    "one float": (lambda W: [[*W[0][:-1], 0.5], *W[1:].tolist()], "a float; exact numbers are needed"),
    "float64": (lambda W: W.astype(np.float64), "float64 numbers; exact ones are needed"),
    "a boolean": (lambda W: W > 0, "bool"),
    "None within": (lambda W: np.full(W.shape, None), "a NoneType; exact numbers are needed"),
}


@pytest.mark.parametrize(("value", "said"), EXACT.values(), ids=EXACT)
def test_what_left_the_exact_domain_disagrees(value: Callable[[np.ndarray], Any], said: str) -> None:
    assert said in stands_alone(put(0, value), POLYNOMIAL, RATIONAL)
    assert against(put(0, lambda W: W + Fraction(0)), POLYNOMIAL, RATIONAL).verdict is Verdict.AGREE


@each_domain
def test_plain_lists_of_the_domains_numbers_are_read(domain: Domain) -> None:
    def lists(case: Case, domain: Domain) -> Any:
        gradient = ENGINES["neuron"](case, domain)
        return [list(gradient.weights), list(gradient.biases)]

    assert against(lists, POLYNOMIAL, domain).verdict is Verdict.AGREE
    assert against(plus_one(1, 1, 1, lists_of(lists)), POLYNOMIAL, domain).verdict is Verdict.DISAGREE


def lists_of(engine: Engine) -> Engine:
    return lambda case, domain: Gradient(*engine(case, domain))  # type: ignore[misc]


@pytest.mark.parametrize("mask", [np.ones((3, 2), dtype=bool), np.ones((2, 3)), None], ids=("shape", "float", "none"))
def test_a_mask_that_fits_no_weights_disagrees(mask: Any) -> None:
    def change(W: list[Any], b: list[Any]) -> Gradient:
        whole = np.ones(2, dtype=bool)
        return Gradient(W, b, expanded=Expanded([mask, np.ones((2, 2), dtype=bool)], [whole, whole], "some"))

    assert "returned a mask for weights[0]" in stands_alone(returning(change), CASE)
