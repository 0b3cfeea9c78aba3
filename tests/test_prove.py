"""`backprove prove` as a user meets it: certificates in words and as data, witnesses that replay shows again, engines
without manners, trouble in one line.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backprove.case import ACTIVATIONS, LOSSES, MODULUS
from backprove.cli import main

CERTIFICATE = {
    "layers", "activations", "loss", "verdict", "degree", "points", "false_agreement_probability", "preconditions",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def _json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main(["prove", *arguments, "--json"]) == code
    out, err = capsys.readouterr()
    assert err == ""
    report: dict[str, Any] = json.loads(out)
    return report


def _engine(body: str, name: str = "mine.py") -> list[str]:
    """A file with an engine; in its body `g` is the right gradient, and `z` the net inputs."""
    lines = [
        "from backprove import NotInDomain",
        "from backprove.engines.matrix import engine as right",
        "def mine(case, domain):",
        "    g = right(case, domain)",
        "    z = g.trace.z",
        *(f"    {line}" for line in body.splitlines()),
        "    return g",
    ]
    Path(name).write_text("\n".join(lines))
    return ["--engine", f"{name}:mine"]


# --- agreement ---


def test_the_network_of_the_readers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "3-3-3-1", "--activations", "sigmoid"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = " ".join(out.split())
    assert "AGREE neuron = matrix = paths in 2 statements: the same function at all weights, inputs and targets" in said
    assert "in all patterns (up to 128)" in said
    assert "not covered floating point" in said
    assert max(map(len, out.splitlines())) <= 80
    assert not Path(".backprove").exists()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_data(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = _json(capsys, "2-2-1", "--activations", name)
    assert report["format"] == "backprove.certificate/1"
    assert (report["verdict"], report["interrupted"]) == ("AGREE", False)
    for c in report["architectures"]:
        assert set(c) >= CERTIFICATE
        assert (c["layers"], c["activations"], c["verdict"]) == ([2, 2, 1], [name, name], "AGREE")
        assert c["false_agreement_probability"] == (c["degree"] / MODULUS) ** c["points"] < 1e-25
        tested = c["gate_patterns"]
        assert tested["tested"] == tested["of"]
    losses = {"sigmoid": ["binary_cross_entropy"], "softmax": ["categorical_cross_entropy"]}.get(name, [])
    assert [c["loss"] for c in report["architectures"]] == ["squared_error", *losses]


@pytest.mark.parametrize("points", [1, 5])
def test_more_points_are_surer(points: int, capsys: pytest.CaptureFixture[str]) -> None:
    (c,) = _json(capsys, "1-1", "--activations", "tanh", "--points", str(points))["architectures"]
    assert c["points"] == points
    assert c["false_agreement_probability"] == (c["degree"] / MODULUS) ** points


def test_the_same_seed_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for seed in ("7", "7", "8"):
        assert main(["prove", "2-2", "--activations", "softmax", "--seed", seed, "--json", *SQUARE]) == 1
        text = capsys.readouterr().out
        assert json.loads(text)["timing"]["seconds"] > 0
        texts.append(text[: text.index('"timing"')])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


SQUARE = ["--engine", "y - t", "--loss", "squared_error"]


def test_all_up_to(capsys: pytest.CaptureFixture[str]) -> None:
    """1-1 alone: every activation and loss but binary cross-entropy behind a single softmax unit."""
    report = _json(capsys, "--all-up-to", "1", "--points", "1")
    assert report["verdict"] == "AGREE"
    assert len(report["architectures"]) == len(ACTIVATIONS) * len(LOSSES) - 1
    assert {c["loss"] for c in report["architectures"]} == set(LOSSES)


def test_all_up_to_2_in_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """2 · 2 sizes of one layer, 2 · 2 · 2 of two; with one activation, all four losses."""
    assert main(["prove", "--all-up-to", "2", "--activations", "relu,softmax", "--points", "1"]) == 0
    out = capsys.readouterr().out
    assert f"in {12 * (4 + 4) - 6} statements" in " ".join(out.split())
    assert len(out.splitlines()) < 60
    assert "12 sizes" in out
    assert "6 sizes" in out


def test_hidden_and_output_activations(capsys: pytest.CaptureFixture[str]) -> None:
    report = _json(capsys, "2-2-2-2", "--activations", "relu/softmax", "--loss", "categorical_cross_entropy")
    (c,) = report["architectures"]
    assert c["activations"] == ["relu", "relu", "softmax"]
    assert c["preconditions"] == ["the targets of each sample sum to 1"]


def test_more_patterns_than_are_gone_through_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "2-5-5", "--activations", "relu", "--patterns", "8", "--points", "1"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "ONLY A SAMPLE of the patterns in 1 statement (8 of 1,024)" in out
    assert "of 1 of them only at the sampled sides of kinks" in out
    report = _json(capsys, "2-5-5", "--activations", "relu", "--patterns", "8", "--points", "1")
    assert report["architectures"][0]["gate_patterns"] == {"tested": 8, "of": 1024}


def test_reports_and_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prove", "2-2", "--activations", "softmax", "--report", "x.json", "--report", "x.md", "--quiet"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("AGREE neuron = matrix = paths in 2 statements")
    assert len(out.splitlines()) <= 4
    assert json.loads(Path("x.json").read_text())["verdict"] == "AGREE"
    markdown = Path("x.md").read_text()
    assert markdown.startswith("# Identity certificates\n")
    assert "the targets of each sample sum to 1" in markdown
    assert "## Not covered" in markdown
    assert "softmax" in markdown.split("## How to reproduce")[1]


# --- refutations ---


def test_y_minus_t_with_free_targets_is_refuted(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prove", "2-3", "--activations", "softmax", "--loss", "categorical_cross_entropy"]
    assert main([*arguments, "--targets", "free"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "2-3 softmax, categorical_cross_entropy: refuted" in said
    assert "it would hold if the targets of each sample sum to 1" in said
    assert "DISAGREE neuron = matrix = paths ≠ y - t: 1 of 1 statement refuted" in said
    assert main(arguments) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not unless the targets of each sample sum to 1. The witness without:" in said


VANISHING = "for k in range(-3, 4): t = (z[0][0, 0] - k) * (t if k > -3 else 1)\ng.weights[0][0, 0] += t"
ALL_UP = "if all(domain.positive(x) for Z in z for x in Z.flat): g.weights[0][0, 0] += 1"
HARD = {
    "vanishes at small whole numbers": (VANISHING, ["1-1", "--activations", "square"]),
    "wrong at one pattern": (ALL_UP, ["2-3-3", "--activations", "relu"]),
    "wrong in batches": ("if len(case.inputs) > 1: g.weights[0][0, 0] += 1", ["2-2", "--activations", "silu"]),
    "wrong under mean_all": ("if case.reduction == 'mean_all': g.weights[0] *= 2", ["2-2", "--activations", "gelu"]),
    "wrong in one branch": (
        "if domain.leans(z[0][0, 0]): g.weights[0][0, 0] += z[0][0, 0]", ["1-1-1", "--activations", "sigmoid"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_what_is_seldom_wrong_is_refuted_and_replayed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    body, arguments = HARD[name]
    mine = _engine(body)
    report = _json(capsys, *arguments, "--loss", "squared_error", *mine, code=1)
    (c,) = report["architectures"]
    assert (c["verdict"], c["false_agreement_probability"]) == ("DISAGREE", None)
    witness = c["witness"]
    assert witness["groups"] == [["neuron", "matrix", "paths"], ["mine.py:mine"]]
    assert main(["replay", witness["id"], "--json"]) == 1
    (again,) = json.loads(capsys.readouterr().out)["disagreements"]
    assert again["values"] == witness["values"]
    assert again["address"] == witness["address"] == "W1[1,1]"
    # mended, the same statement is proved and the same witness agrees
    _engine("pass")
    assert main(["prove", *arguments, "--loss", "squared_error", *mine, "--quiet"]) == 0
    assert main(["replay", witness["id"], "--quiet"]) == 0


def test_a_right_engine_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    report = _json(capsys, "2-2", "--activations", "relu", *_engine("pass"))
    assert report["architectures"][0]["formulations"] == ["neuron", "matrix", "paths", "mine.py:mine"]
    assert any("branches on values" in line for line in report["not_covered"])


# --- engines without manners ---


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('no such layer')", "mine.py:mine raised ValueError: no such layer (mine.py:6)"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("return None", "returned None"),
        ("return [x.weights for x in case.layers], [x.bias for x in case.layers]", "residues are needed"),
        ("if z[0][0, 0] < 0: pass", "TypeError: the elements of a field have no order; domain.positive"),
        ("g.weights[0] *= 0.5", "TypeError: unsupported operand"),
        ("g.weights[0] /= 0", "raised ZeroDivisionError"),
    ],
)
def test_an_engine_that_misbehaves_has_disagreed(body: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "1-2", "--activations", "relu", *_engine(body)]) == 1
    out, err = capsys.readouterr()
    assert said in " ".join(out.split())
    assert "DISAGREE neuron = matrix = paths ≠ mine.py:mine" in out
    assert "backprove/src" not in out
    assert err == ""


@pytest.mark.parametrize(
    "body", ["raise NotInDomain(domain.name, 'anything')", "if len(case.inputs) > 1: raise NotInDomain('x', 'batches')"]
)
def test_an_engine_that_refuses_leaves_it_open(body: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "1-2", "--activations", "relu", *_engine(body)]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "UNDECIDED 1 of 1 statement undecided: mine.py:mine: " in said
    assert "AGREE neuron" not in said


def test_what_an_engine_prints_is_not_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "1-1", "--activations", "relu", *_engine("print('noise')"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "AGREE"
    assert "noise" in err


def test_ctrl_c_ends_with_what_was_proved(capsys: pytest.CaptureFixture[str]) -> None:
    mine = _engine("if len(case.layers) > 1: raise KeyboardInterrupt")
    assert main(["prove", "1-1", "1-1-1", "2-2-1", "--activations", "relu", *mine]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "in 1 statement: the same function" in said
    assert "Interrupted: this is what was proved up to then." in said
    report = _json(capsys, "1-1-1", "--activations", "relu", *mine, code=2)
    assert (report["interrupted"], report["verdict"], report["architectures"]) == (True, "UNDECIDED", [])
    assert main(["prove", "1-1-1", "--activations", "relu", *mine]) == 2
    assert "UNDECIDED nothing was proved" in capsys.readouterr().out


def test_ctrl_c_from_the_keyboard_is_heard_within_a_statement() -> None:
    command = [sys.executable, "-m", "backprove", "prove", "10-10-10-10", "--activations", "relu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "Interrupted" in out
    assert "Traceback" not in out + err


# --- trouble ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name an architecture such as 3-3-3-1"),
        (["3"], "3: is not an architecture such as 3-3-3-1"),
        (["3-0-1"], "3-0-1: is not an architecture"),
        (["3-3-x"], "3-3-x: is not an architecture"),
        (["-3-1"], "No such option"),
        (["x" * 500], "is not an architecture"),
        (["1000000-1"], "1,000,001 units; at most 1,000"),
        (["2-1", "9" * 50 + "-1"], "is not an architecture"),
        (["2-1", "--activations", "swish"], "--activations: 'swish' is not one of identity"),
        (["2-1", "--activations", "relu/"], ""),
        (["2-1", "--activations", ","], "--activations: is empty"),
        (["2-1", "--activations", "relu/tanh/relu"], "'tanh/relu' is not one of"),
        (["2-1", "--loss", "hinge"], "--loss: 'hinge' is not one of squared_error"),
        (["2-1", "--loss", ""], "--loss: is empty"),
        (["2-1", "--targets", "nonsense"], "--targets: 'nonsense' is not one of any, free"),
        (["2-1", "--points", "0"], "--points"),
        (["2-1", "--patterns", "0"], "--patterns"),
        (["2-1", "--seed", "-1"], "--seed"),
        (["--all-up-to", "0"], "--all-up-to"),
        (["--all-up-to", "9"], "--all-up-to"),
        (["2-1", "--engines", "neuron"], "one engine alone agrees with nobody"),
        (["2-1", "--engine", "none.py:engine"], "none.py: no such file"),
        (["2-1", "--report", "x.pdf"], "x.pdf: reports are written as .json, .md, .html"),
        (["1-1", "--activations", "softmax", "--loss", "binary_cross_entropy"], "nothing to prove"),
    ],
)
def test_trouble_is_one_clear_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not said:
        assert main(["prove", *arguments]) == 0  # what stands for the output is left out: as hidden
        return
    assert main(["prove", *arguments]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert err.startswith("backprove: ")
    assert err.count("\n") == 1
    assert out == ""
    assert list(Path().iterdir()) == []
