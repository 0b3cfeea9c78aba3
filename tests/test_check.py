"""`backprove check`: right ones are right in every style, wrong ones are named, and no file takes the others along."""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from backprove.check import examine, finding, shrink, survey
from backprove.cli import main
from backprove.findings import CheckFinding
from backprove.mistakes.catalogue import CATALOGUE
from backprove.report import checks

SUBMISSIONS = Path(__file__).parent / "submissions"
RIGHT = sorted((SUBMISSIONS / "right").glob("*.py"))
WRONG = sorted((SUBMISSIONS / "wrong").glob("*.py"))
SMALL = {"max_layers": 3, "max_width": 3}
QUICK = ["--networks", "20", "--max-layers", "3", "--max-width", "3"]

# Submission → the mistakes in it, where that is not what its name says.
MISTAKES: dict[str, set[str]] = {
    "factor_of_hidden": {"factor"},
    "forward_mismatch_and_net_input": {"forward-mismatch", "net-input-for-activation"},
    "updated_weights_in_place": {"updated-weights"},
}
# Submission → the loss, scale, reduction and sign whose gradient it is, exactly: that goes before a mistake's name.
OTHER_PROBLEMS = {
    # sigmoid' times dC/da of binary cross-entropy is a - t, half squared error's dC/da without the slope
    "output_slope_missing_for_sigmoid": ("binary_cross_entropy", "1", "sum", 1),
    "sign": ("squared_error", "1/2", "sum", -1),
}
# Mistakes whose numbers are the same for squared error behind a tanh output: both are named.
ALIKE = {"output_slope_missing": {"unmatched-fused-delta"}, "unmatched_fused_delta": {"output-slope-missing"}}

