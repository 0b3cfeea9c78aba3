"""Whatever a candidate does to its process, the host says so in one line and goes on; nothing is left running."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from candidates import CASE, HALF, alive, candidate, write
from helpers import FLOAT64, agree, network, radii, values

from backprove.candidate import Candidate
from backprove.candidate.process import running
from backprove.case import Case
from backprove.engines import ENGINES
from backprove.errors import BackproveError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
TRUE = values(ENGINES["matrix"], CASE, FLOAT64)

# Code → (kind, failure); @n is the line n lines below the first of the code.
ENDS = {
    "sys.exit": ("sys.exit(3)", "exit", "left with sys.exit(3) (mine.py:@0)"),
    "sys.exit with words": ("sys.exit('bad\\ninput')", "exit", "left with sys.exit(bad input) (mine.py:@0)"),
    "os._exit": ("os._exit(3)", "exit", "ended its process with exit code 3"),
    "os._exit(0)": ("os._exit(0)", "exit", "ended its process with exit code 0"),
    "abort": ("os.abort()", "signal", "killed by signal 6 (abort) (mine.py:@0)"),
    "segmentation fault": (
        "import ctypes; ctypes.string_at(0)",
        "signal",
        "killed by signal 11 (segmentation fault) (mine.py:@0)",
    ),
    "kills itself": ("os.kill(os.getpid(), signal.SIGKILL)", "signal", "killed by signal 9 (kill)"),
    "kills its group": ("os.killpg(0, signal.SIGTERM)", "signal", "killed by signal 15 (termination)"),
    "stack overflow": (
        "class A:\n    def __getattr__(self, name): return getattr(self, name + 'x')\n"
        "sys.setrecursionlimit(10**9); threading.stack_size()\nimport ctypes\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: f(n)); f(1)",
        "signal",
        "killed by signal 11 (segmentation fault) (mine.py:@4)",
    ),
    "recursion": (
        "def f(n): return 1 + f(n + 1)\nf(0)",
        "raised RecursionError",
        "raised RecursionError: maximum recursion depth exceeded (mine.py:@0)",
    ),
    "raises": ("1 / 0", "raised ZeroDivisionError", "raised ZeroDivisionError: division by zero (mine.py:@0)"),
    "raises a stranger": (
        "class Odd(BaseException): pass\nraise Odd('two\\nlines')",
        "raised Odd",
        "raised Odd: two lines (mine.py:@1)",
    ),
    "raises KeyboardInterrupt": (
        "raise KeyboardInterrupt",
        "raised KeyboardInterrupt",
        "raised KeyboardInterrupt (mine.py:@0)",
    ),
    "raises without text": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "raised Mute",
        "raised Mute: an exception whose text cannot be had (mine.py:@2)",
    ),
    "raises a long text": (
        "raise ValueError('x' * 10**6)",
        "raised ValueError",
        f"raised ValueError: {'x' * 178}... (mine.py:@0)",
    ),
    "memory": ("np.ones(10**10)", "memory", "used more than 512 MiB of memory (mine.py:@0)"),
    "memory in lists": ("x = [0]\nwhile True: x += x", "memory", "used more than 512 MiB of memory (mine.py:@1)"),
    "closes all": (
        "os.closerange(0, 4096)",
        "connection",
        "lost the pipes that it answers through: it closed descriptors or wrote to them",
    ),
    "writes to all": (
        "for fd in range(3, 1024):\n    try: os.write(fd, b'hello')\n    except OSError: pass",
        "connection",
        "lost the pipes that it answers through: it closed descriptors or wrote to them",
    ),
    "forks and forks": (
        "for _ in range(8): os.fork()\ntime.sleep(9)",
        "processes",
        "started more processes than a call may",
    ),
    "reads its input": ("input()", "raised EOFError", "raised EOFError: EOF when reading a line (mine.py:@0)"),
    "returns nothing": ("return", "None", "returned None; a return at the end may be missing"),
    "returns what raises": (
        "class Evil(tuple):\n    def __len__(self): raise SystemExit(4)\nreturn Evil()",
        "exit",
        "left with sys.exit(4) (mine.py:@1)",
    ),
    "returns a lock": ("return threading.Lock()", "type", "returned lock, not (weight gradients, bias gradients)"),
}  # fmt: skip
SLOW = {
    "endless loop": ("while True: pass", "(mine.py:@0)"),
    "endless, deaf to signals": (
        "for s in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n"
        "while True:\n    try:\n        while True: time.sleep(9)\n    except BaseException: pass",
        "(mine.py:@3)",
    ),
    "endless in C": ("sum(iter(int, 1))", "(mine.py:@0)"),
    "endless in what it returns": (
        "class Slow:\n    def __array__(self, *a, **k):\n        while True: pass\nreturn [Slow(), Slow()], [0, 0]",
        "(mine.py:@2)",
    ),
    "endless printing": ("while True: print('noise')", "(mine.py:@0)"),
    "stops itself": ("os.kill(os.getpid(), signal.SIGSTOP)", ""),
}
SURVIVES = {
    "nothing": "pass",
    "noise": "for _ in range(3): print('x' * 10**6); os.write(1, b'y' * 10**5); os.write(2, b'z' * 10**5)",
    "closes stdout and stderr": "try: os.close(1); os.close(2)\nexcept OSError: pass",
    "closes its streams": "sys.stdout.close(); sys.stderr.close()",
    "throws its streams away": "sys.stdout = sys.stderr = None",
    "leaves a busy thread": "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()",
    "leaves a process": "import subprocess; subprocess.Popen(['sleep', '1000'])",
    "leaves a process in a session of its own": (
        "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    ),
    "leaves a copy of itself": "if not os.fork(): time.sleep(1000)",
    "comes back twice": "os.fork()",
    "arms a timer": "signal.signal(signal.SIGALRM, lambda *a: None); signal.setitimer(signal.ITIMER_REAL, 0.001)",
}


HAZARDS = {name: code for name, (code, *_) in (ENDS | SLOW).items()}


def sized(name: str) -> Case:
    """The case whose number of samples sets that hazard off; CASE, of two samples, sets off none."""
    return network((3, 2, 2), ("sigmoid", "sigmoid"), loss=HALF, batch=3 + list(HAZARDS).index(name))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One file with all hazards in it."""
    planted = []
    for i, code in enumerate(HAZARDS.values()):
        planted += [f"if len(inputs) == {3 + i}:", *("    " + line for line in code.splitlines())]
    return write(tmp_path_factory.mktemp("hazards"), first="\n".join(planted))


