"""Certificates: every pattern of gates, preconditions, the probability, refutations with a witness; and the faults
that only some of these find.
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import FLOAT64, changed, on_other_case
from hypothesis import given
from quality.faults import NAMED, with_fault

from backprove import NotInDomain
from backprove.campaign.replay import Recorded, replay
from backprove.case import ACTIVATIONS, LOSSES, MODULUS, REDUCTIONS, Case, Expanded, Gradient, case_from
from backprove.certificate import Architecture, Statement, certify, conclude, statements
from backprove.certificate.certify import ALL_UP, _patterns, _test
from backprove.certificate.points import CONDITIONS, TARGETS_SUM_TO_1, point, uniform
from backprove.compare import NO_VALUE, compare
from backprove.domains import Domain, Modular
from backprove.engines import ENGINES, Engine, matrix
from backprove.findings import Certificate
from backprove.verdict import Verdict

TWO = {name: ENGINES[name] for name in ("neuron", "matrix")}


def statement(sizes: tuple[int, ...], name: str, loss: str = "squared_error") -> Statement:
    return Statement(Architecture(sizes, (name,) * (len(sizes) - 1)), loss)


def against(mine: Engine, sizes: tuple[int, ...], name: str, loss: str = "squared_error", **rest: Any) -> Certificate:
    return certify(statement(sizes, name, loss), {"matrix": matrix.engine, "mine": mine}, **rest)


@pytest.fixture(scope="module")
def wide() -> Certificate:
    return certify(statement((12, 12, 12, 12), "identity"), ENGINES, points=1)


# --- patterns of gates ---

Tree = tuple["Tree", "Tree"] | None  # a gate with what is asked after either answer; None: nothing more is asked
trees: st.SearchStrategy[Tree] = st.recursive(st.none(), lambda t: st.tuples(t, t), max_leaves=40)


def _leaves(tree: Tree) -> list[tuple[bool, ...]]:
    if tree is None:
        return [()]
    return [(bit, *rest) for bit, branch in zip((False, True), tree, strict=True) for rest in _leaves(branch)]


def _walk(tree: Tree) -> tuple[Callable[[tuple[bool, ...]], tuple[bool, ...]], list[tuple[bool, ...]]]:
    """A network whose later gates depend on the earlier ones' answers, and the patterns at which it was run."""
    runs: list[tuple[bool, ...]] = []
    bits = np.random.default_rng(0)

    def run(script: tuple[bool, ...]) -> tuple[bool, ...]:
        at, seen = tree, []
        while at is not None:
            seen.append(script[len(seen)] if len(seen) < len(script) else bool(bits.integers(2)))
            at = at[seen[-1]]
        runs.append(tuple(seen))
        return runs[-1]

    return run, runs


@given(trees)
def test_every_pattern_is_visited_exactly_once(tree: Tree) -> None:
    run, runs = _walk(tree)
    patterns, complete = _patterns(2**40, run, np.random.default_rng(0))
    assert complete
    assert patterns == runs
    assert sorted(runs) == sorted(_leaves(tree))


@given(trees, st.integers(1, 30))
def test_no_more_than_the_most_are_visited(tree: Tree, most: int) -> None:
    run, runs = _walk(tree)
    patterns, complete = _patterns(most, run, np.random.default_rng(0))
    assert patterns == runs
    assert len(runs) <= most
    assert complete == (sorted(runs) == sorted(_leaves(tree)))


@given(st.integers(1, 12), st.integers(1, 200))
def test_above_the_most_exactly_so_many_different_ones(gates: int, most: int) -> None:
    tree: Tree = None
    for _ in range(gates):
        tree = (tree, tree)
    run, runs = _walk(tree)
    patterns, complete = _patterns(most, run, np.random.default_rng(0))
    assert len(set(runs)) == len(runs) == len(patterns) == min(most, 2**gates)
    assert complete == (most >= 2**gates)


