"""What `check` says and writes: the verdict before the reasons, tables, reports, and what it reads off the numbers."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprove.check import Examined, examine, finding, shrink, survey
from backprove.cli import main
from backprove.findings import CheckFinding

RELU = """\
import numpy as np

BACKPROVE = {{"activations": ["relu", "identity"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}}


def gradients(weights, biases, inputs, targets):
    A, Z = [inputs], []
    for W, b in zip(weights, biases):
        Z.append(A[-1] @ W.T + (0 if b is None else b))
        A.append(np.maximum(Z[-1], 0) if len(Z) < len(weights) else Z[-1])
    d = A[-1] - targets
    dW, db = [], []
    for l in reversed(range(len(weights))):
        dW.insert(0, d.T @ A[l])
        db.insert(0, None if biases[l] is None else d.sum(0))
        if l:
            d = (d @ weights[l]) * {slope}
    {last}
    return dW, db
"""
SIZES = ["--networks", "30", "--max-layers", "3", "--max-width", "3"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(survey, "PROBED", 0)
    monkeypatch.setattr(shrink, "SECONDS", 0.2)


def write(name: str = "mine.py", slope: str = "(Z[l - 1] > 0)", last: str = "pass") -> str:
    Path(name).write_text(RELU.format(slope=slope, last=last), encoding="utf-8")
    return f"{name}:gradients"


def checked(spec: str, **rest: Any) -> CheckFinding:
    return finding(examine(spec, {}, networks=40, settings={"max_layers": 3, "max_width": 3}, **rest), 0)


# What is read off the numbers


@pytest.mark.parametrize(("slope", "kink"), [("(Z[l - 1] > 0)", "0"), ("(Z[l - 1] >= 0)", "1")])
def test_a_slope_of_its_own_at_kinks_is_its_own_affair(slope: str, kink: str) -> None:
    found = checked(write(slope=slope))
    assert (found.verdict, found.posed["kink"]) == ("AGREE", kink)
    assert found.undecided == {}


def test_no_slope_at_kinks_is_taken_from_wrong_numbers() -> None:
    found = checked(write(slope="np.where(Z[l - 1] == 0, 7.0, Z[l - 1] > 0)"))
    assert (found.verdict, found.posed["kink"]) == ("DISAGREE", "0")


def test_arithmetic_in_single_precision_is_no_mistake() -> None:
    found = checked(write(last="dW = [W.astype(np.float32).astype(float) for W in dW]"))
    assert found.verdict == "AGREE"
    assert "loses-precision" in found.hygiene


@pytest.mark.slow
def test_noise_that_leaves_more_digits_than_single_precision_is_a_mistake() -> None:
    noise = "1 + 1e-10 * np.sin(1e15 * W)"
    found = checked(write(last=f"dW = [W * ({noise}) for W in dW]"))
    assert (found.verdict, found.cause) == ("DISAGREE", None)
    assert "loses-precision" not in found.hygiene


def test_a_mistake_of_that_size_is_one() -> None:
    found = checked(write(last="dW = [W * (1 + 3e-8) for W in dW]"))
    assert found.verdict == "DISAGREE"
    assert "loses-precision" not in found.hygiene


def test_square_layers_are_transposed_with_the_others() -> None:
    spec = write(last="dW = [W.T for W in dW]")
    found = checked(spec)
    assert (found.verdict, found.hygiene) == ("AGREE", ["weights-transposed"])
    # where no layer is oblong, nothing shows that it is so
    assert finding(examine(spec, {"layers": "2-2-2"}, networks=10), 0).verdict == "DISAGREE"


def test_nan_is_named_and_no_mistake_is_looked_for() -> None:
    found = checked(write(last="dW[0] = dW[0] * np.nan"))
    assert (found.verdict, found.hygiene, found.tried) == ("DISAGREE", ["returns-nan"], 0)
    assert found.fraction == "inf"


def test_one_entry_off_by_little_is_found_and_no_mistake_is_named() -> None:
    spec = write(last="dW[0][-1, 0] *= 1 + 1e-9")
    found = finding(examine(spec, {"layers": "2-3-2", "biases": "yes"}, networks=30), 0)
    assert (found.verdict, found.cause, found.is_gradient_of) == ("DISAGREE", None, None)
    assert found.first_difference == "W1[3,1]"
    assert [(m.layer, m.weights, m.bias) for m in found.layers] == [(2, "AGREE", "AGREE"), (1, "DISAGREE", "AGREE")]


def test_three_activations_are_asked_about_too() -> None:
    spec = write(last="dW, db = [-W for W in dW], [None if b is None else -b for b in db]")
    found = finding(examine(spec, {"activations": "relu,relu,identity"}, networks=30), 0)
    assert found.is_gradient_of is not None
    assert (found.is_gradient_of.sign, found.is_gradient_of.activations) == (-1, ["relu", "relu", "identity"])


def test_little_evidence_is_no_agreement() -> None:
    source = write(last="pass")
    text = Path("mine.py").read_text(encoding="utf-8")
    step = "\n\ndef step(weights, biases, inputs, targets):\n"
    step += "    for W, dW in zip(weights, gradients(weights, biases, inputs, targets)[0]):\n        W -= 1e-18 * dW\n"
    step += "\n\ntiny = from_update(step, learning_rate=1e-18)\n"
    Path("mine.py").write_text("from backprove import from_update\n" + text + step, encoding="utf-8")
    found = checked(source.replace("gradients", "tiny"))
    assert found.verdict != "AGREE"


# What is said, and when


def test_the_verdict_is_said_before_the_reasons_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(shrink, "explore", lambda *rest, **more: said.append("shrinking"))

    def judged(found: Examined) -> None:
        said.append(f"{found.verdict.name} {found.causes}")

    examine(write(last="dW[0] *= 2"), {}, networks=20, settings={"max_layers": 2}, judged=judged)
    assert said == ["DISAGREE None", "shrinking"]


def test_a_table_names_every_candidate_once(capsys: pytest.CaptureFixture[str]) -> None:
    Path("all").mkdir()
    write("all/a.py")
    write("all/b.py", last="db = [None if b is None else 0 * b for b in db]")
    Path("all/c.py").write_text("def gradients(:", encoding="utf-8")
    assert main(["check", "all/*.py:gradients", *SIZES, "--quiet"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["✓", "a.py"], ["✗", "b.py"]]
    assert lines[2].endswith("bias-missing")
    assert lines[3].startswith("! all/c.py:1: does not import")
    assert lines[3].count("line 1") == 0
    assert lines[-1] == "1 of 3 candidates right; 1 could not be asked"


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_reports_hold_what_was_found(several: bool) -> None:
    specs = [write("a.py", last="dW[0] *= 2"), *([write("b.py")] if several else [])]
    assert main(["check", *specs, *SIZES, "--report", "x.md", "--report", "x.json", "--quiet"]) == 1
    text, data = Path("x.md").read_text(encoding="utf-8"), json.loads(Path("x.json").read_text(encoding="utf-8"))
    first = data["candidates"][0] if several else data
    assert first["verdict"] == "DISAGREE"
    assert first["first_difference"] in text
    assert first["replay"] in text
    if several:
        assert "1 of 2 candidates right" in text


def test_a_report_that_cannot_be_written_is_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(), "--report", "x.pdf"]) == 2
    assert main(["check", write(), "--report", "nowhere/x.md"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_what_a_stranger_says_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    spec = write(last="raise KeyError('[bold red]W1[/] is \\x1b[2J missing [/b] \\x9b31m \\u202e')")
    other = write("other.py")
    assert main(["check", spec, other, *SIZES]) == 1
    said = capsys.readouterr().out
    assert "[bold red]W1[/] is" in said
    assert not set(said) & set("\x1b\x9b\u202e")
    assert main(["check", spec, *SIZES, "--json"]) == 1
    said = capsys.readouterr().out
    assert not set(said) & set("\x1b\x9b\u202e")
    assert "\u202e" in json.loads(said)["failure"] or "\\u202e" in json.loads(said)["failure"]


@pytest.mark.slow
def test_numbers_that_the_engines_share_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(last="dW[0] *= 2"), *SIZES]) == 1
    said = capsys.readouterr().out
    assert "neuron = matrix = paths  " in said
    assert np.isfinite(float(said.split("yours")[1].split()[0]))


# Folders, and what candidates start


def test_files_without_the_function_are_left_out_unrun(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py")
    Path("helper.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    Path("imported.py").write_text("from a import *\n", encoding="utf-8")
    assert main(["check", "*.py:gradients", *SIZES, "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "2 of 2 candidates right"
    assert said.err.splitlines() == ["backprove: helper.py: has no gradients, left out"]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_what_a_candidate_starts_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "PROBED", 1)
    spec = write(last="import subprocess; subprocess.Popen(['sleep', '61.25'], start_new_session=True, env={})")
    found = finding(examine(spec, {}, networks=2, settings={"max_layers": 1}), 0)
    assert (found.verdict, found.hygiene) == ("AGREE", ["leaves-processes"])
    running = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists()]
    assert not [line for line in running if b"61.25" in line]


def test_an_interruption_ends_with_what_was_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [write("a.py"), write("b.py"), write("c.py")]
    asked: list[str] = []

    def interrupted(spec: str, *rest: Any, **more: Any) -> Examined:
        asked.append(spec)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return examine(spec, *rest, **more)

    monkeypatch.setattr("backprove.check.examine", interrupted)
    assert main(["check", *specs, *SIZES, "--quiet", "--report", "x.json"]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "1 of 2 candidates right; 1 could not be asked"
    assert "b.py:gradients: interrupted" in said.err
    assert len(json.loads(Path("x.json").read_text(encoding="utf-8"))["candidates"]) == 1


def test_a_lone_surrogate_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    spec = write(last="raise ValueError('\\ud800')")
    assert main(["check", spec, *SIZES, "--json", "--report", "x.md"]) == 1
    assert "ValueError" in json.loads(capsys.readouterr().out)["failure"]


# What is undeclared


@pytest.mark.parametrize("wrong", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["right", "wrong"])
def test_a_problem_is_inferred_from_what_is_right(wrong: bool) -> None:
    spec = write(slope="1" if wrong else "(Z[l - 1] > 0)")
    text = Path("mine.py").read_text(encoding="utf-8")
    Path("mine.py").write_text(text.replace("BACKPROVE = ", "SAID = "), encoding="utf-8")
    found = checked(spec)
    assert (found.verdict, found.assumed) == ("DISAGREE" if wrong else "AGREE", [])
    assert set(found.inferred) == {"activations", "loss", "loss_scale", "reduction"}
    assert (found.posed["activations"], found.posed["loss_scale"]) == (["relu", "identity"], "1/2")
    assert found.cause == (["hidden-slope-missing"] if wrong else None)


@pytest.mark.slow
def test_what_cannot_be_inferred_is_assumed_and_said_to_be() -> None:
    spec = write(last="dW = [np.cos(W) for W in dW]; db = [None if b is None else np.cos(b) for b in db]")
    text = Path("mine.py").read_text(encoding="utf-8")
    Path("mine.py").write_text(text.replace("BACKPROVE = ", "SAID = "), encoding="utf-8")
    found = checked(spec)
    assert (found.verdict, found.inferred) == ("DISAGREE", [])
    assert "loss" in found.assumed


def test_the_layout_of_weights_and_samples_is_inferred() -> None:
    write()
    turned = """

def turned(weights, biases, inputs, targets):
    dW, db = gradients([W.T for W in weights], biases, inputs.T, targets.T)
    return [W.T for W in dW], db
"""
    with open("mine.py", "a", encoding="utf-8") as file:
        file.write(turned)
    found = checked("mine.py:turned")
    assert (found.verdict, found.inferred) == ("AGREE", ["layout", "samples"])
    # square layers hide it from whoever looks at shapes alone
    found = finding(examine("mine.py:turned", {"layers": "2-2-2", "samples": "columns"}, networks=10), 0)
    assert (found.verdict, found.inferred) == ("AGREE", ["layout"])


def test_one_given_network_is_asked_about_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    spec = write(last="dW[0] *= 2")
    assert main(["check", spec, *SIZES, "--json"]) == 1
    again = json.loads(capsys.readouterr().out)["replay"].split()[-1]
    assert main(["check", spec, "--case", again]) == 1
    said = capsys.readouterr().out
    assert "on this network: " in said
    assert "smallest" not in said
    assert "does not take" not in said
