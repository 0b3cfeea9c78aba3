"""A difference in the field alone is UNDECIDED; one that real numbers bear out is a disagreement."""

from collections.abc import Callable
from typing import Any

from helpers import FLOAT64

from backprove.campaign import Settings, look, search
from backprove.campaign.confirm import REASON
from backprove.case import Case, Gradient, Layer
from backprove.compare import compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, matrix
from backprove.verdict import Verdict

MODULAR = DOMAINS["modular"]
CASE = Case((Layer([[1.0, 2.0], [3.0, -1.0]], [1.0, 0.0], "softmax"),), [[1.0, 2.0]], [[1.0, 0.0]])


def softmax_engine(slope: Callable[[Any, Any], Any]) -> Callable[[Case, Domain], Gradient]:
    """One softmax layer, shifted by its first z: right by exp(x + y) = exp(x) exp(y), which fields do not know."""

    def engine(case: Case, domain: Domain) -> Gradient:
        x, t, layer = domain.array(case.inputs), domain.array(case.targets), case.layers[0]
        Z = x @ domain.array(layer.weights).T + domain.array(layer.bias)
        E = domain.exp(Z - Z[:, :1])
        A = E / E.sum(axis=-1, keepdims=True)
        Delta = slope(A, domain.number(2 * case.loss.scale / case.divisor) * (A - t))
        return Gradient([Delta.T @ x], [Delta.sum(axis=0)])

    return engine


right = softmax_engine(lambda A, G: A * (G - (A * G).sum(axis=-1, keepdims=True)))
wrong = softmax_engine(lambda A, G: A * (1 - A) * G)


def test_what_only_the_field_tells_apart_is_undecided() -> None:
    engines = {"matrix": matrix.engine, "mine": right}
    assert compare(CASE, FLOAT64, engines).verdict is Verdict.AGREE
    assert compare(CASE, MODULAR, engines).verdict is Verdict.DISAGREE
    seen = look(CASE, MODULAR, engines)
    assert seen.comparison.verdict is Verdict.UNDECIDED
    assert list(seen.comparison.reasons) == [REASON]
    assert not seen.disagrees


def test_what_real_numbers_tell_apart_is_a_disagreement() -> None:
    assert look(CASE, MODULAR, {"matrix": matrix.engine, "mine": wrong}).comparison.verdict is Verdict.DISAGREE


def test_a_failure_needs_no_confirmation() -> None:
    def nothing(case: Case, domain: Domain) -> None:
        return None

    assert look(CASE, MODULAR, {"matrix": matrix.engine, "mine": nothing}).disagrees


def test_a_search_leaves_a_right_engine_open_and_says_why() -> None:
    def everywhere(case: Case, domain: Domain) -> Gradient:
        single = len(case.layers) == 1 and case.layers[0].bias is not None
        return right(case, domain) if single else matrix.engine(case, domain)

    settings = Settings(networks=30, domains=("modular",), activations=("softmax",), losses=("squared_error",))
    report = search(settings, {**ENGINES, "mine": everywhere})
    assert report.verdict == "UNDECIDED"
    assert REASON in report.domains[0].undecided
