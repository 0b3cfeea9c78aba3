"""The process that a candidate lives in: `python -m backprove.candidate.worker REQUESTS ANSWERS HOST MEMORY SPEC`.

REQUESTS and ANSWERS are descriptors of pipes to the host, HOST is its process id, MEMORY a limit in bytes or 0. The
first answer says that the file is loaded; then every request is one call, answered before the next is read.
"""

import contextlib
import faulthandler
import hashlib
import json
import mmap
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from backprove.candidate import adapt, frames, guard
from backprove.candidate.load import load
from backprove.candidate.raised import raised
from backprove.errors import BackproveError

MOST_FORKS = 64  # in one call
NUMPY_DEFAULT = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


class Worker:
    """The loaded function, and what is compared with how it was before a call."""

    def __init__(self, answers: int, spec: str) -> None:
        self.answers, self.process = answers, os.getpid()
        self.forks = mmap.mmap(-1, 8)  # shared with whatever is forked
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)
        self.file = os.path.realpath(spec.rpartition(":")[0])
        namespace, self.function = load(spec)
        self.namespace: Mapping[str, Any] = namespace
        self.error_state, self.threads = np.geterr(), threading.active_count()

    def facts(self) -> frames.Header:
        """What the host needs of the file: its declaration as plain data, and the names of its functions."""
        declaration = self.namespace.get("BACKPROVE")
        odd = {}
        if self.error_state != NUMPY_DEFAULT:
            odd["changes-error-state"] = "sets NumPy's error state when it is imported (np.seterr)"
        functions = [k for k, v in list(self.namespace.items()) if callable(v)]
        return {
            "declaration": _plain(declaration),
            "functions": [str(name)[:100] for name in functions[:1000]],
            "odd": odd,
        }

    def answer(self, request: frames.Header, payload: bytes) -> tuple[frames.Header, bytes]:
        """One call: its answer, or why there is none."""
        form = adapt.Form(**request["form"])
        packed: adapt.Numbers = np.frombuffer(payload, dtype=np.float64)
        given = adapt.arguments(form, packed)
        self.forks[:8] = bytes(8)
        np.random.seed(request["seed"])
        random.seed(request["seed"])
        before = _generators() if request["probe"] else {}
        header: frames.Header = {"odd": {}}
        values = b""
        held = (list(given[0]), list(given[1]), given[2], given[3])  # whatever becomes of the lists
        try:
            result = self.function(*given)
            self._leave_if_forked()
            after = _generators() if request["probe"] else {}
            read = adapt.read(result, form)
            values = read.values.tobytes()
            header["odd"] = read.odd | _aliases(read.arrays, held)
            header["precision"] = read.precision
            header["learning_rate"] = read.learning_rate
            header["generators"] = {name: (before[name], after[name]) for name in before}
        except adapt.Refused as refusal:
            header |= {"failure": refusal.failure, "kind": refusal.kind}
        except BaseException as error:
            self._leave_if_forked()
            header |= raised(error, self.file)
        if request["probe"] and (started := guard.children()):
            header["odd"]["leaves-processes"] = f"leaves processes running: {len(started)}"
        header["odd"] |= self._traces(adapt.arguments(form, packed), held, given)
        return header, values

    def _traces(self, fresh: adapt.Arguments, held: adapt.Arguments, given: adapt.Arguments) -> dict[str, str]:
        """What a call left behind."""
        odd = {}
        if changed := list(_changed(fresh, held, given)):
            odd["mutates-arguments"] = f"overwrites its arguments: {', '.join(changed)}"
        if np.geterr() != self.error_state:
            odd["changes-error-state"] = "changes NumPy's error state (np.seterr)"
            np.seterr(**self.error_state)
        if (now := threading.active_count()) > self.threads:
            odd["leaves-threads"] = f"leaves threads running: {now - self.threads}"
            self.threads = now
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        return odd

    def _before_fork(self) -> None:
        """Count processes, in all of them together; beyond the limit, end them all. (Exceptions are ignored here.)"""
        count = int.from_bytes(self.forks[:8], "little") + 1
        self.forks[:8] = count.to_bytes(8, "little")
        if count > MOST_FORKS:
            os.killpg(self.process, signal.SIGUSR2)  # which the host reads as this
            os._exit(1)

    def _after_fork(self) -> None:
        faulthandler.disable()
        with contextlib.suppress(OSError):
            os.close(self.answers)

    def _leave_if_forked(self) -> None:
        """A copy of this process that came back from the call has no say."""
        if os.getpid() != self.process:
            os._exit(0)


