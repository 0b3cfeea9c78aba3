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
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.loss import loss
from backprove.rounding.units import UNITS, F, Float, Valued, logistic

# The bound is itself computed in float64; its own rounding is far below this.
OWN = 1 + 2.0**-20


FUSED = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Analysis:
    """Values and radii of everything that a case defines, layers 1 … L in order.

    `weights`, `biases`: the gradient. `kinks`: per layer, boolean (N, n_l), units whose z is within its radius of a
    kink.
    """

    z: list[Valued]
    a: list[Valued]
    loss_gradient: list[Valued]
    delta: list[Valued]
    weights: list[Valued]
    biases: list[Valued | None]
    kinks: list[npt.NDArray[np.bool_]]
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


@dataclass(frozen=True)
class _Layer:
    """One layer after the forward pass. A softmax has none of its own `slope`, all else has."""

    z: Valued
    a: Valued
    slope: Valued | None
    kink: npt.NDArray[np.bool_]


class _Bounder:
    """One analysis at unit roundoff u; `open_kinks`: a slope at a kink may be anything between its two sides."""

    def __init__(self, case: Case, domain: Domain, open_kinks: bool) -> None:
        assert domain.unit_roundoff is not None
        self.u, self.tiny, self.open_kinks = domain.unit_roundoff, domain.tiny, open_kinks
        self.case, self.domain = case, domain
        # The numbers of the case as this precision holds them: the problem that the engines in it are given.
        self.W = [self.held(layer.weights) for layer in case.layers]
        self.absW = [np.abs(W) for W in self.W]
        self.b = [None if layer.bias is None else self.held(layer.bias) for layer in case.layers]
        self.T = self.held(case.targets)
        self.factor = float(case.loss.scale / case.divisor)

    def held(self, values: Float) -> Float:
        return self.domain.array(values).astype(np.float64, copy=False)

    @property
    def fused(self) -> bool:
        """Whether the loss is the logarithm that the output activation is made for: dC/da cancels against the slope."""
        return self.case.loss.name.endswith("cross_entropy") and self.case.layers[-1].activation in FUSED

    def gamma(self, n: int) -> float:
        return n * self.u / (1 - n * self.u)

    def layer(self, l: int, a: Valued, spread: "Spread | None") -> _Layer:
        W, W_abs, b = self.W[l], self.absW[l], self.b[l]
        n = W.shape[1]
        size = np.abs(a.value) + a.radius
        total, terms = a.value @ W.T, size @ W_abs.T
        if b is not None:
            total, terms = total + b, terms + np.abs(b)
        r = a.radius @ W_abs.T + self.gamma(n + (b is not None)) * terms + (n + 1) * self.tiny
        if spread is not None:
            r = r + size @ spread[l][0].T + spread[l][1]
        z = Valued(total, r)
        name = self.case.layers[l].activation
        if name == "softmax":
            p, p_radius = self.softmax(z)
            return _Layer(z, Valued(p, p_radius + self.tiny), None, np.zeros(p.shape, dtype=bool))
        unit = UNITS[name](total, self.u)
        # Where z may lie on either side of 0 the curvature may be another (elu).
        curvature = np.where(np.abs(total) <= r, unit.sup2, np.abs(unit.curvature))
        slope, slope_radius = unit.slope, (curvature + unit.sup3 / 2 * r) * r + unit.slope_error
        steep, kink = np.abs(slope), np.zeros(r.shape, dtype=bool)
        if unit.jump:
            kink = np.abs(total) <= r
            steep = np.where(kink, 1.0, steep)
            at_0 = 1 - unit.jump + float(self.case.kink) * unit.jump
            slope = np.where(total == 0, at_0, slope)
            slope_radius = np.where(total == 0, 4 * self.u * at_0, slope_radius)
            if self.open_kinks:
                slope_radius = np.where(kink, unit.jump, slope_radius)
        a_radius = (steep + unit.sup2 / 2 * r) * r + unit.a_error
        return _Layer(z, Valued(unit.a, a_radius + self.tiny), Valued(slope, slope_radius + self.tiny), kink)

    def softmax(self, z: Valued) -> tuple[Float, Float]:
        """Softmax of the last axis, and by how much each entry may be off: never by more than 1.

        p_i moves by p_i (dz_i - Σ p_j dz_j); the shift before exp and exp itself act as a further dz.
        """
        shifted = z.value - z.value.max(axis=-1, keepdims=True)
        e = np.exp(shifted)
        p = e / e.sum(axis=-1, keepdims=True)
        dz = z.radius + self.u * (np.abs(shifted) + F(self.u))
        most = dz.max(axis=-1, keepdims=True)
        first = (1 - 2 * p) * dz + (p * dz).sum(axis=-1, keepdims=True)
        with np.errstate(invalid="ignore"):
            relative = first + 4 * most * most * np.exp(np.minimum(2 * most, 600)) + self.gamma(z.value.shape[-1])
            return p, np.minimum(p * relative, 1.0)

    def through(self, layer: _Layer, g: Valued, size: Float) -> tuple[Valued, Float]:
        """dC/dz from dC/da, with the sizes of the terms (sums of absolute values) of each."""
        if layer.slope is not None:
            s, rs = np.abs(layer.slope.value), layer.slope.radius
            r = s * g.radius + rs * size + self.u * s * size + self.tiny
            return Valued(layer.slope.value * g.value, r), (s + rs) * size
        p, K = layer.a.value, layer.a.value.shape[-1]
        most = p + layer.a.radius

        def total(x: Float) -> Float:
            return np.asarray(x.sum(axis=-1, keepdims=True))

        centred = g.value - total(p * g.value)
        terms = most * (size + total(most * size))
        moved = np.abs(centred) * layer.a.radius
        r = most * (g.radius + total(most * g.radius) + total(moved)) + moved
        r = r + self.gamma(K + 4) * terms + K * self.tiny
        return Valued(p * centred, r), terms

    def output(self, layer: _Layer) -> tuple[Valued, Valued, Float]:
        """(dC/da, delta, size of delta's terms) at the outputs."""
        name = self.case.layers[-1].activation
        g, size = self.loss_gradient(layer.a)
        if self.fused:
            rest = 1 - self.T if self.case.loss.name == "binary_cross_entropy" else np.zeros_like(self.T)
            delta, size = (self.log_sigmoid if name == "sigmoid" else self.log_softmax)(layer, rest)
            return g, delta, size
        delta, size = self.through(layer, g, size)
        return g, delta, size

    def loss_gradient(self, a: Valued) -> tuple[Valued, Float]:
        u, name, T, factor = self.u, self.case.loss.name, self.T, self.factor
        if name == "output":
            g = np.full_like(a.value, factor)
            return Valued(g, 2 * u * np.abs(g) + self.tiny), np.abs(g)
        if name == "squared_error":
            g = 2 * factor * (a.value - T)
            r = 2 * abs(factor) * a.radius + 3 * u * np.abs(g) + self.tiny
            return Valued(g, r), np.abs(g) + r
        terms = [(-T, a.value, a.radius)]
        if name == "binary_cross_entropy":
            terms.append((1 - T, 1 - a.value, a.radius + u * np.abs(1 - a.value)))
        g, r, size = (np.zeros_like(T) for _ in range(3))
        for weight, part, radius in terms:
            least = np.abs(part) - radius
            most = np.divide(np.abs(factor * weight), least, out=np.full_like(T, np.inf), where=least > 0)
            most[weight == 0] = 0
            off = np.divide(radius, np.abs(part), out=np.zeros_like(T), where=part != 0)
            g += np.divide(factor * weight, part, out=np.zeros_like(T), where=part != 0)
            r += np.where(most > 0, most * off + 5 * u * most, 0) + self.tiny
            size += most
        return Valued(g, r), size

    def log_sigmoid(self, layer: _Layer, rest: Float) -> tuple[Valued, Float]:
        """delta = factor ((1-t) a - t (1-a)), also as a - t and as its elementary steps."""
        u, z, t, s = self.u, layer.z, np.abs(self.T), np.abs(rest)
        a, c = logistic(z.value), logistic(-z.value)
        p = a * c
        moved = (p + 0.0963 / 2 * z.radius) * z.radius
        evaluated = u * (s * (F(u) * p + 2 * a) + t * (F(u) * p + 2) + 6 * (s * a + t * c))
        size = abs(self.factor) * (s * (a + (z.value > 0)) + t * (c + 1))
        r = abs(self.factor) * ((s + t) * moved + evaluated) + 3 * u * size + self.tiny
        return Valued(self.factor * (rest * a - self.T * c), r), size

    def log_softmax(self, layer: _Layer, rest: Float) -> tuple[Valued, Float]:
        """delta = factor (a Σt - t), and for 1 - a_i the same with the shares of the units other than i."""
        p, off, K, t, f = layer.a.value, layer.a.radius, layer.a.value.shape[-1], np.abs(self.T), abs(self.factor)
        all_t = t.sum(axis=-1, keepdims=True)
        value = p * self.T.sum(axis=-1, keepdims=True) - self.T
        size, r = t + p * all_t, off * all_t
        if rest.any() and K > 1:
            value = value + p * rest
            size, r = size + p * np.abs(rest), r + off * np.abs(rest)
            for i in range(K):
                others = np.arange(K) != i
                z = Valued(layer.z.value[:, others], layer.z.radius[:, others])
                share, share_off = self.softmax(z)
                weight = p[:, [i]] * rest[:, [i]]
                value[:, others] -= weight * share
                heavy = np.abs(rest[:, [i]])
                size[:, others] += heavy * (share + p[:, others])
                # p_i share_j, of factors at most 1 each, and p_j
                r[:, others] += heavy * (share_off + share * off[:, [i]] + off[:, others])
        operations = 2 * K + 6 if rest.any() else K + 4
        r = f * (r + self.gamma(operations) * size + K * self.tiny * (all_t + 1)) + self.tiny
        return Valued(self.factor * value, r), f * size


