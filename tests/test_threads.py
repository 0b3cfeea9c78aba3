"""BLAS gets one thread in the command line and in these tests, unless the environment says otherwise."""

import os
import subprocess
import sys

import pytest

from backprove.threads import ONE_THREAD

ASK = "import os; from backprove.cli import main; main(['--help']); print(os.environ['OPENBLAS_NUM_THREADS'])"


def test_these_tests_ask_for_one_before_numpy_is_loaded() -> None:
    assert all(os.environ.get(name) for name in ONE_THREAD)


@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_the_command_line_asks_for_one_unless_told(said: dict[str, str], threads: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ONE_THREAD} | said
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == threads
