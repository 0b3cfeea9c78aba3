"""The README's pre-commit example, run by pre-commit itself in a repository of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("pre_commit", reason="pre-commit is not installed: pip install 'backprove[test-extras]'")

from test_ci_examples import example
from transcripts import ROOT, reader


@pytest.mark.slow
def test_the_hook_refuses_a_wrong_backprop_and_lets_a_right_one_pass(tmp_path: Path) -> None:
    config = example(".pre-commit-config.yaml")
    config["repos"][0]["hooks"][0]["additional_dependencies"] = [str(ROOT)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "HYPOTHESIS", "GIT"))}
    environment = kept | {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "COLUMNS": "100"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

    hook = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    with reader() as folder:
        (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        for arguments in (["init", "--quiet"], ["add", "."]):
            assert run("git", *arguments).returncode == 0
        done = run(*hook)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "hidden-slope-missing" in done.stdout
        homework = folder / "homework.py"
        source = homework.read_text(encoding="utf-8")
        homework.write_text(
            source.replace("delta @ weights[l]", "(delta @ weights[l]) * outputs[l] * (1 - outputs[l])"),
            encoding="utf-8",
        )
        run("git", "add", ".")
        done = run(*hook)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "is the backprop right?" in done.stdout
