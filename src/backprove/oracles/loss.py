"""The loss as a function of the parameters alone: many networks at once, each off the case's own in one parameter.

Arrays of the forward pass have the shape (n_l, Q, M, N): units first (so that a layer is one product of matrices), Q
copies of the whole calculation, M networks, N samples. Network 0 is the case's own. The networks that are off in a
parameter of layer l are its own up to layer l - 1, so they join there, where W^l[j,k] + h adds h a^{l-1}_k to z^l_j
alone: no w + h is ever rounded.

Copy 0 is calculated as it is. In each other copy every a and z (in complex numbers each of their two parts) is made
larger or smaller by about the share JITTER, at random: how far the copies spread, times UNIT / JITTER, is what rounding
may do here, found without a derivative (Monte Carlo arithmetic: Parker 1997). A jittered a is as good as rounded
products W a; what cancels in their sum leaves z as wrong as rounding does.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backprove.case import Case
from backprove.oracles.estimate import Array, Float
from backprove.oracles.functions import activation
from backprove.oracles.terms import loss_terms

UNIT = 2.0**-53
# So much above rounding that it is not rounded away, so small that its effect is as good as proportional to it.
JITTER = 2.0**-40
# An operation's rounding is taken for as much as 4 jitters of UNIT: sums of some terms, functions of 2 units or so.
MODEST = 4.0
BENT = ("relu", "leaky_relu")
MOST_NUMBERS = 2_000_000  # at a time

_Places = npt.NDArray[np.intp]
# The same for every call, so that an estimate depends on the case alone. Its prime length fits no shape.
_RANDOM = np.random.default_rng(1997)
_JITTERED: Float = 1 + JITTER * _RANDOM.choice([-1.0, 1.0], size=32_749) * _RANDOM.uniform(0.5, 1.5, size=32_749)


class Evaluated(NamedTuple):
    """Terms of the loss, unscaled: of the case's own network (n_L, Q, N), of the others (n_L, Q, P, S, N) for P
    parameters and S steps; z of the case's own network, (n_l, Q, N) a layer; how many units, each sample for itself,
    are on another side of their kink than in the case's own network, (P, S).
    """

    own: Array
    terms: Array
    z: Sequence[Array]
    crossed: _Places


def factor(case: Case) -> float:
    """What the summed terms are multiplied by."""
    return float(case.factor)


def parameters(case: Case) -> Float:
    """All weights and biases, flat, in the order of `backprove.case.blocks`."""
    parts = [x.ravel() for layer in case.layers for x in (layer.weights, layer.bias) if x is not None]
    return np.concatenate(parts)


def evaluate(case: Case, steps: Array, copies: int = 1) -> Iterator[Evaluated]:
    """The terms for every parameter and each of its steps; `steps` has the shape (P, S), real or complex.

    In pieces of consecutive parameters, one only unless it would be of more than MOST_NUMBERS numbers a layer. Raises
    NotInDomain where an activation has no complex values.
    """
    each = max(case.sizes) * copies * len(case.inputs) * max(steps.shape[1], 1)
    at_once = max(1, MOST_NUMBERS // each)
    for first in range(0, len(steps), at_once):
        yield _piece(case, steps, first, min(first + at_once, len(steps)), copies)


def moved(terms: Array) -> Float:
    """What rounding may do to the sum of terms, (n_L, Q, …, N) to (…).

    To each by itself: like samples round alike, so that their errors add up though jitters would not.
    """
    spread = np.abs(terms[:, 1:] - terms[:, :1]).sum(axis=-1).sum(axis=0).max(axis=0) * (UNIT / JITTER)
    total: Float = spread + UNIT * np.abs(terms[:, 0]).sum(axis=-1).sum(axis=0)
    return total


@lru_cache(maxsize=1024)
def _places(n_to: int, n_from: int, bias: bool) -> tuple[_Places, _Places]:
    """(j, k) of every parameter of a layer; a bias is the weight of an input n_from that is always 1."""
    j, k = np.divmod(np.arange(n_to * n_from), n_from)
    if bias:
        j, k = np.append(j, np.arange(n_to)), np.append(k, np.full(n_to, n_from))
    return j, k


def _piece(case: Case, steps: Array, first: int, last: int, copies: int) -> Evaluated:
    S, at, zs = steps.shape[1], 0, []
    own = np.broadcast_to(case.inputs.T[:, None, None], (case.sizes[0], copies, 1, len(case.inputs)))
    a: Array = np.array(own, dtype=steps.dtype, order="C")
    _jitter(a, 1)
    crossed = np.zeros(steps[first:last].shape, dtype=np.intp)
    for layer in case.layers:
        n_to, n_from = layer.weights.shape
        z = _product(layer.weights, a)
        if layer.bias is not None:
            z += layer.bias[:, None, None, None]
        _jitter(z, at + 2)
        zs.append(z[:, :, 0])
        j, k = _places(n_to, n_from, layer.bias is not None)
        piece = slice(max(first - at, 0), max(last - at, 0))
        if S and len(j[piece]):
            here = steps[max(first, at) : min(last, at + len(j))]
            z = np.concatenate([z, _off(z[:, :, 0], a[:, :, 0], j[piece], k[piece], here)], axis=2)
        at += len(j)
        if S and z.shape[2] > 1 and layer.activation in BENT:
            up = z[:, 0].real > 0
            here = (up[:, 1:] != up[:, :1]).sum(axis=(0, 2)).reshape(-1, S)
            crossed[: len(here)] += here
        a = activation(layer.activation, z)
        _jitter(a, at + 3)
    terms = loss_terms(case, z, a)
    return Evaluated(terms[:, :, 0], terms[:, :, 1:].reshape(*terms.shape[:2], -1, S or 1, terms.shape[3]), zs, crossed)


def _product(W: Float, a: Array) -> Array:
    """W a for every column; W is real, so that real and imaginary parts stay apart."""
    columns = np.ascontiguousarray(a).view(np.float64).reshape(len(a), -1)
    z: Array = (W @ columns).view(a.dtype)
    return z.reshape(len(W), *a.shape[1:])


def _off(z: Array, a: Array, j: _Places, k: _Places, steps: Array) -> Array:
    """z of the networks that are off in one of this layer's parameters: (n_l, Q, P · S, N)."""
    (n, Q, N), (P, S) = z.shape, steps.shape
    inputs = np.concatenate([a, np.ones_like(a[:1])])
    off: Array = np.empty((n, Q, P, S, N), dtype=z.dtype)
    off[:] = z[:, :, None, None]
    off[j, :, np.arange(P)] += steps[:, None, :, None] * inputs[k][:, :, None]
    return off.reshape(n, Q, P * S, N)


def _jitter(x: Array, start: int) -> None:
    """Jitters all copies but the first, in place; arrays with another `start` get other signs."""
    if x.shape[1] > 1:
        parts = x.view(np.float64)[:, 1:]
        start = start * 7919 % len(_JITTERED)
        shares = _JITTERED[start : start + parts.size]
        if len(shares) < parts.size:
            shares = np.resize(_JITTERED, start + parts.size)[start:]
        parts *= shares.reshape(parts.shape)