def _changed(fresh: adapt.Arguments, held: adapt.Arguments, given: adapt.Arguments) -> Iterator[str]:
    """The names of the arguments that are not as they were handed over: arrays, and the two lists."""
    lists = (("weights", held[0], fresh[0], given[0]), ("biases", held[1], fresh[1], given[1]))
    for name, arrays, befores, handed in lists:
        for l, (now, before) in enumerate(zip(arrays, befores, strict=True)):
            if now is not None and before is not None and not np.array_equal(now, before):
                yield f"{name}[{l}]"
        if len(handed) != len(arrays) or any(a is not b for a, b in zip(handed, arrays, strict=True)):
            yield f"the list {name}"
    for name, now, before in (("inputs", held[2], fresh[2]), ("targets", held[3], fresh[3])):
        if not np.array_equal(now, before):
            yield name


def _aliases(arrays: list[Any], held: adapt.Arguments) -> dict[str, str]:
    """Which arguments the returned arrays are views of."""
    names = {id(W): f"weights[{l}]" for l, W in enumerate(held[0])}
    names |= {id(b): f"biases[{l}]" for l, b in enumerate(held[1]) if b is not None}
    names |= {id(held[2]): "inputs", id(held[3]): "targets"}
    shared = []
    for array in arrays:
        while isinstance(array.base, np.ndarray):
            array = array.base
        shared += [names[id(array)]] if id(array) in names else []
    if not shared:
        return {}
    return {"returns-alias": f"returns arrays that share memory with its arguments: {', '.join(dict.fromkeys(shared))}"}


def _generators() -> dict[str, str]:
    """Digests of the states of the global random generators."""
    states = {"NumPy": np.random.get_state(), "random": random.getstate()}
    digests = {}
    for name, state in states.items():
        parts = [part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode() for part in state]
        digests[name] = hashlib.blake2b(b"|".join(parts), digest_size=8).hexdigest()
    return digests


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON can carry it; what it has no word for becomes text, which no declaration accepts."""
    if value is None or isinstance(value, (bool, str)):
        return value[:1000] if isinstance(value, str) else value
    if isinstance(value, np.generic):
        return _plain(value.item(), depth)
    if isinstance(value, (int, float)) and abs(value) < 1e300:
        return value
    if depth < 4 and isinstance(value, Mapping):
        return {str(k)[:100]: _plain(v, depth + 1) for k, v in list(value.items())[:100]}
    if depth < 4 and isinstance(value, (list, tuple)):
        return [_plain(v, depth + 1) for v in value[:1000]]
    return str(value) if isinstance(value, Fraction) else f"<{type(value).__name__}>"


def main() -> None:
    """Serve until the host closes its end. Never returns."""
    requests, answers = guard.apart(int(sys.argv[1])), guard.apart(int(sys.argv[2]))
    lacks = guard.follow(int(sys.argv[3])) + guard.limit(int(sys.argv[4]))
    spec = sys.argv[5]
    sys.argv[:] = [spec.rpartition(":")[0]]
    # Where it crashes or is interrupted, the stack goes to the host, which tells it from a message.
    faulthandler.enable(file=answers, all_threads=False)
    faulthandler.register(signal.SIGUSR1, file=answers, all_threads=False)
    try:
        worker = _loaded(answers, spec)
        frames.send(answers, worker.facts() | {"lacks": lacks, "number": 0})
        while (request := frames.receive(requests)) is not None:
            header, values = _answered(worker.answer, *request)
            frames.send(answers, header | {"number": request[0]["number"]}, values)
    except MemoryError:
        os._exit(frames.FULL)
    except BaseException:
        os._exit(frames.LOST)
    os._exit(0)


def _loaded(answers: int, spec: str) -> Worker:
    process = os.getpid()
    try:
        worker = Worker(answers, spec)
    except BackproveError as error:
        if os.getpid() == process:
            frames.send(answers, {"error": str(error)[:2000], "number": 0})
        os._exit(0)
    if os.getpid() != process:
        os._exit(0)
    return worker


def _answered(
    answer: Callable[[frames.Header, bytes], tuple[frames.Header, bytes]], request: frames.Header, payload: bytes
) -> tuple[frames.Header, bytes]:
    """The answer in a form that can be sent, whatever names and texts a stranger gave things."""
    header, values = answer(request, payload)
    try:
        json.dumps(header).encode()
    except (TypeError, ValueError, UnicodeError):
        return {"failure": "returned what cannot be read", "kind": "unreadable", "odd": {}}, b""
    return header, values


if __name__ == "__main__":
    main()
