"""The host's side of a worker: start it, ask it, say how it ended, and leave nothing of it behind."""

import contextlib
import itertools
import os
import re
import select
import signal
import subprocess
import sys
import time
import uuid
import weakref
from dataclasses import dataclass, field, replace
from pathlib import Path

from backprove.candidate import frames
from backprove.errors import BackproveError
from backprove.threads import ONE_THREAD

TOKEN = "BACKPROVE_WORKER"
OUTPUT_LIMIT = 2**16
DUMP_LIMIT = 2**16
TICK = 0.05  # how often to look whether the process is still there
HERE = os.path.dirname(__file__)
GRACE = 0.5  # for a process that is about to end, or to say where it hangs
# What a candidate may need of the environment; not what may hold secrets or differ from one shell to the next.
KEPT = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV", "CONDA_PREFIX",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
)  # fmt: skip
SIGNALS = {
    "SIGSEGV": "segmentation fault", "SIGABRT": "abort", "SIGBUS": "bus error", "SIGFPE": "arithmetic error",
    "SIGILL": "illegal instruction", "SIGKILL": "kill", "SIGTERM": "termination", "SIGALRM": "alarm",
}  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """A worker's message or, `lost`, how it ended: `failure` in one line, `kind` as in Answer.

    Where memory was used up, `failure` is no more than the place. `output` is what was printed.
    """

    header: frames.Header = field(default_factory=dict)
    payload: bytes = b""
    output: str = ""
    lost: bool = False
    failure: str = ""
    kind: str = ""
    traceback: str = ""


class Process:
    """One worker process in a session of its own. After a failure it is gone; start another.

    Raises BackproveError where the system has no way to isolate it.
    """

    def __init__(self, spec: str, memory: int) -> None:
        if os.name != "posix":
            raise BackproveError("a candidate's process needs Linux or another POSIX system; this is none")
        self.file, self._number = Path(spec.rpartition(":")[0]).resolve(), 0
        self.token = f"{os.getpid()}-{uuid.uuid4().hex}"
        theirs_in, self._requests = os.pipe()
        self._answers, theirs_out = os.pipe()
        self._output, theirs_print = os.pipe()
        command = [sys.executable, "-P", "-u", "-W", "ignore", "-m", "backprove.candidate.worker"]
        arguments = [theirs_in, theirs_out, os.getpid(), memory, spec]
        try:
            # -P and not -I: that would ignore PYTHONHASHSEED, and with it the order of sets would differ between runs.
            self._popen = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=theirs_print,
                stderr=theirs_print,
                pass_fds=(theirs_in, theirs_out),
                env=_environment(self.token),
                start_new_session=True,
            )
        finally:
            for fd in (theirs_in, theirs_out, theirs_print):
                os.close(fd)
        own = (self._requests, self._answers, self._output)
        self.close = weakref.finalize(self, _end, self._popen, own, self.token)
        for fd in own:
            os.set_blocking(fd, False)
        self._poll = select.poll()
        for fd in (self._answers, self._output):
            self._poll.register(fd, select.POLLIN)
        self._printed = bytearray()

    @property
    def running(self) -> bool:
        return self.close.alive and self._popen.poll() is None

    def ready(self, seconds: float) -> Reply:
        """The worker's first message: that the file is loaded, or what came of it."""
        return self._exchange(b"", 0, seconds, 0)

    def ask(self, header: frames.Header, payload: bytes, limit: int, seconds: float) -> Reply:
        """One request and its answer, of at most `limit` bytes, within so many seconds. A failure ends the process."""
        self._number += 1
        request = frames.pack(header | {"number": self._number}, payload)
        return self._exchange(request, self._number, seconds, limit)

    def _exchange(self, request: bytes, number: int, seconds: float, limit: int) -> Reply:
        """Whatever interrupts this, Ctrl-C too, ends the process."""
        self._printed.clear()
        try:
            reply = self._wait(memoryview(request), number, time.monotonic() + seconds, limit)
            if reply is None:
                dump = self._where()
                reply = _lost("timeout", f"no answer within {seconds:g} s{self._place(dump)}", dump)
        except BaseException:
            self.close()
            raise
        if reply.lost:
            self.close()
        return replace(reply, output=self._printed.decode("utf-8", "replace"))

    def _wait(self, rest: memoryview, number: int, deadline: float, limit: int) -> Reply | None:
        """The answer or the end of the process; None when time is up."""
        buffer = bytearray()
        while True:
            try:
                rest = rest[os.write(self._requests, rest) :] if rest else rest
            except BrokenPipeError:
                return self._ended(buffer)
            except BlockingIOError:
                pass
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            tick = TICK / 50 if rest else TICK
            ready = {fd for fd, _ in self._poll.poll(1000 * min(left, tick))}
            if self._output in ready:
                self._drain()
            if self._answers in ready:
                part = _read(self._answers)
                buffer += part or b""
                try:
                    message = frames.unpack(buffer, limit)
                except frames.Nonsense:
                    return self._ended(buffer)
                if message and message[0].get("number") == number:
                    self._drain()
                    return Reply(*message)
                if part == b"" or message:
                    return self._ended(buffer)
            elif not ready and self._popen.poll() is not None:
                return self._ended(buffer)

    def _drain(self) -> None:
        """Take what was printed: keep the beginning, and do not be held up by who never stops."""
        for _ in range(16):
            part = _read(self._output)
            if part == b"":
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._output)
            if not part:
                return
            self._printed += part[: OUTPUT_LIMIT - len(self._printed)]

    def _ended(self, buffer: bytearray) -> Reply:
        """How a process ended that no longer answers, or answers nonsense."""
        dump = bytes(buffer[:DUMP_LIMIT]) + self._rest()
        self._drain()
        code, trace = self._popen.poll(), _text(dump)
        place = self._place(trace)
        if code is None or code == frames.LOST:
            return _lost("connection", "lost the pipes that it answers through: it closed descriptors or wrote to them")
        if code == frames.FULL:
            return _lost("memory", place)
        if code == -signal.SIGUSR2:
            return _lost("processes", "started more processes than a call may")
        if code < 0:
            return _lost("signal", f"killed by {_signal(-code)}{place}", trace)
        return _lost("exit", f"ended its process with exit code {code}")

    def _where(self) -> str:
        """The stack of a process that hangs."""
        with contextlib.suppress(OSError):
            self._popen.send_signal(signal.SIGUSR1)
        dump = self._rest(hangs=True)
        self._drain()
        return _text(dump)

    def _rest(self, hangs: bool = False) -> bytes:
        """What else comes through the pipe of answers until the process ends (one that hangs: until no more comes)."""
        found, end = bytearray(), time.monotonic() + GRACE
        quiet = 0
        while time.monotonic() < end and len(found) < DUMP_LIMIT:
            done = self._popen.poll() is not None or (hangs and found and quiet > 5)
            part = _read(self._answers)
            found += part or b""
            quiet = 0 if part else quiet + 1
            if done and not part:
                break
            if not part:
                time.sleep(0.004)
        return bytes(found)

    def _place(self, dump: str) -> str:
        """The innermost line of the candidate's file in a stack, most recent call first: " (mine.py:7)"."""
        own = str(self.file).encode("ascii", "backslashreplace").decode()  # as such a dump spells it
        for file, line in re.findall(r'File "(.*)", line (\d+) in', dump):
            if file == own:
                return f" ({self.file.name}:{line})"
        return ""


