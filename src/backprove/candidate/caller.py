"""Calls of one candidate, in a process that is started anew where it has ended."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from backprove.candidate import frames
from backprove.candidate.hygiene import HYGIENE, Heard
from backprove.candidate.process import Process, Reply
from backprove.errors import BackproveError


@dataclass
class Caller:
    """The function of `spec` and its limits: seconds of a call, of loading the file, and bytes of memory."""

    spec: str
    seconds: float
    import_seconds: float
    memory: int
    process: Process | None = None
    at_import: dict[str, str] = field(default_factory=dict)

    def another(self) -> "Caller":
        """The same function in a process of its own, which the first call starts."""
        return Caller(self.spec, self.seconds, self.import_seconds, self.memory)

    def start(self) -> frames.Header:
        """Start a process and load the file there: its facts. Raises BackproveError in one line."""
        process = Process(self.spec, self.memory)
        reply = process.ready(self.import_seconds)
        if reply.lost or "error" in reply.header:
            process.close()
            file = self.spec.rpartition(":")[0]
            why = self._failure(reply).replace("no answer within", "no end after")
            raise BackproveError(_clean(str(reply.header.get("error", f"{file}: does not import: {why}"))))
        self.process, self.at_import = process, reply.header["odd"]
        return reply.header

    def close(self) -> None:
        """End the process and whatever it started."""
        if self.process is not None:
            self.process.close()
        self.process = None

    def call(self, form: dict[str, Any], payload: bytes, size: int, seed: int, probe: bool) -> Heard:
        """One call: the gradient of `size` bytes, or why there is none."""
        odd: dict[str, str] = {}
        if self.process is not None and not self.process.running:
            self.close()  # it ended between two calls, and is the fault of none
            odd["ends-afterwards"] = "its process ended by itself after an answer"
        if self.process is None:
            try:
                self.start()
            except BackproveError as error:
                return Heard(failure=f"does not load a second time: {error}", kind="load", lost=True)
        process = self.process
        assert process is not None
        reply = process.ask({"form": form, "seed": seed, "probe": probe}, payload, size, self.seconds)
        if reply.lost or reply.header.get("kind") == "memory":
            self.close()
        return self._heard(reply, size, odd)

    def _failure(self, reply: Reply) -> str:
        """Why there is no gradient, in one line, or ""."""
        failure = reply.failure or str(reply.header.get("failure", ""))
        if "memory" in (reply.kind, reply.header.get("kind")):
            limit = f"{self.memory / 2**30:g} GiB" if self.memory % 2**30 == 0 else f"{self.memory / 2**20:g} MiB"
            failure = f"used more than {limit} of memory{failure}" if self.memory else f"ran out of memory{failure}"
        return failure

    def _heard(self, reply: Reply, size: int, odd: dict[str, str]) -> Heard:
        """The reply, trusted no further than it can be read."""
        header = _readable(reply.header)
        output, said, trace = _clean(reply.output), _clean(reply.failure), _clean(reply.traceback)
        reply = replace(reply, header=header, output=output, failure=said, traceback=trace)
        failure, kind = self._failure(reply), reply.kind or str(header.get("kind", ""))
        if not failure and len(reply.payload) != size:
            failure, kind = "answered with another number of bytes than its gradient has", "connection"
        noted, states = header.get("odd"), header.get("generators")
        odd |= {k: str(v) for k, v in noted.items() if k in HYGIENE} if isinstance(noted, dict) else {}
        rate = header.get("learning_rate")
        if reply.output:
            odd["prints"] = f"prints {_beginning(reply.output)}"
        return Heard(
            values=None if failure else reply.payload,
            precision="float32" if header.get("precision") == "float32" else "float64",
            odd=self.at_import | odd,
            generators={k: (v[0], v[1]) for k, v in states.items()} if isinstance(states, dict) else {},
            failure=failure,
            kind=kind,
            traceback=reply.traceback or str(header.get("traceback", "")),
            output=reply.output,
            lost=reply.lost,
            learning_rate=rate if isinstance(rate, float) and 0 < rate < math.inf else None,
        )


def _readable(value: Any) -> Any:
    """With every text in it such as can be written."""
    if isinstance(value, dict):
        return {_readable(key): _readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """A lone surrogate has no place in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _beginning(output: str) -> str:
    text = "".join(c if c.isprintable() else "?" for c in " ".join(output[:200].split()))
    return repr(text if len(text) <= 60 else text[:57] + "...")
