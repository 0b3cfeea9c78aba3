"""Output on terminals, narrow ones too, and in pipes: colours only where they are wanted, and no line too wide."""

import os
import re
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from backprove.cli import main

HOMEWORK = """
import numpy as np

BACKPROVE = {"activations": ["identity"], "loss": "squared_error", "reduction": "sum", "layers": 1, "biases": False}


def gradients(weights, biases, inputs, targets):
    return [-2 * (inputs @ weights[0].T - targets).T @ inputs], [None]
"""
NET = """{"format": "backprove.case/1", "title": "A title of some words that goes on and on until it is long", "loss":
{"name": "squared_error"}, "layers": [{"activation": "sigmoid", "weights": [[0.5, -1]], "bias": [0.25]}], "inputs":
[[1, 2]], "targets": [[1]], "published": [{"what": "loss", "value": "0.7"}]}"""
COMMANDS = (
    "run --networks 2 --domains float64,rational",
    "run --networks 2 --domains float64 --quiet",
    "compare net.json",
    "check homework.py:gradients --networks 5",
    "explain",
    "explain --weight 1,1,1 --quiet",
    "prove 2-1 --activations sigmoid,relu",
    "gallery sensitivity --networks 2 --domains rational",
    "--help",
    "run --help",
)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[([0-9]+;)*(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9]+)*m")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homework.py").write_text(HOMEWORK)
    (tmp_path / "net.json").write_text(NET)


def environment(**more: str) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return plain | {"TERM": "xterm-256color"} | more


def on_terminal(arguments: str, columns: int, **more: str) -> str:
    """All that a command writes on a terminal of so many columns."""
    fcntl, pty, struct, termios = map(pytest.importorskip, ("fcntl", "pty", "struct", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "backprove", *shlex.split(arguments)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**more))
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # how Linux says that nobody writes there any more
        pass
    os.close(ours)
    assert process.wait(60) in (0, 1)
    return said.decode().replace("\r\n", "\n")


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)


def too_wide(text: str, columns: int) -> list[str]:
    """Lines that do not fit, but for a command to be copied in one piece."""
    return [line for line in text.splitlines() if width(line.rstrip()) > columns and "again: backprove" not in line]


QUICK = "run --networks 2 --domains rational"


def test_a_terminal_has_colours_and_bars_and_a_pipe_has_none() -> None:
    shown = on_terminal(QUICK, 80)
    assert COLOUR.search(shown)
    assert "━" in shown
    done = subprocess.run(
        [sys.executable, "-m", "backprove", *QUICK.split()], capture_output=True, text=True, env=environment()
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not ESCAPE.search(done.stdout)
    assert "AGREE" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "more", "pattern"),
    [
        (QUICK, {"NO_COLOR": "1"}, COLOUR),
        (f"{QUICK} --quiet --no-color", {}, ESCAPE),
        (f"{QUICK} --quiet", {"NO_COLOR": "1"}, ESCAPE),
        (QUICK, {"TERM": "dumb"}, ESCAPE),
        ("run --help", {}, ESCAPE),
        ("--version", {}, ESCAPE),
    ],
    ids=["NO_COLOR", "quiet --no-color", "quiet NO_COLOR", "dumb", "help", "version"],
)
def test_a_terminal_has_none_where_they_are_not_wanted(
    arguments: str, more: dict[str, str], pattern: re.Pattern[str]
) -> None:
    shown = on_terminal(arguments, 80, **more)
    assert len(shown) > 20
    assert pattern.findall(shown) == []


def test_a_terminal_of_40_columns_is_measured() -> None:
    shown = ESCAPE.sub("", on_terminal(f"{QUICK} --quiet", 40))
    assert too_wide(shown, 40) == []
    assert "\n" in shown.strip()


@pytest.mark.parametrize("arguments", COMMANDS)
def test_40_columns_do(arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for columns in (40, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        main(shlex.split(arguments))
        said[columns] = capsys.readouterr().out
        assert not ESCAPE.search(said[columns])
    assert too_wide(said[40], 40) == []
    assert too_wide(said[100], 40) != []
    # every verdict that is there is there in one piece
    words = ("AGREE", "DISAGREE", "UNDECIDED")
    assert [said[40].split().count(word) for word in words] == [said[100].split().count(word) for word in words]


def test_what_belongs_together_stands_below_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    main(["run", "--networks", "10", "--domains", "float64"])
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  float64   AGREE     10 networks,"))
    assert re.match(r" {22}\S", lines[at + 1])
