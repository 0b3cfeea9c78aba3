"""The case as data, and case files: what is written is read again, unchanged and unchangeable."""

import json
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import network
from hypothesis import given
from hypothesis import strategies as st

from backprove.case import (
    MODULUS,
    Case,
    Layer,
    Loss,
    Published,
    Training,
    address,
    blocks,
    case_from,
    case_to,
    read_case,
)
from backprove.errors import CaseError
from backprove.files import write_whole
from backprove.generate import cases

NAMES = {
    "Case": Case,
    "Layer": Layer,
    "Loss": Loss,
    "Fraction": Fraction,
    "Published": Published,
    "Training": Training,
}
PUBLISHED = (
    Published("loss", "0.298371109", sign=-1),
    Published("z", "+1.", layer=1, to=2, sample=2),
    Published("a", ".5", layer=2, to=1),
    Published("delta", "-0.138498562", layer=2, to=1, sample=1),
    Published("loss_gradient", "1e-3", layer=2, to=2),
    Published("weights_gradient", "0.082167041", layer=2, to=1, from_=3),
    Published("bias_gradient", "7", layer=1, to=3),
    Published("weights_after", "0.149780716", layer=1, to=1, from_=1, steps=10_000),
    Published("bias_after", "0.35", layer=2, to=2),
    Published("a_after", "0.015912196", layer=2, to=1, sample=2, steps=3),
    Published("loss_after", "0.291027924"),
)
FULL = replace(
    network((2, 3, 2), ("sigmoid", "softmax")),
    loss=Loss("categorical_cross_entropy", Fraction(1, 3)),
    reduction="mean_all",
    kink=Fraction(1, 3),
    title="Δ: a title",
    source="https://example.org/",
    training=Training(0.5, update_bias=False),
    published=PUBLISHED,
)


def rebuilt(case: Case) -> Case:
    made = eval(repr(case), dict(NAMES))
    assert isinstance(made, Case)
    return made


def through_json(case: Case) -> Case:
    return case_from(json.loads(json.dumps(case_to(case))))


# --- there and back ---


@given(cases() | cases(domain="modular"))
def test_a_case_comes_back_from_its_file_and_from_its_repr(case: Case) -> None:
    for copy in (through_json(case), rebuilt(case)):
        assert copy == case
        assert hash(copy) == hash(case)
    assert replace(case, title="another") != case


def test_every_field_comes_back() -> None:
    for copy in (through_json(FULL), rebuilt(FULL)):
        assert copy == FULL
        assert copy.published == PUBLISHED
        assert (copy.training, copy.kink, copy.title) == (FULL.training, FULL.kink, FULL.title)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float64_survives_a_file(x: float) -> None:
    case = Case((Layer([[x]], [x]),), [[x]], [[x]])
    copy = through_json(case)
    assert copy == case
    assert copy.inputs.tobytes() == case.inputs.tobytes()


@given(st.floats(-1e6, 1e6), st.floats(0, 1))
def test_every_scale_and_kink_survives_a_file(scale: float, kink: float) -> None:
    case = Case((Layer([[1.0]]),), [[1.0]], [[1.0]], Loss(scale=Fraction(scale)), kink=Fraction(kink))
    assert through_json(case) == rebuilt(case) == case


@given(st.lists(st.integers(0, MODULUS - 1), min_size=4, max_size=4))
def test_every_residue_survives_a_file(x: list[int]) -> None:
    case = Case((Layer([[x[0]]], [x[1]]),), [[x[2]]], [[x[3]]], modulus=MODULUS)
    for copy in (through_json(case), rebuilt(case)):
        assert copy == case
        assert (copy.modulus, [[int(v) for v in row] for row in copy.inputs.tolist()]) == (MODULUS, [[x[2]]])
    assert replace(case, targets=[[(x[3] + 1) % MODULUS]]) != case


def test_small_residues_are_no_ordinary_numbers() -> None:
    plain = Case((Layer([[1]]),), [[2]], [[3]])
    assert replace(plain, modulus=MODULUS) != plain
    assert "modulus" not in case_to(plain)


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    write_whole(file, json.dumps(case_to(FULL)))
    assert read_case(file) == FULL


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parent / "worked_examples").glob("*.json")), ids=lambda f: f.stem
)
def test_worked_examples_are_cases(file: Path) -> None:
    case = read_case(file)
    assert rebuilt(case) == through_json(case) == case


