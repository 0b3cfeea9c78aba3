"""The README's examples for continuous integration are run, as far as that can be done without the services."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from transcripts import NUMBER, README, reader

TEXT = README.read_text(encoding="utf-8")


def example(name: str) -> Any:
    """The YAML of the README that is to stand in a file of that name."""
    (found,) = re.findall(rf"```yaml\n# {re.escape(name)}\n(.*?)```", TEXT, re.DOTALL)
    return yaml.safe_load(found)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as a runner has it: in a shell, with this Python's scripts first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "HYPOTHESIS"))}
    environment = kept | {"PATH": path, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    shell = ["bash", "-eo", "pipefail", "-c", command]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def steps() -> list[str]:
    workflow = example(".github/workflows/gradients.yml")
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_workflow_installs_then_runs_what_there_is() -> None:
    install, *rest = steps()
    assert install == "pip install backprove pytest"
    assert [step.split()[0] for step in rest] == ["pytest", "backprove", "cat"]
    (job,) = example(".github/workflows/gradients.yml")["jobs"].values()
    report = [step for step in job["steps"] if "gradients.md" in step.get("run", "")]
    assert [step.get("if") for step in report] == ["always()", "always()"]  # a test that fails keeps no report away


@pytest.mark.slow
def test_the_workflow_fails_on_a_wrong_gradient_and_passes_when_it_is_mended() -> None:
    _, *rest = steps()
    rest = [step.replace("500", "20").replace("200", "20") for step in rest]
    with reader() as folder:
        assert [run(step, folder).returncode for step in rest] == [1, 1, 0]  # all but the first say: always
        assert "hidden-slope-missing" in (folder / "summary.md").read_text(encoding="utf-8")
        homework = folder / "homework.py"
        source = homework.read_text(encoding="utf-8")
        mended = source.replace("delta @ weights[l]", "(delta @ weights[l]) * outputs[l] * (1 - outputs[l])")
        assert mended != source
        homework.write_text(mended, encoding="utf-8")
        results = [run(step, folder) for step in rest]
        assert [done.returncode for done in results] == [0, 0, 0], [done.stdout + done.stderr for done in results]


def test_a_failure_in_the_readme_is_what_pytest_prints() -> None:
    (said,) = re.findall(r"```text\n(>       assert_same_gradient.*?)```", TEXT, re.DOTALL)
    with reader() as folder:
        printed = run("python -m pytest -q test_homework.py", folder).stdout

    def settled(text: str) -> str:
        """Its words, without what chance decides, how many networks were met, and what the processor does."""
        words = " ".join(line.removeprefix("E ").strip() for line in text.splitlines())
        return NUMBER.sub(lambda m: f"{float(m[0]):.9g}", re.sub(r"[0-9]+ (?=of )|[0-9.e+]+ (?=times )", "# ", words))

    assert settled(said) in settled(printed), printed
    assert settled(said.replace("W1[1,1]", "W1[1,2]")) not in settled(printed)


@pytest.mark.slow
def test_the_hook_runs_the_command_it_names() -> None:
    ((hook,),) = [repo["hooks"] for repo in example(".pre-commit-config.yaml")["repos"]]
    assert hook["language"] == "python"
    assert hook["additional_dependencies"] == ["backprove"]
    assert re.search(hook["files"], "homework.py")
    assert not re.search(hook["files"], "tests/homework_py")
    with reader() as folder:
        done = run(f"{hook['entry']} --networks 10", folder)
        assert done.returncode == 1
        assert "hidden-slope-missing" in done.stdout
