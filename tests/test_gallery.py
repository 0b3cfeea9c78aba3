"""The gallery: readings judged on their own networks, conversions verified, questions answered only as far as shown."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import FLOAT64, changed
from msgspec import structs

from backprove import gallery as room
from backprove.case import Case
from backprove.cli import main
from backprove.engines import matrix
from backprove.findings import GalleryReport, RowFinding
from backprove.formulations import FORMULATIONS, GALLERY, Formulation, Kind
from backprove.gallery import QUESTIONS, chosen, gallery, training
from backprove.gallery.judge import judge, strategy
from backprove.gallery.questions import ask
from backprove.report import json as json_report
from backprove.report import markdown

QUICK = {"networks": 12, "domains": ("float64", "modular")}
# Rows whose formulas, as printed, are not the gradient.
NOT_AS_PRINTED = {
    "bias-trick", "written-out", "local-error", "delta-for-gradient", "finite-differences", "sensitivity",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> GalleryReport:
    return gallery(**QUICK, questions=True)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def test_every_row_is_there_in_its_order() -> None:
    assert [row.id for row in GALLERY] == [
        "bias-trick", "neuron-dictionaries", "delta-recursion", "error-signal", "derivative-notation", "matched-pairs",
        "written-out", "local-error", "delta-for-gradient", "finite-differences", "sum-over-samples", "simultaneous",
        "sensitivity", "linear-regression", "logistic-regression", "two-equations",
    ]  # fmt: skip


def test_rows_that_are_not_the_gradient_as_printed_come_out_so(whole: GalleryReport) -> None:
    assert {row.id for row in whole.rows if row.verdict != "AGREE"} == NOT_AS_PRINTED
    assert all(row.verdict == "DISAGREE" for row in whole.rows if row.id in NOT_AS_PRINTED)


def test_every_conversion_and_correction_is_verified(whole: GalleryReport) -> None:
    repairs = [r for row in whole.rows for r in row.readings if r.kind in (Kind.CONVERTED, Kind.CORRECTED)]
    assert len(repairs) > 10
    assert {r.verdict for r in repairs} == {"AGREE"}
    assert whole.unverified == []
    for row in whole.rows:
        if row.verdict != "AGREE":
            assert row.fault
            assert any(r in repairs for r in row.readings), row.id


def test_contrasts_are_not_the_gradient_or_of_something_else(whole: GalleryReport) -> None:
    agreeing = [r.name for row in whole.rows for r in row.readings if r.kind == Kind.CONTRAST and r.verdict == "AGREE"]
    assert set(agreeing) == {
        "local-error/sum-of-outputs", "finite-differences/central-on-a-quadratic", "sum-over-samples/online-of-one"
    }  # fmt: skip


def test_every_question_is_answered_from_this_run(whole: GalleryReport) -> None:
    assert len(whole.questions) == len(QUESTIONS) == 9
    for question in whole.questions:
        assert question.lacking == []
        assert question.verdict == "AGREE"
        sentences = re.findall(r"[.?](?= [A-Z]|$)", re.sub(r"\d\.\d|\[[^\]]*\]", "", question.answer))
        assert len(sentences) == 2, question.answer
        assert question.evidence
        assert all(len(row) == len(e.head) for e in question.evidence for row in e.rows)


def spoiled(rows: Sequence[RowFinding], name: str) -> dict[str, RowFinding]:
    """The rows with another verdict for one reading."""
    found = {}
    for row in rows:
        readings = [
            structs.replace(r, verdict="DISAGREE" if r.verdict == "AGREE" else "AGREE") if r.name == name else r
            for r in row.readings
        ]
        found[row.id] = structs.replace(row, readings=readings)
    return found


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("same-formulas", "bias-trick/as-it-is"),
        ("same-formulas", "neuron-dictionaries/printed"),
        ("only-one", "error-signal/printed"),
        ("error-or-gradient", "matched-pairs/squared-sigmoid"),
        ("together", "simultaneous/layer-by-layer"),
        ("differences", "finite-differences/limit"),
        ("total", "sum-over-samples/online"),
        ("two-more", "written-out/two-more-terms"),
        ("weights-or-error", "sensitivity/added"),
        ("hidden-targets", "two-equations/printed"),
    ],
)
def test_an_answer_is_withheld_where_its_evidence_is_not_so(whole: GalleryReport, question: str, reading: str) -> None:
    (asked,) = (q for q in QUESTIONS if q.id == question)
    found = ask(asked, spoiled(whole.rows, reading), 0)
    assert found.verdict == "UNDECIDED"
    assert found.answer.startswith("This run does not bear")
    assert len(found.lacking) == 1
    assert reading in found.lacking[0]


def with_engine(name: str, engine: object) -> Formulation:
    """The row of a reading, that reading's engine another."""
    (row,) = (row for row in GALLERY if row.id == name.partition("/")[0])
    readings = [replace(r, engine=engine) if row.named(r) == name else r for r in row.readings]
    assert readings != list(row.readings)
    return replace(row, readings=tuple(readings))


