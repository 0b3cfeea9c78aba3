"""The pytest plugin in a project of its own: three lines of test, plain and in several processes, and what it says."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from test_testing import SLOPE, SOURCE

TEST = """\
from hypothesis import given, settings
from backprove.testing import assert_same_gradient, cases
from mine import gradients

@given(cases(activations="sigmoid", loss="squared_error", loss_scale="1/2", reduction="sum"))
def test_my_backprop(case):
    assert_same_gradient(gradients, case)
"""
DRAWN = """
def test_drawn_here():
    assert_same_gradient(gradients, activations="sigmoid", loss="squared_error", loss_scale="1/2", reduction="sum")

@settings(max_examples=90)
@given(cases(activations="sigmoid", loss="squared_error", loss_scale="1/2", reduction="sum").map(lambda case: case))
def test_with_settings(case):
    assert_same_gradient(gradients, case)

class TestInAClass:
    @given(case=cases(activations="sigmoid", loss="squared_error", loss_scale="1/2", reduction="sum"))
    def test_method(self, case):
        assert_same_gradient(gradients, case)

def test_nothing_of_the_kind():
    pass
"""
SUMMARY = (
    r"backprove: ([0-9,]+) networks, ([0-9,]+) entries; the largest difference takes up 0\.[0-9]+ of the bound "
    r"\(([0-9]+) tests?\)"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_mine.py").write_text(TEST, encoding="utf-8")
    write(tmp_path, SLOPE)
    return tmp_path


def write(project: Path, slope: str) -> None:
    (project / "mine.py").write_text(SOURCE.format(first="", slope=slope, last="pass"), encoding="utf-8")


def pytest_in(project: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of pytest there, as its user would run it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "HYPOTHESIS", "COV"))}
    command = [sys.executable, "-m", "pytest", "-q", *options]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, env=environment, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("processes", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=("plain", "xdist"))
def test_a_planted_mistake_fails_with_its_cause_and_passes_when_mended(
    project: Path, processes: tuple[str, ...]
) -> None:
    write(project, slope="")
    code, said = pytest_in(project, *processes)
    assert code == 1, said
    for part in (
        "cause: hidden-slope-missing",
        "first difference: W1[1,1]",
        "again: backprove check mine.py:gradients",
    ):
        assert part in said
    assert "E       Failing test case" in said or "E       Falsifying example" in said
    assert "backprove/testing" not in said  # our frames are hidden, and no lines of ours are blamed
    if processes:
        again, said = pytest_in(project, *processes)  # from Hypothesis's database of examples
        assert again == 1
        assert "cause: hidden-slope-missing" in said
    write(project, SLOPE)
    code, said = pytest_in(project, *processes, "--junitxml=found.xml")
    assert code == 0, said
    summary = re.search(SUMMARY, said)
    assert summary is not None, said
    assert (int(summary[1]) >= 100, summary[3]) == (True, "1")
    told = {p.get("name"): p.get("value") for p in ET.parse(project / "found.xml").iter("property")}
    assert told["backprove_networks"] == summary[1].replace(",", "")
    assert told["backprove_entries"] == summary[2].replace(",", "")


def test_the_number_of_networks_is_an_option(project: Path) -> None:
    with (project / "test_mine.py").open("a", encoding="utf-8") as file:
        file.write(DRAWN)
    code, said = pytest_in(project, "--backprove-networks", "7", "--hypothesis-seed", "3", "--junitxml=found.xml")
    assert code == 0, said
    networks = {
        case.get("name"): [int(p.get("value", "")) for p in case.iter("property") if "networks" in p.get("name", "")]
        for case in ET.parse(project / "found.xml").iter("testcase")
    }
    assert networks == {
        "test_my_backprop": [7],
        "test_drawn_here": [7 + 3 * 7],  # each once more in three ways, saturated
        "test_with_settings": [7],
        "test_method": [7],
        "test_nothing_of_the_kind": [],
    }
    assert re.search(SUMMARY, said)


@pytest.mark.parametrize("number", ["0", "many", "-3"])
def test_a_number_that_is_none_is_refused(project: Path, number: str) -> None:
    code, said = pytest_in(project, f"--backprove-networks={number}")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"argument --backprove-networks: invalid number of networks value: '{number}'" in said


def test_it_costs_nothing_until_it_is_used(project: Path) -> None:
    heavy = "{'numpy', 'hypothesis', 'rich', 'msgspec', 'backprove.case'} & set(sys.modules)"
    code = f"import sys, pytest; before = set(sys.modules); import backprove.pytest_plugin; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    (project / "test_mine.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    code_, said = pytest_in(project)
    assert code_ == 0
    assert "backprove" not in said


def test_assertions_work_without_the_plugin(project: Path) -> None:
    code, said = pytest_in(project, "-p", "no:backprove")
    assert code == 0
    assert "backprove:" not in said