def test_the_repr_leaves_out_what_is_default() -> None:
    case = Case((Layer([[1.0]]),), [[2.0]], [[0.0]])
    assert repr(case) == "Case(layers=(Layer(weights=[[1.0]]),), inputs=[[2.0]], targets=[[0.0]])"


# --- frozen ---


def test_a_case_cannot_be_changed() -> None:
    for array in (FULL.inputs, FULL.targets, FULL.layers[0].weights, FULL.layers[0].bias):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(FrozenInstanceError):
        FULL.reduction = "sum"  # type: ignore[misc]


def test_a_case_does_not_share_its_makers_arrays() -> None:
    W, b, x, t = np.ones((1, 1)), np.ones(1), np.ones((1, 1)), np.ones((1, 1))
    case = Case((Layer(W, b),), x, t)
    for mine in (W, b, x, t):
        mine[...] = 9
    assert case == Case((Layer([[1.0]], [1.0]),), [[1.0]], [[1.0]])


def test_any_layout_in_memory_makes_the_same_case() -> None:
    W = np.arange(6.0).reshape(2, 3)
    assert Layer(W) == Layer(np.asfortranarray(W)) == Layer(W.tolist()) == Layer(W.astype(np.float32))
    assert Layer(W) == Layer(W.astype(int).tolist())
    assert Layer(W) != Layer(W + 1)


# --- addresses ---


@given(cases())
def test_every_position_has_an_address_of_its_own(case: Case) -> None:
    labels = [address(case, position).label for position in range(case.entries)]
    assert len(set(labels)) == case.entries
    assert labels[0] == "W1[1,1]"
    assert next(blocks(case))[3] == 0
    with pytest.raises(IndexError):
        address(case, case.entries)


def test_an_address_is_1_based_and_names_the_target_first() -> None:
    case = network((3, 2, 2), ("tanh", "tanh"))
    assert [str(address(case, position)) for position in (5, 7, 9)] == [
        "W1[2,3] (weights[0][1, 2])",
        "b1[2] (biases[0][1])",
        "W2[1,2] (weights[1][0, 1])",
    ]


# --- what Python code may not build ---


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Layer(np.ones((1, 1), dtype=bool)), "weights: numbers of type bool; expected float64"),
        (lambda: Layer(np.ones((1, 1)) * 1j), "weights: numbers of type complex128; expected float64"),
        (lambda: Layer(np.array([["1"]])), "weights: numbers of type <U1; expected float64"),
        (lambda: Layer(np.array([[1.0]], dtype=object)), "weights: numbers of type object; expected float64"),
        (lambda: Layer(np.array([[np.nan]])), "weights[0][0]: is nan; only finite numbers make a case"),
        (lambda: Layer(np.ones((0, 2))), "weights: is empty; at least one is needed"),
        (lambda: Layer(np.ones(2)), "weights[0]: expected a list of numbers, got float 1.0"),
        (
            lambda: Layer(np.float64(1)),
            "weights: expected a list of lists of numbers, got float64 np.float64(1.0)",
        ),
        (
            lambda: Case((Layer([[2**53 + 1]]),), [[1.0]], [[1.0]]),
            "layers[0].weights[0][0]: the integer 9007199254740993 is not exactly a float64",
        ),
        (lambda: Layer([np.ones(2), np.ones(3)]), "weights: ragged: row 2 has 3 numbers, row 1 has 2"),
        (lambda: Layer([np.array(1.0)]), "weights[0]: expected a list of numbers, got ndarray array(1.)"),
        (lambda: Case((), [[1.0]], [[1.0]]), "layers: expected at least one layer"),
        (lambda: Case(([[1.0]],), [[1.0]], [[1.0]]), "layers: expected at least one layer"),  # type: ignore[arg-type]
        (lambda: Loss(scale=float("nan")), 'scale: expected a fraction such as "1/2", got float nan'),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_array_of_float64_is_refused(make: Any, said: str) -> None:
    with pytest.raises(CaseError) as error:
        make()
    assert str(error.value) == said
