"""Numbers that a source printed, recomputed and checked digit by digit.

A printed number is reproduced where the recomputed one lies within half a unit of its last printed digit plus the
rounding radius of that quantity: a source that prints 16 digits prints its own rounding too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np

from backprove.case import Case, Gradient, Layer, Published
from backprove.domains import DOMAINS
from backprove.errors import CaseError
from backprove.rounding import Analysis, Float, Spread, Valued, analyse

FLOAT64 = DOMAINS["float64"]


@dataclass(frozen=True)
class Checked:
    """One printed number beside the recomputed one. `position` is 1-based in the case's list."""

    position: int
    published: Published
    recomputed: float
    radius: float
    reproduced: bool


def label(p: Published) -> str:
    """What a published number is, in the vocabulary of the reports: `dC/dW2[1,1]`, `a1[2] of sample 1`."""
    spot = "" if p.layer is None else f"{p.layer}[{p.to}{'' if p.from_ is None else f',{p.from_}'}]"
    name = {
        "loss": "C", "loss_after": "C", "z": "z", "a": "a", "a_after": "a", "delta": "delta", "loss_gradient": "dC/da",
        "weights_gradient": "dC/dW", "bias_gradient": "dC/db", "weights_after": "W", "bias_after": "b",
    }[p.what]  # fmt: skip
    text = f"{'-' if p.sign < 0 else ''}{name}{spot}"
    if p.what in ("z", "a", "delta", "loss_gradient", "a_after"):
        text += f" of sample {p.sample or 1}"
    if p.what.endswith("_after"):
        steps = p.steps or 1
        text += f" after {steps:,} step{'s' if steps > 1 else ''}"
    return text


def check(case: Case, gradients: Mapping[str, Gradient]) -> list[Checked]:
    """Every published number of the case against what the engines computed in float64.

    Gradients, and where an engine hands back its trace z, a, dC/da and delta, are the engines' own, and a number is
    reproduced only where every engine reproduces it. The loss is that of the forward pass which bounds the rounding;
    what comes after training steps is plain gradient descent whose rounding is bounded along with it.
    """
    now = analyse(case, FLOAT64)
    wanted = {p.steps or 1 for p in case.published if p.what.endswith("_after")}
    with np.errstate(all="ignore"):
        later = dict(descend(case, wanted)) if wanted else {}
    checked = []
    for position, p in enumerate(case.published, 1):
        if p.what.endswith("_after"):
            trained, spread, analysis = later[p.steps or 1]
            values = [_after(p, trained, spread, analysis)]
        else:
            bound = _of_analysis(p, now)
            own = [x for g in gradients.values() if (x := _of_engine(p, g)) is not None]
            values = [(x, bound[1]) for x in own] or [bound]
        reproduced = [_reproduces(p, *value) for value in values]
        shown = values[reproduced.index(False)] if False in reproduced else values[0]
        checked.append(Checked(position, p, float(p.sign * shown[0]), float(shown[1]), all(reproduced)))
    return checked


def _reproduces(p: Published, value: float, radius: float) -> bool:
    if not (np.isfinite(value) and np.isfinite(radius)):
        return False
    exponent = Decimal(p.value).as_tuple().exponent
    assert isinstance(exponent, int)
    half_a_unit = Fraction(10) ** exponent / 2
    return abs(p.sign * Fraction(value) - Fraction(p.value)) <= half_a_unit + Fraction(radius)


def _of_engine(p: Published, gradient: Gradient) -> float | None:
    """The engine's own value, or None where it does not hand it back."""
    if p.what == "loss" or p.layer is None or p.to is None:
        return None
    l, j, n = p.layer - 1, p.to - 1, (p.sample or 1) - 1
    if p.what in ("weights_gradient", "bias_gradient"):
        mask, values = None, gradient.biases[l]
        if p.from_ is not None:
            values = gradient.weights[l]
        if gradient.expanded is not None:
            mask = (gradient.expanded.weights if p.from_ is not None else gradient.expanded.biases)[l]
        spot = (j,) if p.from_ is None else (j, p.from_ - 1)
        return None if mask is not None and not mask[spot] else float(np.asarray(values)[spot])
    rows = getattr(gradient.trace, p.what, None)
    return None if rows is None or rows[l] is None else float(rows[l][n][j])


def _of_analysis(p: Published, analysis: Analysis) -> tuple[float, float]:
    if p.what == "loss":
        loss = analysis.loss()
        return float(loss.value), float(loss.radius)
    assert p.layer is not None
    assert p.to is not None
    l, j, n = p.layer - 1, p.to - 1, (p.sample or 1) - 1
    if p.what in ("weights_gradient", "bias_gradient"):
        block: Valued | None = analysis.biases[l] if p.from_ is None else analysis.weights[l]
        assert block is not None
        spot = (j,) if p.from_ is None else (j, p.from_ - 1)
        return float(block.value[spot]), float(block.radius[spot])
    layer: Valued = getattr(analysis, p.what.removesuffix("_after"))[l]
    return float(layer.value[n, j]), float(layer.radius[n, j])


def _after(p: Published, case: Case, spread: Spread, analysis: Analysis) -> tuple[float, float]:
    if p.what in ("loss_after", "a_after"):
        return _of_analysis(replace(p, what=p.what.removesuffix("_after")), analysis)
    assert p.layer is not None
    assert p.to is not None
    layer, (rW, rb) = case.layers[p.layer - 1], spread[p.layer - 1]
    if p.from_ is not None:
        spot = (p.to - 1, p.from_ - 1)
        return float(layer.weights[spot]), float(rW[spot])
    assert layer.bias is not None
    return float(layer.bias[p.to - 1]), float(rb[p.to - 1])


def descend(case: Case, steps: set[int]) -> Iterator[tuple[int, tuple[Case, Spread, Analysis]]]:
    """Plain gradient descent on all samples at once: after each of `steps` updates the case, the radii of its weights
    and biases, and the analysis there.
    """
    assert case.training is not None
    rate, u = case.training.learning_rate, FLOAT64.unit_roundoff
    assert u is not None
    spread: Spread = [(np.zeros(c.weights.shape), np.zeros(len(c.weights))) for c in case.layers]
    analysis = analyse(case, FLOAT64, spread=spread)
    for step in range(1, max(steps) + 1):
        layers: list[Layer] = []
        radii: list[tuple[Float, Float]] = []
        for layer, (rW, rb), dW, db in zip(case.layers, spread, analysis.weights, analysis.biases, strict=True):
            W = layer.weights - rate * dW.value
            if not np.isfinite(W).all():
                raise CaseError("training", f"diverges: weights beyond all bounds after {step:,} steps")
            rW = rW + abs(rate) * (dW.radius + u * np.abs(dW.value)) + u * np.abs(W)
            b = layer.bias
            if b is not None and db is not None and case.training.update_bias:
                b = b - rate * db.value
                rb = rb + abs(rate) * (db.radius + u * np.abs(db.value)) + u * np.abs(b)
            layers.append(Layer(W, b, layer.activation))
            radii.append((rW, rb))
        case, spread = replace(case, layers=tuple(layers), published=()), radii
        analysis = analyse(case, FLOAT64, spread=spread)
        if step in steps:
            yield step, (case, spread, analysis)