def placed(text: str, name: str, spec: str) -> str:
    """The text with @n replaced by the line n lines below the first of the hazard's code."""
    lines = Path(spec.rpartition(":")[0]).read_text(encoding="utf-8").splitlines()
    start = lines.index(f"    if len(inputs) == {len(sized(name).inputs)}:") + 2
    return re.sub("@([0-9])", lambda match: str(start + int(match[1])), text)


@pytest.fixture(scope="module")
def mine(spec: str) -> Iterator[Candidate]:
    with Candidate(spec, memory=2**29) as found:
        yield found


@pytest.fixture(scope="module")
def hasty(spec: str) -> Iterator[Candidate]:
    with Candidate(spec, seconds=1) as found:
        yield found


def right(mine: Candidate) -> bool:
    answer = mine.gradients(CASE)
    return answer.values is not None and agree(FLOAT64, answer.values, TRUE, radii(CASE, FLOAT64))


@pytest.mark.parametrize("name", ENDS)
def test_the_host_survives_says_what_happened_and_goes_on(mine: Candidate, spec: str, name: str) -> None:
    assert right(mine)
    others = alive()
    answer = mine.gradients(sized(name))
    _, kind, failure = ENDS[name]
    assert (answer.kind, answer.failure) == (kind, placed(failure, name, spec))
    assert answer.values is None
    gone = kind in ("signal", "memory", "connection", "processes") or "_exit" in name
    assert len(others - alive()) == gone
    assert alive() <= others
    assert right(mine)


@pytest.mark.parametrize("name", SLOW)
def test_what_does_not_end_is_ended_and_its_line_named(hasty: Candidate, spec: str, name: str) -> None:
    assert right(hasty)
    others, begun = alive(), time.monotonic()
    answer = hasty.gradients(sized(name))
    failure = f"no answer within 1 s {SLOW[name][1]}".strip()
    assert (answer.kind, answer.failure) == ("timeout", placed(failure, name, spec))
    assert time.monotonic() - begun < 5
    assert len(others - alive()) == 1
    assert alive() <= others
    assert right(hasty)


@pytest.mark.parametrize("code", SURVIVES.values(), ids=SURVIVES)
def test_what_it_does_beside_does_not_spoil_its_gradient(tmp_path: Path, code: str) -> None:
    with candidate(tmp_path, first=code) as mine:
        assert right(mine)
        assert right(mine)


def test_two_answers_of_a_healthy_process_come_from_the_same_one(mine: Candidate) -> None:
    assert right(mine)
    before = alive()
    assert right(mine)
    assert alive() == before


def test_what_a_candidate_says_before_it_ends_is_kept(tmp_path: Path) -> None:
    with candidate(tmp_path, first="print('so far'); os.write(2, b'so good'); os._exit(1)") as mine:
        answer = mine.gradients(CASE)
    assert answer.output == "so far\nso good"
    assert answer.hygiene == ("prints",)


