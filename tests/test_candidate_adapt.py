"""From a case to arguments and from what is returned to a gradient: in every layout, and out of every odd shape."""

from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
import pytest
from helpers import network

import backprove
from backprove.candidate import Declaration, form_of
from backprove.candidate.adapt import Arguments, Reading, Refused, arguments, pack, read
from backprove.case import Case, blocks
from backprove.generate import cases

LAYOUTS = [(layout, samples) for layout in ("out,in", "in,out") for samples in ("rows", "columns")]


def given(case: Case, declaration: Declaration) -> Arguments:
    return arguments(form_of(case, declaration), pack(case))


def flat(case: Case) -> np.ndarray:
    """The network's own weights and biases, flattened as a gradient is."""
    return pack(case)[: case.entries]


@pytest.mark.parametrize(("layout", "samples"), LAYOUTS)
@hypothesis.given(case=cases())
def test_arguments_handed_back_are_the_network(case: Case, layout: str, samples: str) -> None:
    declaration = Declaration(layout=layout, samples=samples)
    weights, biases, inputs, targets = given(case, declaration)
    found = read((weights, biases), form_of(case, declaration))
    assert (found.values == flat(case)).all()
    assert found.odd == {}
    assert ((inputs if samples == "rows" else inputs.T) == case.inputs).all()
    assert ((targets if samples == "rows" else targets.T) == case.targets).all()
    for W, b, layer in zip(weights, biases, case.layers, strict=True):
        assert ((W if layout == "out,in" else W.T) == layer.weights).all()
        assert (b is None) == (layer.bias is None)
        assert b is None or (b == layer.bias).all()
    for array in (*weights, *(b for b in biases if b is not None), inputs, targets):
        assert array.dtype == np.float64
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.base is None


@pytest.mark.parametrize(("layout", "samples"), LAYOUTS)
def test_a_gradient_in_the_other_layout_is_seen_to_be(layout: str, samples: str) -> None:
    """The twin: what the layouts make different is told apart."""
    case = network((3, 2, 2), ("tanh", "tanh"))
    other = "in,out" if layout == "out,in" else "out,in"
    weights, biases, _, _ = given(case, Declaration(layout=other, samples=samples))
    found = read((weights, biases), form_of(case, Declaration(layout=layout, samples=samples)))
    assert (found.values == flat(case)).all()
    assert found.odd == {"weights-transposed": "returns weights transposed: weights[0], weights[1]"}


def test_square_networks_do_not_show_their_layout() -> None:
    case = network((2, 2, 2), ("tanh", "tanh"))
    weights, biases, _, _ = given(case, Declaration(layout="in,out"))
    found = read((weights, biases), form_of(case, Declaration()))
    assert found.odd == {}
    assert not (found.values == flat(case)).all()


def test_one_layer_transposed_is_not_all() -> None:
    case = network((3, 2, 2, 4), ("tanh",) * 3)
    weights, biases, _, _ = given(case, Declaration())
    found = read(([weights[0].T, *weights[1:]], biases), form_of(case, Declaration()))
    assert (found.values == flat(case)).all()
    assert found.odd == {"weights-transposed": "returns weights transposed: weights[0]"}


def test_residues_are_not_for_candidates() -> None:
    case = hypothesis.find(backprove.cases(domain="modular"), lambda case: True)
    with pytest.raises(ValueError, match="residues"):
        pack(case)


CASE = network((3, 2, 4), ("tanh", "sigmoid"), batch=5)
BARE = network((3, 2, 4), ("tanh", "sigmoid"), bias=False)
SINGLE = network((3, 2), ("tanh",))
ONE_UNIT = network((3, 1), ("tanh",))


def reading(change: Callable[[list[Any], list[Any]], Any], case: Case = CASE, layout: str = "out,in") -> Reading:
    """What is read of the network's own arrays after a change; None: the changed lists themselves."""
    declaration = Declaration(layout=layout)
    weights, biases, _, _ = given(case, declaration)
    lists: tuple[list[Any], list[Any]] = (list(weights), list(biases))
    made = change(*lists)
    return read(lists if made is None else made, form_of(case, declaration))


def put(l: int, value: Callable[[Any], Any], biases: bool = False) -> Callable[[list[Any], list[Any]], None]:
    def change(W: list[Any], b: list[Any]) -> None:
        block = b if biases else W
        block[l] = value(block[l])

    return change


def objects(arrays: list[Any]) -> np.ndarray:
    made = np.empty(len(arrays), dtype=object)
    made[:] = arrays
    return made


