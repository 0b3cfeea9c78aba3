"""Somebody's backprop in a process of its own: ask it for gradients, whatever it does."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from backprove.candidate import adapt, hygiene
from backprove.candidate.answer import Answer
from backprove.candidate.caller import Caller
from backprove.candidate.contract import NAME, declared
from backprove.candidate.load import split
from backprove.case import Case


class Candidate:
    """The function that `FILE.py:FUNCTION` names, in a process of its own; a context manager.

    `declaration` is what the file declares, overridden by `options` (see `declared`); `lacks` names protections that
    this system does not have. `seconds` is the limit of one call, `import_seconds` that of loading the file, `memory`
    that of the process in bytes (0: none). Where a call ends the process, the next one starts another. Raises
    BackproveError in one line where the file cannot be loaded or declares nonsense.
    """

    def __init__(
        self,
        spec: str,
        options: Mapping[str, object] | None = None,
        *,
        seconds: float = 5.0,
        memory: int = 2 * 2**30,
        import_seconds: float = 20.0,
    ) -> None:
        self.spec = spec
        file, function = split(spec)
        self._caller = Caller(spec, seconds, import_seconds, memory)
        self.turns = False
        """Whether weight gradients come back transposed: to be set where oblong layers show it, for square ones."""
        self._between: dict[str, str] = {}  # what experiments found between calls, once and for all
        facts = self._caller.start()
        self.lacks: tuple[str, ...] = tuple(facts["lacks"])
        try:
            namespace: dict[str, Any] = dict.fromkeys(facts["functions"])
            namespace[NAME] = facts["declaration"]
            self.declaration = declared(namespace, options or {}, file=file, function=function)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Candidate":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process and whatever it started."""
        self._caller.close()

    def gradients(self, case: Case, *, probe: bool = False) -> Answer:
        """What the candidate says is the gradient of a case.

        The values are those of one call on fresh arguments. `probe` calls it again, here and in a new process, to see
        what it does between calls: for the first few cases and a sample, since that starts Python anew. Raises
        ValueError where the case is none that the candidate takes.
        """
        if why := self.declaration.unfit(case):
            raise ValueError(f"{self.spec}: {why}")
        form, payload = dict(vars(adapt.form_of(case, self.declaration))), adapt.pack(case).tobytes()
        size = 8 * case.entries

        def call(caller: Caller, seed: int = hygiene.SEED) -> hygiene.Heard:
            return caller.call(form, payload, size, seed, probe)

        def afresh() -> tuple[hygiene.Heard, hygiene.Heard]:
            other = self._caller.another()
            try:
                return call(other), call(other)
            finally:
                other.close()

        heard = call(self._caller)
        if probe and not heard.failure and not self._between:
            self._between = hygiene.experiment(heard, lambda seed: call(self._caller, seed), afresh)
        odd = heard.odd | self._between
        names = tuple(sorted(odd))
        answer = Answer(
            None if heard.values is None else np.frombuffer(heard.values, dtype=np.float64).copy(),
            heard.precision,
            names,
            tuple(odd[name] for name in names),
            heard.failure,
            heard.kind,
            heard.traceback,
            heard.output,
            heard.learning_rate,
        )
        square = len(set(case.sizes)) == 1
        return answer.turned(case) if self.turns and square and answer.values is not None else answer
