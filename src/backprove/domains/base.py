"""A domain: a kind of number that the engines run over.

Python's operators are the ring and NumPy's arrays carry any number type, so a domain holds only what operators
cannot say. What it lacks it refuses by name (NotInDomain): that is "not covered", never a verdict.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from backprove.errors import NotInDomain

Array = npt.NDArray[Any]


class Domain(ABC):
    """Functions take a number of the domain or an array of them and answer in kind."""

    name: ClassVar[str]
    rests_on: ClassVar[str]
    """What agreement in this domain rests on, in words for the report."""
    rung: ClassVar[str] = ""
    """Its place on the ladder of evidence: rounding, exact, enclosed or certificate."""
    functions: ClassVar[frozenset[str]] = frozenset()
    """The elementary functions it has, by the names of the methods below."""
    unit_roundoff: ClassVar[float | None] = None
    """u, or None where arithmetic is exact."""
    bits: ClassVar[int] = 0
    """Binary digits of its numbers, 0 where there is no limit."""
    tiny: ClassVar[float] = 0.0
    """The smallest normal number: what one operation can lose to underflow."""
    huge: ClassVar[float] = float("inf")

    judged_by: ClassVar[str] = ""
    """The floating-point domain whose rounding radii `judge` wants, if any."""
    modulus: ClassVar[int | None] = None
    """The prime modulo which it computes: its cases are points of the field."""

    @abstractmethod
    def number(self, value: float | Fraction) -> Any:
        """A number of the case, as this domain holds it."""

    @abstractmethod
    def array(self, values: Any) -> Array:
        """An array of numbers of the case (float64), as this domain holds it."""

    def numbers(self, values: Any) -> list[Any]:
        """The same as (nested) lists of single numbers."""
        numbers: list[Any] = self.array(values).tolist()
        return numbers

    @abstractmethod
    def own(self, values: Any) -> Array:
        """What an engine returned, as an array; raises TypeError where it is not of this domain's numbers."""

    @abstractmethod
    def judge(self, x: Array, y: Array, radius: Array) -> tuple[npt.NDArray[np.int8], Array]:
        """Verdicts on x against y, entry by entry, and |x - y| as a fraction of what rounding explains.

        `radius` is the rounding radius of either side; a domain that does not round disregards it.
        """

    def degree(self, answers: Sequence[Array]) -> int | None:
        """Where agreement may be by chance: d such that this has a probability of at most d / modulus."""
        return None

    def peak(self, z: Any) -> Any:
        """What to subtract before exp so that nothing overflows: of a list, or along an array's last axis."""
        return max(z) if isinstance(z, list) else z.max(axis=-1, keepdims=True)

    def positive(self, x: Any) -> Any:
        """Whether x > 0."""
        return x > 0

    def leans(self, x: Any) -> Any:
        """About whether x > 0, to choose between two forms of the same value: either answer must do."""
        return self.positive(x)

    def zero(self, x: Any) -> Any:
        """Whether x is exactly 0."""
        return x == 0

    def missing(self) -> str:
        """Why this domain cannot be used here, with the remedy, or ""."""
        return ""

    def context(self) -> contextlib.AbstractContextManager[Any]:
        """In it this domain's arithmetic runs."""
        return contextlib.nullcontext()

    def anew(self) -> "Domain":
        """The domain for one more case, with nothing remembered of others."""
        return self

    def finer(self) -> "Domain | None":
        """The same kind of number with more digits, where there is one and undecided cases deserve it."""
        return None

    @property
    def sqrt_half(self) -> Any:
        """√½."""
        raise NotInDomain(self.name, "√½")

    @property
    def inv_sqrt_pi(self) -> Any:
        """1/√π."""
        raise NotInDomain(self.name, "1/√π")

    def exp(self, x: Any) -> Any:
        raise NotInDomain(self.name, "exp")

    def expm1(self, x: Any) -> Any:
        """exp(x) - 1."""
        raise NotInDomain(self.name, "expm1")

    def log1pexp(self, x: Any) -> Any:
        """log(1 + exp(x))."""
        raise NotInDomain(self.name, "log1pexp")

    def tanh(self, x: Any) -> Any:
        raise NotInDomain(self.name, "tanh")

    def erf(self, x: Any) -> Any:
        raise NotInDomain(self.name, "erf")
