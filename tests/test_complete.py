"""Shell completion: the scripts that it consists of, what it answers, and that it answers a shell at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backprove.autodiff import AUTODIFF
from backprove.case import ACTIVATIONS, LAYOUTS, LOSSES, REDUCTIONS
from backprove.cli import complete, main
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.formulations import FORMULATIONS, GALLERY

VARIABLE = "_BACKPROVE_COMPLETE"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def answers(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What bash is told that may come at the end of a line."""
    monkeypatch.setenv(VARIABLE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines() if out.strip() else []


# --- the shell's side ---


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o default -F _backprove_completion backprove"),
        ("zsh", "#compdef backprove"),
        ("fish", "complete --command backprove"),
    ],
)
def test_a_script_for_each_shell(
    shell: str, registers: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, f"source_{shell}")
    assert main([]) == 0
    script = capsys.readouterr().out
    assert registers in script
    assert f"{VARIABLE}=complete_{shell}" in script


def test_no_script_for_what_is_no_shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(VARIABLE, "source_nonsense")
    assert main([]) == 1
    assert capsys.readouterr().out == ""


@pytest.fixture
def bash(tmp_path: Path) -> list[str]:
    """A bash with a `backprove` on its path and a home of its own."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs bash")
    command = tmp_path / "bin" / "backprove"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backprove "$@"\n')
    command.chmod(0o755)
    return [shell, "--noprofile", "--norc", "-c"]


def _in(bash: list[str], script: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    return subprocess.run([*bash, script], capture_output=True, text=True, env=environment, timeout=60)


def test_bash_completes_by_the_script_that_is_shown(bash: list[str], tmp_path: Path) -> None:
    script = """
        shown=$(backprove --show-completion; echo "code $?"); eval "${shown%code*}"
        COMP_WORDS=(backprove r); COMP_CWORD=1; _backprove_completion backprove
        echo "${shown##*code } ${COMPREPLY[*]}"
    """
    done = _in(bash, script, tmp_path)
    assert (done.stdout.split(), done.stderr) == (["0", "run", "replay"], "")


def test_bash_completes_after_an_installation(bash: list[str], tmp_path: Path) -> None:
    done = _in(bash, "backprove --install-completion; exit $?", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bash completion installed in" in done.stdout
    script = (
        'source ~/.bashrc; COMP_WORDS=(backprove ga); COMP_CWORD=1; _backprove_completion backprove; echo "$COMPREPLY"'
    )
    assert _in(bash, script, tmp_path).stdout.split() == ["gallery"]


# --- what it answers ---


def test_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert {"run", "replay", "check", "explain"} <= set(answers("backprove ", monkeypatch, capsys))
    assert answers("backprove r", monkeypatch, capsys) == ["run", "replay"]
    assert answers("backprove nothing-like-it", monkeypatch, capsys) == []


def test_options(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert answers("backprove run --max-", monkeypatch, capsys) == ["--max-layers", "--max-width", "--max-batch"]
    assert "--version" in answers("backprove --v", monkeypatch, capsys)


@pytest.mark.parametrize(
    ("completes", "incomplete", "found"),
    [
        (complete.activations, "", list(ACTIVATIONS)),
        (complete.activations, "soft", ["softmax", "softplus"]),
        (complete.activations, "relu,soft", ["relu,softmax", "relu,softplus"]),
        (complete.activations, "softmax,soft", ["softmax,softplus"]),
        (complete.activations, "softmax/soft", ["softmax/softmax", "softmax/softplus"]),
        (complete.activations, "nonsense", []),
        (complete.losses, "", list(LOSSES)),
        (complete.losses, "output,b", ["output,binary_cross_entropy"]),
        (complete.domains, "", list(DOMAINS)),
        (complete.domains, "float64,f", ["float64,float32"]),
        (complete.engines, "", list(ENGINES)),
        (complete.engines, "paths,", ["paths,neuron", "paths,matrix"]),
        (complete.loss, "", list(LOSSES)),
        (complete.loss, "output,b", []),
        (complete.reduction, "", list(REDUCTIONS)),
        (complete.layout, "", list(LAYOUTS)),
        (complete.foreign, "to", ["torch"]),
        (complete.foreign, "two", ["two-equations/printed", "two-equations/delta"]),
        (complete.formulation, "", [row.id for row in GALLERY]),
        (complete.recorded, "", []),
    ],
)  # fmt: skip
def test_values(completes: complete.Complete, incomplete: str, found: list[str]) -> None:
    assert completes(incomplete) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("backprove run --activations relu,soft", ["relu,softmax", "relu,softplus"]),
        ("backprove run --losses o", ["output"]),
        ("backprove run --domains float64,f", ["float64,float32"]),
        ("backprove run --engines neuron,m", ["neuron,matrix"]),
        ("backprove run --engine to", ["torch"]),
        ("backprove replay ", []),
        ("backprove replay --domains ra", ["rational"]),
        ("backprove replay --engines pa", ["paths"]),
        ("backprove check mine.py:f --loss o", ["output"]),
        ("backprove check mine.py:f --case ", []),
        ("backprove check mine.py:f --activations g", ["gelu"]),
        ("backprove check mine.py:f --layout i", ["in,out"]),
        ("backprove compare --reduction mean_", ["mean_all"]),
        ("backprove compare --loss b", ["binary_cross_entropy"]),
        ("backprove prove 2-1 --activations relu/g", ["relu/gelu"]),
        ("backprove prove 2-1 --loss output,b", ["output,binary_cross_entropy"]),
        ("backprove gallery two", ["two-equations"]),
        ("backprove gallery --domains b", ["ball"]),
    ],
)
def test_values_behind_options(
    words: str, found: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(words, monkeypatch, capsys) == found


def test_engines_of_others_are_names_that_a_shell_keeps_whole_and_files(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    offered = complete.foreign("")
    assert {*AUTODIFF, "mine.py"} <= {*offered}
    assert {name for name in FORMULATIONS if " " in name} == {*AUTODIFF, "mine.py", *FORMULATIONS} - {*offered}


def test_recorded_cases_are_offered(tmp_path: Path) -> None:
    folder = tmp_path / ".backprove" / "failures"
    folder.mkdir(parents=True)
    for name in ("0b864bac8c", "7a2614fc02"):
        (folder / f"{name}.json").touch()
    (tmp_path / "7.json").touch()
    assert complete.recorded("") == ["0b864bac8c", "7a2614fc02", "7.json"]
    assert complete.recorded("7") == ["7a2614fc02", "7.json"]


def test_files_whose_names_take_two_lines_are_not_offered(tmp_path: Path) -> None:
    (tmp_path / "one\ntwo.py").touch()
    (tmp_path / "plain.py").touch()
    assert [name for name in complete.foreign("") if name.endswith(".py")] == ["plain.py"]


@pytest.mark.parametrize("said", [{}, {"COMP_WORDS": "backprove r", "COMP_CWORD": "none"}])
def test_a_question_that_is_none_is_answered_by_nothing(
    said: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "complete_bash")
    for name in ("COMP_WORDS", "COMP_CWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 1
    assert capsys.readouterr() == ("", "")