# A sigmoid network with one hidden layer and half squared error; code to plant: before the end.
SOURCE = """\
import numpy as np
{declared}

def gradients(weights, biases, inputs, targets):
    N, K = targets.shape
    A = [inputs]
    for w, b in zip(weights, biases):
        A.append(1 / (1 + np.exp(-(A[-1] @ w.T + b))))
    d = (A[-1] - targets) * A[-1] * (1 - A[-1])
    dW, db = [], []
    for l in reversed(range(len(weights))):
        dW.insert(0, d.T @ A[l])
        db.insert(0, d.sum(axis=0))
        d = (d @ weights[l]) * A[l] * (1 - A[l])
    {last}
    return dW, db
"""
DECLARED = (
    'BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum", '
    '"layers": 2, "biases": True}'
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    # Habits between calls are looked at elsewhere; each look starts Python anew.
    monkeypatch.setattr(survey, "PROBED", 0)


def _limit(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(shrink, "SECONDS", seconds)


def _write(name: str = "mine.py", last: str = "pass", declared: str = DECLARED) -> str:
    Path(name).write_text(SOURCE.format(last=last, declared=declared), encoding="utf-8")
    return f"{name}:gradients"


def _checked(spec: str, **options: object) -> CheckFinding:
    return finding(examine(spec, options, networks=20, settings=SMALL), 0)


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    main(["check", *arguments, "--json"])
    return json.loads(capsys.readouterr().out)


# Right ones


def test_there_are_submissions_in_many_styles() -> None:
    assert len(RIGHT) >= 13


def mostly_slow(values: Iterable[Any]) -> list[Any]:
    """One in five in every run, the others with -m slow."""
    return [value if i % 5 == 0 else pytest.param(value, marks=pytest.mark.slow) for i, value in enumerate(values)]


@pytest.mark.parametrize("file", RIGHT, ids=lambda f: f.stem)
def test_a_right_one_is_right_in_every_style(file: Path) -> None:
    found = _checked(f"{file}:gradients")
    assert found.verdict == "AGREE", (found.undecided, found.failure)
    assert (found.wrong_networks, found.networks) == (0, 20)
    assert found.inferred in ([], ["loss_scale"])  # the scale of 1 is not declared by all of them
    assert found.posed["loss_scale"] in ("1/2", "1")
    assert (found.cause, found.causes, found.is_gradient_of) == (None, [], None)
    assert (found.first_difference, found.case, found.replay, found.failure) == (None, None, None, "")


def test_a_right_one_leaves_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{SUBMISSIONS / 'right' / 'tape.py'}:gradients", *QUICK]) == 0
    said = capsys.readouterr().out
    assert said.startswith("✓ ")
    assert "is the gradient of squared error, mean over the samples" in said
    assert not re.search("cause|no known mistake|wrong", said)


def test_a_right_one_in_float32_is_judged_with_its_rounding() -> None:
    found = _checked(f"{SUBMISSIONS / 'right' / 'single_precision.py'}:gradients")
    assert (found.verdict, found.hygiene) == ("AGREE", ["returns-float32"])


# Wrong ones


def test_every_mistake_of_the_catalogue_has_a_submission() -> None:
    named = {m for f in WRONG for m in MISTAKES.get(f.stem, {f.stem.replace("_", "-")})}
    assert named >= set(CATALOGUE)
    assert named - set(CATALOGUE) == {"output-slope-missing-for-sigmoid"}


@pytest.mark.parametrize("file", mostly_slow(WRONG), ids=lambda f: f.stem)
def test_a_wrong_one_is_found_and_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _limit(monkeypatch, 0.1)
    examined = examine(f"{file}:gradients", {}, networks=20, settings=SMALL)
    found = finding(examined, 0)
    assert (found.verdict, found.failure) == ("DISAGREE", "")
    if file.stem in OTHER_PROBLEMS:
        of = found.is_gradient_of
        assert of is not None
        assert (of.loss, of.loss_scale, of.reduction, of.sign) == OTHER_PROBLEMS[file.stem]
        assert (of.factor, found.cause) == ("1", None)
    else:
        assert found.is_gradient_of is None
        wanted = MISTAKES.get(file.stem, {file.stem.replace("_", "-")})
        assert {frozenset(c.ids) for c in found.causes} == {
            frozenset(wanted),
            *([frozenset(ALIKE[file.stem])] if file.stem in ALIKE else []),
        }
        assert found.cause == found.causes[0].ids
    case = examined.smallest.case if examined.smallest else None
    assert case is not None
    assert len(case.layers) <= 3
    assert found.case is not None
    assert found.first_difference is not None
    assert any("DISAGREE" in (layer.weights, layer.bias) for layer in found.layers)


# The smallest networks that can show them, and the samples that it takes.
SMALLEST = {
    "bias_mean_weights_sum": ((1, 1), 2),
    "bias_summed_over_units": ((1, 2), 1),
    "output_slope_missing": ((1, 1), 1),
    "softmax_row_sums": ((1, 2), 1),
    "updated_weights": ((1, 1, 1), 1),
}


@pytest.mark.parametrize("name", mostly_slow(SMALLEST))
def test_the_smallest_network_is_small(name: str) -> None:
    examined = examine(f"{SUBMISSIONS / 'wrong' / name}.py:gradients", {}, networks=20, settings=SMALL)
    assert examined.smallest is not None
    case = examined.smallest.case
    assert max(case.sizes) <= 2
    assert len(case.layers) <= 3
    sizes, samples = SMALLEST[name]
    if examined.declaration.layers == "any":
        assert case.sizes == sizes
    assert len(case.inputs) == samples


def test_a_wrong_one_leaves_with_exit_code_1_and_says_all(capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{SUBMISSIONS / 'wrong' / 'hidden_slope_missing.py'}:gradients"
    assert main(["check", spec, *QUICK]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"✗ {spec} is not the gradient of half squared error, summed over the samples")
    for line in (
        "wrong: W1 right: W2",
        "smallest network that shows it: 1-1-1 (sigmoid, sigmoid), 1/2 squared_error",
        "first difference: W1[1,1] (weights[0][0, 0])",
        "cause: hidden-slope-missing",
        "yours delta^l = (W^{l+1})ᵀ delta^{l+1}",
        "right delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^{l+1}",
        f"again: backprove check {spec} --case ",
    ):
        assert line in said


@pytest.mark.parametrize("layer", [1, 2])
def test_one_entry_off_by_a_billionth_is_found_there_and_no_mistake_is_named(
    layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, 1.0)
    found = _checked(_write(last=f"dW[{layer - 1}][-1, 0] *= 1 + 1e-9"), layers="2-2-2")
    assert (found.verdict, found.is_gradient_of, found.cause, found.causes) == ("DISAGREE", None, None, [])
    assert (found.first_difference, found.index) == (f"W{layer}[2,1]", f"weights[{layer - 1}][1, 0]")
    blocks = {(m.layer, kind): getattr(m, kind) for m in found.layers for kind in ("weights", "bias")}
    assert [place for place, verdict in blocks.items() if verdict != "AGREE"] == [(layer, "weights")]
    assert found.tried > 1000
    assert checks.cause(found).startswith("no known mistake")


# What is it the gradient of?


@pytest.mark.parametrize("name", ["per_sample", "columns", "softmax_jacobian", "y_minus_t", "einsum", "forward_mode"])
def test_what_is_not_declared_is_inferred(name: str) -> None:
    file = SUBMISSIONS / "right" / f"{name}.py"
    text = file.read_text(encoding="utf-8")
    namespace: dict = {}
    exec(re.search(r"^BACKPROVE = \{.*?\}", text, re.S | re.M)[0], namespace)
    declared = namespace["BACKPROVE"]
    shapes = {k: v for k, v in declared.items() if k in ("samples", "layout", "biases", "layers")}
    text = re.sub(r"^BACKPROVE = \{.*?\}.*?$", f"BACKPROVE = {shapes!r}", text, flags=re.S | re.M)
    Path(f"{name}.py").write_text(text, encoding="utf-8")
    found = _checked(f"{name}.py:gradients")
    assert found.verdict == "AGREE"
    assert found.inferred == ["activations", "loss", "loss_scale", "reduction"]
    posed = found.posed
    names = posed["activations"]
    assert (names[0], names[-1]) == (declared["activations"][0], declared["activations"][-1])
    assert (posed["loss"], posed["loss_scale"], posed["reduction"]) == (
        declared["loss"],
        declared.get("loss_scale", "1"),
        declared["reduction"],
    )


@pytest.mark.parametrize(
    ("factor", "scale", "reduction", "shape", "sign"),
    [
        ("N", "1/2", "sum", "N", 1),
        ("1 / N", "1/2", "mean", "1", 1),
        ("1 / (N * K)", "1/2", "mean_all", "1", 1),
        ("2", "1", "sum", "1", 1),
        ("0.5", "1/4", "sum", "1", 1),
        ("K", "1/2", "sum", "K", 1),
        ("K / 2", "1/4", "sum", "K", 1),
        ("-1", "1/2", "sum", "1", -1),
        ("-1 / N", "1/2", "mean", "1", -1),
    ],
)
def test_a_constant_factor_is_a_formula_of_samples_and_outputs(
    factor: str, scale: str, reduction: str, shape: str, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, 0.1)
    found = _checked(_write(last=f"dW, db = [w * ({factor}) for w in dW], [b * ({factor}) for b in db]"))
    of = found.is_gradient_of
    assert found.verdict == "DISAGREE"
    assert of is not None
    assert (of.loss, of.activations, of.layout) == ("squared_error", ["sigmoid"], "out,in")
    assert (of.loss_scale, of.reduction, of.factor, of.sign) == (scale, reduction, shape, sign)


# Files, options, exit codes


def test_the_machine_output_has_the_keys_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    keys = {"format", "verdict", "is_gradient_of", "cause", "first_difference", "layers", "case", "hygiene"}
    right = _json(capsys, _write("right.py"), *QUICK)
    assert keys <= set(right)
    assert right["format"] == "backprove.check/1"
    wrong = _json(capsys, _write("wrong.py", last="db[0] *= 0; db[1] *= 0"), *QUICK)
    assert keys <= set(wrong)
    assert (wrong["verdict"], wrong["cause"]) == ("DISAGREE", ["bias-missing"])
    assert wrong["case"]["format"] == "backprove.case/1"
    assert {"layer": 1, "weights": "AGREE", "bias": "DISAGREE"} in wrong["layers"]
    of = _json(capsys, _write("minus.py", last="dW, db = [-w for w in dW], [-b for b in db]"), *QUICK)["is_gradient_of"]
    assert set(of) == {"loss", "loss_scale", "reduction", "activations", "factor", "sign", "layout"}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_json(capsys: pytest.CaptureFixture[str]) -> None:
    spec = _write(last="db[0] *= 0; db[1] *= 0")
    said = []
    for seed in ("3", "3", "4"):
        assert main(["check", spec, *QUICK, "--layers", "1-1-1", "--seed", seed, "--json"]) == 1
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_files_that_fail_are_said_in_a_line_each_and_the_others_are_judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, 0.1)
    Path("class").mkdir()
    failing = {
        "b_raises": ("1 / 0", "raised ZeroDivisionError"),
        "c_none": ("return None", "returned None"),
        "d_exits": ("import os; os._exit(3)", "exit code 3"),
        "e_loops": ("while True: pass", "0.5"),
        "f_leaves": ("raise SystemExit", "left with sys.exit"),
    }
    _write("class/a_right.py")
    for name, (code, _) in failing.items():
        _write(f"class/{name}.py", last=code)
    _write("class/z_right.py")
    arguments = ["check", "class/*.py:gradients", "--networks", "20", "--seconds", "0.5"]
    assert main([*arguments, "--quiet"]) == 1
    lines = capsys.readouterr().out.splitlines()
    for name, (_, words) in failing.items():
        (line,) = [line for line in lines if f"{name}.py" in line]
        assert line.startswith("✗")
        assert words in line
    for name in ("a_right", "z_right"):
        (line,) = [line for line in lines if f"{name}.py" in line]
        assert line.startswith("✓")
    assert lines[-1] == "2 of 7 candidates right"
    assert not any("Traceback" in line for line in lines)


def test_several_right_files_leave_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("per_sample", "t_minus_y"):
        shutil.copy(SUBMISSIONS / "right" / f"{name}.py", ".")
    assert main(["check", "*.py:gradients", "--networks", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [c["candidate"] for c in found["candidates"]] == ["per_sample.py:gradients", "t_minus_y.py:gradients"]
    assert found["verdict"] == "AGREE"
    # one that cannot be loaded is trouble, and said; the others are judged all the same
    Path("broken.py").write_text("def gradients(:")
    assert main(["check", "*.py:gradients", "--networks", "10", "--json"]) == 2
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (len(found["candidates"]), len(found["troubles"])) == (2, 1)
    assert "broken.py" in captured.err


def test_a_smallest_network_is_replayed_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    spec = _write(last="db[0] *= 0; db[1] *= 0")
    first = _json(capsys, spec, *QUICK)
    assert first["replay"].startswith(f"backprove check {spec} --case ")
    again = first["replay"].split()[-1]
    found = _json(capsys, spec, "--case", again)
    assert (found["verdict"], found["networks"]) == ("DISAGREE", 1)
    assert found["case"] == first["case"]
    assert (found["first_difference"], found["values"]) == (first["first_difference"], first["values"])
    _write()  # put right
    assert main(["check", spec, "--case", again]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.py:gradients"], "missing.py"),
        (["none-*.py:gradients"], "no file matches"),
        (["mine.py:gradient"], "gradient"),
        (["mine.py"], "mine.py"),
        (["mine.py:gradients", "--loss", "hinge"], "hinge"),
        (["mine.py:gradients", "--activations", "swish"], "swish"),
        (["mine.py:gradients", "--loss-scale", "x"], "x"),
        (["mine.py:gradients", "--layers", "a-b"], "a-b"),
        (["mine.py:gradients", "--case", "0123456789"], "0123456789"),
        (["key.py:gradients"], "losss"),
        (["syntax.py:gradients"], "syntax.py"),
        (["imports.py:gradients"], "no_such_module"),
    ],
    ids=" ".join,
)
def test_bad_input_is_trouble_in_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    _write()
    _write("key.py", declared='BACKPROVE = {"losss": "squared_error"}')
    Path("syntax.py").write_text("def gradients(:\n")
    Path("imports.py").write_text("import no_such_module\n")
    assert main(["check", *arguments, "--networks", "5"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.splitlines()) <= 2
