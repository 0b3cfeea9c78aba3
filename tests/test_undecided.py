"""What the comparator must leave open (a kink, a precision's range, a loss without a value), and what agreement is
worth: entries that are zero everywhere, entries that rounding alone could explain.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from helpers import FLOAT32, FLOAT64, RATIONAL, against, kinked, network, on_other_case, plus_one

from backprove.case import Case, Gradient, Layer, Loss
from backprove.compare import Comparison, compare
from backprove.contrast import finding
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine
from backprove.verdict import Verdict

AGREE, DISAGREE, UNDECIDED = Verdict.AGREE, Verdict.DISAGREE, Verdict.UNDECIDED
MATRIX = ENGINES["matrix"]
either = pytest.mark.parametrize("domain", [FLOAT64, RATIONAL], ids=("float64", "rational"))


# --- what cannot be decided ---


def with_kink(slope: Fraction | int) -> Engine:
    return on_other_case(MATRIX, lambda case: replace(case, kink=Fraction(slope)))


def beyond(case: Case, domain: Domain) -> Gradient:
    return Gradient([domain.array([[1.125]]), domain.array([[0.0]])], [None, None])


@either
@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_slopes_within_the_subgradient_are_undecided(name: str, domain: Domain) -> None:
    for slope in (1, Fraction(1, 2)):
        comparison = against(with_kink(slope), kinked(name), domain)
        assert comparison.verdict is UNDECIDED
        assert comparison.reasons == {"kink": 1}
        assert comparison.groups == [["matrix", "mine"]]
    assert against(beyond, kinked(name), domain).verdict is DISAGREE
    assert against(with_kink(0), kinked(name), domain).verdict is AGREE


@either
def test_a_kink_excuses_only_what_it_touches(domain: Domain) -> None:
    comparison = against(plus_one(2, 1, 1, with_kink(1)), kinked("relu"), domain)
    assert comparison.verdict is DISAGREE
    assert comparison.layer_map() == [(2, DISAGREE, None), (1, UNDECIDED, None)]


def test_a_huge_exact_number_at_a_kink_is_judged() -> None:
    def huge(case: Case, domain: Domain) -> Gradient:
        return Gradient([domain.array([[Fraction(10) ** 400]]), domain.array([[0.0]])], [None, None])

    assert against(huge, kinked("relu"), RATIONAL).verdict is DISAGREE


def wide(x: float) -> Case:
    return Case((Layer([[x]], None, "square"), Layer([[x]], None, "square")), [[x]], [[0.0]])


def test_what_leaves_the_range_is_undecided() -> None:
    comparison = compare(wide(2.0**30), FLOAT32, ENGINES)
    assert comparison.verdict is UNDECIDED
    assert comparison.reasons == {"range": 2}
    assert compare(wide(2.0**30), FLOAT64, ENGINES).verdict is AGREE
    assert compare(wide(2.0**4), FLOAT32, ENGINES).verdict is AGREE


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_a_logarithm_of_a_negative_output_is_undecided(loss: str) -> None:
    case = Case((Layer([[-0.3]]),), [[1.0]], [[1.0]], Loss(loss))
    comparison = compare(case, FLOAT64, ENGINES)
    assert comparison.verdict is UNDECIDED
    assert comparison.reasons == {f"{loss} has no value at a1[1] = -0.3 of sample 1": 1}
    assert compare(replace(case, inputs=[[-1.0]]), FLOAT64, ENGINES).verdict is AGREE


# --- how much an agreement says ---


def test_entries_that_are_zero_in_every_engine_are_counted() -> None:
    dead = network((2, 2, 1), ("relu", "identity"))
    dead = replace(dead, layers=(Layer(dead.layers[0].weights, [-64.0, -64.0], "relu"), dead.layers[1]))
    assert compare(dead, FLOAT64, ENGINES).vacuous == 4 + 2 + 2  # all but b2[1]
    assert compare(network((2, 2, 1), ("tanh", "identity")), FLOAT64, ENGINES).vacuous == 0


def test_entries_that_rounding_alone_could_explain_are_counted() -> None:
    def residual(target: float) -> Comparison:
        return compare(Case((Layer([[0.5]]),), [[1.0]], [[target]]), FLOAT64, ENGINES)

    assert residual(float(np.nextafter(0.5, 0))).weak == 1
    assert residual(0.25).weak == 0


def test_an_agreement_that_rounding_alone_could_explain_is_none() -> None:
    """Nearly converged to the last bit: the bound is as large as every value."""
    case = Case((Layer([[0.5]]),), [[1.0]], [[float(np.nextafter(0.5, 0))]])
    assert finding("", case, ENGINES).verdict == "UNDECIDED"
    assert finding("", replace(case, targets=[[0.25]]), ENGINES).verdict == "AGREE"


# --- where a logarithm has nothing to count ---


@pytest.mark.parametrize(("loss", "a", "t"), [("categorical_cross_entropy", 0, 0), ("binary_cross_entropy", 1, 1)])
def test_a_logarithm_that_counts_0_times_has_no_slope(loss: str, a: float, t: float) -> None:
    """-t log a - (1-t) log(1-a) at the edge, where the term that is left is the only one."""
    case = Case((Layer([[float(a)], [0.5]]),), [[1.0]], [[t, 0.5]], Loss(loss))
    comparison = compare(case, FLOAT64, ENGINES)
    assert comparison.verdict is AGREE
    slopes = {"categorical_cross_entropy": [0.0, -1.0], "binary_cross_entropy": [-1.0, 0.0]}
    assert all(o.values is not None and o.values.tolist() == slopes[loss] for o in comparison.outcomes.values())


def test_an_engine_that_leaves_the_range_has_not_failed() -> None:
    """softplus(-800) underflows to 0 and its logarithm's slope is beyond float64: neuron raises, others have NaN."""
    case = Case((Layer([[-800.0]], None, "softplus"),), [[1.0]], [[1.0]], Loss("categorical_cross_entropy"))
    comparison = compare(case, FLOAT64, ENGINES)
    assert comparison.verdict is UNDECIDED
    assert comparison.reasons == {"range": 1}
    near = replace(case, layers=(Layer([[-8.0]], None, "softplus"),))
    broken = {**ENGINES, "broken": lambda case, domain: 1 / 0}
    assert compare(near, FLOAT64, broken).verdict is Verdict.DISAGREE


def test_a_product_that_overflows_on_the_way_is_undecided() -> None:
    """2^540 · 2^540 · 2^-540 · 2^-540 · 2^-540 …: finite in one order of the factors and infinite in another."""
    W = [2.0**-540, 2.0**540, 2.0**-540, 2.0**-540]
    case = Case(tuple(Layer([[w]]) for w in W), [[2.0**540]], [[0.0]], Loss("output"))
    assert compare(case, FLOAT64, ENGINES).verdict is UNDECIDED
