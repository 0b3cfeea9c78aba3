"""Oracle `central differences`: the slope of the loss, measured with many steps; each entry takes its own best.

slope   with step h: (C(w + h) - C(w - h)) / 2h = C' + O(h²), even powers only
gap     with step h: (C(w + h) - 2C(w) + C(w - h)) / h = J + O(h), odd powers only; J is how far the slopes on the two
        sides of w lie apart: 0, but at a kink
"""

import math
from collections.abc import Sequence

import numpy as np

from backprove.case import Case
from backprove.oracles.estimate import Array, Estimate, Float, estimate
from backprove.oracles.kinks import Count, kinks
from backprove.oracles.loss import MODEST, UNIT, evaluate, factor, moved, parameters
from backprove.oracles.tableau import best

# h = 2^-2, 2^-5, … 2^-26, times the weight's size where that exceeds 1. The first is so long that smooth losses profit
# from extrapolation, the last √u, as long as forward differences like it: shorter ones drown in rounding. Steps closer
# together (a ratio of 4) hardly lessen the estimated error (7e-10 for 9e-10 of the value, median of drawn networks).
_RATIO = 8.0
_STEPS: Float = np.ldexp(1.0, range(-2, -27, -3))
_NEAR = 3  # the step, 2^-11, beside which noise is measured
_COPIES = 4


def central(case: Case) -> Estimate:
    """Central differences extrapolated to step 0, with the step and order of least estimated error for each entry.

    At a kink value ± error reaches the slopes on both sides. No opinion on entries that several kinks bear on: then a
    weight has two slopes still, but the conventions for the kinks may combine to others.
    """
    h = _STEPS[:, None] * _sizes(case)
    with np.errstate(all="ignore"):
        noise, z = _noise(case, h)
        slopes, gaps, crossed = _measured(case, h)
        values, errors = best(slopes, gaps, noise, _RATIO)
        errors[np.maximum(kinks(case, z), crossed[-1]) > 1] = np.inf
    return estimate(values, errors)


def central_fixed(case: Case, step: float = math.cbrt(3 * UNIT)) -> Float:
    """Central differences as commonly done, one step for all; NaN where the loss has no value. Flat."""
    with np.errstate(all="ignore"):
        slopes: Float = _measured(case, np.full((1, case.entries), step))[0][0]
    return slopes


def forward(case: Case, step: float | None = None) -> Float:
    """(C(w + h) - C(w)) / h; h = √u max(1, |w|) if no step is given. Flat; NaN where the loss has no value."""
    h = math.sqrt(UNIT) * _sizes(case) if step is None else np.full(case.entries, step)
    with np.errstate(all="ignore"):
        rises = [_sum(x.terms[:, 0] - x.own[:, 0, None, None])[:, 0] for x in evaluate(case, h[:, None])]
        slopes: Float = np.concatenate(rises) * factor(case) / h
    return slopes


def _sizes(case: Case) -> Float:
    """max(1, |w|), rounded up to a power of two, so that h a is exact."""
    sizes: Float = np.ldexp(1.0, np.ceil(np.log2(np.maximum(np.abs(parameters(case)), 1))).astype(np.intc))
    return sizes


def _measured(case: Case, h: Float) -> tuple[Float, Float, Count]:
    """(slopes, gaps, kinks within a step), all (K, P), for steps h of shape (K, P)."""
    K, slopes, gaps, crossed = len(h), [], [], []
    for x in evaluate(case, np.concatenate([h, -h]).T):
        up, down, own = x.terms[:, 0, :, :K], x.terms[:, 0, :, K:], x.own[:, 0, None, None]
        slopes.append(_sum(up - down))
        gaps.append(_sum((up - own) + (down - own)))
        crossed.append(x.crossed[:, :K] + x.crossed[:, K:])
    scale = factor(case) / h
    return np.concatenate(slopes).T * scale / 2, np.concatenate(gaps).T * scale, np.concatenate(crossed).T


def _sum(terms: Array) -> Float:
    """(n_L, P, K, N) to (P, K): subtracted term by term before this, so that large terms that stay do not blur it."""
    total: Float = terms.sum(axis=-1).sum(axis=0)
    return total


def _noise(case: Case, h: Float) -> tuple[Float, Sequence[Array]]:
    """How far rounding may move a slope of step h, (K, P): A / h + B, where A is what it does to the loss at w, and
    A + B h to the loss at w + h. Both are needed: at a minimum nothing that is small moves the loss. And z at w.
    """
    pieces = list(evaluate(case, h[_NEAR][:, None], 1 + _COPIES))
    at, off = moved(pieces[0].own), np.concatenate([moved(x.terms[:, :, :, 0]) for x in pieces])
    noise: Float = MODEST * abs(factor(case)) * (at / h + off / h[_NEAR])
    return noise, pieces[0].z
