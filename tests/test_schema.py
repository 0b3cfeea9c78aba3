"""The published JSON schemas: they are the findings', what the commands write obeys them, and what is bent does not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemas

from backprove.bench import growth, main_job, others, sides
from backprove.check import shrink, survey
from backprove.cli import main
from backprove.errors import BackproveError
from backprove.report.schema import FORMATS, file_name, generated, schema

MAZUR = str(Path(__file__).parent / "worked_examples" / "mazur-2015.json")
WRONG = """
from dataclasses import replace
from backprove.engines.matrix import engine as right

def engine(case, domain):
    found = right(case, domain)
    return replace(found, weights=[w + w for w in found.weights])
"""
MINE = """
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
    return dW, db
"""
RUN = ["run", "--networks", "3", "--quiet"]
CHECK = ["--networks", "8", "--max-layers", "2", "--max-width", "3", "--quiet"]
# What is written → (its format, the command that writes it, its exit code).
WRITTEN = {
    "run": ("report/1", RUN, 0),
    "disagreement": ("report/1", [*RUN, "--engine", "wrong.py:engine", "--domains", "float64,modular"], 1),
    "replay": ("report/1", ["replay", MAZUR, "--quiet"], 0),
    "compare": ("comparison/1", ["compare", "case.json", "--quiet"], 0),
    "contradicted": ("comparison/1", ["compare", "case.json", "--engine", "wrong.py:engine", "--quiet"], 1),
    "check": ("check/1", ["check", "b.py:gradients", *CHECK], 1),
    "checks": ("checks/1", ["check", "a.py:gradients", "b.py:gradients", "gone.py:gradients", *CHECK], 1),
    "prove": ("certificate/1", ["prove", "2-2-1", "--loss", "squared_error", "--quiet"], 0),
    "refuted": ("certificate/1", ["prove", "2-1", "--activations", "softmax/identity", "--targets", "free",
                                  "--loss", "categorical_cross_entropy", "--engine", "wrong.py:engine", "--quiet"], 1),
    "explain": ("derivation/1", ["explain", MAZUR, "--quiet"], 0),
    "bench": ("bench/1", ["bench", "--quick", "--quiet"], 0),
    "gallery": ("gallery/1", ["gallery", "local-error", "--networks", "1", "--domains", "float64", "--quiet"], 1),
}  # fmt: skip


class Reports:
    """What every command writes, decoded; made when it is first wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Any] = {}
        (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
        case = json.loads(Path(MAZUR).read_text(encoding="utf-8"))
        case["published"] = case["published"][:2]  # which are right; what is wrong takes seconds to explain
        (folder / "case.json").write_text(json.dumps(case), encoding="utf-8")
        for name, slope in (("a.py", "(Z[l - 1] > 0)"), ("b.py", "1")):
            (folder / name).write_text(MINE.format(slope=slope), encoding="utf-8")

    def __getitem__(self, name: str) -> Any:
        if name not in self.made:
            _, command, code = WRITTEN[name]
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(self.folder)
                patch.setattr(survey, "PROBED", 0)
                patch.setattr(shrink, "SECONDS", 0.2)
                patch.setattr(growth, "WIDTHS", (2, 4))
                patch.setattr(growth, "SIDES", {"width": ((2, 3, 4, 5), growth.SIDES["width"][1])})
                patch.setattr(main_job, "NETWORKS", {True: 2})
                patch.setattr(sides, "WIDTHS", (2,))
                patch.setattr(sides, "CHECKED", ())
                patch.setattr(sides, "PATH_WIDTHS", (2,))
                patch.setattr(others, "missing", lambda: ["torch", "micrograd"])
                assert main([*command, "--report", f"{name}.json"]) == code, name
                self.made[name] = json.loads(Path(f"{name}.json").read_text(encoding="utf-8"))
        return self.made[name]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return Reports(tmp_path_factory.mktemp("schema"))


def faults(report: Any, name: str) -> list[str]:
    found = jsonschema.Draft202012Validator(schema(f"backprove.{name}")).iter_errors(report)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("name", FORMATS)
def test_the_published_schema_is_that_of_the_findings(name: str) -> None:
    file = schemas.FOLDER / file_name(name)
    assert file.read_text(encoding="utf-8") == schemas.text(name)
    assert schema(name) == generated(name)
    assert schema(name)["$id"] == name
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_every_format_has_one_and_there_are_no_others() -> None:
    assert {file.name for file in schemas.FOLDER.iterdir()} == {file_name(name) for name in FORMATS}
    assert {name.removeprefix("backprove.") for name in FORMATS} == {form for form, _, _ in WRITTEN.values()}
    with pytest.raises(BackproveError, match=r"'backprove\.report/2' is not one of backprove\.report/1, "):
        schema("backprove.report/2")


# Parts that are seldom there.
PARTS: dict[str, Callable[[Any], Any]] = {
    "disagreement": lambda found: found["disagreements"][0]["sheet"]["differences"],
    "run": lambda found: found["timing"]["costs"],
    "check": lambda found: found["causes"],
    "bench": lambda found: all(found[name] for name in ("growth", "ratios", "paths", "campaign", "missing")),
    "checks": lambda found: found["troubles"],
    "refuted": lambda found: found["architectures"][0]["witness"],
    "compare": lambda found: found["cases"][0]["published"],
    "contradicted": lambda found: found["cases"][0]["first_difference"],
    "gallery": lambda found: found["rows"][0]["readings"][0]["disagreement"],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_obeys_it(name: str, reports: Reports) -> None:
    form = WRITTEN[name][0]
    assert reports[name]["format"] == f"backprove.{form}"
    assert faults(reports[name], form) == []
    assert PARTS.get(name, bool)(reports[name])


@pytest.mark.parametrize("name", WRITTEN)
def test_a_report_without_one_of_its_keys_does_not(name: str, reports: Reports) -> None:
    for key in reports[name]:
        bent = {k: v for k, v in reports[name].items() if k != key}
        assert faults(bent, WRITTEN[name][0]) == [f"$: {key!r} is a required property"]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_report_of_another_format_does_not(name: str, reports: Reports) -> None:
    form = WRITTEN[name][0]
    for other in ("backprove.report/2", "", None, *(each for each in FORMATS if each != f"backprove.{form}")):
        assert faults(reports[name] | {"format": other}, form)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_value_of_another_type_does_not(name: str, reports: Reports) -> None:
    for key in reports[name]:
        assert faults(reports[name] | {key: object}, WRITTEN[name][0])


def _costs(report: Any) -> None:
    report["timing"]["costs"][0]["points"][0]["seconds"] = "a while"


def _entries(report: Any) -> None:
    report["domains"][0]["pairs"][0]["entries"] = 1.5


def _group(report: Any) -> None:
    report["disagreements"][0]["groups"] = ["neuron"]


def _sheet(report: Any) -> None:
    del report["disagreements"][0]["sheet"]["verdicts"]


def _gallery(report: Any) -> None:
    report["gallery"] = {"format": "backprove.gallery/1"}


@pytest.mark.parametrize("bend", [_costs, _entries, _group, _sheet, _gallery])
def test_what_is_wrong_deep_inside_is_caught(bend: Callable[[Any], None], reports: Reports) -> None:
    bent = copy.deepcopy(reports["disagreement"])
    bend(bent)
    assert faults(bent, "report/1")


def test_one_of_several_candidates_is_held_to_its_own_format(reports: Reports) -> None:
    bent = copy.deepcopy(reports["checks"])
    bent["candidates"][1]["format"] = "backprove.checks/1"
    assert faults(bent, "checks/1") == ["$.candidates[1].format: 'backprove.check/1' was expected"]
