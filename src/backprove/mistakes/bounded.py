"""Arrays that carry the bound on their own rounding, so that a wrong formula brings its own radius along.

value     float64, as it was evaluated here
size      at least the sum of the absolute values of all terms that make up the value, in whatever order
radius    the exact value, and every floating-point evaluation of the same formula with its sums and factors in any
          order, lie within it: the running error analysis of rounding/bound.py, one operation at a time
u         unit roundoff of the precision judged
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.rounding import UNITS, Float, Mask, Unit, Valued

# The bound is itself computed in float64; its own rounding is far below this.
OWN = 1 + 2.0**-20


class Bounded:
    """An array with its bound. Plain numbers and arrays beside it are taken as exact."""

    __slots__ = ("_units", "radius", "size", "u", "value")
    __array_ufunc__ = None  # so that `array * bounded` is ours

    def __init__(self, value: Float, size: Float, radius: Float, u: float) -> None:
        self.value, self.size, self.radius, self.u = value, size, radius, u
        self._units: dict[str, Unit] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def T(self) -> Bounded:
        return self.each(lambda x: x.T)

    @property
    def valued(self) -> Valued:
        return Valued(self.value, self.radius)

    def __getitem__(self, at: Any) -> Bounded:
        return self.each(lambda x: np.asarray(x[at]))

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.size, self.radius, self.u)

    def __add__(self, other: Any) -> Bounded:
        other = of(other, self.u)
        size = self.size + other.size
        return Bounded(self.value + other.value, size, self.radius + other.radius + self.u * size, self.u)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Bounded:
        other = of(other, self.u)
        size = self.size + other.size
        return Bounded(self.value - other.value, size, self.radius + other.radius + self.u * size, self.u)

    def __rsub__(self, other: Any) -> Bounded:
        return of(other, self.u) - self

    def __mul__(self, other: Any) -> Bounded:
        other = of(other, self.u)
        size = self.size * other.size
        radius = self.radius * other.size + self.size * other.radius + self.u * size
        return Bounded(self.value * other.value, size, radius, self.u)

    __rmul__ = __mul__

    def __truediv__(self, number: float) -> Bounded:
        size = self.size / abs(number)
        return Bounded(self.value / number, size, self.radius / abs(number) + self.u * size, self.u)

    def __matmul__(self, other: Bounded) -> Bounded:
        size = self.size @ other.size
        radius = self.radius @ other.size + self.size @ other.radius + gamma(self.shape[-1], self.u) * size
        return Bounded(self.value @ other.value, size, radius, self.u)

    def sum(self, axis: int, keepdims: bool = False) -> Bounded:
        size = self.size.sum(axis=axis, keepdims=keepdims)
        radius = self.radius.sum(axis=axis, keepdims=keepdims) + gamma(self.shape[axis], self.u) * size
        return Bounded(self.value.sum(axis=axis, keepdims=keepdims), size, radius, self.u)

    def keep(self, mask: Any) -> Bounded:
        """0 where the mask is False; nothing is rounded by that."""
        return self.each(lambda x: np.where(mask, x, 0.0))

    def spread(self, shape: tuple[int, ...]) -> Bounded:
        """The same numbers, broadcast."""
        return self.each(lambda x: np.broadcast_to(x, shape))

    def through(self, name: str) -> Unit:
        """An activation at these numbers; its value and its slope are worked out together."""
        if name not in self._units:
            self._units[name] = UNITS[name](self.value, self.u)
        return self._units[name]

    def each(self, move: Callable[[Float], Float]) -> Bounded:
        """Numbers put elsewhere, not computed with."""
        return Bounded(move(self.value), move(self.size), move(self.radius), self.u)


def gamma(n: int, u: float) -> float:
    return n * u / (1 - n * u)


def of(x: Any, u: float) -> Bounded:
    """A number or an array that is exact, or what is bounded already."""
    if isinstance(x, Bounded):
        return x
    value = np.asarray(x, dtype=np.float64)
    return Bounded(value, np.abs(value), np.zeros_like(value), u)


def known(x: Valued, u: float, size: Float | None = None) -> Bounded:
    """A value with its radius, as rounding derived it."""
    return Bounded(x.value, np.abs(x.value) + x.radius if size is None else size, x.radius, u)


def join(first: Bounded, second: Bounded) -> Bounded:
    """Columns of one after those of the other."""

    def both(x: Float, y: Float) -> Float:
        return np.concatenate([x, y], axis=1)

    return Bounded(
        both(first.value, second.value), both(first.size, second.size), both(first.radius, second.radius), first.u
    )


def unit(name: str, z: Bounded) -> Bounded:
    """f(z) of an activation that is not softmax."""
    f, r = z.through(name), z.radius
    steep = np.abs(f.slope)
    if f.jump:
        steep = np.where(np.abs(z.value) <= r, 1.0, steep)
    return known(Valued(f.a, (steep + f.sup2 / 2 * r) * r + f.a_error), z.u)


def slope(name: str, z: Bounded, kink: float) -> Bounded:
    """f'(z) of an activation that is not softmax; `kink` is relu'(0), and near a kink the radius holds the jump."""
    f, r = z.through(name), z.radius
    near: Mask = np.abs(z.value) <= r
    value = f.slope
    radius = (np.where(near, f.sup2, np.abs(f.curvature)) + f.sup3 / 2 * r) * r + f.slope_error
    if f.jump:
        value = np.where(z.value == 0, f.left + kink * f.jump, value)
        radius = np.where(near & (r > 0), f.jump, radius)
    return known(Valued(value, radius), z.u)