def _lost(kind: str, failure: str, trace: str = "") -> Reply:
    return Reply(lost=True, failure=failure, kind=kind, traceback=trace)


def _environment(token: str) -> dict[str, str]:
    """Little, and the same every time: one thread, fixed hashes, no windows, the host's own search path."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path if folder)
    fixed = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    fixed |= {"MPLBACKEND": "Agg", "MKL_CBWR": "COMPATIBLE", TOKEN: token}
    return kept | dict.fromkeys(ONE_THREAD, "1") | fixed


def _end(popen: "subprocess.Popen[bytes]", fds: tuple[int, ...], token: str) -> None:
    """Kill the process, its session and what left that, and close the pipes. A copy of the host leaves them alone."""
    if not token.startswith(f"{os.getpid()}-"):
        return
    left = descendants(popen.pid)
    with contextlib.suppress(OSError):
        os.killpg(popen.pid, signal.SIGKILL)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        popen.wait(5)
    for fd in fds:
        os.close(fd)
    for _ in range(10):  # who escapes may still be multiplying
        escaped = running(token)
        for pid in escaped:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not escaped:
            return
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """The processes below one that adopts those whose parents have ended (guard.follow). Linux; else none are found."""
    below: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = Path("/proc", str(int(name)), "stat").read_text(encoding="utf-8", errors="replace")
                below.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    found, front = [], [pid]
    while front:
        front = [child for parent in front for child in below.get(parent, [])]
        found += front
    return found


def running(token: str) -> list[int]:
    """The processes that a worker with that token started, itself included. Linux; elsewhere none are found."""
    found = []
    mark = f"{TOKEN}={token}".encode()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in Path("/proc", name, "environ").read_bytes():
                        found.append(int(name))
    return found


def _read(fd: int) -> bytes | None:
    """What there is; b"" at the end, None where there is nothing now."""
    try:
        return os.read(fd, 2**16)
    except BlockingIOError:
        return None


def _text(dump: bytes) -> str:
    """A stack, most recent call first, without our own frames, and what repeats itself said once."""
    if dump[:1] == b"\x00":
        return ""
    lines: list[str] = []
    for line, same in itertools.groupby(dump.decode("ascii", "backslashreplace").splitlines()):
        if f'File "{HERE}' in line:
            break
        repeated = len(list(same))
        lines += [line] if repeated == 1 else [line, f"  ... and {repeated - 1} times the same"]
    return "\n".join(lines)


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"signal {number} ({SIGNALS.get(name, name)})"