SAME = {
    "lists": lambda W, b: [W, b],
    "tuples": lambda W, b: (tuple(W), tuple(b)),
    "plain lists": lambda W, b: ([w.tolist() for w in W], [c.tolist() for c in b]),
    "an array of arrays": lambda W, b: (objects(W), objects(b)),
    "in Fortran's order": lambda W, b: ([np.asfortranarray(w) for w in W], b),
    "of the other byte order": lambda W, b: ([w.astype(">f8") for w in W], b),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_any_sequence_will_do(change: Callable[[list[Any], list[Any]], Any]) -> None:
    found = reading(change)
    assert (found.values == flat(CASE)).all()
    assert found.odd == {}
    assert found.precision == "float64"


ODD = {
    "transposed": (put(0, np.transpose), "weights-transposed", "returns weights transposed: weights[0]"),
    "flattened": (put(1, np.ravel), "weights-flattened", "returns weights[1] flattened: shape (8,) for (4, 2)"),
    "flattened to a column": (
        put(1, lambda W: W.reshape(-1, 1)),
        "weights-flattened",
        "returns weights[1] flattened: shape (8, 1) for (4, 2)",
    ),
    "an axis too many": (
        put(0, lambda W: W[None]),
        "weights-axes",
        "returns weights[0] of shape (1, 2, 3) for (2, 3): axes of length 1",
    ),
    "column": (
        put(0, lambda b: b[:, None], True),
        "bias-column",
        "returns biases[0] as a column: shape (2, 1) for (2,)",
    ),
    "row": (put(1, lambda b: b[None], True), "bias-row", "returns biases[1] as a row: shape (1, 4) for (4,)"),
    "axes": (
        put(1, lambda b: b[None, :, None], True),
        "bias-axes",
        "returns biases[1] of shape (1, 4, 1) for (4,): axes of length 1",
    ),
    "long double": (
        put(0, lambda W: W.astype(np.longdouble)),
        "returns-long-double",
        f"returns {np.dtype(np.longdouble)}: weights[0], rounded to float64 here",
    ),
}


@pytest.mark.parametrize(("change", "name", "line"), ODD.values(), ids=ODD)
def test_odd_shapes_are_recognised_and_named(change: Any, name: str, line: str) -> None:
    found = reading(change)
    assert (found.values == flat(CASE)).all()
    assert found.odd == {name: line}


@pytest.mark.parametrize("layout", ["out,in", "in,out"])
def test_flattening_follows_the_layout(layout: str) -> None:
    found = reading(put(1, np.ravel), layout=layout)
    assert (found.values == flat(CASE)).all()
    assert list(found.odd) == ["weights-flattened"]


def test_one_number_for_a_whole_bias_is_spread() -> None:
    for value in (7.0, np.array([[7.0]]), np.float64(7)):
        found = reading(put(1, lambda b, value=value: value, True))
        assert found.odd == {
            "bias-number": "returns one number for biases[1], of 4 units; taken for each of them, as NumPy spreads it"
        }
        assert (found.values[-4:] == 7).all()
        assert (found.values[:-4] == flat(CASE)[:-4]).all()
    assert reading(put(0, lambda b: float(b[0]), True), ONE_UNIT).odd == {
        "bias-axes": "returns biases[0] of shape () for (1,): axes of length 1"
    }


def test_squeezed_weights_of_one_unit() -> None:
    found = reading(put(0, np.squeeze), ONE_UNIT)
    assert (found.values == flat(ONE_UNIT)).all()
    assert list(found.odd) == ["weights-axes"]


def test_one_layer_need_not_be_in_a_list() -> None:
    for case in (SINGLE, ONE_UNIT):
        found = reading(lambda W, b: (W[0], b[0]), case)
        assert (found.values == flat(case)).all()
        assert list(found.odd) == ["bare-array"]


def test_precision_is_that_of_the_least_precise() -> None:
    found = reading(put(0, lambda b: b.astype(np.float32), True))
    assert (found.precision, found.values.dtype) == ("float32", np.float64)
    assert found.odd == {"returns-float32": "returns float32: biases[0]; judged with float32's rounding"}
    assert (np.abs(found.values - flat(CASE)) <= 2.0**-24 * np.abs(flat(CASE))).all()


def test_integers_are_taken() -> None:
    found = reading(put(1, lambda W: [[1, 2]] * 4))
    assert found.odd == {"returns-integers": "returns integers: weights[1] is int64"}
    assert (found.values[8:16] == [1, 2] * 4).all()


def test_what_is_no_number_is_kept() -> None:
    def spoil(W: np.ndarray) -> np.ndarray:
        W[0, 0], W[0, 1], W[0, 2] = np.nan, np.inf, -np.inf
        return W

    found = reading(put(0, spoil))
    assert found.odd == {}
    np.testing.assert_array_equal(found.values[:3], [np.nan, np.inf, -np.inf])


def test_networks_without_biases() -> None:
    for biases in (None, [], [None, None], (None, None)):
        found = reading(lambda W, b, biases=biases: (W, biases), BARE)
        assert (found.values == flat(BARE)).all()
    with pytest.raises(Refused, match=r"returned a gradient for biases\[1\], which the network does not have"):
        reading(put(1, lambda b: np.zeros(4), True), BARE)


WRONG = {
    "None": (lambda W, b: read(None, form_of(CASE, Declaration())), "None", "returned None; a return at the end"),
    "a dict": (lambda W, b: {"W": W, "b": b}, "type", "returned dict, not (weight gradients, bias gradients)"),
    "a number": (lambda W, b: np.float64(3), "type", "returned float64, not"),
    "an array of no axes": (lambda W, b: np.array(3.0), "type", "returned ndarray, not"),
    "a generator": (lambda W, b: (w for w in W), "type", "returned generator, not"),
    "three": (lambda W, b: (W, b, 0.5), "type", "returned 3 things in a tuple, not"),
    "no biases": (lambda W, b: (W, None), "None", "returned None for the biases"),
    "no weights": (lambda W, b: (None, b), "None", "returned None for the weights"),
    "one layer": (lambda W, b: (W[:1], b), "layers", "returned 1 weights for 2 layers"),
    "too many": (lambda W, b: (W, [*b, b[0]]), "layers", "returned 3 biases for 2 layers"),
    "a number for weights": (lambda W, b: (0.5, b), "layers", "returned float for the weights, not a list"),
    "a dict of layers": (lambda W, b: ({0: W[0], 1: W[1]}, b), "layers", "returned dict for the weights, not a list"),
    "a layer missing": (put(0, lambda W: None), "None", "returned None for weights[0]"),
    "a bias missing": (put(1, lambda b: None, True), "None", "returned None for biases[1]"),
    "ragged": (put(0, lambda W: [[1.0, 2.0], [3.0]]), "shape", "returned weights[0] as ragged lists"),
    "objects": (
        put(0, lambda W: W.astype(object)),
        "numbers",
        "returned weights[0] as an array of objects (float), not of numbers",
    ),
    "None within": (
        put(1, lambda W: [[None, 1.0]] * 4),
        "numbers",
        "returned weights[1] as an array of objects (NoneType), not of numbers",
    ),
    "complex": (put(1, lambda W: W + 0j), "numbers", "returned weights[1] as complex128 numbers; float64 or float32"),
    "booleans": (put(1, lambda W: W > 0), "numbers", "returned weights[1] as bool numbers"),
    "half": (put(1, lambda W: W.astype(np.float16)), "numbers", "returned weights[1] as float16 numbers"),
    "text": (put(1, lambda W: W.astype(str)), "numbers", "returned weights[1] as text; float64"),
    "one sample each": (
        put(0, lambda W: np.stack([W] * 5)),
        "shape",
        "returned weights[0] of shape (5, 2, 3), not (2, 3); one gradient for each sample, not reduced over them",
    ),
    "bias of each sample": (
        put(0, lambda b: np.stack([b] * 5), True),
        "shape",
        "returned biases[0] of shape (5, 2), not (2,); one gradient for each sample, not reduced over them",
    ),
    "bias as a column of weights": (
        put(0, lambda W: np.hstack([W, W[:, :1]])),
        "shape",
        "returned weights[0] of shape (2, 4), not (2, 3); is a column of it the bias?",
    ),
    "another shape": (put(0, lambda W: W[:1]), "shape", "returned weights[0] of shape (1, 3), not (2, 3)"),
    "a scalar": (put(0, lambda W: 3.0), "shape", "returned weights[0] of shape (), not (2, 3)"),
    "empty": (put(0, lambda W: []), "shape", "returned weights[0] of shape (0,), not (2, 3)"),
    "bias of another size": (put(0, lambda b: b[:1].repeat(3), True), "shape", "returned biases[0] of shape (3,)"),
}


@pytest.mark.parametrize(("change", "kind", "line"), WRONG.values(), ids=WRONG)
def test_what_is_no_gradient_is_refused_by_name(change: Any, kind: str, line: str) -> None:
    with pytest.raises(Refused) as caught:
        reading(change)
    assert (caught.value.kind, caught.value.failure[: len(line)]) == (kind, line)


def test_shapes_are_told_in_the_candidates_own_layout() -> None:
    with pytest.raises(Refused, match=r"returned weights\[0\] of shape \(3, 5\), not \(3, 2\)"):
        reading(put(0, lambda W: np.zeros((3, 5))), layout="in,out")


def test_every_entry_has_its_own_place() -> None:
    """The twin of the round trip: an entry that changes, changes there and only there."""
    for l, kind, shape, at in blocks(CASE):
        for i in range(int(np.prod(shape))):

            def bump(block: np.ndarray, i: int = i) -> np.ndarray:
                block[np.unravel_index(i, block.shape)] += 1
                return block

            found = reading(put(l - 1, bump, kind == "b"))
            assert np.flatnonzero(found.values != flat(CASE)).tolist() == [at + i]
