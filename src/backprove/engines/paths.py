"""Engine `paths`: for each weight its own sum over every path from it to the loss; the chain rule written out.

A path from w^l_jk starts with da: ∂z^l_j/∂w = a^{l-1}_k, runs through ∂a/∂z of unit j, then alternately through a
weight ∂z^{m}_i/∂a^{m-1} = w^m_i· and a slope ∂a^m/∂z^m, and ends in one term of the loss. A softmax unit reaches
every unit of its own layer, so there each path branches once more. Every path's product is formed from its own
factors: no partial sum is shared between weights or between paths, which is what makes the cost exponential.

Its own choices: slopes as the chain rule over elementary steps (1/d, d = 1 + e, e = exp(-z), …), logarithmic
losses term by term over log a = z - log Σ exp, and the softmax Jacobian by the quotient rule.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import LEAKY_SLOPE, Address, Case, Expanded, Gradient, Trace
from backprove.domains import Array, Domain

BLOCK = 2**16  # paths held at a time
BUDGET = {"hardware": 20_000_000, "exact": 50_000}  # paths in all; the exact domains' numbers are slow
SAMPLE_SEED = 2017


def _gate(D: Domain, Z: Array) -> tuple[Array, Array]:
    """(z > 0, exp(-|z|)), where either side of 0 has a form that would do."""
    up = np.asarray(D.leans(Z))
    return up, np.asarray(D.exp(np.where(up, Z * -1, Z)))


def _sigmoid(D: Domain, Z: Array) -> tuple[Array, Array]:
    up, e = _gate(D, Z)
    d = e + 1
    # z > 0: a = 1/d.  da/dd = -1/d², dd/de = 1, de/dz = -e
    # else:  a = e/d, which is 1 - 1/d.  da/dd = 1/d², dd/de = 1, de/dz = e
    a, step = np.where(up, 1 / d, e / d), 1 / (d * d)
    return a, np.where(up, -step * -e, step * e)


def _tanh(D: Domain, Z: Array) -> tuple[Array, Array]:
    _, e = _gate(D, Z)
    d = 1 + e * e
    # |a| = 2/d - 1.  d|a|/dd = -2/d², dd/de = 2e, de/d|z| = -e
    return np.asarray(D.tanh(Z)), (-2 / (d * d)) * (e + e) * -e


def _softplus(D: Domain, Z: Array) -> tuple[Array, Array]:
    up, e = _gate(D, Z)
    # z > 0: a = z + log(1 + e), de/dz = -e;  else a = log(1 + e), de/dz = e
    step = 1 / (1 + e)
    return np.asarray(D.log1pexp(Z)), np.where(up, 1 + step * -e, step * e)


def _silu(D: Domain, Z: Array) -> tuple[Array, Array]:
    s, ds_dz = _sigmoid(D, Z)
    return Z * s, s * 1 + Z * ds_dz


def _gelu(D: Domain, Z: Array) -> tuple[Array, Array]:
    q = D.sqrt_half * Z
    h = D.number(0.5) * Z
    g = 1 + D.erf(q)
    # a = h g.  dg/dq = 2/√π exp(-q²), dq/dz = √½
    dg_dz = 2 * D.inv_sqrt_pi * D.exp(-(q * q)) * D.sqrt_half
    return h * g, D.number(0.5) * g + h * dg_dz


def _elu(D: Domain, Z: Array) -> tuple[Array, Array]:
    up = D.positive(Z)
    below = np.where(up, D.number(0), Z)
    return np.where(up, Z, D.expm1(below)), np.where(up, D.number(1), D.exp(below))


def _bend(D: Domain, Z: Array, left: Any, kink: Any) -> tuple[Array, Array]:
    """z for z > 0, else left · z; at 0 the slope lies `kink` of the way from the left slope to the right one."""
    one, up = D.number(1), D.positive(Z)
    at_0 = (one - kink) * left + kink * one
    return np.where(up, Z, left * Z), np.where(up, one, np.where(D.zero(Z), at_0, left))


STEPS: dict[str, Callable[[Domain, Array], tuple[Array, Array]]] = {
    "identity": lambda D, Z: (Z, np.full_like(Z, D.number(1))),
    "square": lambda D, Z: (Z * Z, 1 * Z + Z * 1),
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "elu": _elu,
    "silu": _silu,
    "gelu": _gelu,
}


def _softmax(D: Domain, Z: Array) -> tuple[Array, Array]:
    """a, shape (N, n), and its Jacobian as [sample, j, i] = ∂a_i/∂z_j."""
    e = D.exp(Z - D.peak(Z))
    S = e.sum(axis=-1, keepdims=True)
    own = np.eye(Z.shape[-1], dtype=bool) * (e / S)[:, None, :]
    # a_i = e_i / S.  ∂a_i/∂e_i = 1/S; ∂a_i/∂S = -e_i/S², ∂S/∂e_j = 1; ∂e_j/∂z_j = e_j
    through_S = e[:, :, None] * (-e / (S * S))[:, None, :]
    return e / S, own + through_S


def _local(D: Domain, name: str, Z: Array, kink: Any) -> tuple[Array, Array]:
    """(a, ∂a/∂z): the slopes as (N, n), or for softmax the Jacobian as (N, n, n)."""
    if name == "softmax":
        return _softmax(D, Z)
    if name in ("relu", "leaky_relu"):
        return _bend(D, Z, D.number(0 if name == "relu" else LEAKY_SLOPE), kink)
    return STEPS[name](D, Z)


def _endings(D: Domain, case: Case, Z: Array, A: Array) -> tuple[Array, bool]:
    """The last factors of the paths, (N, n_L, terms of the loss), and whether they start at z^L (else at a^L)."""
    T, factor = D.array(case.targets), D.number(case.factor)
    loss, name = case.loss.name, case.layers[-1].activation
    if loss == "output":
        return np.full_like(A, factor)[:, :, None], False
    if loss == "squared_error":
        d = A - T
        return (factor * (d + d))[:, :, None], False  # C = d²
    rest = 1 - T if loss == "binary_cross_entropy" else T * 0
    if name == "sigmoid":
        return factor * _log_sigmoid_endings(D, Z, T, rest), True
    if name == "softmax":
        return factor * _log_softmax_endings(D, Z, T, rest, loss == "binary_cross_entropy"), True
    ends = [-T * (1 / np.where(D.zero(T), D.number(1), A))]  # the derivative of a logarithm that counts
    if loss == "binary_cross_entropy":
        ends.append(-rest * (1 / np.where(D.zero(rest), D.number(1), 1 - A)) * -1)
    return factor * np.stack(ends, axis=-1), False


def _log_sigmoid_endings(D: Domain, Z: Array, T: Array, rest: Array) -> Array:
    """z > 0: log a = -log d, log(1-a) = -z - log d, de/dz = -e.  Else: log a = z - log d, log(1-a) = -log d."""
    up, e = _gate(D, Z)
    log_d = (1 / (1 + e)) * np.where(up, -e, e)
    return np.stack([np.where(up, rest, -T), T * log_d, rest * log_d], axis=-1)


def _log_softmax_endings(D: Domain, Z: Array, T: Array, rest: Array, binary: bool) -> Array:
    """log a_i = z_i - log S and, for 1 - a_i = R_i/S with R_i the sum without i, log(1-a_i) = log R_i - log S."""
    n = Z.shape[-1]
    e = D.exp(Z - D.peak(Z))
    log_S = (1 / e.sum(axis=-1, keepdims=True)) * e
    ends = [-T] + [T[:, [i]] * log_S for i in range(n)]
    for i in range(n) if binary else ():
        others = np.delete(Z, i, axis=-1)
        log_R = np.full_like(Z, D.number(0))
        if n > 1:
            e = D.exp(others - D.peak(others))
            log_R[:, np.arange(n) != i] = (1 / e.sum(axis=-1, keepdims=True)) * e
        ends += [-rest[:, [i]] * log_R, rest[:, [i]] * log_S]
    return np.stack(ends, axis=-1)


def _steps(l: int, W: list[Array], local: list[Array | None], E: Array) -> list[Array]:
    """The factors of the paths that leave a unit of layer l (0-based), in order: slopes (N, at), and where paths part
    (N or 1, to, at), with `at` the unit that a path has come to and `to` the one where it goes on.
    """
    steps: list[Array] = []
    for m in range(l, len(W)):
        if m > l:
            steps.append(W[m][None])
        slope = local[m]
        if slope is not None:
            steps.append(slope if slope.ndim == 2 else slope.transpose(0, 2, 1))
    return [*steps, E[:, :, 0] if E.shape[2] == 1 else E.transpose(0, 2, 1)]


class _OutOfTime(Exception):
    """Raised where the time is over before all paths of a weight are walked."""


def _sum_over_paths(incoming: Array, J: Array, steps: list[Array], until: float = math.inf) -> Array:
    """Σ over all paths of some weights, all to units of one layer; (weights,).

    `incoming` (N, weights) are the paths' first factors, and J the units. Raises _OutOfTime after `until`.
    """
    P, rest = incoming[:, None, None, :], list(steps)
    while rest:
        F = rest.pop(0)
        P = P * F.take(J, axis=-1).reshape(len(F), -1, 1, len(J))
        if F.ndim == 3:
            break
    return _walked(P, [P.shape[1]], rest, until)


def _walked(P: Array, widths: list[int], steps: list[Array], until: float) -> Array:
    """Let products of first factors, (N, at, before, weights), walk on to the ends of all their paths; their sums.

    `widths` are the numbers of units passed, the last first: the first is `at`, the product of the others `before`.
    Where paths part, each takes the product of its factors so far along. Memory is bounded: what would be more than
    BLOCK products walks on in parts.
    """
    for i, F in enumerate(steps):
        if F.ndim == 2:
            P *= F[:, :, None, None]
            continue
        N, at, before, weights = P.shape
        if P.size * F.shape[1] > BLOCK and max(widths) > 1:
            return _in_parts(P, widths, steps[i:], until)
        P = (P[:, None] * F[:, :, :, None, None]).reshape(N, -1, at * before, weights)
        widths = [P.shape[1], *widths]
    for width in widths:  # unit by unit, so that as few numbers as possible follow one another in a sum
        if width > 1:
            P = P.reshape(len(P), width, -1, P.shape[-1]).sum(axis=1)
    return P.reshape(-1, P.shape[-1]).sum(axis=0)


def _in_parts(P: Array, widths: list[int], steps: list[Array], until: float) -> Array:
    """`_walked`, the units of the last layer with more than one cut up."""
    wide = next(i for i, width in enumerate(widths) if width > 1)
    N, width, weights = len(P), widths[wide], P.shape[-1]
    parts = min(width, -(-P.size * steps[0].shape[1] // BLOCK))
    total: Any = 0
    for part in np.array_split(np.arange(width), parts):
        if time.perf_counter() > until:
            raise _OutOfTime
        cut = slice(part[0], part[-1] + 1)
        own = P.reshape(N, width, -1, weights)[:, cut]
        first = steps[0][:, :, cut] if wide == 0 else steps[0]
        own = own if wide == 0 else own.reshape(N, 1, -1, weights)
        cut_widths = [*widths[:wide], len(part), *widths[wide + 1 :]]
        total = total + _walked(own.copy(), cut_widths, [first, *steps[1:]], until)
    return np.asarray(total)


def _shares(costs: list[tuple[int, int]], budget: int) -> list[int]:
    """How many weights of each layer to expand, from (weights, paths a weight); cheap layers leave over to others."""
    shares = [0] * len(costs)
    for done, l in enumerate(sorted(range(len(costs)), key=lambda l: math.prod(costs[l]))):
        weights, paths = costs[l]
        shares[l] = min(weights, budget // (len(costs) - done) // paths)
        budget -= shares[l] * paths
    return shares


def _chosen(costs: list[tuple[int, int]], budget: int) -> list[Array]:
    """Which weights of each layer to expand: all, or above the budget a seeded random sample, in order."""
    shares = _shares(costs, budget)
    if all(share == weights for share, (weights, _) in zip(shares, costs, strict=True)):
        return [np.arange(share) for share in shares]
    random = np.random.default_rng(SAMPLE_SEED)
    return [
        np.arange(weights) if share == weights else np.sort(random.choice(weights, share, replace=False))
        for share, (weights, _) in zip(shares, costs, strict=True)
    ]


def _expanded(
    chosen: Array, incoming: Array, columns: int, steps: list[Array], per_weight: int, values: Array, until: float
) -> Array:
    """Work out the chosen weights of a layer, numbered row by row, into `values`; which of them there was time for."""
    at_once = max(1, BLOCK // per_weight)
    for start in range(0, len(chosen), at_once):
        part = chosen[start : start + at_once]
        try:
            if time.perf_counter() > until:
                raise _OutOfTime
            values[part] = _sum_over_paths(incoming[:, part % columns], part // columns, steps, until)
        except _OutOfTime:
            return chosen[:start]
    return chosen


def engine(
    case: Case,
    domain: Domain,
    *,
    budget: int | None = None,
    seconds: float | None = None,
    only: Address | None = None,
) -> Gradient:
    """dC/dW^l as arrays (n_l, n_{l-1}) and dC/db^l as arrays (n_l,), every entry a sum over its own paths.

    `budget` bounds the paths in all (a path is counted for each weight and sample it serves); above it, a seeded
    random sample of the weights of each layer is expanded and `expanded` says which. `seconds` bounds the time instead,
    or as well: as many weights are expanded as it allows, in a seeded random order. `only`: that entry alone, whatever
    its paths. Raises NotInDomain where the domain lacks a function that an activation needs.
    """
    started, D, N = time.perf_counter(), domain, len(case.inputs)
    kink, one = D.number(case.kink), D.number(1)
    W = [D.array(layer.weights) for layer in case.layers]
    A, Z = [D.array(case.inputs)], []
    local: list[Array | None] = []
    for layer, W_l in zip(case.layers, W, strict=True):
        Z_l = A[-1] @ W_l.T
        Z.append(Z_l if layer.bias is None else Z_l + D.array(layer.bias))
        a, slope = _local(D, layer.activation, Z[-1], kink)
        A.append(a)
        local.append(slope)
    E, fused = _endings(D, case, Z[-1], A[-1])
    if fused:
        local[-1] = None

    routes = [_steps(l, W, local, E) for l in range(len(W))]
    parting = [math.prod(F.shape[1] for F in steps if F.ndim == 3) for steps in routes]
    columns = [W_l.shape[1] + (layer.bias is not None) for W_l, layer in zip(W, case.layers, strict=True)]
    costs = [(len(W_l) * c, N * paths) for W_l, c, paths in zip(W, columns, parting, strict=True)]
    if only is not None:
        l = only.layer - 1
        at = (only.to - 1) * columns[l] + (columns[l] if only.from_ is None else only.from_) - 1
        picks = [np.array([at] if m == l else [], dtype=np.intp) for m in range(len(W))]
    else:
        if budget is None:
            own = BUDGET["exact" if D.unit_roundoff is None else "hardware"]
            budget = own if seconds is None else sum(map(math.prod, costs))
        picks = _chosen(costs, budget)
    if seconds is not None:
        random = np.random.default_rng(SAMPLE_SEED)
        picks = [random.permutation(chosen) for chosen in picks]

    values = [D.array(np.zeros(weights)) for weights, _ in costs]
    left = started + (math.inf if seconds is None else seconds)
    order = sorted(range(len(W)), key=lambda l: 0 if seconds is None else len(picks[l]) * costs[l][1])
    for done, l in enumerate(order):  # cheap layers first: each has its share of the time, and what others left over
        until = left if seconds is None else (now := time.perf_counter()) + (left - now) / (len(W) - done)
        incoming = np.concatenate([A[l], np.full_like(A[l][:, :1], one)], axis=1)  # the bias sees an input of 1
        picks[l] = _expanded(picks[l], incoming, columns[l], routes[l], costs[l][1], values[l], until)

    has_bias = [layer.bias is not None for layer in case.layers]
    dW, db = _blocks(values, W, has_bias)
    nothing = [None] * len(W)
    trace = Trace(Z, A[1:], nothing, nothing, slopes=local, ends=E)
    if all(len(chosen) == weights for chosen, (weights, _) in zip(picks, costs, strict=True)):
        return Gradient(dW, db, trace)
    masks = [np.zeros(weights, dtype=bool) for weights, _ in costs]
    for mask, chosen in zip(masks, picks, strict=True):
        mask[chosen] = True
    said = f"expanded {sum(map(len, picks)):,} of {sum(weights for weights, _ in costs):,} weights"
    return Gradient(dW, db, trace, Expanded(*_blocks(masks, W, has_bias), said))


def _blocks(rows: list[Array], W: list[Array], has_bias: list[bool]) -> tuple[list[Array], list[Array | None]]:
    """Per layer the weights' part and the bias's of what is numbered row by row."""
    tables = [row.reshape(len(W_l), -1) for row, W_l in zip(rows, W, strict=True)]
    weights = [table[:, : W_l.shape[1]] for table, W_l in zip(tables, W, strict=True)]
    return weights, [table[:, -1] if bias else None for table, bias in zip(tables, has_bias, strict=True)]
