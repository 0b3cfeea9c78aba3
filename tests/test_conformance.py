"""`check_engine`: engines that keep to the contract conform, and whatever breaks it is found out and said."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import changed, on_other_case, plus_one

from backprove.case import ACTIVATIONS, Case, Gradient
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.errors import NotInDomain
from backprove.testing import EngineMismatch, check_engine, conformance
from backprove.testing.tally import TALLY

MATRIX = ENGINES["matrix"]
FAST = {"domains": ("float64",), "networks": 10}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def complaint(engine: Engine, **words: Any) -> str:
    with pytest.raises(EngineMismatch) as caught:
        check_engine(engine, **{**FAST, **words})
    return str(caught.value)


def test_a_right_engine_conforms_in_every_domain() -> None:
    before = TALLY.networks
    found = check_engine(MATRIX, name="mine", networks=10)
    usable = [name for name, domain in DOMAINS.items() if not domain.missing()]
    assert [d.name for d in found.domains] == usable
    assert found.verdict == "AGREE"
    assert found.groups == [["neuron", "matrix", "paths", "mine"]]
    assert TALLY.networks - before > 10 * len(usable) + 50


def test_the_networks_of_every_kind_are_of_every_kind() -> None:
    kinds = list(conformance._kinds(ACTIVATIONS, ("squared_error", "output"), DOMAINS["float64"]))
    assert {c.layers[-1].activation for c in kinds} == set(ACTIVATIONS)
    assert {c.layers[0].activation for c in kinds if len(c.layers) > 1} == set(ACTIVATIONS)
    assert {c.reduction for c in kinds} == {"sum", "mean", "mean_all"}
    assert {len(c.inputs) for c in kinds} == {1, 3}
    assert {layer.bias is None for c in kinds for layer in c.layers} == {True, False}
    assert {c.kink for c in kinds} == {0, 0.5, 1}


def test_an_engine_of_one_domain_conforms_there() -> None:
    def only(case: Case, domain: Domain) -> Gradient:
        if domain.name != "float64":
            raise NotInDomain(domain.name, "what this engine needs")
        return MATRIX(case, domain)

    found = check_engine(only, domains=("float64", "rational"), networks=10)
    assert [d.name for d in found.domains] == ["float64"]
    assert "refuses everything in rational" in complaint(only, domains=("rational",))


def test_an_engine_of_some_activations_conforms_for_these() -> None:
    def some(case: Case, domain: Domain) -> Gradient:
        assert {layer.activation for layer in case.layers} <= {"relu", "identity"}
        return MATRIX(case, domain)

    check_engine(some, activations=("relu", "identity"), losses=("squared_error",), **FAST)
    assert "raised AssertionError" in complaint(some)


def spoiled(change: Callable[[list[Any], list[Any]], None]) -> Engine:
    return changed(MATRIX, change)


def _nothing(case: Case, domain: Domain) -> Any:
    return None


def _own_kink(case: Case, domain: Domain) -> Gradient:
    return MATRIX(replace(case, kink=1), domain)


def _moody(case: Case, domain: Domain) -> Gradient:
    gradient = MATRIX(case, domain)
    return Gradient([W + random.Random().choice([0, 1]) for W in gradient.weights], gradient.biases)


def _changes_the_case(case: Case, domain: Domain) -> Gradient:
    gradient = MATRIX(case, domain)
    case.inputs.setflags(write=True)
    case.inputs[0, 0] += 1
    return gradient


def _seeds(case: Case, domain: Domain) -> Gradient:
    np.random.seed(7)
    return MATRIX(case, domain)


def _draws(case: Case, domain: Domain) -> Gradient:
    random.random()
    return MATRIX(case, domain)


def _silences(case: Case, domain: Domain) -> Gradient:
    np.seterr(all="raise")
    return MATRIX(case, domain)


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        (plus_one(1, 1, 1), "neuron = matrix = paths ≠"),
        (spoiled(lambda W, b: W.__setitem__(0, W[0] * 0)), "first difference: W1[1,1]"),
        (spoiled(lambda W, b: W.__setitem__(0, W[0][:, :0])), "returned weights[0] of shape"),
        (on_other_case(MATRIX, lambda case: replace(case, reduction="sum")), "mean over"),
        (_nothing, "returned None"),
        (_moody, "differs from itself"),
        (_own_kink, "kink"),
        (_changes_the_case, "changes the case that it is given: on Case("),
        (_seeds, "changes the state of NumPy's global generator"),
        (_draws, "changes the state of Python's global generator"),
        (_silences, "changes NumPy's error state"),
    ],
)
def test_what_breaks_the_contract_is_found_out(engine: Engine, what: str) -> None:
    said = complaint(engine)
    assert what in said
    assert not any(line != line.rstrip() for line in said.splitlines())


def test_a_wrong_engine_is_shown_on_its_smallest_network() -> None:
    said = complaint(plus_one(1, 1, 1), networks=30)
    assert "smallest network that shows it: 1-1 (identity), squared_error, sum over 1 sample" in said
    assert "W1 = [[1]]" in said
    assert "again: check_engine(…, seed=0)" in said


def test_a_convention_of_its_own_at_kinks_may_be_accepted() -> None:
    found = check_engine(_own_kink, undecided=("kink",), **FAST)
    assert found.verdict == "UNDECIDED"


def test_what_only_a_network_of_some_kind_shows_is_shown_there(monkeypatch: pytest.MonkeyPatch) -> None:
    rare = on_other_case(
        MATRIX, lambda case: replace(case, reduction="sum" if case.inputs.size == 9 else case.reduction)
    )
    said = complaint(rare, networks=1)
    assert "a network that shows it: 3-1-2" in said


def test_an_engine_in_a_file_is_replayed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "spec_of", lambda engine: "mine.py:engine")
    said = complaint(plus_one(1, 1, 1))
    (recorded,) = Path(".backprove/failures").glob("*.json")
    assert f"again: backprove replay {recorded.stem}" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"domains": ["float63"]}, "domains: expected some of float64, .*, got 'float63'"),
        ({"activations": ["sigmoidd"]}, "activations: expected some of .*, got 'sigmoidd'"),
        ({"losses": "output"}, "losses: expected some of .*, got 'output'"),
    ],
)
def test_words_that_are_none_are_refused_in_a_line(words: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        check_engine(MATRIX, **words)
