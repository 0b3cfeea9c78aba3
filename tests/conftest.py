"""One Hypothesis profile for all tests: the same examples every time, no clock, nothing kept on disk; and one thread.

Tests run in as many processes as there are cores; where BLAS takes all cores in each of them, they wait for each other.
So do campaigns: unless a test asks for more, a command draws in the process that it is called in, with what is patched.
"""

import hypothesis
import pytest

from backprove.threads import one_thread

one_thread()  # before NumPy is loaded

hypothesis.settings.register_profile(
    "backprove", derandomize=True, deadline=None, database=None, max_examples=50, print_blob=False
)
hypothesis.settings.load_profile("backprove")


@pytest.fixture(autouse=True)
def _one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.cli.workers.cores", lambda: 1)