@dataclass(frozen=True)
class Forward:
    """The forward pass alone: z, a and the units at a kink, layers 1 … L in order."""

    z: list[Valued]
    a: list[Valued]
    kinks: list[npt.NDArray[np.bool_]]


Spread = Sequence[tuple[Float, Float]]
"""Radii that the weights (n_l, n_{l-1}) and biases (n_l,) of each layer already have."""


def analyse(case: Case, domain: Domain, *, open_kinks: bool = False, spread: Spread | None = None) -> Analysis:
    """Values and radii of all quantities of a case in the precision of a floating-point domain.

    `open_kinks`: radii that hold for every choice of slope between the two sides of a kink. `spread`: radii of the
    weights and biases themselves, as after a training step. Radii are infinite or NaN where the precision's range
    does not hold the computation.
    """
    with np.errstate(all="ignore"):
        return _analyse(_Bounder(case, domain, open_kinks), spread)


def forward(case: Case, domain: Domain) -> Forward:
    """The forward pass of `analyse`."""
    with np.errstate(all="ignore"):
        layers = _forward(_Bounder(case, domain, False), None)
    return Forward([c.z for c in layers], [c.a for c in layers], [c.kink for c in layers])


def _forward(B: _Bounder, spread: Spread | None) -> list[_Layer]:
    inputs = B.held(B.case.inputs)
    a = Valued(inputs, np.zeros_like(inputs))
    layers: list[_Layer] = []
    for l in range(len(B.W)):
        layers.append(B.layer(l, a, spread))
        a = layers[-1].a
    return layers


