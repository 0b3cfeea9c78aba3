"""The forward pass with its radii: z, a, and the slope of every unit. Notation: bound.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.held import Held
from backprove.rounding.units import UNITS, F, Float, Mask, Valued

Spread = Sequence[tuple[Float, Float]]
"""Radii that the weights (n_l, n_{l-1}) and biases (n_l,) of each layer already have."""

Shares = Sequence[Float]
"""Per layer (N, n_l): what share of the jump at a kink a unit's slope takes, 0 … 1; NaN where z decides it."""


@dataclass(frozen=True)
class Passed:
    """One layer after the forward pass. A softmax has none of its own `slope`, all else has."""

    z: Valued
    a: Valued
    slope: Valued | None
    kink: Mask


@dataclass(frozen=True)
class Forward:
    """The forward pass alone: z, a and the units at a kink, layers 1 … L in order."""

    z: list[Valued]
    a: list[Valued]
    kinks: list[Mask]


def forward(case: Case, domain: Domain) -> Forward:
    """The forward pass of `analyse`."""
    with np.errstate(all="ignore"):
        layers = layers_of(Held(case, domain))
    return Forward([c.z for c in layers], [c.a for c in layers], [c.kink for c in layers])


def layers_of(
    H: Held, *, open_kinks: bool = False, at_kinks: Shares | None = None, spread: Spread | None = None
) -> list[Passed]:
    """Layers 1 … L after the forward pass; the options are those of `analyse`."""
    inputs = H.held(H.case.inputs)
    a = Valued(inputs, np.zeros_like(inputs))
    layers: list[Passed] = []
    for l in range(len(H.W)):
        z = _net_input(H, l, a, None if spread is None else spread[l])
        layers.append(_activated(H, l, z, open_kinks, None if at_kinks is None else at_kinks[l]))
        a = layers[-1].a
    return layers


def _net_input(H: Held, l: int, a: Valued, spread: tuple[Float, Float] | None) -> Valued:
    W, W_abs, b = H.W[l], H.absW[l], H.b[l]
    n = W.shape[1]
    size = np.abs(a.value) + a.radius
    total, terms = a.value @ W.T, size @ W_abs.T
    if b is not None:
        total, terms = total + b, terms + np.abs(b)
    r = a.radius @ W_abs.T + H.gamma(n + (b is not None)) * terms + (n + 1) * H.tiny
    if spread is not None:
        r = r + size @ spread[0].T + spread[1]
    return Valued(total, r)


def _activated(H: Held, l: int, z: Valued, open_kinks: bool, shares: Float | None) -> Passed:
    total, r = z.value, z.radius
    name = H.case.layers[l].activation
    if name == "softmax":
        p, p_radius = softmax(H, z)
        return Passed(z, Valued(p, p_radius + H.tiny), None, np.zeros(p.shape, dtype=bool))
    unit = UNITS[name](total, H.u)
    # Where z may lie on either side of 0 the curvature may be another (elu).
    curvature = np.where(np.abs(total) <= r, unit.sup2, np.abs(unit.curvature))
    slope, slope_radius = unit.slope, (curvature + unit.sup3 / 2 * r) * r + unit.slope_error
    steep, kink = np.abs(slope), np.zeros(r.shape, dtype=bool)
    if unit.jump:
        kink = np.abs(total) <= r
        steep = np.where(kink, 1.0, steep)
        at_0 = unit.left + float(H.case.kink) * unit.jump
        slope = np.where(total == 0, at_0, slope)
        slope_radius = np.where(total == 0, 4 * H.u * at_0, slope_radius)
        if open_kinks:
            slope_radius = np.where(kink, unit.jump, slope_radius)
        if shares is not None:
            chosen = unit.left + shares * unit.jump
            slope = np.where(np.isnan(shares), slope, chosen)
            slope_radius = np.where(np.isnan(shares), slope_radius, 4 * H.u * chosen)
    a_radius = (steep + unit.sup2 / 2 * r) * r + unit.a_error
    return Passed(z, Valued(unit.a, a_radius + H.tiny), Valued(slope, slope_radius + H.tiny), kink)


def softmax(H: Held, z: Valued) -> tuple[Float, Float]:
    """Softmax of the last axis, and by how much each entry may be off: never by more than 1.

    p_i moves by p_i (dz_i - Σ p_j dz_j); the shift before exp and exp itself act as a further dz.
    """
    shifted = z.value - z.value.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    p = e / e.sum(axis=-1, keepdims=True)
    dz = z.radius + H.u * (np.abs(shifted) + F(H.u))
    most = dz.max(axis=-1, keepdims=True)
    first = (1 - 2 * p) * dz + (p * dz).sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        relative = first + 4 * most * most * np.exp(np.minimum(2 * most, 600)) + H.gamma(z.value.shape[-1])
        return p, np.minimum(p * relative, 1.0)
