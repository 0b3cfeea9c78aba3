"""Planted faults are found, by whom they were planted in, and shrunk to the smallest network that shows them."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backprove.campaign import Settings, search
from backprove.case import case_from
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.verdict import Verdict
from quality.faults import FAULTS, HARMLESS, NAMED, Fault, with_fault
from quality.hunt import look_for, minimum
from quality.record import MINIMA

RECORDED: dict[str, Any] = json.loads(MINIMA.read_text())


def named(faults: tuple[Fault, ...]) -> Any:
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name)


def alone(engine: str) -> list[list[str]]:
    """The groups in which one engine stands apart from the other two, in the order of the engines."""
    rest = [name for name in ENGINES if name != engine]
    return sorted([[engine], rest], key=lambda members: list(ENGINES).index(members[0]))


def numbers(case: dict[str, Any]) -> Iterator[float]:
    """All weights, biases, inputs and targets of a case file."""
    for layer in case["layers"]:
        yield from np.ravel(layer["weights"])
        yield from layer["bias"] or ()
    yield from np.ravel(case["inputs"])
    yield from np.ravel(case["targets"])


@pytest.mark.parametrize(
    "fault",  # one in three in every run, the others with -m slow
    [pytest.param(f, id=f.name, marks=[pytest.mark.slow] if i % 3 else []) for i, f in enumerate(FAULTS)],
)
def test_fault_is_found_and_shrunk_to_its_recorded_minimum(fault: Fault) -> None:
    report = look_for(fault)
    assert report.verdict == "DISAGREE"
    assert len(report.disagreements) == 1
    assert report.groups == alone(fault.engine)
    assert minimum(report) == RECORDED[fault.name]


@named(FAULTS)
def test_minimum_is_small(fault: Fault) -> None:
    """At most three layers, two units each, two samples, and small whole numbers: nobody needs to look at more."""
    case = case_from(RECORDED[fault.name]["case"])
    assert len(case.layers) <= 3
    assert max(case.sizes) <= 2
    assert len(case.inputs) <= 2
    assert set(numbers(RECORDED[fault.name]["case"])) <= {-2, -1, 0, 1, 2}


@named(FAULTS)
def test_minimum_shows_the_fault_wherever_it_can_be_seen(fault: Fault) -> None:
    """And the engines without the fault agree on it."""
    case = case_from(RECORDED[fault.name]["case"])
    for name in fault.domains:
        found, plain = (compare(case, DOMAINS[name], engines) for engines in (with_fault(fault), ENGINES))
        if plain.answered:  # a minimum with exp in it says nothing about fractions
            assert found.groups == alone(fault.engine)
            assert plain.verdict is Verdict.AGREE


def test_every_fault_has_a_minimum() -> None:
    assert list(RECORDED) == list(NAMED)


@pytest.mark.parametrize("domain", DOMAINS)
def test_without_a_fault_the_same_search_agrees(domain: str) -> None:
    report = search(Settings(networks=60, seed=1, domains=(domain,)), ENGINES)
    assert report.verdict == "AGREE"
    assert report.disagreements == []
    assert report.groups == [list(ENGINES)]


@named(HARMLESS)
def test_harmless_change_is_not_reported(fault: Fault) -> None:
    report = look_for(fault)
    assert report.verdict != "DISAGREE"
    assert report.disagreements == []


def test_relative_error_of_1e_11_in_one_weight_is_found_with_every_seed() -> None:
    """The full measurement, 100 runs of 200 networks, is in measure.py."""
    fault = NAMED["one-weight-off-1e-11"]._replace(within=20)
    for seed in range(3):
        assert look_for(fault, seed=seed).groups == alone(fault.engine)