def _analyse(B: _Bounder, spread: Spread | None) -> Analysis:
    case, L = B.case, len(B.W)
    inputs = B.held(case.inputs)
    layers = _forward(B, spread)
    g, delta, size = B.output(layers[-1])
    gs, deltas, sizes = [g], [delta], [size]
    for l in reversed(range(L - 1)):
        n = len(B.W[l + 1])
        terms = size @ B.absW[l + 1]
        r = delta.radius @ B.absW[l + 1] + B.gamma(n) * terms + n * B.tiny
        if spread is not None:
            r = r + size @ spread[l + 1][0]
            terms = terms + size @ spread[l + 1][0]
        g = Valued(delta.value @ B.W[l + 1], r)
        delta, size = B.through(layers[l], g, terms)
        gs.insert(0, g)
        deltas.insert(0, delta)
        sizes.insert(0, size)
    # What underflows anywhere on a path is multiplied by no more than all other factors together.
    largest = _largest(B, layers, sizes[-1] if B.fused else np.abs(gs[-1].value) + gs[-1].radius)
    lost = (len(layers) + 2) * B.tiny * largest
    weights: list[Valued] = []
    biases: list[Valued | None] = []
    N = len(inputs)
    for l, incoming in enumerate([Valued(inputs, np.zeros_like(inputs)), *(layer.a for layer in layers[:-1])]):
        d, M = deltas[l], sizes[l]
        magnitude = np.abs(incoming.value)
        r = d.radius.T @ magnitude + M.T @ incoming.radius + B.gamma(N) * (M.T @ (magnitude + incoming.radius))
        weights.append(Valued(d.value.T @ incoming.value, OWN * r + N * lost))
        r = d.radius.sum(axis=0) + B.gamma(N) * M.sum(axis=0)
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
        largest,
        case,
        B.domain,
    )


def _largest(B: _Bounder, layers: list[_Layer], ends: Float) -> float:
    def most(*parts: Float) -> float:
        return max(1.0, *(float(np.abs(part).max()) for part in parts))

    incoming = most(B.held(B.case.inputs), *(c.a.value for c in layers[:-1]))
    through = math.prod(most(W) for W in B.W) * math.prod(most(c.slope.value) for c in layers if c.slope is not None)
    return incoming * through * most(ends)