def _one_off(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
    weights[0][0, 0] += 1


def test_a_conversion_that_does_not_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    row = with_engine("sensitivity/added", changed(FORMULATIONS["sensitivity/added"], _one_off))
    found = gallery([row], **QUICK)
    assert found.unverified == ["sensitivity/added is DISAGREE"]
    assert found.verdict == "DISAGREE"


def test_a_printed_formula_that_is_broken_is_seen() -> None:
    name = "derivative-notation/printed"
    row = with_engine(name, changed(FORMULATIONS[name], _one_off))
    found = judge(row, **QUICK)
    assert found.verdict == "DISAGREE"
    shown = found.readings[0].disagreement
    assert shown is not None
    assert shown.address == "W1[1,1]"
    assert shown.groups == [["neuron", "matrix", "paths"], [name]]
    assert [len(layer["weights"]) for layer in shown.case["layers"]] == [1]  # one layer of one unit
    assert judge(next(r for r in GALLERY if r.id == "derivative-notation"), **QUICK).verdict == "AGREE"


def test_an_engine_that_raises_disagrees_and_one_that_cannot_is_not_covered() -> None:
    def raises(case: Case, domain: object) -> None:
        raise RuntimeError("no")

    found = judge(with_engine("sensitivity/added", raises), **QUICK, shrink=False)
    assert next(r for r in found.readings if r.name == "sensitivity/added").verdict == "DISAGREE"
    row = next(r for r in GALLERY if r.id == "derivative-notation")
    (reading,) = judge(row, networks=5, domains=("rational",)).readings
    assert (reading.verdict, reading.domains) == ("UNDECIDED", [])
    assert reading.not_covered[0].startswith("rational: ")


@pytest.mark.parametrize("row", GALLERY, ids=lambda row: row.id)
def test_networks_are_those_that_a_reading_is_about(row: Formulation) -> None:
    from backprove.campaign import explore

    for reading in row.readings:
        posed, seen = reading.posed, []
        domain = "float64" if posed.domains is None or "float64" in posed.domains else posed.domains[0]
        explore(strategy(posed, domain), 0, 10, seen.append, shrink=False)
        assert seen
        for case in seen:
            assert case.loss.name in posed.losses
            assert posed.scale in (None, case.loss.scale)
            assert posed.reduction in (None, case.reduction)
            if posed.fixed is not None:
                assert {layer.activation for layer in case.layers} <= set(posed.fixed)


def test_a_reading_that_no_domain_takes_is_not_covered() -> None:
    found = gallery(chosen("matched-pairs"), networks=4, domains=("float64",))
    assert (found.verdict, found.unverified) == ("AGREE", [])
    left = "matched-pairs/binary-sigmoid-product, matched-pairs/multi-class-softmax-product: in none of these domains"
    assert left in found.not_covered


def test_the_same_seed_gives_the_same_findings() -> None:
    rows = chosen("error-signal")
    first, again, other = (gallery(rows, **QUICK, seed=seed) for seed in (1, 1, 2))
    facts = [json.loads(json_report.write(found)) for found in (first, again, other)]
    for one in facts:
        assert one.pop("timing")["seconds"] > 0
    assert facts[0] == facts[1]
    assert facts[0]["rows"] != facts[2]["rows"]


def test_training_rules_are_what_they_say() -> None:
    case, rate = training.exclusive_or(), 0.5
    gradient = training.of(matrix.engine(case, FLOAT64))
    start = training.flat(case)
    steps = {
        rule: (start - training.flat(rule(case, rate))) / rate
        for rule in (training.full_batch, training.online, training.layer_by_layer, training.largest_only)
    }
    lost = 2.0**-52 * (np.abs(start) + rate * np.abs(gradient)) / rate  # by writing the step into the weights
    assert (np.abs(steps[training.full_batch] - gradient) <= lost).all()
    assert np.count_nonzero(np.abs(steps[training.largest_only]) > 0) == 1
    last = case.layers[-1].weights.size + 1
    right = np.abs(steps[training.layer_by_layer] - gradient) <= 2 * lost
    assert right[-last:].all()  # the output layer's is right
    assert not right[:-last].any()
    assert not (np.abs(steps[training.online] - gradient) <= 2 * lost).all()
    one = replace(case, inputs=case.inputs[1:2], targets=case.targets[1:2])
    moved = [training.flat(rule(one, rate)).tobytes() for rule in (training.online, training.full_batch)]
    assert moved[0] == moved[1]
    losses = list(training.descend(case, training.full_batch, rate, (0, 1, 2)))
    assert losses[0] == training.loss(case)
    assert losses[0] > losses[1] > losses[2]


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    few = [row for row in GALLERY if row.id in ("sensitivity", "linear-regression")]
    monkeypatch.setattr(room, "GALLERY", few)
    for width in (80, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        assert main(["gallery", "--networks", "4", "--domains", "float64"]) == 1
        out, err = capsys.readouterr()
        assert err == ""
        assert [line for line in out.splitlines() if len(line) > width] == []
        assert re.search(r"^sensitivity +DISAGREE +AGREE ", out, re.MULTILINE)
        assert re.search(r"^linear-regression +AGREE", out, re.MULTILINE)
        assert "DISAGREE 1 of 2 formulations the gradient as printed; 1 of the other 1 by" in " ".join(out.split())


def test_one_row_in_full_and_its_failure_replayed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["gallery", "sensitivity", "--networks", "8", "--report", "x.md", "--report", "x.json"]) == 1
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if len(line) > 80] == []
    row = next(r for r in GALLERY if r.id == "sensitivity")
    flat = " ".join(out.split())
    for text in (row.title, row.source, row.form, row.fault, *(r.says for r in row.readings)):
        assert " ".join(text.split()) in flat
    (again,) = re.findall(r"again: backprove replay (\w+)", out)
    assert main(["replay", again]) == 1
    assert "sensitivity/printed" in capsys.readouterr().out
    assert json.loads(Path("x.json").read_text())["format"] == "backprove.gallery/1"
    text = Path("x.md").read_text(encoding="utf-8")
    assert "sensitivity" in text
    assert main(["gallery", "two-equations", "--networks", "4", "--quiet"]) == 0


def test_questions_on_a_terminal(
    whole: GalleryReport, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "gallery", lambda *args, **options: whole)
    for width in (80, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        assert main(["gallery", "--questions"]) == 0
        out = capsys.readouterr().out
        assert [line for line in out.splitlines() if len(line) > width] == []
        flat = " ".join(out.split())
        for question in whole.questions:
            assert question.text in flat
            assert question.answer in flat
        assert "AGREE 9 of 9 answers borne out by this run" in flat
    for form in (markdown.write(whole), json_report.write(whole)):
        assert all(question.id in form or question.text in form for question in whole.questions)
    assert main(["gallery", "--questions", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert math.isfinite(found["timing"]["seconds"])
    assert found["questions"][0]["verdict"] == "AGREE"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "gallery: 'nothing' is not one of bias-trick, "),
        (["sensitivity", "--questions"], "--questions rests on all formulations"),
        (["--domains", "real"], "--domains: 'real' is not one of"),
        (["--networks", "0"], "networks"),
        (["sensitivity", "--report", "x.pdf"], "x.pdf: reports are written as"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gallery", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
