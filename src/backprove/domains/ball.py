"""Domain `ball`: every number is an enclosure [m ± r] of the exact one, in as many digits as it takes.

The numbers are the `arb` of python-flint (optional extra `exact`; imported at first use). Fredrik Johansson, Arb:
efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Transactions on Computers 66 (2017), 1281-1292.

Every operation and function encloses every exact result for every number in its arguments. Two disjoint enclosures
therefore prove that engines differ. Two that overlap show that they are equal only as far as they are narrow.

Four silent traps of such numbers, and what is done here instead of the obvious:

    across 0, x > 0 is False and so is x <= 0: a relu made of it gives 0    `positive` and `zero` raise
    arb("nan") overlaps everything                                          `judge` asks for finite enclosures
    x == y is False for inexact ones, even for x == x                       `judge` asks for an overlap, and narrow ones
    x + 0.1 is an enclosure, of x plus the float next to 0.1                `own` refuses floats, and what engines make
                                                                            of floats that have rounded is disjoint
"""

import contextlib
import importlib.util
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.domains.base import Array, Domain
from backprove.errors import MissingExtra, Undecidable
from backprove.verdict import Verdict

START, MOST = 192, 3072  # bits of a midpoint, at first and at most
NARROW = 2**64  # how many times narrower than what it is measured by an enclosure must be to agree


def available() -> bool:
    """Whether the extra `exact` can be imported; nothing is."""
    try:
        return importlib.util.find_spec("flint") is not None
    except ValueError:  # something that is no package stands in its place
        return False


def _flint() -> Any:
    """The module. Raises MissingExtra where it is not installed."""
    try:
        import flint
    except ImportError:
        raise MissingExtra("python-flint", "exact") from None
    return flint


def _each(function: Callable[[Any], Any], x: Any, kind: type = object) -> Any:
    """The function of a number, or of each in an array as an array of that kind."""
    return np.asarray(np.frompyfunc(function, 1, 1)(x), dtype=kind) if isinstance(x, np.ndarray) else function(x)


def _positive(x: Any) -> bool:
    if x > 0:
        return True
    if x <= 0:  # which is False, as x > 0 is, unless it holds all over the enclosure
        return False
    raise Undecidable("ball", "an enclosure straddles 0")


def _zero(x: Any) -> bool:
    if x == 0:
        return True
    if x > 0 or x < 0:
        return False
    raise Undecidable("ball", "an enclosure straddles 0")


def _leans(x: Any) -> bool:
    return bool(x.mid() > 0)


def _log1pexp(x: Any) -> Any:
    """log(1 + exp(x)), for large x as x + log(1 + exp(-x)), which is hardly wider than x."""
    return x + (-x).exp().log1p() if _leans(x) else x.exp().log1p()


def _narrow(x: Any, radius: float) -> bool:
    """Whether a finite enclosure is known to 2^-64 of its smallest size, or of float64's rounding radius (if finite).

    In enclosures throughout: floats would overflow and underflow, and NaN would compare.
    """
    wide = x.rad() * NARROW
    return bool(wide <= x.abs_lower()) or (0 < radius < math.inf and bool(wide <= radius))


def _verdict(x: Any, y: Any, radius: float) -> Verdict:
    if not (x.is_finite() and y.is_finite()):
        return Verdict.UNDECIDED
    if not x.overlaps(y):
        return Verdict.DISAGREE
    return Verdict.AGREE if _narrow(x, radius) and _narrow(y, radius) else Verdict.UNDECIDED


class Ball(Domain):
    """Enclosures with midpoints of `prec` bits. Everything but the constructor raises MissingExtra without flint.

    Whatever the precision in force, results are enclosures; outside `context` they are those of flint's own precision.
    """

    name = "ball"
    judged_by = "float64"
    rung = "enclosed"
    rests_on = "every two enclosures overlap, each known to 2^-64 of its value or of float64's rounding bound"
    functions = frozenset({"exp", "expm1", "log1pexp", "tanh", "erf"})

    def __init__(self, prec: int = START) -> None:
        self.prec = prec

    def missing(self) -> str:
        return "" if available() else str(MissingExtra("python-flint", "exact"))

    def number(self, value: float | Fraction) -> Any:
        """Any float and any whole number exactly; a fraction exactly where `prec` bits hold it, else enclosed."""
        flint = _flint()
        if isinstance(value, float):
            return flint.arb(value)
        if isinstance(value, (int, np.integer)):
            return flint.arb(int(value))
        return flint.arb(flint.fmpq(*value.as_integer_ratio()))

    def array(self, values: Any) -> Array:
        return np.asarray(_each(self.number, np.asarray(values)), dtype=object)

    def own(self, values: Any) -> Array:
        """An object array of `arb`. Raises TypeError at anything else: a float that has rounded would pose as exact."""
        array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
        if array.dtype != object:
            raise TypeError(f"{array.dtype} numbers; enclosures are needed")
        arb = _flint().arb
        for x in array.flat:
            if type(x) is not arb:
                raise TypeError(f"a {type(x).__name__}; enclosures are needed")
        return array

    def judge(self, x: Array, y: Array, radius: Array) -> tuple[npt.NDArray[np.int8], Array]:
        """x, y: (entries,) of `arb`; radius: (entries,) float64's rounding radii, infinite or NaN where there is none.

        Disjoint: DISAGREE. Overlapping and both narrow: AGREE. Else, and where either is not finite: UNDECIDED. The
        fraction is 0 where they agree and infinite elsewhere.
        """
        with self.context():
            found = map(_verdict, x, y, np.asarray(radius, dtype=np.float64).tolist())
            verdicts = np.fromiter(found, dtype=np.int8, count=len(x))
        return verdicts, np.where(verdicts == Verdict.AGREE, 0.0, np.inf)

    def peak(self, z: Any) -> Any:
        """0: nothing overflows."""
        return self.number(0)

    def positive(self, x: Any) -> Any:
        """Whether x > 0. Raises Undecidable where an enclosure has numbers on either side of 0."""
        return _each(_positive, x, bool)

    def zero(self, x: Any) -> Any:
        """Whether x is exactly 0. Raises Undecidable where an enclosure has 0 in it and more."""
        return _each(_zero, x, bool)

    def leans(self, x: Any) -> Any:
        """Whether the midpoint is > 0; never raises."""
        return _each(_leans, x, bool)

    @contextlib.contextmanager
    def context(self) -> Iterator[None]:
        """In it flint, whose precision is global, computes with `prec` bits."""
        ctx = _flint().ctx
        before = ctx.prec
        ctx.prec = self.prec
        try:
            yield
        finally:
            ctx.prec = before

    def finer(self) -> "Ball | None":
        """Enclosures of twice the digits, up to MOST."""
        return Ball(2 * self.prec) if 2 * self.prec <= MOST else None

    @property
    def sqrt_half(self) -> Any:
        return _flint().arb(0.5).sqrt()

    @property
    def inv_sqrt_pi(self) -> Any:
        return 1 / _flint().arb.const_sqrt_pi()

    def exp(self, x: Any) -> Any:
        return _each(lambda v: v.exp(), x)

    def expm1(self, x: Any) -> Any:
        return _each(lambda v: v.expm1(), x)

    def log1pexp(self, x: Any) -> Any:
        return _each(_log1pexp, x)

    def tanh(self, x: Any) -> Any:
        return _each(lambda v: v.tanh(), x)

    def erf(self, x: Any) -> Any:
        return _each(lambda v: v.erf(), x)
