"""Domain `float64`, recorded: numbers that remember how they were made.

An engine runs over it unchanged; afterwards every number that it gave back knows the operation and the numbers that it
came from, down to the numbers of the case, which know their names. It computes what `float64` computes.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from backprove.case import Case
from backprove.domains import Array, Float64

_CLOCK = itertools.count()


def _operator(op: str, of: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator of recorded numbers, and the same with its operands the other way round."""

    def made(x: Recorded, y: Recorded) -> Recorded:
        # NumPy's numbers, since Python's own raise where they divide by 0
        return Recorded(float(of(np.float64(x.value), np.float64(y.value))), op, (x, y))

    def forward(x: Recorded, y: Any) -> Any:
        return NotImplemented if isinstance(y, np.ndarray) else made(x, _recorded(y))

    def reflected(y: Recorded, x: Any) -> Any:
        return NotImplemented if isinstance(x, np.ndarray) else made(_recorded(x), y)

    return forward, reflected


class Recorded:
    """A float64 number and where it came from.

    `op`: one of + - * / neg, the name of a function of the domain, or "" of a number of the case and of a constant.
    `name`: what the number is called (`W2[1,3]`), "" where it has no name. `constant`: its exact value as it was given.
    `made`: when, as a count of all numbers that were made.
    """

    __slots__ = ("args", "constant", "made", "name", "op", "value")

    def __init__(
        self,
        value: float,
        op: str = "",
        args: tuple[Recorded, ...] = (),
        *,
        name: str = "",
        constant: Fraction | float | None = None,
    ) -> None:
        self.value, self.op, self.args = value, op, args
        self.name, self.constant = name, constant
        self.made = next(_CLOCK)

    def __repr__(self) -> str:
        return f"Recorded({self.value!r}, {self.name or self.op!r})"

    def __float__(self) -> float:
        return self.value

    __add__, __radd__ = _operator("+", operator.add)
    __sub__, __rsub__ = _operator("-", operator.sub)
    __mul__, __rmul__ = _operator("*", operator.mul)
    __truediv__, __rtruediv__ = _operator("/", operator.truediv)

    def __neg__(self) -> Recorded:
        return Recorded(-self.value, "neg", (self,))

    def __gt__(self, other: Any) -> bool:
        return self.value > float(other)

    def __lt__(self, other: Any) -> bool:
        return self.value < float(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= float(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= float(other)

    def __eq__(self, other: object) -> bool:
        return self.value == float(other)  # type: ignore[arg-type]

    __hash__ = object.__hash__


def _recorded(x: Any) -> Recorded:
    return x if isinstance(x, Recorded) else Recorded(float(x), constant=float(x))


class RecordedFloat64(Float64):
    """float64 whose numbers remember how they were made; those of the case given have their names."""

    def __init__(self, case: Case) -> None:
        self._case = case  # kept, so that the identities of its arrays stay theirs
        self._names = {id(case.inputs): "a0", id(case.targets): "t"}
        for l, layer in enumerate(case.layers, 1):
            self._names[id(layer.weights)] = f"W{l}"
            if layer.bias is not None:
                self._names[id(layer.bias)] = f"b{l}"

    def number(self, value: float | Fraction) -> Any:
        return Recorded(float(value), constant=value)

    def array(self, values: Any) -> Array:
        name = self._names.get(id(values), "")
        array = np.asarray(values, dtype=np.float64)
        made = np.empty(array.shape, dtype=object)
        for at, x in np.ndenumerate(array):
            made[at] = Recorded(float(x), name=self._label(name, at), constant=None if name else float(x))
        return made

    def _label(self, name: str, at: tuple[int, ...]) -> str:
        """Rows of samples say which only where there are several."""
        if name in ("a0", "t"):
            return sampled(f"{name}[{at[1] + 1}]", at[0], len(self._case.inputs))
        return f"{name}[{','.join(str(i + 1) for i in at)}]" if name else ""

    def own(self, values: Any) -> Array:
        array = np.asarray(values, dtype=object)
        for x in array.flat:
            if not isinstance(x, Recorded):
                raise TypeError(f"a {type(x).__name__}; recorded numbers are needed")
        return array

    @property
    def sqrt_half(self) -> Any:  # type: ignore[override]
        return Recorded(Float64.sqrt_half, name="√½")

    @property
    def inv_sqrt_pi(self) -> Any:  # type: ignore[override]
        return Recorded(Float64.inv_sqrt_pi, name="√(1/π)")

    def exp(self, x: Any) -> Any:
        return _applied("exp", super().exp, x)

    def expm1(self, x: Any) -> Any:
        return _applied("expm1", super().expm1, x)

    def log1pexp(self, x: Any) -> Any:
        return _applied("log1pexp", super().log1pexp, x)

    def tanh(self, x: Any) -> Any:
        return _applied("tanh", super().tanh, x)

    def erf(self, x: Any) -> Any:
        return _applied("erf", super().erf, x)


def sampled(name: str, sample: int, of: int) -> str:
    """The name with its sample (0-based) behind it, where there are several: `a1[2]⁽³⁾`."""
    return name if of == 1 else f"{name}⁽{str(sample + 1).translate(_RAISED)}⁾"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _applied(op: str, function: Callable[[Any], Any], x: Any) -> Any:
    """The function of a recorded number, or of an array of them, as `float64` has it for a number or an array."""
    if isinstance(x, Recorded):
        return Recorded(float(function(x.value)), op, (x,))
    values = np.asarray(function(x.astype(np.float64)))
    made = np.empty(x.shape, dtype=object)
    for at, argument in np.ndenumerate(x):
        made[at] = Recorded(float(values[at]), op, (argument,))
    return made
