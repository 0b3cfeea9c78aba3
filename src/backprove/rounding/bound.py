"""The bound on the rounding error of every gradient entry: derived, not tuned.

For each quantity q a radius r is carried through forward and backward pass such that the exact q, and any
floating-point evaluation of the same formulas in any order of summation, lie within r of each other.

    u                     unit roundoff of the precision judged
    gamma(n)              n u / (1 - n u): relative error of n rounded operations (Higham, Accuracy and Stability of
                          Numerical Algorithms, 2nd ed., lemma 3.1); a sum of n products, in any order, is off by at
                          most gamma(n) Σ |w| |x| (ibid., section 3.1)
    F(u) u                relative error granted to exp and its like (see units.py)
    f(z + dz)             is off by at most (|f'(z)| + sup|f''| r/2) r for |dz| <= r, and f' likewise
    magnitudes            backwards, not |delta| but the sum of the absolute values of all paths: it bounds the terms
                          that a sum over paths meets before they cancel, and so covers every order of the factors
    tiny                  what one operation can lose to underflow, added to every evaluation
    H, layers             the problem as the precision holds it (held.py), and its layers after the forward pass
"""

import math
from dataclasses import dataclass

import numpy as np

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.forward import Passed, Shares, Spread, layers_of
from backprove.rounding.held import Held
from backprove.rounding.loss import loss
from backprove.rounding.output import fused_delta, loss_gradient
from backprove.rounding.units import Float, Mask, Valued

# The bound is itself computed in float64; its own rounding is far below this.
OWN = 1 + 2.0**-20


@dataclass(frozen=True)
class Analysis:
    """Values and radii of everything that a case defines, layers 1 … L in order.

    `weights`, `biases`: the gradient. `kinks`: per layer, boolean (N, n_l), units whose z is within its radius of a
    kink. `slopes`: per layer, (N, n_l); None for softmax, whose Jacobian is no slope.
    """

    z: list[Valued]
    a: list[Valued]
    loss_gradient: list[Valued]
    delta: list[Valued]
    weights: list[Valued]
    biases: list[Valued | None]
    kinks: list[Mask]
    slopes: list[Valued | None]
    largest: float
    """No product of factors along any path, in any order, exceeds this."""
    case: Case
    domain: Domain

    def loss(self) -> Valued:
        """The loss with its radius."""
        with np.errstate(all="ignore"):
            return loss(self.case, self.domain, self.z[-1], self.a[-1])[0]

    def undefined(self) -> str:
        """Why the loss has no value at these outputs, or ""."""
        with np.errstate(all="ignore"):
            return loss(self.case, self.domain, self.z[-1], self.a[-1])[1]

    def radii(self) -> Float:
        """The radius of every gradient entry, flattened as `blocks` numbers them."""
        parts = []
        for W, b in zip(self.weights, self.biases, strict=True):
            parts.append(W.radius.ravel())
            if b is not None:
                parts.append(b.radius)
        return np.concatenate(parts)


def analyse(
    case: Case,
    domain: Domain,
    *,
    open_kinks: bool = False,
    at_kinks: Shares | None = None,
    spread: Spread | None = None,
) -> Analysis:
    """Values and radii of all quantities of a case in the precision of a floating-point domain.

    `open_kinks`: radii that hold for every choice of slope between the two sides of a kink. `at_kinks`: the slopes of
    chosen relu and leaky_relu units, as shares of their jumps, in place of what z decides; the radii then bound
    rounding for these slopes and for all smaller ones. `spread`: radii of the weights and biases themselves, as after
    a training step. Radii are infinite or NaN where the precision's range does not hold the computation.
    """
    with np.errstate(all="ignore"):
        H = Held(case, domain)
        layers = layers_of(H, open_kinks=open_kinks, at_kinks=at_kinks, spread=spread)
        return _backward(H, layers, spread, chosen=at_kinks is not None)


def _backward(H: Held, layers: list[Passed], spread: Spread | None, chosen: bool) -> Analysis:
    case, L = H.case, len(H.W)
    inputs = H.held(case.inputs)
    g, size = loss_gradient(H, layers[-1].a)
    delta, size = fused_delta(H, layers[-1]) if H.fused else _through(H, layers[-1], g, size, chosen)
    gs, deltas, sizes = [g], [delta], [size]
    for l in reversed(range(L - 1)):
        n = len(H.W[l + 1])
        terms = size @ H.absW[l + 1]
        r = delta.radius @ H.absW[l + 1] + H.gamma(n) * terms + n * H.tiny
        if spread is not None:
            r = r + size @ spread[l + 1][0]
            terms = terms + size @ spread[l + 1][0]
        g = Valued(delta.value @ H.W[l + 1], r)
        delta, size = _through(H, layers[l], g, terms, chosen)
        gs.insert(0, g)
        deltas.insert(0, delta)
        sizes.insert(0, size)
    # What underflows anywhere on a path is multiplied by no more than all other factors together.
    largest = _largest(H, layers, sizes[-1] if H.fused else np.abs(gs[-1].value) + gs[-1].radius)
    lost = (len(layers) + 2) * H.tiny * largest
    weights: list[Valued] = []
    biases: list[Valued | None] = []
    N = len(inputs)
    for l, incoming in enumerate([Valued(inputs, np.zeros_like(inputs)), *(layer.a for layer in layers[:-1])]):
        d, M = deltas[l], sizes[l]
        magnitude = np.abs(incoming.value)
        r = d.radius.T @ magnitude + M.T @ incoming.radius + H.gamma(N) * (M.T @ (magnitude + incoming.radius))
        weights.append(Valued(d.value.T @ incoming.value, OWN * r + N * lost))
        r = d.radius.sum(axis=0) + H.gamma(N) * M.sum(axis=0)
        db = Valued(d.value.sum(axis=0), OWN * r + N * lost)
        biases.append(None if case.layers[l].bias is None else db)
    return Analysis(
        [layer.z for layer in layers],
        [layer.a for layer in layers],
        gs,
        deltas,
        weights,
        biases,
        [layer.kink for layer in layers],
        [layer.slope for layer in layers],
        largest,
        case,
        H.domain,
    )


def _through(H: Held, layer: Passed, g: Valued, size: Float, chosen: bool) -> tuple[Valued, Float]:
    """dC/dz from dC/da, with the sizes of the terms (sums of absolute values) of each."""
    if layer.slope is not None:
        s, rs = np.abs(layer.slope.value), layer.slope.radius
        r = s * g.radius + rs * size + H.u * s * size + H.tiny
        return Valued(layer.slope.value * g.value, r), (s + rs) * size
    p, K = layer.a.value, layer.a.value.shape[-1]
    most = p + layer.a.radius

    def total(x: Float) -> Float:
        return np.asarray(x.sum(axis=-1, keepdims=True))

    centred = g.value - total(p * g.value)
    terms = most * (size + total(most * size))
    # Smaller slopes further up may leave more of |centred|, but never more than the sizes do.
    moved = (size + total(p * size) if chosen else np.abs(centred)) * layer.a.radius
    r = most * (g.radius + total(most * g.radius) + total(moved)) + moved
    r = r + H.gamma(K + 4) * terms + K * H.tiny
    return Valued(p * centred, r), terms


def _largest(H: Held, layers: list[Passed], ends: Float) -> float:
    def most(*parts: Float) -> float:
        return max(1.0, *(float(np.abs(part).max()) for part in parts))

    incoming = most(H.held(H.case.inputs), *(c.a.value for c in layers[:-1]))
    through = math.prod(most(W) for W in H.W) * math.prod(most(c.slope.value) for c in layers if c.slope is not None)
    return incoming * through * most(ends)
