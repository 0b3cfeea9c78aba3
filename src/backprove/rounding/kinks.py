"""The subgradient interval of every gradient entry: what the gradient may be where units are at a kink.

    kink      relu or leaky_relu whose z is 0, or within its rounding radius of 0: its slope may be anything from the
              left one to 1 (Clarke, Optimization and Nonsmooth Analysis, 1983, chapter 2)
    choice    every such unit chooses its slope for itself, in each sample for itself
    delta     of one unit and sample is a sum over paths; no path meets a unit twice, so delta is affine in each choice
              and least and greatest at corners, where every slope is that of one side
    entry     dC/dw_jk = Σ over the samples of delta_j a_k; no choice moves a_k, and none is in two samples: the range
              of the entry is the sum of the samples' ranges
    low, high where one sample has too many choices for their corners, interval arithmetic: it encloses the range

All are gradients of the formulas of backpropagation under some choice. Not every choice need be a limit of gradients:
the set may be larger than Clarke's subdifferential of the loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.bound import Analysis, analyse
from backprove.rounding.exact import BENT, exact_signs
from backprove.rounding.held import Held
from backprove.rounding.units import UNITS, Float, Mask

MOST = 5  # choices in one sample whose corners are all tried


@dataclass(frozen=True)
class Subgradients:
    """What every entry of a gradient may be, entries flattened as `blocks` numbers them, float64."""

    low: Float
    high: Float
    radius: Float
    """How far rounding may put an engine's value outside low … high: twice the radius of rounding at the steepest
    choice (once for the engine, once for the ends), which is the largest of all choices."""
    count: int
    """Units at a kink, counted in each sample."""
    exact: bool
    """Whether every end is attained (up to `radius`); else low … high encloses the range."""


def subgradients(case: Case, domain: Domain, kinks: Sequence[Mask] | None = None) -> Subgradients:
    """The interval of every gradient entry over all choices of slope at kinks, in a floating-point domain.

    `kinks`: per layer a boolean (N, n_l), the units to be taken as kinks; by default those whose z is within its
    radius of 0. Such a unit that `kinks` leaves out has the slope of its exact z where `exact_zeros` could tell that,
    else of its computed z. Ends are infinite or NaN where the range of the precision does not hold the computation.
    Raises ValueError where `kinks` does not fit the case.
    """
    base = analyse(case, domain)
    if kinks is None:
        return _subgradients(base, base.kinks, _undecided(base))
    at = _checked(case, kinks)
    shares = _undecided(base)
    signs = None
    if any((k & ~known).any() for k, known in zip(base.kinks, at, strict=True)):
        signs = exact_signs(case, domain)
    if signs is not None:
        of_sign = np.array([0.0, float(case.kink), 1.0])
        shares = [np.where(k, of_sign[sign + 1], np.nan) for k, sign in zip(base.kinks, signs, strict=True)]
    return _subgradients(base if signs is None else analyse(case, domain, at_kinks=shares), at, shares)


def _undecided(base: Analysis) -> list[Float]:
    return [np.full(k.shape, np.nan) for k in base.kinks]


def _subgradients(base: Analysis, at: Sequence[Mask], shares: list[Float]) -> Subgradients:
    """`shares`: those under which `base` was analysed."""
    with np.errstate(all="ignore"):
        choices = _Choices(base, at)
        low, high = choices.enclose()
        exact = choices.corners(low, high)
        ends = _entries(base, low, high)
    steepest = [np.where(k, 1.0, share) for k, share in zip(at, shares, strict=True)]
    radius = 2 * analyse(base.case, base.domain, at_kinks=steepest).radii()
    return Subgradients(*ends, radius, sum(int(k.sum()) for k in at), exact)


def _checked(case: Case, kinks: Sequence[Mask]) -> list[Mask]:
    masks = [np.asarray(k, dtype=bool) for k in kinks]
    if [k.shape for k in masks] != [(len(case.inputs), n) for n in case.sizes[1:]]:
        raise ValueError(f"kinks of shapes {[k.shape for k in masks]} for layers of {case.sizes[1:]} units")
    for l, (k, layer) in enumerate(zip(masks, case.layers, strict=True), 1):
        if k.any() and layer.activation not in BENT:
            raise ValueError(f"layer {l} is {layer.activation}, which has no kink")
    return masks


class _Choices:
    """Ranges of delta, per layer (N, n_l), over the slopes `left` … `right`."""

    def __init__(self, base: Analysis, at: Sequence[Mask]) -> None:
        held = Held(base.case, base.domain)
        self.W, self.fused, self.p = held.W, held.fused, [a.value for a in base.a]
        self.ends = (base.delta if held.fused else base.loss_gradient)[-1].value
        self.left: list[Float | None] = []
        self.right: list[Float | None] = []
        self.met: list[Mask] = []
        """Kinks that anything depends on: dC/da there is not 0 whatever is chosen."""
        for layer, slope, k in zip(base.case.layers, base.slopes, at, strict=True):
            left = UNITS[layer.activation](np.zeros(1), held.u).left if layer.activation in BENT else 0.0
            self.left.append(None if slope is None else np.where(k, left, slope.value))
            self.right.append(None if slope is None else np.where(k, 1.0, slope.value))
            self.met.append(k.copy())

    def enclose(self) -> tuple[list[Float], list[Float]]:
        """(low, high) by interval arithmetic; what no choice moves has the same number at both ends."""
        low, high = self.ends, self.ends
        lows: list[Float] = []
        highs: list[Float] = []
        for l in reversed(range(len(self.W))):
            self.met[l] &= (low != 0) | (high != 0)
            if not (self.fused and l == len(self.W) - 1):
                low, high = self._through(l, low, high)
            lows.insert(0, low)
            highs.insert(0, high)
            low, high = _product(low, high, self.W[l])
        return lows, highs

    def _through(self, l: int, low: Float, high: Float) -> tuple[Float, Float]:
        left, right = self.left[l], self.right[l]
        if left is None or right is None:
            # delta_j = p_j ((1 - p_j) g_j - Σ over i ≠ j of p_i g_i): the signs are known.
            p = self.p[l]
            least, most = (p * g for g in (low, high))
            others = [x.sum(axis=-1, keepdims=True) - x for x in (most, least)]
            return p * ((1 - p) * low - others[0]), p * ((1 - p) * high - others[1])
        products = [s * g for s in (left, right) for g in (low, high)]
        return np.minimum.reduce(products), np.maximum.reduce(products)

    def corners(self, low: list[Float], high: list[Float]) -> bool:
        """Replace the ranges of samples with few choices by those over all corners; whether that was every sample."""
        units = [0, *np.cumsum([k.shape[1] for k in self.met]).tolist()]
        met = np.concatenate(self.met, axis=1)
        choices = met.sum(axis=1)
        few = np.flatnonzero((choices > 0) & (choices <= MOST))
        if few.size:
            bit = np.maximum(np.cumsum(met[few], axis=1) - 1, 0)
            corner = np.arange(2 ** int(choices[few].max()))[:, None, None]
            right = met[few] & ((corner >> bit) & 1 == 1)
            chosen = [right[:, :, i:j] for i, j in pairwise(units)]
            for l, delta in enumerate(self._deltas(few, chosen)):
                low[l][few], high[l][few] = delta.min(axis=0), delta.max(axis=0)
        return bool((choices <= MOST).all())

    def _deltas(self, rows: npt.NDArray[np.intp], chosen: list[Mask]) -> list[Float]:
        """Per layer (corners, rows, n_l), for units of the given rows that take the right slope, at every corner."""
        g = np.broadcast_to(self.ends[rows], (len(chosen[0]), *self.ends[rows].shape))
        deltas: list[Float] = []
        for l in reversed(range(len(self.W))):
            left, right = self.left[l], self.right[l]
            if self.fused and l == len(self.W) - 1:
                delta = g
            elif left is None or right is None:
                p = self.p[l][rows]
                delta = p * (g - (p * g).sum(axis=-1, keepdims=True))
            else:
                delta = np.where(chosen[l], right[rows], left[rows]) * g
            deltas.insert(0, delta)
            g = delta @ self.W[l]
        return deltas


def _product(low: Float, high: Float, M: Float) -> tuple[Float, Float]:
    """The range of x @ M for low <= x <= high."""
    up, down = np.maximum(M, 0), np.minimum(M, 0)
    return low @ up + high @ down, high @ up + low @ down


def _entries(base: Analysis, low: list[Float], high: list[Float]) -> tuple[Float, Float]:
    """(low, high) of all gradient entries from the ranges of delta."""
    inputs = base.domain.array(base.case.inputs).astype(np.float64)
    lows: list[Float] = []
    highs: list[Float] = []
    for l, incoming in enumerate([inputs, *(a.value for a in base.a[:-1])]):
        least, most = _product(low[l].T, high[l].T, incoming)
        lows.append(least.ravel())
        highs.append(most.ravel())
        if base.biases[l] is not None:
            lows.append(low[l].sum(axis=0))
            highs.append(high[l].sum(axis=0))
    return np.concatenate(lows), np.concatenate(highs)


def inside(x: Float, y: Float, sub: Subgradients) -> Mask:
    """Per entry: whether values x and y both lie inside the subgradient interval, where it is one (high > low).

    NaN and infinities never do, nor does anything where the interval or its radius is not finite.
    """
    return _explained(x, sub) & _explained(y, sub) & (sub.high > sub.low)


def _explained(x: Float, sub: Subgradients) -> Mask:
    with np.errstate(all="ignore"):
        least, most = sub.low - sub.radius, sub.high + sub.radius
        explained: Mask = (least <= x) & (x <= most) & np.isfinite(x) & np.isfinite(least) & np.isfinite(most)
        return explained


def conventions(
    case: Case,
    values: Float,
    domain: Domain,
    candidates: Sequence[Fraction] = (Fraction(0), Fraction(1, 2), Fraction(1)),
) -> tuple[Fraction, ...]:
    """Those relu'(0) among the candidates under which the flat gradient `values` is right, as far as one case tells.

    A unit whose z is 0 only within rounding may have either side's slope, whatever the convention: an engine that sums
    in another order may see another z there. All candidates where no unit is at a kink; none where the values are
    wrong, or follow no such convention.
    """
    x = np.asarray(values).astype(np.float64)
    found = []
    for c in candidates:
        base = analyse(replace(case, kink=c), domain)
        nearly = [k & (z.value != 0) for k, z in zip(base.kinks, base.z, strict=True)]
        if _explained(x, _subgradients(base, nearly, _undecided(base))).all():
            found.append(c)
    return tuple(found)
