"""A class of submissions, each of which does something to its process or returns something odd: a clear line each."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from candidates import alive

from backprove.cli import main
from backprove.report.words import safe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
HAZARDS = Path(__file__).parent / "submissions" / "hazards"
ROW = re.compile(r"(?P<mark>.)  (?P<name>\w+)\.py +(?P<what>.*?)(; (?P<odd>[a-z-]+(, [a-z-]+)*))? *")
COMMAND = ("check", "*.py:gradients", "--networks", "6", "--seconds", "1")

# Gives no gradient → why, as the table says it; @ is the place, FILE:LINE of the line that holds the text after it.
FAILS = {
    "closes_descriptors": "lost the pipes that it answers through: it closed descriptors or wrote to them",
    "endless_loop": "no answer within 1 s (endless_loop.py:1",
    "forks": "started more processes than a call may",
    "hogs_memory": "used more than 2 GiB of memory @jacobian = ",
    "kills_itself": "killed by signal 9 (kill)",
    "leaves": "left with sys.exit() @sys.exit()",
    "leaves_at_once": "ended its process with exit code 3",
    "raises": "raised IndexError: list index out of range @dw[l] = dw[l]",
    "raises_brackets": "raised KeyError: '[bold red]W1[/] is missing [/b]' @raise ",
    "raises_escapes": (
        r"raised ValueError: \x1b[31mbad\x1b[0m shapes\x07 \x1b]0;owned\x07 \x1b[2J\x00 \x9b31m\u202eend @raise "
    ),
    "raises_keyboard_interrupt": "raised KeyboardInterrupt @raise ",
    "reads_input": "raised EOFError: EOF when reading a line @rate = ",
    "recursion": "raised RecursionError: maximum recursion depth exceeded @below = ",
    "recursion_without_limit": (
        "killed by signal 11 (segmentation fault) @return sorted"
        if sys.version_info < (3, 12)  # since then there is a limit that cannot be raised
        else "raised RecursionError: maximum recursion depth exceeded"
    ),
    "returns_complex": "returned weights[0] as complex128 numbers; float64 or float32 is needed",
    "returns_none": "returned None; a return at the end may be missing",
    "returns_per_sample": "one gradient for each sample, not reduced over them",
    "returns_strings": "returned weights[0] as text; float64 or float32 is needed",
    "segfaults": "killed by signal 11 (segmentation fault) @print(",
}
# What is odd beside that, or in a right one: ids of HYGIENE.
ODD = {
    "changes_error_state": ["changes-error-state"],
    "keeps_state": ["keeps-state"],
    "leaves": ["prints"],
    "leaves_a_process": ["leaves-processes"],
    "leaves_a_thread": ["leaves-threads"],
    "overwrites_arguments": ["mutates-arguments"],
    "prints": ["prints"],
    "prints_escapes": ["prints"],
    "reads_input": ["prints"],
    "reseeds": ["reseeds-global-generator"],
    "returns_flattened": ["weights-axes", "weights-flattened"],
    "returns_integers": ["returns-integers"],
    "returns_nan": ["returns-nan"],
    "returns_none": ["mutates-arguments"],
    "returns_transposed": ["weights-transposed"],
    "shuffles": ["nondeterministic"],
}
RIGHT = {
    "a_right", "changes_error_state", "closes_stdout", "keeps_state", "leaves_a_process", "leaves_a_thread",
    "overwrites_arguments", "prints", "prints_escapes", "reseeds", "returns_flattened", "returns_transposed",
    "shuffles", "z_right",
}  # fmt: skip
WRONG = {"returns_integers": "no known mistake", "returns_nan": "it returns nan"}
UNLOADED = {
    "raises_at_import": "raises_at_import.py:6: does not import: FileNotFoundError: iris_train.csv not found",
    "syntax_error": "syntax_error.py:1: does not import: SyntaxError: '(' was never closed",
}


@pytest.fixture(autouse=True)
def _class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, and one that no tool of ours could read, in the folder that we are in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for file in HAZARDS.glob("*.py"):
        shutil.copy(file, tmp_path)
    Path("syntax_error.py").write_text("def gradients(weights, biases, inputs, targets:\n    return weights, biases\n")


def placed(words: str, name: str) -> str:
    """The words with @TEXT replaced by the line of the file that holds the text."""
    said, at, text = words.partition("@")
    lines = Path(f"{name}.py").read_text(encoding="utf-8").splitlines()
    return f"{said}({name}.py:{1 + next(i for i, line in enumerate(lines) if text in line)})" if at else said


def test_files_are_all_accounted_for() -> None:
    names = {file.stem for file in Path().glob("*.py")}
    assert names == {*FAILS, *RIGHT, *WRONG, *UNLOADED}
    assert set(ODD) <= names
    assert (min(names), max(names)) == ("a_right", "z_right")


@pytest.mark.slow
def test_each_has_a_clear_line_and_the_host_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    """One command over the folder. capfd: what a child may write past Python's streams is there as well."""
    here = (os.getpid(), os.getcwd(), sys.getrecursionlimit(), sys.stdout, alive())
    assert main([*COMMAND]) == 1
    assert (os.getpid(), os.getcwd(), sys.getrecursionlimit(), sys.stdout, alive()) == here
    said = capfd.readouterr()
    assert clean(said.out)
    assert clean(said.err)
    rows = table(said.out)
    assert list(rows) == sorted({*FAILS, *RIGHT, *WRONG})
    for name, (mark, what, hygiene) in rows.items():
        assert hygiene == ODD.get(name, []), name
        if name in RIGHT:
            assert (mark, what) == ("✓", "right"), name
        else:
            assert mark == "✗", name
            assert (placed(FAILS[name], name) if name in FAILS else WRONG[name]) in what
    given = len(rows) + len(UNLOADED)
    assert said.out.splitlines()[-1] == f"{len(RIGHT)} of {given} candidates right; {len(UNLOADED)} could not be asked"
    troubles = said.err.splitlines()
    for line, words in zip(troubles, UNLOADED.values(), strict=True):
        assert line.startswith(f"backprove: {words}")


