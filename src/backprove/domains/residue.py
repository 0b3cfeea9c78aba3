"""An element of the field of integers modulo p = 2^61 - 1, with the degrees of what it is the value of."""

from typing import Any

P = 2**61 - 1
SHOWN = 10_000


class Residue:
    """An element of the field, and bounds on the degrees of the fraction of polynomials that it is the value of:
    `top` of the numerator, `bottom` of the denominator.

    Arithmetic is with its like and with whole numbers; there is no order. Raises ZeroDivisionError as numbers do.
    """

    __slots__ = ("bottom", "top", "value")

    def __init__(self, value: int, top: int = 0, bottom: int = 0) -> None:
        self.value, self.top, self.bottom = value, top, bottom

    def __add__(self, other: Any) -> "Residue":
        if type(other) is not Residue:
            return NotImplemented if not isinstance(other, int) else self + Residue(other % P)
        top, bottom = self.top + other.bottom, other.top + self.bottom
        return Residue((self.value + other.value) % P, top if top > bottom else bottom, self.bottom + other.bottom)

    def __mul__(self, other: Any) -> "Residue":
        if type(other) is not Residue:
            return NotImplemented if not isinstance(other, int) else self * Residue(other % P)
        return Residue(self.value * other.value % P, self.top + other.top, self.bottom + other.bottom)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Residue":
        return Residue(-self.value % P, self.top, self.bottom)

    def __sub__(self, other: Any) -> "Residue":
        return self.__add__(-other) if isinstance(other, (Residue, int)) else NotImplemented

    def __rsub__(self, other: Any) -> "Residue":
        return (-self).__add__(other)

    def __truediv__(self, other: Any) -> "Residue":
        if type(other) is not Residue:
            return self.__truediv__(Residue(other % P)) if isinstance(other, int) else NotImplemented
        if not other.value:
            raise ZeroDivisionError("division by 0 modulo 2^61 - 1")
        inverse = pow(other.value, -1, P)
        return Residue(self.value * inverse % P, self.top + other.bottom, self.bottom + other.top)

    def __rtruediv__(self, other: Any) -> "Residue":
        return Residue(other % P) / self if isinstance(other, int) else NotImplemented

    def __pow__(self, n: Any) -> "Residue":
        if not isinstance(n, int) or n < 0:
            return NotImplemented
        return Residue(pow(self.value, n, P), self.top * n, self.bottom * n)

    def __eq__(self, other: object) -> bool:
        if type(other) is Residue:
            return self.value == other.value
        return self.value == other % P if isinstance(other, int) else NotImplemented

    def __bool__(self) -> bool:
        return self.value != 0

    def __lt__(self, other: object) -> bool:
        raise TypeError("the elements of a field have no order; domain.positive answers for them")

    __le__ = __gt__ = __ge__ = __lt__

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        """As a small fraction where it is one, else the residue itself."""
        old, new, x, y = P, self.value, 0, 1
        while new > SHOWN:  # Euclid's algorithm finds n and d with n = value · d (mod p)
            quotient = old // new
            old, new, x, y = new, old - quotient * new, y, x - quotient * y
        if abs(y) <= SHOWN:
            return f"{new if y > 0 else -new}" + (f"/{abs(y)}" if abs(y) > 1 else "")
        return f"{self.value} (mod 2^61-1)"
