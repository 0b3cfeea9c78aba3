"""Every block of Python in the README runs, as a file of its own beside the files that the README shows."""

import re
import runpy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from transcripts import FILE, README

LIBRARIES = ("torch", "jax", "autograd")
TEXT = README.read_text(encoding="utf-8")
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What pytest is shown to say of the block above it.
FAILS = re.compile(r"(?:(?!```|\n#).)*```text\n>[^\n]*\nE +(?P<error>[\w.]+): .*?```", re.DOTALL)


def blocks(text: str) -> dict[int, tuple[str, str]]:
    """Line → (block, the error that it ends with if that is what is shown, or "")."""
    found = {}
    for m in PYTHON.finditer(text):
        fails = FAILS.match(text, m.end())
        found[text[: m.start()].count("\n") + 1] = (m[1], fails["error"].rpartition(".")[2] if fails else "")
    return found


BLOCKS = blocks(TEXT)


class Network:
    """What a block calls its reader's own class."""


def lacks(block: str) -> list[str]:
    """The optional libraries that a block imports and that are not there."""
    imported = re.findall(r"^\s*(?:import|from) (\w+)", block, re.MULTILINE)
    return [name for name in LIBRARIES if name in imported and find_spec(name) is None]


def run(block: str, folder: Path) -> dict[str, Any]:
    """Run a block as a script, and then the tests in it."""
    file = folder / "block.py"
    file.write_text(block, encoding="utf-8")
    found = runpy.run_path(str(file), init_globals={"Network": Network})
    for name, value in found.items():
        if name.startswith("test_"):
            value()
    return found


def outcome(block: str, folder: Path) -> str:
    """The name of the error that a block ends with, or ""."""
    try:
        run(block, folder)
    except Exception as error:
        return type(error).__name__
    return ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the README's files."""
    for m in FILE.finditer(TEXT):
        (tmp_path / m[2]).write_text(m[1], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=[pytest.mark.slow] if fails else []) for line, (_, fails) in BLOCKS.items()]
)
def test_a_block_runs(line: int, folder: Path) -> None:
    block, fails = BLOCKS[line]
    if missing := lacks(block):
        pytest.skip(f"needs {', '.join(missing)}, which is not installed")
    if fails:
        assert outcome(block, folder) == fails
    else:
        run(block, folder)


def test_no_block_is_overlooked() -> None:
    assert len(BLOCKS) == TEXT.count("```python") >= 4


RIGHT = """from hypothesis import given

import backprove


@given(backprove.cases(max_layers=1))
def test_engines_agree(case):
    engines = {name: backprove.ENGINES[name] for name in ("neuron", "matrix")}
    comparison = backprove.compare_engines(case, backprove.DOMAINS["rational"], engines)
    assert comparison.verdict is not backprove.Verdict.DISAGREE


gradients = backprove.from_class(Network, "backward", learning_rate=0.1)
"""


@pytest.mark.parametrize(
    ("right", "broken", "error"),
    [
        ("", "", ""),
        ("import given", "import gave", "ImportError"),
        ("is not", "is", "AssertionError"),
        ("ENGINES[name]", "ENGINES[name", "SyntaxError"),
        ("max_layers=1", "most_layers=1", "TypeError"),
        ("learning_rate=0.1", "learning_rate=0", "ValueError"),
        ("import backprove", "import os", "NameError"),
    ],
)
def test_a_broken_block_is_found_out(right: str, broken: str, error: str, folder: Path) -> None:
    assert right in RIGHT
    assert outcome(RIGHT.replace(right, broken), folder) == error


def test_an_error_belongs_to_the_block_above_it() -> None:
    shown = "```python\na\n```\n\n`it` says\n\n```text\n>  a\nE   x.NameError: b\n```\n"
    assert blocks(f"{shown}\n```python\nb\n```\n") == {1: ("a\n", "NameError"), 12: ("b\n", "")}
    assert blocks(shown.replace("`it` says", "```sh\nc\n```")) == {1: ("a\n", "")}


def test_a_missing_library_is_named() -> None:
    assert lacks("import numpy as np\nfrom hypothesis import given\n") == []
    assert lacks("x = 1\nfrom torch import nn\n") == ([] if find_spec("torch") else ["torch"])
