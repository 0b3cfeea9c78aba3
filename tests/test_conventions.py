"""An engine with a relu'(0) of its own is UNDECIDED at kinks, where the report names its convention and the interval of
the subgradients, and AGREEs elsewhere; one beyond that interval is wrong.
"""

import io
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from bent import whole
from helpers import FLOAT64, against, changed, each_domain, find, kinked, on_other_case
from hypothesis import given, settings
from rich.console import Console

from backprove.campaign import Settings, search
from backprove.campaign.kinks import Convention
from backprove.case import Case, Gradient, case_to
from backprove.cli import main
from backprove.compare import compare
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine
from backprove.findings import Report
from backprove.report.markdown import write
from backprove.report.terminal import show_report
from backprove.report.words import agreement
from backprove.rounding import exact_zeros, subgradients
from backprove.verdict import Verdict

AGREE, DISAGREE, UNDECIDED = Verdict.AGREE, Verdict.DISAGREE, Verdict.UNDECIDED
MATRIX = ENGINES["matrix"]
BENT = {"activations": ("identity", "relu"), "losses": ("squared_error", "output")}
ROUNDING, OTHERS = ("float64", "float32"), ("rational", "modular")


def with_kink(slope: Fraction | int) -> Engine:
    return on_other_case(MATRIX, lambda case: replace(case, kink=Fraction(slope)))


def beyond(share: int) -> Engine:
    """An engine whose slope at kinks lies `share` of the way from the left one to 1, as no relu'(0) of a case may."""

    def engine(case: Case, domain: Domain) -> Gradient:
        left, right = (with_kink(c)(case, domain) for c in (0, 1))

        def change(weights: list, biases: list) -> None:
            for own, ends in ((weights, right.weights), (biases, right.biases)):
                for block, end in zip(own, ends, strict=True):
                    if block is not None:
                        block += (end - block) * share

        return changed(lambda case, domain: left, change)(case, domain)

    return engine


def searched(mine: Engine, domains: tuple[str, ...] = ROUNDING + OTHERS) -> Report:
    return search(Settings(networks=60, domains=domains, **BENT), {**ENGINES, "mine": mine})


def shown(report: Report) -> str:
    out = io.StringIO()
    show_report(report, Console(file=out, width=100))
    return " ".join(out.getvalue().split())


@pytest.mark.parametrize("slope", [Fraction(1), Fraction(1, 2)])
def test_a_convention_of_its_own_is_undecided_at_kinks_and_named(slope: Fraction) -> None:
    report = searched(with_kink(slope))
    assert (report.verdict, report.disagreements) == ("UNDECIDED", [])
    assert report.groups == [["neuron", "matrix", "paths", "mine"]]
    for found in report.domains:
        if found.name == "modular":  # a random point is at no kink
            assert (found.verdict, found.undecided, found.at_kink) == ("AGREE", {}, None)
            continue
        assert found.verdict == "UNDECIDED"
        assert found.undecided == {"kink": found.undecided_entries}
        assert 0 < found.undecided_entries < found.entries / 20
        assert found.conventions == ({"mine": str(slope)} if found.name in ROUNDING else {})
        assert found.at_kink is not None
        low, high, said = found.at_kink.low, found.at_kink.high, found.at_kink.values
        assert low < high
        assert all(low - 1e-6 <= x <= high + 1e-6 for x in said.values())  # they have rounded, the ends too
        assert said["mine"] != said["matrix"]
    but = f"nothing disagrees; mine agrees but for the convention at kinks (relu'(0) = {slope})"
    assert agreement(report).endswith(but)
    assert but in shown(report)
    assert "may be anything from " in shown(report)
    assert but.partition("(")[0] in write(report)


def test_who_follows_the_case_has_no_convention_of_its_own() -> None:
    report = search(Settings(networks=60, domains=ROUNDING, **BENT), ENGINES)
    assert report.verdict == "AGREE"
    assert all(not found.conventions and not found.undecided and found.at_kink is None for found in report.domains)


