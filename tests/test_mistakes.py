"""The catalogue of known mistakes, and the search for the cause of wrong numbers."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import agree, covering, values
from quality.hunt import draw
from quality.mutation import networks
from quality.networks import network

from backprove.case import ACTIVATIONS, LOSSES, Case, Layer, Loss, Training, read_case
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.generate import cases
from backprove.mistakes import CATALOGUE, Causes, Mistake, Planted, causes, gradient
from backprove.mistakes.backward import Pass, Problem
from backprove.mistakes.gradients import Factor
from backprove.mistakes.network import Network
from backprove.mistakes.published import of_published
from backprove.rounding import analyse

FLOAT64, FLOAT32 = DOMAINS["float64"], DOMAINS["float32"]

# Rows 1 to 23 of the observed mistakes; 24 to 26 are hygiene, code that does not run, and no gradient at all.
OBSERVED = [
    "bias-summed-over-units", "bias-mean-weights-sum", "bias-missing", "bias-from-other-layer", "bias-not-in-forward",
    "bias-wrong-column", "updated-weights", "output-slope-missing", "output-slope-missing-in-propagation",
    "output-slope-missing-in-output-weights", "hidden-slope-missing", "slope-of-activation",
    "slope-of-other-activation", "slope-of-other-layer", "next-weights-missing", "wrong-layer-weights",
    "weights-not-transposed", "raw-error-at-hidden", "output-delta-reused", "hidden-compared-with-target",
    "weight-for-activation", "wrong-incoming-activation", "net-input-for-activation", "delta-for-gradient",
    "single-path", "softmax-diagonal", "softmax-row-sums", "unmatched-fused-delta", "sign", "factor", "zero-gradient",
    "only-last-layer", "forward-mismatch", "softmax-over-batch", "only-largest-delta", "only-some-samples",
]  # fmt: skip

MIXED = [posed.case for posed in networks("ordinary")]
EVERY = pytest.mark.parametrize("mistake", CATALOGUE.values(), ids=lambda m: m.id)


def sigmoid_nets(count: int = 12, *, seed: int = 0, **rest: Any) -> list[Case]:
    """Sigmoid networks with half squared error, of different depths, widths and batches."""
    random = np.random.default_rng(seed)
    nets = []
    for i in range(count):
        L = 2 + i % 2
        sizes = [3] * (L + 1) if i % 3 == 0 else random.integers(1, 5, size=L + 1).tolist()
        case = network(random, sizes, ["sigmoid"] * L, batch=1 + i % 4, **rest)
        nets.append(Case(case.layers, case.inputs, case.targets, Loss("squared_error", Fraction(1, 2)), case.reduction))
    return nets


def search(nets: Sequence[Case], mistakes: Sequence[Mistake | Planted], **rest: Any) -> Causes:
    return causes([(case, gradient(case, mistakes)) for case in nets], **rest)


def ids(found: Causes) -> list[tuple[str, ...]]:
    return [cause.ids for cause in found.found]


def test_the_catalogue_has_every_observed_mistake() -> None:
    assert sorted(CATALOGUE) == sorted(OBSERVED)
    assert all(key == mistake.id for key, mistake in CATALOGUE.items())


@EVERY
def test_words(mistake: Mistake) -> None:
    assert mistake.explanation.endswith(".")
    assert mistake.hides
    assert mistake.seen
    for planted in mistake.variants():
        assert planted.wrong
        assert "⟨" not in planted.wrong
        assert planted.wrong != mistake.right


# the right pass


@cache
def drawn() -> list[Case]:
    return [*covering(), *draw(cases(), 150, 3)]


def test_drawn_networks_have_every_activation_and_loss() -> None:
    assert {layer.activation for case in drawn() for layer in case.layers} == set(ACTIVATIONS)
    assert {case.loss.name for case in drawn()} == set(LOSSES)


def test_without_a_mistake_it_is_the_gradient() -> None:
    """And its own radii are those that rounding derives, give or take: they cover the engines, and are not loose."""
    ratios = []
    for case in drawn():
        analysis = analyse(case, FLOAT64)
        if analysis.undefined():
            continue
        found, radii = Pass(Problem(case)).flat()
        for engine in ENGINES.values():
            assert agree(FLOAT64, found, values(engine, case, FLOAT64), analysis.radii())
        own = radii[analysis.radii() > 1e-290] / analysis.radii()[analysis.radii() > 1e-290]
        ratios.append(np.median(own) if len(own) else 1)
    assert 0.8 < np.median(ratios) < 1.25
    assert np.percentile(ratios, 95) < 4


@EVERY
def test_every_mistake_makes_a_difference_and_says_so(mistake: Mistake) -> None:
    told = [case for case in MIXED if Network(case, gradient(case, [mistake]), FLOAT64).wrong]
    assert told
    assert all(mistake.applies(case) for case in told)


@EVERY
def test_where_a_mistake_does_not_apply_the_gradient_is_right(mistake: Mistake) -> None:
    for case in [*covering(), *MIXED]:
        if not mistake.applies(case):
            assert np.array_equal(gradient(case, [mistake]), gradient(case), equal_nan=True)


@pytest.mark.parametrize(
    ("id_", "case"),
    [
        ("weights-not-transposed", network(np.random.default_rng(0), (2, 3, 1), ("tanh", "tanh"))),
        ("softmax-diagonal", network(np.random.default_rng(0), (2, 3, 1), ("tanh", "tanh"))),
        ("softmax-over-batch", network(np.random.default_rng(0), (2, 3), ("sigmoid",))),
        ("bias-missing", Case((Layer([[1.0]], None, "tanh"),), [[1.0]], [[1.0]])),
        ("updated-weights", Case((Layer([[1.0]], None, "tanh"),), [[1.0]], [[1.0]])),
        ("only-some-samples", Case((Layer([[1.0]], None, "tanh"),), [[1.0]], [[1.0]])),
        ("output-slope-missing", Case((Layer([[1.0]]),), [[1.0]], [[1.0]])),
    ],
)
def test_some_mistakes_need_certain_networks(id_: str, case: Case) -> None:
    assert not CATALOGUE[id_].applies(case)
    assert CATALOGUE[id_].needs


def test_no_two_mistakes_are_always_the_same() -> None:
    """`same_as` lists those that are: their numbers on all networks, to nine digits."""
    seen: dict[bytes, set[str]] = {}
    for mistake in CATALOGUE.values():
        for planted in mistake.variants():
            flat = np.concatenate([posed.network.passed((planted,)).flat()[0] for posed in networks("ordinary")])
            key = np.array([float(f"{x:.8e}") for x in flat]) + 0.0
            seen.setdefault(key.tobytes(), set()).add(mistake.id)
    same = {frozenset(pair) for found in seen.values() for pair in combinations(found, 2)}
    assert same == {frozenset((m.id, other)) for m in CATALOGUE.values() for other in m.same_as}


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="sign has no parameter rate"):
        CATALOGUE["sign"].planted(rate=1)
    with pytest.raises(ValueError, match="'second' is not one of"):
        CATALOGUE["single-path"].planted(path="second")
    with pytest.raises(ValueError, match="none of these mistakes has a parameter rate"):
        gradient(MIXED[0], [CATALOGUE["sign"]], rate=1)
    plain = gradient(MIXED[0], [CATALOGUE["updated-weights"]], rate=0.0)
    assert np.array_equal(plain, gradient(MIXED[0]))


# the search


@EVERY
def test_a_planted_mistake_is_found_and_no_other(mistake: Mistake) -> None:
    found = search(MIXED, [mistake], pairs=False)
    assert ids(found) == [(mistake.id,)]
    (cause,) = found.found
    usual = mistake.planted()
    explanations = [cause.planted, *cause.alike]
    assert any(
        {k: str(v) for k, v in p.chosen.items()} == {k: str(v) for k, v in usual.chosen.items()}
        for (p,) in explanations
    )
    assert cause.networks == len(MIXED)
    assert found.unproven == ()


def test_every_mistake_that_fits_is_named() -> None:
    """With squared error behind a sigmoid three of them are one and the same: the gradient of cross-entropy."""
    expected = {("output-slope-missing",), ("unmatched-fused-delta",), ("forward-mismatch",)}
    assert set(ids(search(sigmoid_nets(), [CATALOGUE["output-slope-missing"]]))) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_right_gradients_have_no_cause(engine: str) -> None:
    found = causes([(case, values(ENGINES[engine], case, FLOAT64)) for case in MIXED])
    assert (found.found, found.unproven, found.wrong) == ((), (), 0)
    assert sum(block.wrong for block in found.blocks) == 0


def test_one_entry_off_by_1e_9_has_no_cause_but_a_place() -> None:
    nets = sigmoid_nets(8)
    observed = []
    for case in nets:
        flat = gradient(case)
        flat[0] *= 1 + 1e-9
        observed.append((case, flat))
    found = causes(observed)
    assert (found.found, found.unproven, found.wrong) == ((), (), 8)
    assert {(b.below_output, b.kind) for b in found.blocks if b.wrong} == {(1, "W"), (2, "W")}
    assert found.tried > 3000


def test_numbers_that_are_only_near_those_of_a_mistake_have_no_cause() -> None:
    """The twin of finding one: the same numbers, 1e-12 off, on one network of all."""
    nets = sigmoid_nets()
    observed = [(case, gradient(case, [CATALOGUE["hidden-slope-missing"]])) for case in nets]
    assert ids(causes(observed, pairs=False)) == [("hidden-slope-missing",)]
    observed[5] = (nets[5], observed[5][1] * (1 + 1e-12))
    found = causes(observed, pairs=False)
    assert (found.found, found.unproven) == ((), ())


def test_a_network_that_is_wrong_where_the_mistake_makes_no_difference_speaks_against_it() -> None:
    nets = sigmoid_nets()
    mistake = CATALOGUE["weights-not-transposed"]
    observed = [(case, gradient(case, [mistake])) for case in nets]
    spoiled = next(i for i, case in enumerate(nets) if not mistake.applies(case))
    assert ids(causes(observed, pairs=False)) == [(mistake.id,)]
    observed[spoiled] = (nets[spoiled], observed[spoiled][1] * 2)
    assert ids(causes(observed, pairs=False)) == []


def test_too_few_telling_networks_prove_nothing() -> None:
    mistake = CATALOGUE["bias-summed-over-units"]
    nets = sigmoid_nets()
    telling = [case for case in nets if Network(case, gradient(case, [mistake]), FLOAT64).wrong]
    silent = [case for case in nets if not Network(case, gradient(case, [mistake]), FLOAT64).wrong]
    found = search([*telling[:2], *silent], [mistake])
    assert found.found == ()
    assert [cause.ids for cause in found.unproven] == [(mistake.id,)]
    assert found.unproven[0].telling == 2
    assert ids(search([*telling[:3], *silent], [mistake])) == [(mistake.id,)]


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.003, 1e-4, 2.0, 0.123456789012])
def test_the_learning_rate_is_inferred(rate: float) -> None:
    planted = CATALOGUE["updated-weights"].planted(rate=rate)
    found = search(sigmoid_nets(), [planted], pairs=False)
    assert ids(found) == [("updated-weights",)]
    assert found.found[0].planted[0].chosen["rate"].value == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (Factor(2), "2"), (Factor(0.5), "1/2"), (Factor(1, 1), "N"), (Factor(1, -1), "1/N"), (Factor(1, 0, 1), "K"),
        (Factor(0.5, 0, 1), "K/2"), (Factor(1, 0, -1), "1/K"), (Factor(1, 1, 1), "N K"), (Factor(2, -1, 0), "2/N"),
        (Factor(-2), "-2"), (Factor(-1, 1), "-N"), (Factor(1, -1, -1), "1/(N K)"), (Factor(3.7), "37/10"),
        (Factor(1 / 3, 1), "N/3"),
    ],
)  # fmt: skip
def test_a_factor_is_recognised_as_a_formula(factor: Factor, said: str) -> None:
    found = search(sigmoid_nets(), [CATALOGUE["factor"].planted(factor=factor)], pairs=False)
    assert ids(found) == [("factor",)]
    assert (str(found.found[0].planted[0].chosen["factor"]), found.found[0].alike) == (said, ())


def test_a_factor_that_the_networks_cannot_tell_apart_is_said_so() -> None:
    """With one sample and two outputs throughout, 2 is K and is N K."""
    random = np.random.default_rng(0)
    nets = [network(random, (2, 3, 2), ("tanh", "tanh"), batch=1) for _ in range(6)]
    (cause,) = search(nets, [CATALOGUE["factor"]]).found
    said = [str(p.chosen["factor"]) for (p,) in (cause.planted, *cause.alike)]
    assert said[0] == "2"
    assert {"2 N", "K", "N K"} <= set(said)


def test_a_sign_is_no_factor() -> None:
    """Where every batch has one sample, -N is -1."""
    random = np.random.default_rng(0)
    nets = [network(random, (2, 3, 2), ("tanh", "tanh"), batch=1) for _ in range(4)]
    assert ids(search(nets, [CATALOGUE["sign"]], pairs=False)) == [("sign",)]


PAIRS = [
    ("hidden-slope-missing", "bias-summed-over-units"),
    ("updated-weights", "factor"),
    ("updated-weights", "hidden-slope-missing"),
    ("factor", "single-path"),
    ("output-slope-missing-in-propagation", "weights-not-transposed"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_pair_is_found(first: str, second: str) -> None:
    found = search(sigmoid_nets(8), [CATALOGUE[first], CATALOGUE[second]])
    assert tuple(sorted((first, second))) in ids(found)
    assert all(len(cause.planted) == 2 for cause in found.found)


def test_two_mistakes_that_cancel_have_no_cause() -> None:
    """Softmax taken for its diagonal, and binary cross-entropy differentiated for the categorical one: a - t."""
    random = np.random.default_rng(0)
    nets = [network(random, (2, 3, 3), ("tanh", "softmax"), loss="categorical_cross_entropy") for _ in range(5)]
    loss = CATALOGUE["forward-mismatch"].planted(what="binary_cross_entropy is differentiated")
    both = [CATALOGUE["softmax-diagonal"], loss]
    assert search(nets, both).wrong == 0
    assert search(nets, both[:1]).wrong == search(nets, both[1:]).wrong == 5


def test_what_cannot_be_judged_is_left_out() -> None:
    """log of a relu's 0 has no value."""
    undefined = Case((Layer([[-1.0]], None, "relu"),), [[1.0]], [[0.5]], Loss("binary_cross_entropy"))
    found = causes([(undefined, np.array([1.0]))])
    assert (found.networks, found.left_out, found.found) == (0, 1, ())