def _watched(engine: Engine, seen: list[tuple[bool, ...]]) -> Engine:
    """The engine; notes the gates' answers of every one-sample case that it is given."""

    def watching(case: Case, domain: Domain) -> Gradient:
        assert isinstance(domain, Modular)
        found = engine(case, domain)
        if len(case.inputs) == 1:
            seen.append(tuple(domain.answers))
        return found

    return watching


@pytest.mark.parametrize("name", ["relu", "sigmoid", "elu", "leaky_relu"])
def test_a_network_is_run_at_every_pattern_as_often_as_there_are_points(name: str) -> None:
    seen: list[tuple[bool, ...]] = []
    found = certify(statement((2, 2, 2), name), {**TWO, "mine": _watched(matrix.engine, seen)}, points=3)
    assert found.verdict == "AGREE"
    assert (found.gate_patterns.tested, found.gate_patterns.of) == (16, 16)
    assert sorted(seen) == sorted(3 * list(itertools.product((False, True), repeat=4)))


def test_a_sample_of_patterns_is_the_same_at_every_point() -> None:
    seen: list[tuple[bool, ...]] = []
    engines = {**TWO, "mine": _watched(matrix.engine, seen)}
    found = certify(statement((1, 5, 5), "relu"), engines, points=3, patterns=20)
    assert (found.gate_patterns.tested, found.gate_patterns.of) == (20, 1024)
    assert len(seen) == 60
    assert len(set(seen)) == 20
    assert seen[:20] == seen[20:40] == seen[40:]


def test_gates_that_only_a_stranger_asks_are_gone_through_too() -> None:
    def asks_more(case: Case, domain: Domain) -> Gradient:
        found = matrix.engine(case, domain)
        z = domain.array(case.inputs)[0, 0]
        if domain.positive(z) and domain.positive(z * z + 1) and domain.positive(z * z + 2):
            found.weights[0][0, 0] += 1
        return found

    found = against(asks_more, (1, 1), "identity")
    assert found.verdict == "DISAGREE"
    harmless = against(lambda c, D: (asks_more(c, D), matrix.engine(c, D))[1], (1, 1), "identity")
    assert harmless.verdict == "AGREE"
    assert (harmless.gate_patterns.tested, harmless.gate_patterns.of) == (4, 4)  # of three gates that depend


@pytest.mark.parametrize("size", [(2, 2, 1), (1, 3, 1)])
def test_a_network_without_gates_has_one_pattern(size: tuple[int, ...]) -> None:
    found = certify(statement(size, "softmax"), ENGINES)
    assert (found.gate_patterns.tested, found.gate_patterns.of) == (1, 1)


# --- what is certified ---


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_engines_agree(name: str) -> None:
    found = certify(statement((2, 2, 1), name), ENGINES)
    assert found.verdict == "AGREE"
    assert found.preconditions == []
    assert found.witness is None
    assert found.not_covered == []
    assert found.formulations == ["neuron", "matrix", "paths"]
    assert found.degree > 0
    assert found.false_agreement_probability == (found.degree / MODULUS) ** 2


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["relu", "softmax", "tanh", "square"])
def test_every_loss_behind_every_sort_of_output(name: str, loss: str) -> None:
    found = certify(statement((1, 2), name, loss), TWO, points=1)
    assert found.verdict == "AGREE"
    # log of 0 behind a relu that is down
    assert ("the loss has a value" in found.preconditions) == (name == "relu" and loss.endswith("cross_entropy"))


def test_degrees_by_hand() -> None:
    """1-1, identity: z = wx + b has degree 2; dC/dw = 2 (z - t) x has 3, the same in each engine; in a batch no more,
    but the loss `output` has dC/dw = x.
    """
    assert certify(statement((1, 1), "identity"), TWO).degree == 3
    assert certify(statement((1, 1), "square"), TWO).degree == 2 * 2 + 2 + 1
    assert certify(statement((1, 1), "identity", "output"), TWO).degree == 1
    # and with a gate that is asked about z: z = 0 and, once more, what exp can not be
    assert certify(statement((1, 1), "relu"), TWO).degree >= 3 + 2 * 2


