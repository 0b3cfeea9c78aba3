"""What came of one call of a candidate. Data only."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprove.candidate.adapt import Numbers
from backprove.case import Case, Gradient, blocks


@dataclass(frozen=True)
class Answer:
    """What came of a candidate on one case: its gradient, or why there is none.

    `values` (case.entries,) float64, in the order of `blocks`, as from the first call on fresh arguments; NaN and
    infinities are kept. `precision` "float64" or "float32": with which rounding they are to be judged. `hygiene`: ids
    of HYGIENE, sorted; `notes` says each in a line of its own. `failure` is one line and `kind` the sort of failure:
    "raised …", "exit", "signal", "timeout", "memory", "processes", "connection", "load", "None", "type", "layers",
    "numbers", "shape", "unreadable". `output`: what was printed, its beginning.
    """

    values: Numbers | None = None
    precision: str = "float64"
    hygiene: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""
    kind: str = ""
    traceback: str = ""
    output: str = ""

    def gradient(self, case: Case) -> Gradient:
        """The values in the canonical shapes of the case, in their precision. Raises ValueError if there are none."""
        if self.values is None:
            raise ValueError(f"no gradient: {self.failure}")
        weights: list[npt.NDArray[np.floating]] = []
        biases: list[npt.NDArray[np.floating] | None] = [None] * len(case.layers)
        for l, kind, shape, at in blocks(case):
            block = self.values[at : at + int(np.prod(shape))].reshape(shape).astype(self.precision)
            if kind == "W":
                weights.append(block)
            else:
                biases[l - 1] = block
        return Gradient(weights, biases)
