"""Domain `modular`: the field of integers modulo the prime p = 2^61 - 1, for identity tests.

Where two formulas agree at a uniformly random point of the field, they are the same rational function, except with
probability at most degree / p (Schwartz 1980; Zippel 1979; DeMillo and Lipton 1978). exp, log, erf and the side of a
kink are *uninterpreted*: each answers with a pseudo-random element (or bit) that depends on its argument, so that an
engine gets by on nothing but the identities that hold here:

    exp(-z) exp(z) = 1    exp(0) = 1    tanh z = (e^z - e^-z) / (e^z + e^-z)    expm1 z = exp z - 1
    log(1 + e^z) = z + log(1 + e^-z)    erf(-z) = -erf(z)    either z > 0 or -z > 0    (√½)² = ½
"""

import hashlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.domains.base import Array, Domain
from backprove.domains.residue import P, Residue
from backprove.verdict import Verdict

LARGEST_CONSTANT = 2**32  # a larger number comes from the point, not from a formula


def _residue(x: float | int | Fraction) -> int:
    """The image of a rational number in the field; a float is an integer over a power of two, and 2^61 = 1."""
    if type(x) is int:
        return x % P
    if isinstance(x, Fraction):
        return x.numerator * pow(x.denominator, -1, P) % P
    numerator, denominator = float(x).as_integer_ratio()
    return (numerator << (1 - denominator.bit_length()) % 61) % P


def _shaped(values: list[Any], shape: tuple[int, ...], dtype: type = object) -> Array:
    array: Array = np.empty(len(values), dtype=dtype)
    array[:] = values
    return array.reshape(shape)


def _each(function: Callable[["Modular", Any], Any]) -> Callable[["Modular", Any], Any]:
    """A function of one number, of arrays as well."""

    def apply(self: "Modular", x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return function(self, x)
        values = [function(self, v) for v in x.flat]
        return _shaped(values, x.shape, bool if values and type(values[0]) is bool else object)

    apply.__doc__ = function.__doc__
    return apply


class Modular(Domain):
    """`key` chooses the uninterpreted functions; `gates` fixes what the first gates met answer, in that order.

    One instance serves one case (`anew`): it remembers the arguments that its functions were asked about.
    """

    name = "modular"
    modulus = P
    rung = "certificate"
    rests_on = "every value is equal at a random point of the field of integers modulo 2^61 - 1"
    functions = frozenset({"exp", "expm1", "log1pexp", "tanh", "erf"})
    sqrt_half = Residue(2**30)  # its square is 2^60 = 2^61 / 2 = ½

    def __init__(self, key: str = "backprove", gates: Sequence[bool] = ()) -> None:
        self.key, self.script = key, gates
        self._hash = hashlib.blake2b(key.encode(), digest_size=16)
        self.gates: dict[int, bool] = {}
        """Per argument met (z or -z, whichever is smaller), whether it is positive."""
        self.answers: list[bool] = []
        """What the gates met answered, in that order."""
        self.arguments: dict[int, int] = {}
        """Per argument of any uninterpreted function, likewise, a bound on its degree."""
        self.ties = 0
        """How often a gate was asked about 0: there z is at a kink."""
        self._values: dict[tuple[str, int], int] = {}

    def anew(self) -> "Modular":
        return Modular(self.key, self.script)

    def __reduce__(self) -> tuple[Any, ...]:
        return Modular, (self.key, self.script)  # what it remembers of cases stays behind

    @property
    def inv_sqrt_pi(self) -> Residue:
        return Residue(self._random("1/√π", 0), 1)

    def number(self, value: float | Fraction) -> Residue:
        return Residue(_residue(value), int(not -LARGEST_CONSTANT <= value <= LARGEST_CONSTANT))

    def array(self, values: Any) -> Array:
        values = np.asarray(values)
        return _shaped([Residue(_residue(x), 1) for x in values.ravel().tolist()], values.shape)

    def own(self, values: Any) -> Array:
        array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
        if array.dtype != object:
            raise TypeError(f"{array.dtype} numbers; residues are needed")
        for x in array.flat:
            if type(x) is not Residue:
                raise TypeError(f"a {type(x).__name__}; residues are needed")
        return array

    def judge(self, x: Array, y: Array, radius: Array) -> tuple[npt.NDArray[np.int8], Array]:
        equal = np.fromiter((type(a) is type(b) is Residue and a == b for a, b in zip(x, y, strict=True)), bool, len(x))
        return np.where(equal, Verdict.AGREE, Verdict.DISAGREE).astype(np.int8), np.where(equal, 0.0, np.inf)

    def peak(self, z: Any) -> int:
        """Nothing overflows here."""
        return 0

    def degree(self, answers: Sequence[Array]) -> int:
        """A bound d such that answers which are not the same agree here with probability at most d / p.

        That is the degree of the numerator of a difference; and, for each two arguments of uninterpreted functions,
        that of z - z' and of z + z', since there these functions would answer alike by chance; and that of z itself,
        once for exp(0) = 1 and once more because exp is never 0.
        """
        difference = 0
        for row in zip(*answers, strict=True):
            top, bottom = max(x.top for x in row), max(x.bottom for x in row)
            difference = max(difference, top + bottom)
        arguments = list(self.arguments.values())
        return difference + 2 * len(arguments) * sum(arguments)

    @_each
    def positive(self, x: Any) -> bool:
        """A bit for x, and the other one for -x; false for 0."""
        if not x.value:
            self.ties += x.top > 0
            return False
        canon = self._met(x)
        if canon not in self.gates:
            met = len(self.answers)
            answer = self.script[met] if met < len(self.script) else bool(self._random("gate", canon) & 1)
            self.answers.append(answer)
            self.gates[canon] = answer is (canon == x.value)
        return self.gates[canon] is (canon == x.value)

    @_each
    def zero(self, x: Any) -> bool:
        self._met(x)
        return not x.value

    @_each
    def exp(self, x: Any) -> Residue:
        return Residue(self._exp(x), 1, 1) if x.value else Residue(1)

    @_each
    def expm1(self, x: Any) -> Residue:
        return Residue((self._exp(x) - 1) % P, 1, 1) if x.value else Residue(0)

    @_each
    def tanh(self, x: Any) -> Residue:
        q = Residue(self._exp(x) ** 2 % P if x.value else 1)
        return Residue(((q - 1) / (q + 1)).value, 2, 2)

    @_each
    def log1pexp(self, x: Any) -> Residue:
        canon = self._met(x)
        log = Residue(self._random("log", canon), 1)
        return log if canon == x.value else log + x

    @_each
    def erf(self, x: Any) -> Residue:
        canon = self._met(x)
        value = self._random("erf", canon) if canon else 0
        return Residue(value if canon == x.value else -value % P, 1)

    def _exp(self, x: Residue) -> int:
        canon = self._met(x)
        value = self._random("exp", canon) or 1
        if canon == x.value:
            return value
        if ("1/exp", canon) not in self._values:
            self._values["1/exp", canon] = pow(value, -1, P)
        return self._values["1/exp", canon]

    def _met(self, x: Residue) -> int:
        """x or -x, whichever stands for both; remembered with its degree."""
        canon = min(x.value, P - x.value) if x.value else 0
        size = x.top + x.bottom
        if size and self.arguments.get(canon, -1) < size:
            self.arguments[canon] = size
        return canon

    def _random(self, function: str, argument: int) -> int:
        if (function, argument) not in self._values:
            state = self._hash.copy()
            state.update(f"{function} {argument}".encode())
            self._values[function, argument] = int.from_bytes(state.digest(), "big") % P
        return self._values[function, argument]
