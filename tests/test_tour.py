"""A network toured: the derivations of its entries, and the order in which each engine worked them out.

The orders are read off the engines' runs; here they are held against what is known of each engine, and against engines
that go about it differently.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers import covering, kinked, network
from hypothesis import given, settings
from hypothesis import strategies as st

from backprove.case import Address, Case, Gradient, address, read_case
from backprove.derivation import default, derive, derive_delta, orders, record, tour
from backprove.engines import neuron
from backprove.errors import BackproveError, CaseError
from backprove.findings import Moment, Tour
from backprove.generate import cases

SMALL = cases(max_layers=3, max_width=3, max_batch=2)
FIRST = Address(1, 1, 1)
WORKED = Path(__file__).parent / "worked_examples"


def symbols(moments: Sequence[Moment], phase: str = "") -> list[str]:
    return [m.symbol for m in moments if phase in ("", m.phase)]


@pytest.fixture(scope="module")
def toured() -> Tour:
    return tour(default(), FIRST)


def test_every_entry_is_derived_as_explain_derives_it(toured: Tour) -> None:
    case = default()
    assert len(toured.derivations) == case.entries
    for found in toured.derivations:
        alone = derive(case, Address.of(found.entry))
        assert (found.values["neuron"], found.values["matrix"]) == (alone.values["neuron"], alone.values["matrix"])
        assert (found.verdict, found.neuron, found.matrix) == ("AGREE", alone.neuron, alone.matrix)
        assert [r.along for r in found.chain_rule.shown] == [r.along for r in alone.chain_rule.shown]


def test_neuron_goes_number_by_number_and_takes_each_layers_gradients_on_its_way_back(toured: Tour) -> None:
    found = symbols(toured.orders["neuron"])
    assert found[:6] == ["z1[1]", "z1[2]", "z1[3]", "a1[1]", "a1[2]", "a1[3]"]
    assert found[14:19] == ["dC/da3[1]", "delta3[1]", "dC/dW3[1,1]", "dC/dW3[1,2]", "dC/dW3[1,3]"]
    assert found[19] == "dC/da2[1]"
    assert found[-1] == "dC/dW1[3,3]"


def test_matrix_goes_array_by_array_and_takes_all_gradients_last(toured: Tour) -> None:
    back = ["dC/da3", "delta3", "dC/da2", "delta2", "dC/da1", "delta1"]
    assert symbols(toured.orders["matrix"]) == ["z1", "a1", "z2", "a2", "z3", "a3", *back, "dC/dW1", "dC/dW2", "dC/dW3"]


def test_matrix_takes_the_gradients_of_biases_last() -> None:
    """With one sample dC/db is delta itself, which was there long before."""
    for batch in (1, 3):
        found = symbols(tour(network((2, 2, 1), ("tanh", "tanh"), batch=batch), FIRST).orders["matrix"], "gradient")
        assert found == ["dC/dW1", "dC/dW2", "dC/db1", "dC/db2"]


def test_formulas_say_what_a_layer_does() -> None:
    found = {m.symbol: m.formula for m in tour(network((2, 3, 2), ("softmax", "sigmoid")), FIRST).orders["matrix"]}
    assert found["delta1"] == "J dC/da1, J the Jacobian of softmax"
    assert found["delta2"] == "f'(z2) ∘ dC/da2"
    assert found["dC/da2"] == "from the loss and its outputs"
    case = network((2, 2), ("sigmoid",))
    steps = {m.symbol: m.formula for m in tour(case, FIRST).orders["neuron"]}
    assert steps["dC/dW1[1,1]"] == "delta1[1]⁽¹⁾·a0[1]⁽¹⁾ + delta1[1]⁽²⁾·a0[1]⁽²⁾"
    assert ", e = exp(" in steps["delta1[1]"]


def test_paths_never_goes_back(toured: Tour) -> None:
    found = toured.orders["paths"]
    assert symbols(found, "forward") == ["z1", "a1", "f'(z1)", "z2", "a2", "f'(z2)", "z3", "a3", "f'(z3)"]
    assert symbols(found, "backward") == []
    assert symbols(found, "gradient")[:4] == [*(f"path {i} of 3 for W1[1,1]" for i in (1, 2, 3)), "dC/dW1[1,1]"]
    assert found[9].lit == ["W1[1,1]", "a1[1]", "W2[1,1]", "a2[1]", "W3[1,1]", "a3[1]"]


def test_an_engine_that_goes_about_it_differently_is_seen_to() -> None:
    """Engine neuron, whose gradients of the first layer are made over again at the end."""

    def late(case: Case, domain: object) -> Gradient:
        found = neuron.engine(case, domain)  # type: ignore[arg-type]
        last = [[x * 1 for x in row] for row in found.weights[-1]]
        return Gradient([*found.weights[:-1], last], found.biases, found.trace)

    case, window = default(), [[1, 2, 3]] * 3 + [[1]]
    mine = symbols(orders.neuron(record(late, case), case, 0, window), "gradient")
    assert mine == symbols(orders.neuron(record(neuron.engine, case), case, 0, window), "gradient")[3:] + mine[-3:]
    assert mine[-3:] == ["dC/dW3[1,1]", "dC/dW3[1,2]", "dC/dW3[1,3]"]


@given(SMALL, st.integers(0, 10**6))
@settings(max_examples=25)
def test_a_tour_holds_together(case: Case, pick: int) -> None:
    """Everything has a name on the drawing, in its place in the order, and the values are the engines' own."""
    chosen = address(case, pick % case.entries)
    found = tour(case, chosen, sample=1 + pick % len(case.inputs))
    edges = {a.label for a in orders.entries(case, found.window)}
    units = {f"a{l}[{j}]" for l, js in enumerate(found.window) for j in js}
    assert found.chosen == chosen.label
    assert sorted(d.entry for d in found.derivations) == sorted(edges)
    assert set(found.gradients) == edges
    assert units <= set(found.units)
    for name, moments in found.orders.items():
        assert all(set(m.lit) <= edges | units for m in moments), name
        done = [m.symbol for m in moments]
        assert len(done) == len(set(done))
        phases = [m.phase for m in moments]
        assert phases[: phases.count("forward")] == ["forward"] * phases.count("forward")
    wanted = {f"dC/d{label}" for label in edges}
    assert wanted <= set(symbols(found.orders["neuron"]))
    for d in found.derivations:
        assert all(r.along[0] == d.entry and r.along[-1][:2] == f"a{len(case.layers)}" for r in d.chain_rule.shown)
        assert d.values["matrix"] == found.gradients[d.entry]