def test_a_gradient_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a flat gradient of 24 numbers"):
        causes([(sigmoid_nets(1)[0], np.zeros(3))])


def test_numbers_that_are_none_have_no_cause() -> None:
    found = causes([(case, np.full(case.entries, np.nan)) for case in sigmoid_nets(4)], pairs=False)
    assert (found.found, found.unproven, found.wrong) == ((), (), 4)


# backprops in styles unlike the catalogue's own


def _logistic(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def by_units(case: Case, dtype: Any, fault: str) -> np.ndarray:
    """Sample by sample and unit by unit, in plain loops; sigmoid throughout, half squared error."""
    Ws = [layer.weights.astype(dtype) for layer in case.layers]
    bs = [layer.bias.astype(dtype) for layer in case.layers]  # type: ignore[union-attr]
    dWs, dbs = [np.zeros_like(W) for W in Ws], [np.zeros_like(b) for b in bs]
    for x, t in zip(case.inputs.astype(dtype), case.targets.astype(dtype), strict=True):
        a = [x]
        for W, b in zip(Ws, bs, strict=True):
            a.append(np.array([_logistic(sum(w * k for w, k in zip(row, a[-1], strict=True)) + c)
                               for row, c in zip(W, b, strict=True)], dtype=dtype))  # fmt: skip
        errors = [(y - k) for y, k in zip(a[-1], t, strict=True)]
        for l in reversed(range(len(Ws))):
            deltas = []
            for j, error in enumerate(errors):
                y = a[l + 1][j]
                bare = fault == "hidden-slope-missing" and l < len(Ws) - 1
                deltas.append(error if bare else error * y * (1 - y))
            for j, delta in enumerate(deltas):
                for k, into in enumerate(a[l]):
                    dWs[l][j, k] += delta * into
                for i in range(len(deltas)) if fault == "bias-summed-over-units" else (j,):
                    dbs[l][i] += delta
            units = range(1) if fault == "single-path" else range(len(deltas))
            errors = [sum(deltas[j] * Ws[l][j, k] for j in units) for k in range(len(a[l]))]
    return np.concatenate([p.ravel() for pair in zip(dWs, dbs, strict=True) for p in pair]).astype(np.float64)


def in_columns(case: Case, dtype: Any, fault: str) -> np.ndarray:
    """Samples in columns, the bias as an extra column of the weights, the slope from exponentials of z."""
    V = [np.column_stack([layer.weights, layer.bias]).astype(dtype) for layer in case.layers]  # type: ignore[list-item]
    one = np.ones((1, len(case.inputs)), dtype=dtype)
    A, Z = [np.vstack([case.inputs.T.astype(dtype), one])], []
    for W in V:
        Z.append(W @ A[-1])
        A.append(np.vstack([_logistic(Z[-1]), one]))
    D = A[-1][:-1] - case.targets.T.astype(dtype)
    out: list[np.ndarray] = []
    for l in reversed(range(len(V))):
        e = np.exp(-Z[l])
        D = D * (e / (1 + e) ** 2)
        G = np.einsum("jn,kn->jk", D, A[l])
        if fault == "sign":
            G = -G
        out = [G[:, :-1].ravel(), G[:, -1], *out]
        W = V[l] - dtype(0.25) * G if fault == "updated-weights" else V[l]
        D = W[:, :-1].T @ D
    return np.concatenate(out).astype(np.float64)


@pytest.mark.parametrize("domain", [FLOAT64, FLOAT32], ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (by_units, "hidden-slope-missing"),
        (by_units, "bias-summed-over-units"),
        (by_units, "single-path"),
        (in_columns, "sign"),
        (in_columns, "updated-weights"),
        (by_units, ""),
        (in_columns, ""),
    ],
)
def test_backprops_in_other_styles(style: Any, fault: str, domain: Any) -> None:
    nets = sigmoid_nets()
    found = causes([(case, style(case, domain.dtype.type, fault)) for case in nets], domain=domain, pairs=False)
    assert ids(found) == ([(fault,)] if fault else [])
    assert bool(found.wrong) == bool(fault)
    if fault == "updated-weights":
        assert found.found[0].planted[0].chosen["rate"].value == pytest.approx(0.25, rel=1e-3)