def test_points_and_seeds() -> None:
    drawn: list[tuple[int, ...]] = []

    def noting(case: Case, domain: Domain) -> Gradient:
        drawn.append(tuple(map(int, case.inputs.ravel())))
        return matrix.engine(case, domain)

    def points_of(seed: int, points: int) -> list[tuple[int, ...]]:
        drawn.clear()
        found = against(noting, (1, 1), "identity", seed=seed, points=points)
        assert found.points == points
        assert found.false_agreement_probability == (3 / MODULUS) ** points
        return list(drawn)

    assert points_of(0, 2) == points_of(0, 2)
    assert not set(points_of(0, 2)) & set(points_of(1, 2))
    for points in (1, 5):
        assert len(set(points_of(0, points))) == 4 * points  # three reductions and the one pattern, all afresh


def test_points_are_uniform_in_the_field() -> None:
    case = point(Architecture((40, 40), ("identity",)), "squared_error", uniform(np.random.default_rng(0)))
    numbers = case.layers[0].weights.ravel()
    assert len(set(numbers.tolist())) == 1600
    assert numbers.min() >= 0
    assert numbers.max() < MODULUS
    counts = np.histogram(numbers, bins=4, range=(0, MODULUS))[0]
    assert counts.min() > 320


# --- preconditions ---


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (2, 2, 2)])
def test_y_minus_t_behind_softmax_needs_targets_that_sum_to_1(sizes: tuple[int, ...]) -> None:
    wanted = statement(sizes, "softmax", "categorical_cross_entropy")
    found = certify(wanted, ENGINES)
    assert found.verdict == "AGREE"
    assert found.formulations == ["neuron", "matrix", "paths", "y - t"]
    assert found.preconditions == [TARGETS_SUM_TO_1]
    assert found.witness is not None
    assert found.witness.groups == [["neuron", "matrix", "paths"], ["y - t"]]
    assert {part.layer for part in found.witness.layers if part.weights == "DISAGREE"} == {len(sizes) - 1}
    assert all(sum(t) != 1 for t in found.witness.case["targets"])
    free = certify(wanted, ENGINES, free=True)
    assert free.verdict == "DISAGREE"
    assert free.preconditions == []
    assert free.holds_if == [TARGETS_SUM_TO_1]
    assert free.false_agreement_probability is None
    assert free.witness is not None
    assert free.witness.groups == found.witness.groups


def test_y_minus_t_behind_sigmoid_needs_nothing() -> None:
    found = certify(statement((2, 2), "sigmoid", "binary_cross_entropy"), ENGINES, free=True)
    assert (found.verdict, found.preconditions) == ("AGREE", [])
    assert "y - t" in found.formulations


@pytest.mark.parametrize(
    ("condition", "mine"),
    [
        ("there is one sample", on_other_case(matrix.engine, CONDITIONS["there is one sample"])),
        ("the reduction is sum", on_other_case(matrix.engine, CONDITIONS["the reduction is sum"])),
    ],
)
def test_what_it_would_take_is_found(condition: str, mine: Engine) -> None:
    found = against(mine, (2, 2), "tanh")
    assert (found.verdict, found.holds_if) == ("DISAGREE", [condition])


def test_a_wrong_engine_is_shown_and_not_the_precondition_which_it_has_in_common() -> None:
    mine = changed(matrix.engine, lambda W, b: W[0].__setitem__((0, 0), W[0][0, 0] * 2))
    found = against(mine, (1, 2, 2), "softmax", "categorical_cross_entropy")
    assert found.verdict == "DISAGREE"
    assert found.preconditions == [TARGETS_SUM_TO_1]
    assert found.witness is not None
    assert found.witness.groups == [["matrix", "y - t"], ["mine"]]
    assert found.witness.address == "W1[1,1]"


# --- refutations that take some finding; each is seen again where the witness is replayed ---


def _spoiled(by: Callable[[Case, Domain, Any], Any]) -> Engine:
    """Engine `matrix` with a term added to the first weight's gradient: made of the case, the domain, and all z."""

    def engine(case: Case, domain: Domain) -> Gradient:
        found = matrix.engine(case, domain)
        assert found.trace is not None
        found.weights[0][0, 0] += by(case, domain, found.trace.z)
        return found

    return engine


