"""`backprove --version`, and what is loaded to answer it; `import backprove`; `python -m backprove`."""

import json
import platform
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import backprove
from backprove import versions
from backprove.cli import main

HEAVY = (
    "numpy", "hypothesis", "matplotlib", "jinja2", "flint", "torch", "jax", "autograd", "safetensors", "distributed",
    "pytest", "rich", "typer", "msgspec",
)  # fmt: skip


def loaded(code: str, *arguments: str) -> list[str]:
    """Which of HEAVY are loaded at the end of a script of its own, whatever it prints."""
    script = f"""
import atexit, json, sys
atexit.register(lambda: print("\\n" + json.dumps([name for name in {HEAVY} if name in sys.modules])))
{code}
"""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60)


def test_the_versions_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    said = capsys.readouterr().out
    assert said == versions.said()
    first, *rest = said.splitlines()
    assert first == f"backprove {version('backprove')}"
    assert rest[:3] == [
        f"python {platform.python_version()}", f"numpy {version('numpy')}", f"hypothesis {version('hypothesis')}"
    ]  # fmt: skip
    assert f"pytest {version('pytest')}" in rest


def test_extras_are_named_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: {"torch": "2.2.0"}[name] if name == "torch" else _none(name))
    assert versions.installed(versions.EXTRAS) == {"torch": "2.2.0"}
    assert versions.versions()["numpy"] == "unknown"
    assert versions.said().splitlines()[0] == "backprove unknown"


def _none(name: str) -> str:
    raise PackageNotFoundError(name)


def test_every_extra_that_users_install_is_known() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    of_users = {
        k: v for k, v in project["optional-dependencies"].items() if k not in ("test", "lint", "test-extras", "all")
    }
    needed = [re.split(r"[\[>=]", line)[0] for lines in of_users.values() for line in lines]
    assert "torch" in needed
    assert sorted([*needed, "pytest"]) == sorted(versions.EXTRAS)


def test_the_command_answers_alone_what_the_application_answers_among_others() -> None:
    for start in (["-m", "backprove"], ["-c", "import backprove.cli as cli; cli.script()"]):
        done = python(*start, "--version")
        assert (done.returncode, done.stdout, done.stderr) == (0, versions.said(), "")


def test_asking_for_the_version_loads_nothing() -> None:
    code = "import sys; from backprove.__main__ import script; sys.argv = ['backprove', *sys.argv[1:]]; script()"
    assert loaded(code, "--version") == []
    assert {"typer"} <= {*loaded(code, "--help")}


def test_importing_loads_nothing() -> None:
    assert loaded("import backprove") == []
    assert loaded("import backprove, backprove.testing") == []
    assert "numpy" in loaded("import backprove; backprove.Case")


def test_a_name_that_is_none_is_said_by_its_own() -> None:
    with pytest.raises(AttributeError, match="module 'backprove' has no attribute 'Cse'"):
        backprove.Cse  # noqa: B018
    assert set(backprove.__all__) == set(backprove._HOMES) == set(dir(backprove))


def test_help_names_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "--version" in capsys.readouterr().out


def test_the_module_is_the_command() -> None:
    done = python("-m", "backprove", "run", "--networks", "2", "--domains", "rational", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("AGREE neuron = matrix = paths")
    wrong = python("-m", "backprove", "rum")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("backprove: No such command 'rum'.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "backprove", "--version"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "backprove: standard output: No space left on device\n")


def test_a_reader_who_had_enough_is_no_trouble_to_anybody() -> None:
    code = (
        "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1); from backprove.__main__ import script; script()"
    )
    done = python("-c", code, "--version")
    assert (done.returncode, done.stderr) == (2, "")