def test_who_keeps_to_no_convention_has_none() -> None:
    none, half, one = Fraction(0), Fraction(1, 2), Fraction(1)
    for seen, said in [
        ([((one,), none), ((one,), half)], "1"),
        ([((one, half), none), ((half,), none)], "1/2"),
        ([((one,), none), ((half,), none)], ""),
        ([((one, half), none)], ""),  # no network told which
        ([((), none)], ""),
        ([((none,), none), ((one, half), one)], ""),  # as each case asks
    ]:
        convention = Convention()
        for own, asked in seen:
            convention.seen(own, asked)
        assert convention.said == said


@given(case=whole(names=("relu", "identity")))
@settings(max_examples=100)
def test_an_engine_of_another_convention_agrees_but_at_kinks(case: Case) -> None:
    comparison = against(with_kink(1), case)
    sub = subgradients(case, FLOAT64)
    open_ = sub.high > sub.low
    assert comparison.verdict in (AGREE, UNDECIDED)
    assert (comparison.verdicts[~open_] == AGREE).all()
    assert comparison.reasons == ({"kink": int((comparison.verdicts == UNDECIDED).sum())} if comparison.reasons else {})
    assert comparison.groups == [["matrix", "mine"]]


@each_domain
def test_whole_numbers_without_biases_leave_nothing_undecided(domain: Domain) -> None:
    """Four of five such networks are at a kink, and that is where shrinking goes: the engines share a convention."""
    seen: list[bool] = []

    @given(whole(names=("relu",)))
    @settings(max_examples=150)
    def check(case: Case) -> None:
        seen.append(any(zeros.any() for zeros in exact_zeros(case)))
        comparison = compare(case, domain, ENGINES)
        assert comparison.verdict is AGREE
        assert comparison.reasons == {}

    check()
    assert sum(seen) > len(seen) / 2


def test_on_such_networks_another_convention_is_undecided() -> None:
    case = find(whole(names=("relu",)), lambda case: against(with_kink(1), case).verdict is UNDECIDED)
    assert case.sizes == (1, 1)


@pytest.mark.parametrize(("share", "domain"), [(2, "float64"), (-1, "rational")])
def test_beyond_the_subgradients_an_engine_disagrees(share: int, domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.campaign.run.SHRINK_SECONDS", 1)
    report = searched(beyond(share), (domain,))
    assert report.verdict == "DISAGREE"
    assert report.groups == [["neuron", "matrix", "paths"], ["mine"]]
    found = report.disagreements[0]
    assert "relu" in {layer["activation"] for layer in found.case["layers"]}
    assert found.address is not None
    assert against(beyond(1), kinked("relu")).verdict is UNDECIDED
    assert against(beyond(share), kinked("relu")).verdict is DISAGREE


# --- the command line ---

FILE = """
from dataclasses import replace
from fractions import Fraction
from backprove.engines.matrix import engine

def one(case, domain):
    return engine(replace(case, kink=Fraction(1)), domain)

def two(case, domain):
    left, right = (engine(replace(case, kink=Fraction(c)), domain).weights for c in (0, 1))
    return [x + (y - x) * 2 for x, y in zip(left, right)], [None] * len(left)
"""


def test_exit_codes_tell_a_convention_from_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE)
    Path("kink.json").write_text(json.dumps(case_to(kinked("relu"))))
    arguments = ["--activations", "identity,relu", "--domains", "float64,rational", "--networks", "60"]
    assert main(["run", *arguments]) == 0
    assert main(["run", *arguments, "--engine", "mine.py:one"]) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert "mine.py:one agrees but for the convention at kinks (relu'(0) = 1)" in out
    assert not Path(".backprove").exists()
    assert main(["compare", "kink.json"]) == 0
    assert main(["compare", "kink.json", "--engine", "mine.py:one"]) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert "W1[1,1] may be anything from 0 to 1: neuron 0, matrix 0, paths 0, mine.py:one 1" in out
    assert main(["compare", "kink.json", "--engine", "mine.py:two"]) == 1
    assert "may be anything" not in capsys.readouterr().out
