"""Slopes measured with several steps, extrapolated to step 0: the value of least estimated error for each entry.

V[m,k]   slopes, (columns, steps, P): V[0,k] measured with step h_k, column m with m powers of h eliminated, h², h⁴, …
G[m,k]   gaps between the slopes on the two sides of w, likewise; their powers are h, h³, …
E[m,k]   estimated error of V[m,k]

The tableau and the choice in it: Ridders, Accurate computation of F'(x) and F'(x)F''(x), 1982. His errors see smooth
functions only; here they count, too, what would not be there in one.
"""

import numpy as np

from backprove.oracles.estimate import Float
from backprove.oracles.loss import MODEST, UNIT

COLUMNS = 4  # a fifth left the errors of 1,500 drawn networks as they were
_FLOOR = 2.0**-990  # underflow, over a short step


def best(slopes: Float, gaps: Float, noise: Float, ratio: float) -> tuple[Float, Float]:
    """(values, errors), both (P,), of slopes and gaps (K, P), whose steps h_k = h_{k-1} / ratio; `noise`, (K, P), is
    what rounding may do to a slope. An error is inf where no value is a number.

    An error is how far the value is from its neighbours in the tableau, plus half the gap and how far that is from its
    own (so that at a kink value ± error reaches the slopes on both sides), plus noise. It is no less than what shorter
    steps contradict beyond their own errors: slopes of long ones may agree with each other beside all that matters.
    """
    V, G = _eliminated(slopes, ratio**2, ratio**2), np.abs(_eliminated(gaps, ratio, ratio**2)) / 2
    off = np.abs(V[:, 1:] - V[:, :-1])
    off[1:] = np.maximum(off[1:], np.abs(V[1:, 1:] - V[:-1, 1:]))
    gap, noise = np.maximum(G[:, 1:], G[:, :-1]) + np.abs(G[:, 1:] - G[:, :-1]), noise[1:]
    V, G = V[:, 1:], G[:, 1:]
    smooth = off + noise + MODEST * UNIT * np.abs(V) + _FLOOR
    lowest, highest = _later(np.fmax.reduce(V - smooth)), -_later(np.fmax.reduce(-V - smooth))
    contradicted = np.maximum(np.fmax(lowest - V, V - highest), 0) + _later(np.fmax.reduce(G[2:] - 2 * noise))
    E = np.fmax(smooth + gap, contradicted).reshape(-1, V.shape[2])
    E[np.isnan(gap).reshape(E.shape)] = np.inf
    chosen = E.argmin(axis=0)[None]
    values, errors = (np.take_along_axis(x.reshape(E.shape), chosen, axis=0)[0] for x in (V, E))
    return values, errors


def _eliminated(first: Float, by: float, growth: float) -> Float:
    """All columns of a tableau, (columns, K, P), NaN where there is no entry."""
    all_ = np.full((min(COLUMNS, len(first)), *first.shape), np.nan)
    all_[0] = first
    for m in range(1, len(all_)):
        before = all_[m - 1, m - 1 :]
        all_[m, m:] = before[1:] + (before[1:] - before[:-1]) / (by * growth ** (m - 1) - 1)
    return all_


def _later(x: Float) -> Float:
    """For each step the largest of it and all shorter ones."""
    largest: Float = np.fmax.accumulate(x[::-1])[::-1]
    return largest