@pytest.mark.slow
def test_machine_output_says_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    """Of those whose words or numbers could spoil it. (What is text stays text: JSON's escapes are read back.)"""
    for file in Path().glob("*.py"):
        if file.stem not in ("a_right", "prints_escapes", "raises_escapes", "returns_nan", "syntax_error"):
            file.unlink()
    assert main([*COMMAND, "--json"]) == 1
    said = capfd.readouterr()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", said.out)
    found: dict[str, Any] = json.loads(said.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [c["verdict"] for c in found["candidates"]] == ["AGREE", "AGREE", "DISAGREE", "DISAGREE"]
    assert found["candidates"][1]["hygiene"] == ["prints"]
    assert "\x1b[31mbad" in found["candidates"][2]["traceback"]
    assert found["candidates"][3]["values"]["returns_nan.py:gradients"] == "nan"
    assert [trouble.split(": ")[0] for trouble in found["troubles"]] == ["syntax_error.py:1"]


def test_a_single_one_is_said_without_control_characters(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "raises_escapes.py:gradients", *COMMAND[2:]]) == 1
    said = capfd.readouterr().out
    assert clean(said)
    assert r"gives no gradient: raised ValueError: \x1b[31mbad" in said
    assert not any(clean(text) for text in ("\x1b[31mred", "\a", "\x9b"))


def clean(text: str) -> bool:
    return safe(text.replace("\n", " ")) == text.replace("\n", " ")


def table(text: str) -> dict[str, tuple[str, str, list[str]]]:
    """File → (mark, what, hygiene) of the table at the end."""
    rows = {}
    for line in text[text.rindex("  candidate  ") :].splitlines()[1:-1]:
        if line.startswith("! "):
            continue
        found = ROW.fullmatch(line)
        assert found, line
        rows[found["name"]] = (found["mark"], found["what"], found["odd"].split(", ") if found["odd"] else [])
    return rows