def _vanishing(case: Case, domain: Domain, z: Any) -> Any:
    term = domain.number(1)
    for k in range(-3, 4):
        term = term * (z[0][0, 0] - k)
    return term


def _where(up: bool) -> Callable[[Case, Domain, Any], Any]:
    def term(case: Case, domain: Domain, z: Any) -> Any:
        return domain.number(int(all(bool(domain.positive(x)) is up for Z in z for x in Z.flat)))

    return term


SELDOM_WRONG: dict[str, tuple[Engine, tuple[int, ...], str]] = {
    "not at small whole numbers": (_spoiled(_vanishing), (1, 1), "square"),
    "only where all units are up": (_spoiled(_where(True)), (2, 3, 2), "relu"),
    "only where all units are down": (_spoiled(_where(False)), (2, 3, 2), "relu"),
    "only where all of nine units are up": (_spoiled(_where(True)), (1, 4, 4, 1), "sigmoid"),
    "only in one branch of sigmoid": (_spoiled(lambda c, D, z: D.number(int(D.positive(z[0][0, 0])))), (2, 1), "silu"),
    "only in batches": (_spoiled(lambda c, D, z: D.number(len(c.inputs) - 1)), (2, 2), "tanh"),
    "only under mean_all": (_spoiled(lambda c, D, z: D.number(int(c.reduction == "mean_all"))), (2, 2), "identity"),
    "only where a target is not 0 or 1": (
        _spoiled(lambda c, D, z: D.array(c.targets)[0, 0] * (1 - D.array(c.targets)[0, 0])), (1, 1), "gelu",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SELDOM_WRONG)
def test_what_is_seldom_wrong_is_refuted_and_its_witness_shows_it(name: str) -> None:
    mine, sizes, activation = SELDOM_WRONG[name]
    found = against(mine, sizes, activation, patterns=512)
    assert found.verdict == "DISAGREE"
    assert found.false_agreement_probability is None
    assert found.witness is not None
    assert found.witness.groups == [["matrix"], ["mine"]]
    assert found.witness.address == "W1[1,1]"
    again = replay(
        [Recorded(case_from(found.witness.case), found.witness.domain, ())], {"matrix": matrix.engine, "mine": mine}
    )
    assert again.verdict == "DISAGREE"
    assert [d.address for d in again.disagreements] == ["W1[1,1]"]


def test_a_term_that_is_zero_is_none() -> None:
    """The twin: what the engines above add is all that is wrong with them."""
    found = against(_spoiled(lambda c, D, z: D.number(0) * z[0][0, 0]), (2, 2), "relu")
    assert found.verdict == "AGREE"


def test_fewer_patterns_may_miss_what_all_find() -> None:
    """The twin of going through all patterns: with one random pattern a fault behind one of many is not seen."""
    mine, sizes, activation = SELDOM_WRONG["only where all of nine units are up"]
    assert against(mine, sizes, activation, patterns=1).verdict == "AGREE"


@pytest.mark.parametrize(
    ("name", "activation"),
    [("single-path", "softplus"), ("mean-all-by-samples-only", "elu"), ("softmax-sign", "softmax")],
)
def test_planted_faults(name: str, activation: str) -> None:
    found = certify(statement((2, 2, 2), activation), with_fault(NAMED[name]))
    assert found.verdict == "DISAGREE"
    assert found.witness is not None
    assert [NAMED[name].engine] in found.witness.groups


# --- what must not pass for agreement ---


def _refuses(case: Case, domain: Domain) -> Gradient:
    raise NotInDomain(domain.name, "patience")


def _refuses_batches(case: Case, domain: Domain) -> Gradient:
    return matrix.engine(case, domain) if len(case.inputs) == 1 else _refuses(case, domain)


def _expands_nothing(case: Case, domain: Domain) -> Gradient:
    W = [np.zeros(layer.weights.shape, dtype=bool) for layer in case.layers]
    b = [None if layer.bias is None else np.zeros(layer.bias.shape, dtype=bool) for layer in case.layers]
    return dataclasses.replace(matrix.engine(case, domain), expanded=Expanded(W, b, "nothing"))


@pytest.mark.parametrize("mine", [_refuses, _refuses_batches, _expands_nothing])
def test_an_engine_that_does_not_answer_has_proved_nothing(mine: Engine) -> None:
    found = certify(statement((1, 2), "relu"), {**ENGINES, "mine": mine})
    assert found.verdict == "UNDECIDED"
    assert found.undecided.startswith("mine")
    assert found.false_agreement_probability is None


def test_engines_that_divide_by_zero_everywhere_have_proved_nothing() -> None:
    def divides(case: Case, domain: Domain) -> Gradient:
        raise ZeroDivisionError

    found = certify(statement((1, 2), "relu"), {"mine": divides, "yours": divides})
    assert (found.verdict, found.undecided) == ("UNDECIDED", NO_VALUE)
    assert against(divides, (1, 2), "relu").verdict == "DISAGREE"


@pytest.mark.parametrize(
    "answer",
    [
        lambda case, domain: None,
        lambda case, domain: ([layer.weights for layer in case.layers], [layer.bias for layer in case.layers]),
        lambda case, domain: domain.array(case.inputs) < 0,
        lambda case, domain: (_ for _ in ()).throw(SystemExit(0)),
    ],
    ids=["None", "floats", "order", "exit"],
)
def test_an_engine_that_misbehaves_has_disagreed(answer: Engine) -> None:
    found = against(answer, (1, 2), "relu")
    assert found.verdict == "DISAGREE"
    assert found.witness is not None
    assert list(found.witness.failures) == ["mine"]


def test_what_paths_did_not_expand_is_said(wide: Certificate) -> None:
    assert wide.verdict == "AGREE"
    assert any(line.startswith("paths: expanded ") for line in wide.not_covered)
    assert certify(statement((3, 3, 3), "identity"), ENGINES, points=1).not_covered == []


def test_gates_of_a_batch_are_repeated_at_every_point() -> None:
    """So that the chance of a false agreement is that of all points together."""
    seen: dict[str, list[tuple[bool, ...]]] = {}

    def noting(case: Case, domain: Domain) -> Gradient:
        assert isinstance(domain, Modular)
        found = matrix.engine(case, domain)
        if len(case.inputs) > 1:
            seen.setdefault(case.reduction, []).append(tuple(domain.answers))
        return found

    assert against(noting, (1, 2), "relu", points=3).verdict == "AGREE"
    assert list(seen) == list(REDUCTIONS)
    assert all(len(answers) == 3 and len(set(answers)) == 1 for answers in seen.values())
    # behind a relu that is down the logarithm has no value: all are up then, at every point
    seen.clear()
    assert against(noting, (1, 4), "relu", "binary_cross_entropy", points=2).verdict == "AGREE"
    assert all(answers[-1] == (True,) * 12 for answers in seen.values())
    assert len(ALL_UP) >= 1000 * 3


def test_being_asked_on_the_way_can_end_it() -> None:
    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        certify(statement((1, 1), "relu"), TWO, tick=tick)


# --- statements and what they come to together ---


def test_statements() -> None:
    both = [("relu", "relu"), ("tanh", "softmax")]
    usual = statements([(3, 2), (3, 2, 1), (3, 2)], both, None)
    assert [(str(s.architecture), s.architecture.activations, s.loss) for s in usual] == [
        ("3-2", ("relu",), "squared_error"),
        ("3-2", ("softmax",), "squared_error"),
        ("3-2", ("softmax",), "categorical_cross_entropy"),
        ("3-2-1", ("relu", "relu"), "squared_error"),
        ("3-2-1", ("tanh", "softmax"), "squared_error"),
        ("3-2-1", ("tanh", "softmax"), "categorical_cross_entropy"),
    ]
    # a single softmax unit is 1, where 1 - a has no logarithm
    assert len(statements([(1, 1)], [(a, a) for a in ACTIVATIONS], LOSSES)) == 11 * 4 - 1
    assert len(statements([(1, 2)], [(a, a) for a in ACTIVATIONS], LOSSES)) == 11 * 4


def _concluded(*found: Certificate, engines: tuple[str, ...] = ("neuron", "matrix")) -> Any:
    return conclude(found, seed=0, settings={"engines": list(engines)}, interrupted=False, seconds=0.0)


def test_the_worst_verdict_is_the_verdict() -> None:
    yes = certify(statement((1, 1), "relu"), TWO)
    no = against(_spoiled(lambda c, D, z: D.number(1)), (1, 1), "relu")
    open_ = against(_refuses, (1, 1), "relu")
    assert _concluded(yes).verdict == "AGREE"
    assert _concluded(yes, open_).verdict == "UNDECIDED"
    assert _concluded(yes, open_, no).verdict == "DISAGREE"
    assert _concluded().verdict == "UNDECIDED"


def test_what_is_not_covered_is_said_once(wide: Certificate) -> None:
    deep = [wide, certify(statement((12, 12, 12, 12), "relu"), ENGINES, points=1, patterns=1)]
    lines = _concluded(*deep).not_covered
    assert len(lines) == len(set(lines))
    assert sum("paths: expanded" in line and "and in 1 statement more" in line for line in lines) >= 1
    assert any("of 1 statement only a random sample" in line for line in lines)
    assert any("exactly 0" in line for line in lines)
    assert any("2^61" in line for line in lines)
    assert not any("branches on values" in line for line in lines)
    assert any("branches on values" in line for line in _concluded(*deep, engines=("neuron", "a.py:f")).not_covered)


def test_constants_that_are_the_same_in_the_field_are_the_same() -> None:
    """What `not covered` says of them is so."""
    mine = changed(matrix.engine, lambda W, b: W[0].__imul__(2**61))
    assert against(mine, (1, 1), "relu").verdict == "AGREE"


def test_what_is_right_by_other_identities_is_refuted_and_that_is_said() -> None:
    """softmax shifted by its first z: right by exp(x + y) = exp(x) exp(y), which does not hold in the field."""

    def shifted(case: Case, domain: Domain) -> Gradient:
        layer = case.layers[0]
        Z = domain.array(case.inputs) @ domain.array(layer.weights).T + domain.array(layer.bias)
        E = domain.exp(Z - Z[:, :1])
        A = E / E.sum(axis=-1, keepdims=True)
        Delta = domain.number(case.loss.scale / case.divisor) * (A - domain.array(case.targets))
        return Gradient([Delta.T @ domain.array(case.inputs)], [Delta.sum(axis=0)])

    wanted = point(Architecture((2, 3), ("softmax",)), "categorical_cross_entropy", np.ones)
    real = dataclasses.replace(wanted, modulus=None, targets=np.array([[0.25, 0.5, 0.25]]))
    assert compare(real, FLOAT64, {"matrix": matrix.engine, "mine": shifted}).verdict is Verdict.AGREE
    found = against(shifted, (2, 3), "softmax", "categorical_cross_entropy")
    assert found.verdict == "DISAGREE"
    assert any("knows better" in line for line in _concluded(found, engines=("matrix", "a.py:f")).not_covered)
    assert not any("knows better" in line for line in _concluded(found).not_covered)


def test_a_test_of_nothing_but_the_patterns() -> None:
    """_test goes through batches and patterns for any formulations; a refutation ends it at once."""
    calls: list[int] = []

    def counting(case: Case, domain: Domain) -> Gradient:
        calls.append(len(case.inputs))
        return matrix.engine(case, domain)

    found = _test(statement((1, 1), "relu"), {**TWO, "mine": counting}, 2, 256, 0, lambda: None)
    assert calls == [3] * 6 + [1] * 4
    assert (found.valued, found.valueless, found.patterns, found.all_patterns) == (10, 0, 2, True)
    calls.clear()
    wrong = _spoiled(lambda c, D, z: D.number(1))
    found = _test(statement((1, 1), "relu"), {"wrong": wrong, "mine": counting}, 2, 256, 0, lambda: None)
    assert len(calls) == 1
    assert found.against is not None