def test_a_traceback_is_of_the_candidates_own_code(tmp_path: Path) -> None:
    with candidate(tmp_path, first="inner = lambda: np.dot(targets, None)\ninner()") as mine:
        shown = mine.gradients(CASE).traceback
    assert "in gradients" in shown
    assert "in <lambda>" in shown
    assert "worker.py" not in shown


def test_a_process_that_ends_between_two_calls_is_nobodys_failure(tmp_path: Path) -> None:
    later = "threading.Timer(0.05, lambda: os._exit(0)).start()"
    with candidate(tmp_path, first=later) as mine:
        assert right(mine)
        time.sleep(0.5)
        answer = mine.gradients(CASE)
    assert answer.failure == ""
    assert "ends-afterwards" in answer.hygiene
    with candidate(tmp_path) as mine:
        assert right(mine)
        assert mine.gradients(CASE).hygiene == ()


LOADING = {
    "no such file": (None, "gradients", "{folder}/none.py: no such file; name a Python file"),
    "no such function": ("pass", "gradient", "{file}: no function gradient; it has gradients"),
    "not a function": ("x = 3", "x", "{file}: x is int, not a function"),
    "syntax": ("1 +", "gradients", "{file}:3: does not import: SyntaxError: invalid syntax"),
    "raises": ("1 / 0", "gradients", "{file}:3: does not import: ZeroDivisionError: division by zero"),
    "leaves": ("sys.exit(3)", "gradients", "{file}:3: does not import: SystemExit: 3"),
    "ends": ("os._exit(3)", "gradients", "{file}: does not import: ended its process with exit code 3"),
    "dies": ("os.abort()", "gradients", "{file}: does not import: killed by signal 6 (abort) (mine.py:3)"),
    "hangs": ("while True: pass", "gradients", "{file}: does not import: no end after 1 s (mine.py:3)"),
    "memory": ("x = np.ones(10**10)", "gradients", "{file}:3: does not import: MemoryError: Unable to allocate"),
    "declares nonsense": ("BACKPROVE = 3", "gradients", "{file}: BACKPROVE: expected a dict"),
    "declares a function": (
        "BACKPROVE = {'loss': print}",
        "gradients",
        '{file}: BACKPROVE["loss"]: \'<builtin_function_or_method>\' is not one of "squared_error", ',
    ),
}


@pytest.mark.parametrize(("before", "function", "said"), LOADING.values(), ids=LOADING)
def test_a_file_that_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, before: str | None, function: str, said: str
) -> None:
    file = write(tmp_path, before=before).rpartition(":")[0] if before else str(tmp_path / "none.py")
    others = alive()
    with pytest.raises(BackproveError) as caught:
        Candidate(f"{file}:{function}", import_seconds=1 if before == "while True: pass" else 20)
    assert str(caught.value).startswith(said.format(file=file, folder=tmp_path))
    assert "\n" not in str(caught.value)
    assert alive() == others


def test_the_file_is_not_run_in_the_host(tmp_path: Path) -> None:
    mark = "os.environ['BACKPROVE_TEST_MARK'] = 'x'; sys.modules['backprove_test_mark'] = sys"
    with candidate(tmp_path, before=mark) as mine:
        assert right(mine)
    assert "BACKPROVE_TEST_MARK" not in os.environ
    assert "backprove_test_mark" not in sys.modules


def test_little_of_the_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", "x")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with candidate(
        tmp_path, first="assert 'SOME_SECRET' not in os.environ; print(os.environ['OMP_NUM_THREADS'])"
    ) as mine:
        assert mine.gradients(CASE).output == "1\n"


def test_an_interrupted_call_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with candidate(tmp_path, first="time.sleep(1000)") as mine:
        others = alive()
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            mine.gradients(CASE)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        assert len(others - alive()) == 1


HOST = """
import os, sys, threading
from candidates import CASE, OTHER
from backprove.candidate import Candidate
mine = Candidate(sys.argv[1])
assert mine.gradients(CASE).values is not None
print(os.getpid(), flush=True)
if sys.argv[2] == "killed":
    threading.Timer(0.2, os.kill, (os.getpid(), 9)).start()
    mine.gradients(OTHER)
"""


@pytest.mark.parametrize("how", ["killed", "left open"])
def test_a_host_that_ends_takes_its_workers_along(tmp_path: Path, how: str) -> None:
    spec = write(tmp_path, first="if len(inputs) == 3: time.sleep(1000)")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", HOST, spec, how], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == (-9 if how == "killed" else 0), ran.stderr
    end = time.monotonic() + 5
    while running(f"{int(ran.stdout)}-") and time.monotonic() < end:
        time.sleep(0.02)
    assert running(f"{int(ran.stdout)}-") == []
