"""What a report says of how close the engines are, to one another and to the exact values; and every entry as a sheet.

spread   a wrong engine: engine matrix with one entry moved by so many radii of rounding
"""

import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT64, changed, kinked, network, plus_one
from quality.exact import errors, exact_gradient

from backprove.campaign import Settings, search, sheet
from backprove.campaign.closeness import STEPS, ErrorCount, PairCount
from backprove.campaign.survey import MET, Survey
from backprove.case import Case, Gradient
from backprove.compare import compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.findings import Report
from backprove.report.drawing import drawing
from backprove.report.tables import heat, verdicts
from backprove.rounding import analyse

CASE = network((2, 3, 2), ("sigmoid", "tanh"))
BENT_CASE = network((2, 3, 2), ("relu", "leaky_relu"))


def spread(radii: float) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        radius = analyse(case, domain).weights[1].radius[0, 0]

        def change(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
            weights[1][0, 0] += radii * radius

        return changed(ENGINES["matrix"], change)(case, domain)

    return engine


@pytest.fixture(scope="module")
def report() -> Report:
    return search(Settings(networks=40, domains=("float64", "float32", "rational"), seed=3), ENGINES)


def test_every_compared_entry_of_every_pair_is_counted_once(report: Report) -> None:
    for domain in report.domains:
        assert [p.engines for p in domain.pairs] == [["neuron", "matrix"], ["neuron", "paths"], ["matrix", "paths"]]
        for pair in domain.pairs:
            assert 0 < pair.entries <= domain.entries
            assert pair.equal + sum(pair.fractions) == pair.entries
            assert bool(pair.fractions) == (domain.name != "rational")
            assert pair.undecided <= domain.undecided_entries
            assert pair.disagree == 0
        if domain.worst_fraction_of_bound is not None:
            beyond = sum(sum(p.fractions[STEPS.index(0.75) :]) for p in domain.pairs)
            assert (beyond > 0) == (domain.worst_fraction_of_bound > 0.5)
    assert report.fraction_steps == list(STEPS)


@pytest.mark.parametrize(("radii", "step"), [(0.5, 0.3), (1.2, 0.75), (1.8, 1.0), (3.0, None)])
def test_a_difference_is_counted_where_it_belongs(radii: float, step: float | None) -> None:
    """Two engines agree within the sum of two radii."""
    (pair,) = compare(CASE, FLOAT64, {"matrix": ENGINES["matrix"], "mine": spread(radii)}).pairs
    count = PairCount()
    count.count(pair)
    found = count.finding(("matrix", "mine"), exact=False)
    assert found.equal == found.entries - 1
    assert found.fractions == [int(s == step) for s in (*STEPS, None)]
    assert found.disagree == (step is None)


@pytest.mark.parametrize("name", ["float64", "float32"])
def test_actual_errors_are_those_of_another_arithmetic(name: str) -> None:
    count = ErrorCount()
    with np.errstate(all="ignore"):
        count.count(compare(CASE, DOMAINS[name], ENGINES))
    exact = exact_gradient(CASE, name)
    off = np.max([errors(CASE, name, engine, exact) for engine in ENGINES.values()], axis=0)
    radius = analyse(CASE, DOMAINS[name]).radii()
    wanted = Counter(
        (int(np.floor(2 * np.log10(e))), int(np.floor(2 * np.log10(r)))) for e, r in zip(off, radius, strict=True) if e
    )
    assert count.cells == wanted
    assert (count.entries, count.without_error, count.outside) == (CASE.entries, int((off == 0).sum()), 0)


def test_without_enclosures_fractions_tell_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with_enclosures, without = ErrorCount(), ErrorCount()
    with_enclosures.count(compare(BENT_CASE, FLOAT64, ENGINES))
    monkeypatch.setitem(sys.modules, "flint", None)
    without.count(compare(BENT_CASE, FLOAT64, ENGINES))
    without.count(compare(CASE, FLOAT64, ENGINES))  # whose functions are not rational
    assert (without.networks, without.reference) == (1, "fractions")
    assert without.cells == with_enclosures.cells


def test_an_error_beyond_its_bound_is_seen(report: Report) -> None:
    for domain in report.domains:
        if domain.name == "rational":
            assert domain.precision is None
            continue
        assert domain.precision is not None
        assert domain.precision.outside == 0
        assert domain.precision.entries == domain.precision.without_error + sum(
            c.entries for c in domain.precision.cells
        )
    count = ErrorCount()
    count.count(compare(CASE, FLOAT64, {"matrix": ENGINES["matrix"], "mine": spread(1.5)}))
    assert count.outside == 1


def test_what_is_not_known_exactly_is_left_out() -> None:
    count = ErrorCount()
    for engine in (lambda case, domain: None, plus_one(1, 1, 1)):
        count.count(compare(CASE, FLOAT64, {"matrix": ENGINES["matrix"], "mine": engine}))
    assert count.finding() is None


def test_units_at_kinks_and_saturated_are_counted() -> None:
    survey = Survey(FLOAT64)
    from backprove.campaign import look

    large = Case(network((1, 1), ("sigmoid",)).layers, [[4000.0]], [[0.0]])
    for case in (kinked("relu"), kinked("leaky_relu"), large, CASE):
        survey.count(look(case, FLOAT64, ENGINES), 0)
    assert survey.drawn[MET] == {"at a kink": 2, "off: relu of slope 0": 1, "saturated: sigmoid": 1}


def test_a_sheet_has_every_entry_in_the_shape_of_the_layers() -> None:
    found = compare(CASE, FLOAT64, {**ENGINES, "mine": plus_one(2, 1, 3)})
    made = sheet.sheet(found)
    assert made is not None
    for name, engine in ENGINES.items():
        gradient = engine(CASE, FLOAT64)
        assert made.gradients[name]["weights"] == [np.asarray(W).tolist() for W in gradient.weights]
        assert made.gradients[name]["biases"] == [np.asarray(b).tolist() for b in gradient.biases]
    assert made.verdicts["weights"][1] == [["AGREE", "AGREE", "DISAGREE"], ["AGREE"] * 3]
    assert made.differences is not None
    assert made.differences["weights"][1][0][2] == pytest.approx(1)
    assert made.differences["weights"][0][0][0] < 1e-15
    judged = verdicts(made)
    assert [name for name, verdict in judged.items() if verdict != "AGREE"] == ["W2[1,3]"]
    assert {e.name for e in drawing({"layers": [_layer(c) for c in CASE.layers]}).edges} == set(judged)
    grids = dict(heat(made))["W2"]
    assert [g.title for g in grids] == ["neuron", "matrix", "paths", "mine", "difference"]
    shades = [[c.shade for c in row] for row in grids[-1].rows]
    assert shades[0][2] is not None
    assert shades[0][2] > 0.5 > 1e-9 > max(abs(x or 0) for x in (*shades[0][:2], *shades[1]))


def _layer(layer: Any) -> dict[str, Any]:
    bias = None if layer.bias is None else layer.bias.tolist()
    return {"activation": layer.activation, "weights": layer.weights.tolist(), "bias": bias}


def test_a_sheet_says_where_there_is_no_number() -> None:
    nothing = network((1, 1), ("relu",), bias=False)
    made = sheet.sheet(compare(nothing, FLOAT64, {"matrix": ENGINES["matrix"], "mine": _nan}))
    assert made is not None
    assert made.verdicts["biases"] == [None]
    assert made.gradients["mine"]["weights"] == [[["nan"]]]
    assert made.differences == {"weights": [[["nan"]]], "biases": [None]}
    assert made.verdicts["weights"] == [[["DISAGREE"]]]
    broken = sheet.sheet(compare(nothing, FLOAT64, {"matrix": ENGINES["matrix"], "mine": lambda c, d: None}))
    assert broken is not None
    assert "mine" not in broken.gradients
    assert broken.verdicts["weights"] == [[["DISAGREE"]]]
    assert sheet.sheet(compare(network((80, 60), ("relu",)), FLOAT64, {"matrix": ENGINES["matrix"]})) is None


def _nan(case: Case, domain: Domain) -> Gradient:
    return Gradient([np.full(layer.weights.shape, np.nan) for layer in case.layers], [None] * len(case.layers))


def test_a_field_has_no_distances() -> None:
    report = search(Settings(networks=20, domains=("modular",)), {**ENGINES, "mine": _off_by_one})
    made = report.disagreements[0].sheet
    assert made is not None
    assert made.differences is None
    assert "DISAGREE" in verdicts(made).values()


def _off_by_one(case: Case, domain: Domain) -> Gradient:
    return plus_one(1, 1, 1)(case, domain)