@pytest.mark.parametrize("case", [*covering(), kinked("relu")], ids=lambda c: "-".join(x.activation for x in c.layers))
def test_every_activation_and_loss_can_be_toured(case: Case) -> None:
    found = tour(case, FIRST)
    assert set(found.orders) == {"neuron", "matrix", "paths"}
    assert not found.left_out


def test_softmax_passes_on_within_its_layer() -> None:
    case = network((1, 2, 1), ("softmax", "identity"), bias=False)
    found = next(d for d in tour(case, FIRST).derivations if d.entry == "W1[1,1]")
    assert [r.along for r in found.chain_rule.shown] == [
        ["W1[1,1]", "a1[1]", "W2[1,1]", "a2[1]"],
        ["W1[1,1]", "a1[1]", "a1[2]", "W2[1,2]", "a2[1]"],
    ]


def test_of_a_large_network_the_part_around_the_chosen_weight_is_shown() -> None:
    case = network((60, 40, 9), ("sigmoid", "softmax"), batch=1)
    found = tour(case, Address(1, 33, 57))
    assert 57 in found.window[0]
    assert 33 in found.window[1]
    assert all(len(units) <= 12 for units in found.window)
    assert [d.entry for d in found.derivations] == ["W1[33,57]"]
    shown = sum(map(len, found.window))
    assert found.left_out[0] == f"{109 - shown} of 109 units: the part around the chosen weight is shown"
    assert any("have no derivation here" in line for line in found.left_out)
    assert {m.symbol for m in found.orders["paths"] if m.phase == "gradient"} >= {"dC/dW1[33,57]"}
    deep = network((2, *(2,) * 14, 1), ("tanh",) * 15, batch=1)
    assert [bool(units) for units in tour(deep, Address(10, 1, 1)).window].count(True) == 8


def test_a_delta_is_toured_too() -> None:
    found = tour(default(), Address(2, 1, 1), derived=derive_delta(default(), 2, 1))
    assert found.chosen == "delta2[1]"
    assert len(found.derivations) == default().entries + 1


def test_what_cannot_be_derived_cannot_be_toured() -> None:
    for entry, sample, error in ((Address(9, 1, 1), 1, CaseError), (FIRST, 2, BackproveError)):
        with pytest.raises(error):
            tour(default(), entry, sample=sample)


@pytest.mark.parametrize("label", ["W1[1]", "b1[1,2]", "W1[1,1", "delta1[1]", "", "W[1,1]"])
def test_no_address_is_written_like_this(label: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(label)}$"):
        Address.of(label)
    assert Address.of("W12[3,45]").label == "W12[3,45]"
    assert Address.of("b2[1]").label == "b2[1]"


@pytest.mark.parametrize("file", sorted(WORKED.glob("*.json")), ids=lambda f: f.stem)
def test_worked_examples_can_be_toured(file: Path) -> None:
    assert "W1[1,1]" in [d.entry for d in tour(read_case(file), FIRST).derivations]
