"""What the comparator says of gradients: verdict, groups, where they differ, what was not covered, who is unstable."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from helpers import FLOAT64, LOG_LOSSES, RATIONAL, against, changed, each_domain, network, plus_one, radii
from hypothesis import given, settings

from backprove.campaign import unstable_engines
from backprove.case import MODULUS, Case, Expanded, Gradient, Layer, Loss
from backprove.compare import compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.errors import NotInDomain
from backprove.generate import cases
from backprove.verdict import Verdict

AGREE, DISAGREE, UNDECIDED = Verdict.AGREE, Verdict.DISAGREE, Verdict.UNDECIDED
CASE = network((3, 2, 2), ("tanh", "sigmoid"))
MATRIX = ENGINES["matrix"]


# --- agreement and groups ---


@given(cases())
def test_the_engines_agree(case: Case) -> None:
    comparison = compare(case, FLOAT64, ENGINES)
    assert comparison.verdict is AGREE
    assert comparison.groups == [["neuron", "matrix", "paths"]]
    assert comparison.compared.all()
    assert comparison.worst_fraction <= 1
    assert comparison.first_difference() is None


@each_domain
def test_the_engines_agree_in_every_domain(domain: Domain) -> None:
    @settings(max_examples=20)
    @given(cases(domain=domain.name))
    def check(case: Case) -> None:
        comparison = compare(case, domain, ENGINES)
        assert comparison.verdict is AGREE
        assert comparison.groups == [["neuron", "matrix", "paths"]]
        assert comparison.first_difference() is None
        wrong = compare(case, domain, ENGINES | {"mine": plus_one(1, 1, 1)})
        assert wrong.groups == [["neuron", "matrix", "paths"], ["mine"]]
        assert int((wrong.verdicts == DISAGREE).sum()) == 1

    check()


def shifted(by: float) -> Engine:
    """The matrix engine with dC/dW1[1,1] moved by a multiple of its radius."""

    def engine(case: Case, domain: Domain) -> Gradient:
        gradient = MATRIX(case, domain)
        gradient.weights[0][0, 0] += by * radii(case, domain)[0]
        return gradient

    return engine


@given(cases(activations=("identity", "square", "sigmoid", "tanh", "softmax")))
def test_an_engine_beyond_the_bound_stands_apart(case: Case) -> None:
    comparison = compare(case, FLOAT64, ENGINES | {"mine": shifted(8)})
    assert comparison.verdict is DISAGREE
    assert comparison.groups == [["neuron", "matrix", "paths"], ["mine"]]
    assert int((comparison.verdicts == DISAGREE).sum()) == 1


def test_groups_where_agreement_is_not_transitive() -> None:
    case = network((1, 1), ("identity",), bias=False, batch=1)
    chain = {"a": shifted(0), "b": shifted(1.75), "c": shifted(3.5)}
    comparison = compare(case, FLOAT64, chain)
    assert [pair.verdict for pair in comparison.pairs] == [AGREE, DISAGREE, AGREE]
    assert comparison.groups == [["a", "b"], ["c"]]
    assert comparison.verdict is DISAGREE
    assert 0.87 < comparison.worst_fraction < 0.88  # 1.75 of the 2 radii between neighbours
    assert compare(case, FLOAT64, {"a": shifted(0), "b": shifted(1.75)}).verdict is AGREE


def test_the_paths_may_stand_with_the_neurons_against_the_matrix() -> None:
    comparison = compare(CASE, FLOAT64, ENGINES | {"matrix": plus_one(2, 1, 1)})
    assert comparison.groups == [["neuron", "paths"], ["matrix"]]


# --- where they differ ---


@pytest.mark.parametrize(
    ("entry", "label", "index"),
    [((2, 1, 2), "W2[1,2]", "weights[1][0, 1]"), ((1, 2, 3), "W1[2,3]", "weights[0][1, 2]")],
)
def test_a_wrong_entry_is_named_for_reader_and_programmer(entry: tuple[int, int, int], label: str, index: str) -> None:
    first = against(plus_one(*entry), CASE).first_difference()
    assert first is not None
    assert first.address is not None
    assert str(first.address) == f"{label} ({index})"
    assert first.values["mine"] - first.values["matrix"] == pytest.approx(1)
    assert first.difference == pytest.approx(1)
    assert first.radius is not None
    assert 0 < first.radius < 1e-13
    assert first.fraction == pytest.approx(first.difference / first.radius)


def spoil(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
    weights[0][1, 2] += 1
    assert biases[1] is not None
    biases[1][1] += 1


def test_the_first_difference_is_looked_for_from_the_output_backwards() -> None:
    comparison = against(changed(MATRIX, spoil), CASE)
    first = comparison.first_difference()
    assert first is not None
    assert str(first.address) == "b2[2] (biases[1][1])"
    assert comparison.layer_map() == [(2, AGREE, DISAGREE), (1, DISAGREE, AGREE)]
    assert int((comparison.verdicts == DISAGREE).sum()) == 2


def test_a_layer_without_bias_has_no_verdict_on_one() -> None:
    comparison = against(plus_one(1, 1, 1), network((2, 1), ("tanh",), bias=False))
    assert comparison.layer_map() == [(1, DISAGREE, None)]


def test_an_exact_difference_has_no_radius() -> None:
    first = against(plus_one(1, 1, 1), network((1, 1), ("square",)), RATIONAL).first_difference()
    assert first is not None
    assert (first.difference, first.radius, first.fraction) == (1.0, None, None)
    assert isinstance(first.values["mine"], Fraction)


@each_domain
def test_a_difference_has_a_size_where_numbers_have_one(domain: Domain) -> None:
    first = against(plus_one(1, 1, 1), network((1, 1), ("square",)), domain).first_difference()
    assert first is not None
    assert first.difference == (None if domain.modulus else pytest.approx(1))
    assert (first.radius is None) == (first.fraction is None) == (domain.unit_roundoff is None)
    assert set(first.values) == {"matrix", "mine"}


# --- what was not computed is not covered ---


def masked(known: Callable[[np.ndarray], None], engine: Engine) -> Engine:
    """An engine that says which of its layer-1 weights it worked out."""

    def partial(case: Case, domain: Domain) -> Gradient:
        gradient = engine(case, domain)
        weights = [np.ones(layer.weights.shape, dtype=bool) for layer in case.layers]
        biases = [np.ones(len(layer.weights), dtype=bool) for layer in case.layers]
        known(weights[0])
        return Gradient(gradient.weights, gradient.biases, expanded=Expanded(weights, biases, "some"))

    return partial


def test_an_entry_that_was_not_computed_is_not_compared() -> None:
    comparison = against(masked(lambda W: W.__setitem__((1, 2), False), plus_one(1, 2, 3)), CASE)
    assert comparison.verdict is AGREE
    assert np.flatnonzero(~comparison.compared).tolist() == [5]
    assert comparison.outcomes["mine"].said == "some"
    other = against(masked(lambda W: W.__setitem__((0, 0), False), plus_one(1, 2, 3)), CASE)
    assert other.verdict is DISAGREE


def nothing_computed(case: Case, domain: Domain) -> Gradient:
    weights = [np.zeros(layer.weights.shape, dtype=bool) for layer in case.layers]
    biases = [np.zeros(len(layer.weights), dtype=bool) for layer in case.layers]
    right = MATRIX(case, domain)
    return Gradient(right.weights, right.biases, expanded=Expanded(weights, biases, "expanded 0 of 12 weights"))


def refusing(case: Case, domain: Domain) -> Gradient:
    raise NotInDomain(domain.name, "patience")


@pytest.mark.parametrize("engine", [nothing_computed, refusing])
def test_nothing_compared_is_not_agreement(engine: Engine) -> None:
    comparison = against(engine, CASE)
    assert not comparison.compared.any()
    assert comparison.verdict is UNDECIDED


def test_a_refusal_is_not_covered_and_no_failure() -> None:
    comparison = compare(CASE, FLOAT64, ENGINES | {"mine": refusing})
    assert comparison.verdict is AGREE
    assert comparison.groups == [["neuron", "matrix", "paths"]]
    assert comparison.failures == {}
    assert comparison.outcomes["mine"].refused == "the domain float64 has no patience"


def test_a_domain_without_exp_refuses_every_engine() -> None:
    comparison = compare(CASE, RATIONAL, ENGINES)
    assert all(outcome.refused.startswith("the domain rational has no ") for outcome in comparison.outcomes.values())
    assert comparison.groups == []
    assert comparison.verdict is UNDECIDED


@pytest.mark.parametrize("name", [name for name in DOMAINS if name != "modular"])
@given(case=cases(domain="modular"))
@settings(max_examples=5)
def test_residues_are_not_covered_elsewhere(name: str, case: Case) -> None:
    """Whatever an engine made of them as ordinary numbers would look like a gradient."""
    if DOMAINS[name].missing():
        pytest.skip(DOMAINS[name].missing())
    comparison = compare(case, DOMAINS[name], ENGINES | {"mine": plus_one(1, 1, 1)})
    said = f"the domain {name} has no residues, which the numbers of this case are"
    assert {outcome.refused for outcome in comparison.outcomes.values()} == {said}
    assert comparison.verdict is UNDECIDED
    assert (comparison.pairs, comparison.groups, comparison.failures) == ([], [], {})
    assert not comparison.compared.any()


def test_residues_as_small_as_ordinary_numbers_are_not_covered_either() -> None:
    ones = Case((Layer([[1]]),), [[1]], [[0]])
    assert compare(ones, FLOAT64, ENGINES).verdict is AGREE
    assert compare(replace(ones, modulus=MODULUS), FLOAT64, ENGINES).verdict is UNDECIDED
    assert compare(replace(ones, modulus=MODULUS), DOMAINS["modular"], ENGINES).verdict is AGREE


# --- self-pairs ---


def wandering() -> Engine:
    """An engine that is right the first time only."""
    calls: list[int] = []

    def engine(case: Case, domain: Domain) -> Gradient:
        calls.append(1)
        return (MATRIX if len(calls) == 1 else plus_one(1, 1, 1))(case, domain)

    return engine


def random() -> Engine:
    generator = np.random.default_rng(1)
    return changed(MATRIX, lambda weights, biases: weights[0].__iadd__(generator.normal()))


def tired() -> Engine:
    calls: list[int] = []

    def engine(case: Case, domain: Domain) -> Gradient:
        calls.append(1)
        return MATRIX(case, domain) if len(calls) == 1 else refusing(case, domain) if len(calls) > 2 else None  # type: ignore

    return engine


@pytest.mark.parametrize("mine", [wandering, random, tired])
def test_an_engine_that_differs_from_itself_is_named(mine: Callable[[], Engine]) -> None:
    engines = {**ENGINES, "mine": mine()}
    assert unstable_engines(compare(CASE, FLOAT64, engines), engines) == ["mine"]


def test_an_engine_that_is_wrong_each_time_alike_is_stable() -> None:
    engines = {**ENGINES, "mine": plus_one(1, 1, 1), "none": lambda case, domain: None}
    assert unstable_engines(compare(CASE, FLOAT64, engines), engines) == []


VALUELESS = {
    "float64": Case((Layer([[-800.0]], None, "softplus"),), [[1.0]], [[1.0]], Loss(LOG_LOSSES[1])),
    "modular": Case((Layer([[0]]),), [[1]], [[1]], Loss(LOG_LOSSES[1]), modulus=MODULUS),
}


@pytest.mark.parametrize("domain", VALUELESS)
def test_engines_that_raise_where_there_is_no_value_are_stable(domain: str) -> None:
    comparison = compare(VALUELESS[domain], DOMAINS[domain], ENGINES)
    assert comparison.verdict is UNDECIDED
    assert "neuron raised " in comparison.outcomes["neuron"].refused
    assert unstable_engines(comparison, ENGINES) == []
    calm = {**ENGINES, "neuron": lambda case, domain: Gradient([domain.array([[1.0]])], [None])}
    assert unstable_engines(comparison, calm) == ["neuron"]
