"""Somebody's backprop in this process, for tests that hold the function itself: what it raises can be raised again."""

import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backprove.candidate import adapt
from backprove.candidate.answer import Answer
from backprove.candidate.contract import Declaration
from backprove.candidate.raised import raised
from backprove.case import Case


class Local:
    """A function `gradients(weights, biases, inputs, targets)`, asked in this process; see `Answering`.

    `error` is what the last call raised, if it did. Unlike a `Candidate` it has no limits on time and memory, and its
    habits between calls are not looked at.
    """

    lacks: tuple[str, ...] = ()

    def __init__(self, function: Callable[..., Any], declaration: Declaration, *, spec: str) -> None:
        self.function, self.declaration, self.spec, self.turns = function, declaration, spec, False
        self.error: BaseException | None = None
        try:
            self._file = os.path.realpath(inspect.getsourcefile(inspect.unwrap(function)) or "")
        except (TypeError, ValueError):  # what is not written in Python, or wraps itself
            self._file = ""

    def gradients(self, case: Case, *, probe: bool = False) -> Answer:
        """What the function says is the gradient of a case; it gets fresh arrays, in the layout declared.

        `probe` asks a second time: where that gives another answer, it is the second that counts, and it is said.
        """
        __tracebackhide__ = True
        first = self._asked(case)
        if not probe or first.values is None:
            return first
        second = self._asked(case)
        if second.values is not None and second.values.tobytes() == first.values.tobytes():
            return first
        note = "answers differently the second time on the same input"
        return replace(second, hygiene=(*second.hygiene, "nondeterministic"), notes=(*second.notes, note))

    def _asked(self, case: Case) -> Answer:
        __tracebackhide__ = True
        form = adapt.form_of(case, self.declaration)
        self.error = None
        try:
            with np.errstate(all="ignore"):
                read = adapt.read(self.function(*adapt.arguments(form, adapt.pack(case))), form)
        except adapt.Refused as refusal:
            return Answer(failure=refusal.failure, kind=refusal.kind)
        except Exception as error:
            self.error = error
            said = raised(error, self._file)
            return Answer(failure=said["failure"], kind=said["kind"], traceback=said["traceback"])
        names = tuple(sorted(read.odd))
        notes = tuple(read.odd[name] for name in names)
        answer = Answer(read.values, read.precision, names, notes, learning_rate=read.learning_rate)
        return answer.turned(case) if self.turns and len(set(case.sizes)) == 1 else answer
