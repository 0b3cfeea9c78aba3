"""The literature's formulations: what each reading is found to be, and that it would be found to be otherwise.

Twins: an answer with one entry spoiled, the gradient of another network, numbers not converted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT64, RATIONAL, against, kinked, network, on_other_case
from test_rooms import SRC, beyond_the_type

from backprove.campaign import explore, shard_seed
from backprove.case import Case, Gradient, Loss
from backprove.compare import compare
from backprove.derivation.recorded import Recorded, RecordedFloat64
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.formulations import FORMULATIONS, GALLERY, Formulation, Kind, Reading, units, y_minus_t
from backprove.formulations.common import classes, no_classes, of_one_width, one_output, times
from backprove.formulations.units import ELEMENTWISE
from backprove.gallery.judge import own_verdict, strategy
from backprove.generate import scaled
from backprove.outcome import run
from backprove.verdict import Verdict

ROOM = SRC / "formulations"
A, D = Verdict.AGREE, Verdict.DISAGREE
NETWORKS = {"float64": 24, "float32": 12, "rational": 12, "ball": 8, "modular": 12}

EXPECTED = {
    "bias-trick/printed": D,
    "bias-trick/as-it-is": A,
    "bias-trick/column-of-ones": A,
    "neuron-dictionaries/printed": A,
    "neuron-dictionaries/expected-minus-output": D,
    "neuron-dictionaries/added": A,
    "delta-recursion/printed": A,
    "delta-recursion/other-brackets": A,
    "delta-recursion/cross-entropy": A,
    "delta-recursion/softmax-slope": D,
    "delta-recursion/softmax-jacobian": A,
    "error-signal/printed": A,
    "error-signal/squared-error": D,
    "error-signal/squared-error-with-slope": A,
    "derivative-notation/printed": A,
    "matched-pairs/squared-linear": A,
    "matched-pairs/binary-sigmoid": A,
    "matched-pairs/multi-class-softmax": A,
    "matched-pairs/squared-sigmoid": D,
    "matched-pairs/squared-tanh": D,
    "matched-pairs/squared-softmax": D,
    "matched-pairs/binary-softmax": D,
    "matched-pairs/multi-class-sigmoid": D,
    "matched-pairs/multi-class-any-targets": D,
    "matched-pairs/squared-sigmoid-product": A,
    "matched-pairs/squared-tanh-product": A,
    "matched-pairs/squared-softmax-product": A,
    "matched-pairs/binary-sigmoid-product": A,
    "matched-pairs/multi-class-softmax-product": A,
    "matched-pairs/multi-class-sum-of-targets": A,
    "written-out/five-factors": A,
    "written-out/two-more-terms": D,
    "written-out/sum-over-paths": A,
    "local-error/third-equation": D,
    "local-error/printed": D,
    "local-error/added": A,
    "local-error/sum-of-outputs": A,
    "local-error/indices-as-printed": D,
    "local-error/corrected": A,
    "delta-for-gradient/printed": D,
    "delta-for-gradient/comment": D,
    "delta-for-gradient/corrected": A,
    "finite-differences/forward": D,
    "finite-differences/central": D,
    "finite-differences/limit": A,
    "finite-differences/central-on-a-quadratic": A,
    "sum-over-samples/printed": A,
    "sum-over-samples/one-by-one": A,
    "sum-over-samples/online": D,
    "sum-over-samples/online-of-one": A,
    "simultaneous/simultaneous": A,
    "simultaneous/layer-by-layer": D,
    "simultaneous/largest-delta": D,
    "sensitivity/printed": D,
    "sensitivity/added": A,
    "linear-regression/printed": A,
    "linear-regression/without-the-two": D,
    "linear-regression/two-in-the-rate": A,
    "logistic-regression/printed": A,
    "logistic-regression/multi-class": A,
    "two-equations/printed": A,
    "two-equations/delta": A,
}
READINGS = {row.named(reading): reading for row in GALLERY for reading in row.readings}
RIGHT = [name for name, verdict in EXPECTED.items() if verdict is A]

# Of the networks on which a wrong formula is to show: in layers of one unit many do not, nor in float32, nor at kinks.
TELLING = Fraction(1, 4)


def drawn(name: str, domain: str, networks: int, seed: int = 0) -> list[Case]:
    """Networks of a reading. Raises ValueError where the domain has none of them."""
    found: list[Case] = []
    wanted = strategy(READINGS[name].posed, domain)
    explore(wanted, shard_seed(seed, f"{name} {domain}", 0), networks, found.append, shrink=False)
    return found


def verdict(name: str, case: Case, domain: Domain, engine: Engine | None = None) -> Verdict:
    """That of a reading, or of an engine in its place, against two of the built-in ones. Raising is no verdict here."""
    engines = {"matrix": ENGINES["matrix"], "neuron": ENGINES["neuron"], name: engine or READINGS[name].engine}
    found = compare(case, domain, engines)
    assert not found.failures, found.failures
    return own_verdict(found, name)[0]


@pytest.mark.parametrize("domain", NETWORKS)
@pytest.mark.parametrize("name", EXPECTED)
def test_every_reading_is_what_the_table_says(name: str, domain: str) -> None:
    if DOMAINS[domain].missing():
        pytest.skip(DOMAINS[domain].missing())
    if _not_there(READINGS[name], domain):
        with pytest.raises(ValueError, match=r"this reading is for|has none of"):
            strategy(READINGS[name].posed, domain)
        return
    cases = drawn(name, domain, NETWORKS[domain])
    counts = Counter(verdict(name, case, DOMAINS[domain]) for case in cases)
    if EXPECTED[name] is A:
        assert counts == {A: len(cases)}
    else:
        assert counts[D] >= TELLING * len(cases)


def _not_there(reading: Reading, domain: str) -> bool:
    """Whether a reading is about other domains, or about units that need exp, which `rational` lacks."""
    posed = reading.posed
    if posed.domains is not None:
        return domain not in posed.domains
    units = posed.fixed[-1:] if posed.fixed else ("identity",)
    return domain == "rational" and units[0] not in ("identity", "relu")


def test_the_table_names_every_reading_once() -> None:
    assert list(EXPECTED) == [row.named(reading) for row in GALLERY for reading in row.readings]
    assert set(FORMULATIONS) == {*EXPECTED, y_minus_t.NAME}


def test_every_reading_meets_the_field_or_says_why_not() -> None:
    without = [name for name, r in READINGS.items() if r.posed.domains is not None and "modular" not in r.posed.domains]
    assert without == ["simultaneous/largest-delta"]


def spoiled(engine: Engine, l: int, kind: str, index: tuple[int, ...]) -> Engine:
    """An engine whose entry of that array is 1 too large; the rest of its answer as it was."""

    def wrong(case: Case, domain: Domain) -> Gradient:
        found = engine(case, domain)
        blocks = [*(found.weights if kind == "W" else found.biases)]
        block = domain.own(blocks[l]).copy()
        block[index] = block[index] + domain.number(1)
        blocks[l] = block
        return replace(found, **{"weights" if kind == "W" else "biases": blocks})

    return wrong


def entries(case: Case, gradient: Gradient) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """Those that an engine worked out."""
    for l, layer in enumerate(case.layers):
        for index in np.ndindex(layer.weights.shape):
            if gradient.expanded is None or gradient.expanded.weights[l][index]:
                yield l, "W", index
        for index in () if layer.bias is None else np.ndindex(layer.bias.shape):
            yield l, "b", index


@pytest.mark.parametrize("name", RIGHT)
def test_any_one_spoiled_entry_is_found_in_every_reading_that_agrees(name: str) -> None:
    domain, engine = DOMAINS["modular"], READINGS[name].engine
    case = min(drawn(name, "modular", 6), key=lambda case: abs(case.entries - 8))
    for l, kind, index in entries(case, engine(case, domain.anew())):
        found = against(spoiled(engine, l, kind, index), case, domain)
        assert found.verdict is D
        first = found.first_difference()
        assert first is not None
        assert first.address is not None
        assert first.address.label == f"{kind}{l + 1}[{','.join(str(i + 1) for i in index)}]"


def other(case: Case) -> Case:
    """The network of the field with other inputs."""
    return replace(case, inputs=(case.inputs.astype(object) * 2 % case.modulus).astype(np.int64))


@pytest.mark.parametrize("name", RIGHT)
def test_the_gradient_of_another_network_is_not_taken_for_this_one(name: str) -> None:
    engine = on_other_case(READINGS[name].engine, other)
    # a single softmax output, and a layer all of whose relus are shut, have the gradient 0 whatever the inputs
    assert D in [verdict(name, case, DOMAINS["modular"], engine) for case in drawn(name, "modular", 6)]


@pytest.mark.parametrize("unit", ELEMENTWISE)
@pytest.mark.parametrize("name", ["delta-recursion/printed", "two-equations/delta", "local-error/corrected"])
def test_a_slope_that_is_twice_too_large_is_found(name: str, unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(network((2, 2, 2), (unit, "identity"), bias=False), loss=square(name).loss)
    assert verdict(name, case, FLOAT64) is A
    right = units._SLOPES[unit]
    monkeypatch.setitem(units._SLOPES, unit, lambda *args: 2 * right(*args))
    assert verdict(name, case, FLOAT64) is D


@pytest.mark.parametrize("file", sorted(set(ROOM.glob("*.py")) - {ROOM / "y_minus_t.py"}), ids=lambda file: file.stem)
def test_a_row_is_made_of_no_engine(file: Path) -> None:
    assert beyond_the_type(file.read_text(encoding="utf-8"), "backprove.formulations") == []


def turned(engine: Engine) -> Engine:
    """Weight gradients laid out the other way round."""

    def engine_turned(case: Case, domain: Domain) -> Gradient:
        found = engine(case, domain)
        return replace(found, weights=[domain.own(W).T for W in found.weights])

    return engine_turned


def not_over_samples(engine: Engine) -> Engine:
    """As printed for one sample, added up over the samples: not divided by N."""
    return lambda case, domain: times(len(case.inputs), engine)(case, domain)


UNCONVERTED = {
    "bias-trick/as-it-is": turned,
    "bias-trick/column-of-ones": turned,
    "neuron-dictionaries/added": lambda engine: times(-1, engine),
    "derivative-notation/printed": turned,
    "matched-pairs/squared-linear": not_over_samples,
    "matched-pairs/binary-sigmoid": not_over_samples,
    "matched-pairs/multi-class-softmax": not_over_samples,
    "local-error/added": lambda engine: times(-1, engine),
    "local-error/sum-of-outputs": lambda engine: times(-1, engine),
    "sensitivity/added": lambda engine: times(-1, engine),
    "linear-regression/two-in-the-rate": lambda engine: times(Fraction(1, 2), engine),
    "two-equations/printed": turned,
    "two-equations/delta": turned,
}


def square(name: str) -> Case:
    """A network of 2-2-2 units at most that a reading is about, numbers all different."""
    posed = READINGS[name].posed
    depth, (hidden, *_, output) = posed.depth or 2, (posed.fixed or ("sigmoid",)) * 2
    case = network((2,) * (depth + 1), (hidden,) * (depth - 1) + (output,), bias=posed.biases is not False)
    loss = replace(case.loss, name=posed.losses[0], scale=posed.scale or case.loss.scale)
    case = replace(case, loss=loss, reduction=posed.reduction or "sum")
    adapted = posed.adapt(case) if posed.adapt else case
    assert adapted is not None
    return adapted


def test_what_needs_no_conversion_names_none() -> None:
    assert [name for name, reading in READINGS.items() if reading.conversion] == list(UNCONVERTED)


@pytest.mark.parametrize("name", UNCONVERTED)
def test_the_conversion_is_needed(name: str) -> None:
    case, engine = square(name), READINGS[name].engine
    assert verdict(name, case, FLOAT64) is A
    assert verdict(name, case, FLOAT64, UNCONVERTED[name](engine)) is D


@pytest.mark.parametrize("row", GALLERY, ids=lambda row: row.id)
def test_a_row_has_printed_readings_and_where_these_are_wrong_a_right_one_and_the_fault(row: Formulation) -> None:
    def verdicts(*kinds: Kind) -> list[Verdict]:
        return [EXPECTED[row.named(reading)] for reading in row.readings if reading.kind in kinds]

    printed = verdicts(Kind.PRINTED)
    assert printed
    assert bool(row.fault) is (D in printed)
    mended = verdicts(Kind.CONVERTED, Kind.CORRECTED)
    assert all(found is A for found in mended)
    assert mended or D not in printed


@pytest.mark.parametrize("row", GALLERY, ids=lambda row: row.id)
def test_texts_are_there_and_fit(row: Formulation) -> None:
    for text in (row.title, row.source, row.form):
        assert text
        assert text == " ".join(text.split())
    assert max(map(len, (row.title, row.id))) <= 40
    assert len({reading.name for reading in row.readings}) == len(row.readings)
    for reading in row.readings:
        assert 0 < len(reading.says) <= 110
        assert reading.says.endswith(".")
        assert reading.formula
        assert max(map(len, reading.formula)) <= 76
        assert len(reading.conversion) <= 110
        assert bool(reading.conversion) or reading.kind is not Kind.CONVERTED


def made_of(number: Any) -> set[int]:
    """The identities of a recorded number and of all that it came from."""
    found: set[int] = set()
    ahead = [number]
    while ahead:
        x = ahead.pop()
        if id(x) not in found:
            found.add(id(x))
            ahead += x.args
    return found


TRACED = [
    "bias-trick/as-it-is",
    "bias-trick/column-of-ones",
    "neuron-dictionaries/printed",
    "neuron-dictionaries/added",
    "delta-recursion/printed",
    "delta-recursion/softmax-jacobian",
    "error-signal/printed",
    "error-signal/squared-error-with-slope",
    "derivative-notation/printed",
    "matched-pairs/squared-tanh-product",
    "local-error/printed",
    "local-error/corrected",
    "delta-for-gradient/corrected",
    "sensitivity/added",
    "two-equations/printed",
    "two-equations/delta",
]


@pytest.mark.parametrize("name", TRACED)
def test_traced_numbers_are_those_that_the_gradient_is_made_of(name: str) -> None:
    case = square(name)
    found = READINGS[name].engine(case, RecordedFloat64(case))
    trace = found.trace
    assert trace is not None
    for l, (n, layer) in enumerate(zip(case.sizes[1:], case.layers, strict=True)):
        parts = [(q, per[l]) for q in ("z", "a", "loss_gradient", "delta") for per in [getattr(trace, q)]]
        assert all(np.shape(x) == (len(case.inputs), n) for q, x in parts if x is not None), name
        delta = trace.delta[l]
        for s, j in np.ndindex(len(case.inputs), n):
            assert isinstance(delta[s][j], Recorded)
            assert all(id(delta[s][j]) in made_of(found.weights[l][j][k]) for k in range(layer.weights.shape[1]))
            assert layer.bias is None or id(delta[s][j]) in made_of(found.biases[l][j])
            if trace.loss_gradient[l] is not None:
                assert id(trace.loss_gradient[l][s][j]) in made_of(delta[s][j])
            assert id(trace.z[l][s][j]) in made_of(trace.a[l][s][j])


@pytest.mark.parametrize("kink", [Fraction(0), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize("unit", ["relu", "leaky_relu"])
@pytest.mark.parametrize("name", ["delta-recursion/printed", "two-equations/printed", "local-error/corrected"])
def test_slopes_at_a_kink_are_those_of_the_case(name: str, unit: str, kink: Fraction) -> None:
    case = kinked(unit, kink)
    if name == "local-error/corrected":  # which is about squared error
        case = replace(case, loss=square(name).loss, targets=[[1.0]])
    assert against(READINGS[name].engine, case, RATIONAL).verdict is A


@pytest.mark.parametrize("name", [n for n in RIGHT if READINGS[n].posed.fixed == ("sigmoid",)])
def test_saturated_sigmoids_neither_raise_nor_disagree(name: str) -> None:
    verdicts = [verdict(name, scaled(case, 200.0), FLOAT64) for case in drawn(name, "float64", 6)]
    assert D not in verdicts


def test_networks_are_cut_and_not_refused() -> None:
    case = network((3, 4, 2, 3), ("sigmoid",) * 3)
    assert one_output(case).sizes == (3, 4, 2, 1)
    assert of_one_width(case).sizes == (3, 2, 2, 2)
    assert of_one_width(case).layers[1].weights.tolist() == case.layers[1].weights[:, :2].tolist()
    assert (no_classes(case).targets.sum(axis=1) == 2).all()
    assert classes(case) == case
    for field in drawn("logistic-regression/multi-class", "modular", 4):
        assert all(sum(map(int, row)) % field.modulus == 1 for row in field.targets)


def test_only_two_layers_are_expanded_in_five_factors() -> None:
    name = "written-out/five-factors"
    case = one_output(network((2, 3, 2, 1), ("sigmoid",) * 3, bias=False))
    covered = run(READINGS[name].engine, case, FLOAT64).covered
    assert covered is not None
    assert covered.tolist() == [False] * 6 + [True] * 8


def test_a_linear_layer_is_differenced_exactly_only_without_rounding() -> None:
    name = "finite-differences/central-on-a-quadratic"
    case = square(name)
    assert verdict(name, case, RATIONAL) is A
    third = replace(case, inputs=case.inputs / 3)
    assert verdict(name, third, FLOAT64) is D


def test_online_differs_with_the_second_sample_alone() -> None:
    name = "sum-over-samples/online"
    case = square(name)
    assert len(case.inputs) == 2
    assert verdict(name, case, FLOAT64) is D
    assert verdict(name, replace(case, inputs=case.inputs[:1], targets=case.targets[:1]), FLOAT64) is A


@pytest.mark.parametrize("row", GALLERY, ids=lambda row: row.id)
def test_beside_the_engines_a_reading_refuses_networks_that_it_is_not_about(row: Formulation) -> None:
    """And takes all that it is about."""
    for reading in row.readings:
        engine = FORMULATIONS[row.named(reading)]
        allowed = reading.posed.domains or ("float64",)
        name = next(d for d in ("float64", "ball", "modular") if d in allowed)
        if DOMAINS[name].missing():
            continue
        taken: list[Case] = []
        explore(strategy(reading.posed, name), 0, 8, taken.append, shrink=False)
        for case in taken:
            assert run(engine, case, DOMAINS[name].anew()).values is not None
    other = network((2, 2, 2), ("softmax", "gelu"), loss=Loss("categorical_cross_entropy"), reduction="mean_all")
    refusals = {run(FORMULATIONS[row.named(r)], other, DOMAINS["float64"]).refused for r in row.readings}
    assert refusals == {"networks that its source is not about"}


def test_only_the_largest_derivative_is_left_of_all() -> None:
    case = network((2, 3, 1), ("sigmoid", "sigmoid"), bias=False, loss=Loss("squared_error", Fraction(1, 2)))
    for one in (case, replace(case, targets=1 - case.targets), scaled(case, 3.0)):
        whole, alone = (
            np.concatenate([np.ravel(W) for W in engine(one, FLOAT64).weights])
            for engine in (ENGINES["matrix"], READINGS["simultaneous/largest-delta"].engine)
        )
        (at,) = np.flatnonzero(alone)
        assert at == np.abs(whole).argmax()
