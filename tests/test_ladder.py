"""The ladder of evidence in every report: each kind, what it covered, and what was not looked for or could not be."""

import io
import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from helpers import on_other_case
from rich.console import Console

from backprove.campaign import Settings, search
from backprove.case import Loss
from backprove.cli import main
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.findings import Report, Rung
from backprove.oracles import ORACLES
from backprove.report import json as json_report
from backprove.report.markdown import write
from backprove.report.terminal import show_report
from backprove.report.words import number

RUNGS = ["rounding", "exact", "enclosed", "certificate", "the loss itself"]
MISSING = "python-flint is not installed: pip install 'backprove[exact]'"


@pytest.fixture
def without_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)


@pytest.fixture(scope="module")
def report() -> Report:
    """A run where the extra `exact` is missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "flint", None)
        return search(Settings(networks=30), ENGINES)


def rung(report: Report, name: str) -> Rung:
    return next(r for r in report.ladder if r.name == name)


def shown(report: Report, **rest: Any) -> str:
    out = io.StringIO()
    show_report(report, Console(file=out, width=300), **rest)
    return out.getvalue()


# --- what is missing ---


def test_every_other_domain_is_always_there(without_flint: None) -> None:
    assert {name: domain.missing() for name, domain in DOMAINS.items() if domain.missing()} == {"ball": MISSING}


def test_with_flint_nothing_is_missing() -> None:
    pytest.importorskip("flint")
    assert not any(domain.missing() for domain in DOMAINS.values())
    report = search(Settings(networks=5, domains=("ball",)), ENGINES)
    enclosed = rung(report, "enclosed")
    assert (enclosed.verdict, enclosed.domains, enclosed.networks) == ("AGREE", ["ball"], 5)
    assert enclosed.entries == report.entries > 0


def test_a_missing_extra_is_not_covered_and_no_verdict(report: Report) -> None:
    assert report.verdict == "AGREE"
    assert f"ball: {MISSING}" in report.not_covered
    assert "ball" not in [d.name for d in report.domains]
    assert rung(report, "enclosed") == Rung(
        name="enclosed", verdict=None, domains=[], networks=0, entries=0, not_covered=[f"ball: {MISSING}"]
    )


def test_a_missing_extra_alone_leaves_nothing_to_compare(
    without_flint: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--domains", "ball"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"backprove: nothing to compare: ball: {MISSING}\n")


def test_a_missing_extra_beside_others_is_said(without_flint: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--domains", "rational,ball", "--networks", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert f"ball: {MISSING}" in found["not_covered"]
    assert [d["name"] for d in found["domains"]] == ["rational"]


def test_a_case_cannot_be_replayed_without_the_extra(
    without_flint: None, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    example = request.path.parent / "worked_examples" / "hmkcode-linear.json"
    assert main(["replay", str(example), "--domains", "ball"]) == 2
    assert capsys.readouterr().err == f"backprove: {MISSING}\n"


# --- the ladder as data ---


def test_rungs_go_from_the_weakest_to_the_strongest_and_sum_their_domains(report: Report) -> None:
    ladder = json.loads(json_report.write(report))["ladder"]
    assert [r["name"] for r in ladder] == RUNGS
    assert [r["verdict"] for r in ladder] == ["AGREE", "AGREE", None, "AGREE", "AGREE"]
    assert [r["domains"] for r in ladder] == [["float64", "float32"], ["rational"], [], ["modular"], ["float64"]]
    assert all(set(r) == {"name", "verdict", "domains", "networks", "entries", "not_covered"} for r in ladder)
    by_name = {d.name: d for d in report.domains}
    for r in ladder[:-1]:
        assert r["networks"] == sum(by_name[name].networks for name in r["domains"])
        assert r["entries"] == sum(by_name[name].entries for name in r["domains"])
        assert all(by_name[name].rung == r["name"] for name in r["domains"])
    assert [d.rung for d in report.domains] == ["rounding", "rounding", "exact", "certificate"]
    assert all(line in report.not_covered for r in ladder[:-1] for line in r["not_covered"])


def test_the_last_rung_is_the_oracles(report: Report) -> None:
    last, oracles = report.ladder[-1], report.oracles
    assert oracles is not None
    assert (last.networks, last.entries, last.verdict) == (oracles.networks, oracles.entries, oracles.verdict)
    assert oracles.oracles == list(ORACLES)
    float64 = next(d for d in report.domains if d.name == "float64")
    assert oracles.networks == float64.networks
    assert oracles.entries + oracles.silent_entries == float64.entries


def test_what_was_left_out_is_a_rung_without_verdict() -> None:
    report = search(Settings(networks=5, domains=("rational",)), ENGINES)
    assert [r.verdict for r in report.ladder] == [None, "AGREE", None, None, None]
    assert rung(report, "rounding").not_covered == ["float64: left out", "float32: left out"]
    assert rung(report, "the loss itself").not_covered == ["no network in float64 on which the engines agree"]
    assert report.oracles is None


def test_a_rung_has_the_verdict_of_its_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.campaign.run.SHRINK_SECONDS", 1)
    ignorant = on_other_case(ENGINES["matrix"], lambda case: replace(case, loss=Loss(case.loss.name)))
    report = search(Settings(networks=30, domains=("float64", "modular")), {**ENGINES, "mine": ignorant})
    assert [r.verdict for r in report.ladder] == ["DISAGREE", None, None, "DISAGREE", "AGREE"]
    assert 0 < report.ladder[-1].networks < 30  # the loss is asked only where the engines agree


def test_a_mistake_of_all_engines_is_one_for_the_last_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.campaign.run.SHRINK_SECONDS", 1)

    def ignorant(name: str) -> Any:
        return on_other_case(ENGINES[name], lambda case: replace(case, loss=Loss(case.loss.name)))

    settings = Settings(networks=30, domains=("float64",), activations=("tanh",))
    report = search(settings, {name: ignorant(name) for name in ENGINES})
    assert [d.verdict for d in report.domains] == ["AGREE"]
    assert (report.verdict, report.ladder[-1].verdict) == ("DISAGREE", "DISAGREE")
    assert report.groups == [list(ENGINES), list(ORACLES)]
    assert "central differences and complex step contradict all engines on" in shown(report)


# --- the ladder in words ---


def test_markdown_has_a_row_for_every_domain_and_for_every_empty_rung(report: Report) -> None:
    rows = [line.split(" | ") for line in write(report).splitlines() if line.startswith("| ")]
    head = rows.index(next(row for row in rows if row[0] == "| evidence"))
    found = {(row[0].removeprefix("| "), row[1]): row[2:5] for row in rows[head + 2 : head + 8]}
    counts = {d.name: [d.verdict, f"{d.networks:,}", f"{d.entries:,}"] for d in report.domains}
    assert report.oracles is not None
    assert found == {
        ("rounding", "float64"): counts["float64"],
        ("rounding", "float32"): counts["float32"],
        ("exact", "rational"): counts["rational"],
        ("enclosed", "–"): ["not covered", "0", "0"],
        ("certificate", "modular"): counts["modular"],
        ("the loss itself", ", ".join(ORACLES)): ["AGREE", "30", f"{report.oracles.entries:,}"],
    }
    assert "- rounding: every difference is within the derived rounding bound" in write(report)
    assert "- the loss itself: no derivative" in write(report)


def test_a_terminal_shows_every_rung_that_was_looked_for(report: Report) -> None:
    lines = shown(report).splitlines()
    heads = [line.partition(":")[0] for line in lines[: lines.index("")] if not line.startswith(" ")]
    assert heads == RUNGS
    assert f"  not covered: ball: {MISSING}" in lines
    assert not any(name in shown(report, quiet=True) for name in ("certificate", "ball"))
    short = shown(search(Settings(networks=5, domains=("rational",)), ENGINES))
    assert "rounding" not in short
    assert "left out: float64, float32, ball, modular" in short


def test_residues_are_shown_in_full() -> None:
    assert number(2**61 - 2) == "2305843009213693950"
    assert (number(3.0), number(0.1), number("7/2")) == ("3", "0.1", "7/2")
