"""What came of one call of a candidate. Data only."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backprove.candidate.adapt import Numbers, pack
from backprove.candidate.contract import Declaration
from backprove.case import Case, Gradient, blocks

# What a step may do to η and the gradient before it subtracts them: round η to its own precision, divide it by N in two
# operations, multiply.
OPERATIONS = 4
# The bound is itself computed in float64; its own rounding is far below this.
OWN = 1 + 2.0**-20


@dataclass(frozen=True)
class Answer:
    """What came of a candidate on one case: its gradient, or why there is none.

    `values` (case.entries,) float64, in the order of `blocks`, as from the first call on fresh arguments; NaN and
    infinities are kept. `precision` "float64" or "float32": with which rounding they are to be judged. `hygiene`: ids
    of HYGIENE, sorted; `notes` says each in a line of its own. `failure` is one line and `kind` the sort of failure:
    "raised …", "exit", "signal", "timeout", "memory", "processes", "connection", "load", "None", "type", "layers",
    "numbers", "shape", "unreadable". `output`: what was printed, its beginning. `learning_rate`: of the update that the
    values were worked out from (`from_update`), if they were.
    """

    values: Numbers | None = None
    precision: str = "float64"
    hygiene: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""
    kind: str = ""
    traceback: str = ""
    output: str = ""
    learning_rate: float | None = None

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

    def turned(self, case: Case) -> "Answer":
        """The answer with all weight gradients transposed, where every layer of the case is square."""
        gradient, parts = self.gradient(case), []
        for W, b in zip(gradient.weights, gradient.biases, strict=True):
            parts += [W.T.ravel()] + ([] if b is None else [b])
        return replace(self, values=np.concatenate(parts).astype(np.float64))

    def blur(self, case: Case) -> Numbers | None:
        """How far each value may be from the number that the step computed as its gradient; None: it is that number.

        (case.entries,). The step makes new = fl(w - p) of a weight w and its gradient g, p = η g in k = OPERATIONS
        rounded operations (w + η (-g) and w - (η/N) Σ are such); the value is d = fl(fl(w - new) / η). As in Higham,
        Accuracy and Stability of Numerical Algorithms, 2nd ed., section 2.2 and lemma 3.1, |theta_n| <= gamma_n:

            p = η g (1 + theta_k),   w - new = p + e with |e| <= u |new|,   d = (w - new)/η (1 + theta_2)
            g = (d (1 + theta_2) - e/η) (1 + theta_k)
            |g - d| <= gamma_{k+2} |d| + (1 + gamma_k) u |new|/η,   |new| <= |w| + (1 + gamma_2) η |d|
                    <= gamma_{k+3} |d| + (1 + gamma_{k+2}) u |w|/η

        and what each operation may lose to underflow. A value that is no number has none.
        """
        if self.learning_rate is None or self.values is None:
            return None
        limits = np.finfo(self.precision)
        u, tiny, rate = float(limits.eps) / 2, float(limits.tiny), self.learning_rate
        w, d = np.abs(pack(case)[: case.entries]), np.abs(self.values)
        with np.errstate(all="ignore"):
            lost = tiny + OPERATIONS * tiny / rate
            blur = _gamma(OPERATIONS + 3, u) * d + (1 + _gamma(OPERATIONS + 2, u)) * u * w / rate + lost
        return np.where(np.isfinite(d), OWN * blur, 0.0)


class Answering(Protocol):
    """Whatever can be asked for gradients: a `Candidate` in a process of its own, or a `Local` in this one.

    `spec` is its name, `lacks` names protections that it does without, and `turns` may be set where weight gradients
    are seen to come back transposed.
    """

    spec: str
    declaration: Declaration
    turns: bool
    lacks: tuple[str, ...]

    def gradients(self, case: Case, *, probe: bool = False) -> Answer: ...


def _gamma(n: int, u: float) -> float:
    return n * u / (1 - n * u)