def test_a_weak_form_of_the_output_delta_does_not_hide_the_cause() -> None:
    """(a - t) / (a (1 - a)) times the slope, at outputs near 1, beside a missing hidden slope."""
    random = np.random.default_rng(3)
    nets = [network(random, (2, 3, 2), ("tanh", "sigmoid"), weights=4, loss="binary_cross_entropy") for _ in range(8)]
    observed = []
    for case in nets:
        first, last = case.layers
        h = np.tanh(case.inputs @ first.weights.T + first.bias)
        a = _logistic(h @ last.weights.T + last.bias)
        t = case.targets
        delta = (-t / a + (1 - t) / (1 - a)) * (a * (1 - a))
        hidden = delta @ last.weights
        parts = (hidden.T @ case.inputs, hidden.sum(axis=0), delta.T @ h, delta.sum(axis=0))
        observed.append((case, np.concatenate([p.ravel() for p in parts])))
    assert ids(causes(observed, pairs=False)) == [("hidden-slope-missing",)]


# published numbers

EXAMPLES = Path(__file__).parent / "worked_examples"


@pytest.fixture(scope="module")
def mazur() -> Case:
    return read_case(EXAMPLES / "mazur-2015.json")


def test_mazur_updates_the_weights_first(mazur: Case) -> None:
    """His loss after one step, and his outputs after 10,000; his loss after 10,000 has another cause (after 9,999)."""
    after = [i for i, p in enumerate(mazur.published, 1) if p.what in ("loss_after", "a_after") and p.steps != 9999]
    found = of_published(mazur, after)
    assert [[p.label for p in found[i]] for i in after] == [
        ["updated-weights (rate: 0.5)"],
        [],
        ["updated-weights (rate: 0.5)"],
        ["updated-weights (rate: 0.5)"],
    ]


def test_at_another_learning_rate_nothing_gives_his_digits(mazur: Case) -> None:
    """The twin."""
    other = Case(
        mazur.layers, mazur.inputs, mazur.targets, mazur.loss, mazur.reduction,
        training=Training(0.25, update_bias=False), published=mazur.published,
    )  # fmt: skip
    position = next(i for i, p in enumerate(mazur.published, 1) if p.what == "loss_after")
    assert of_published(other, [position]) == {position: ()}


def test_printed_slips_of_rounding_have_no_mistake() -> None:
    """Ng's two: one off in its last digit, one by 4e-6."""
    case = read_case(EXAMPLES / "ng-ex4-checknngradients-lambda0.json")
    slips = [i for i, p in enumerate(case.published, 1) if p.value in ("0.3145449700", "2.10094675")]
    assert len(slips) == 2
    assert of_published(case, slips) == dict.fromkeys(slips, ())
