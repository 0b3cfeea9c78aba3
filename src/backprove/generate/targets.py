"""Targets for the outputs of a network, and the networks that are not drawn."""

import numpy as np
import numpy.typing as npt
from hypothesis import assume

from backprove.case import Case
from backprove.domains import DOMAINS, Domain
from backprove.generate.tape import SMALL, Float, integers, ordinary
from backprove.rounding import Forward, forward


def _outputs(case: Case, domain: Domain) -> Float:
    """The network's own outputs. Not drawn: what a path's product could take out of float32's range, and a kink that
    only rounding decides (a z that is not exactly computed and indistinguishable from 0), where no engine is right.
    """
    reference = domain if domain.unit_roundoff is not None else DOMAINS["float64"]
    passed = forward(case, reference)
    assume(_reach(case, passed) < 2.0**100)
    if domain.judged_by and any(kink.any() for kink in passed.kinks):
        assume(_kinks_are_exact(case, passed, 2.0**reference.bits))
    return passed.a[-1].value


def _reach(case: Case, passed: Forward) -> float:
    """About the largest product of factors along any path: weights, slopes (of size at most 1 or so, but for squares),
    an incoming activation and the loss's own slope.
    """
    most = 8.0 * max(1.0, *(float(np.abs(a.value).max()) for a in passed.a)) ** 2
    for layer, z in zip(case.layers, passed.z, strict=True):
        most *= max(1.0, float(np.abs(layer.weights).max()))
        most *= max(1.0, 2 * float(np.abs(z.value).max())) if layer.activation == "square" else 1.0
    return most


def _kinks_are_exact(case: Case, passed: Forward, most: float) -> bool:
    """Whether every z at a kink is exactly computed, in any order: its terms are multiples of one power of two and
    their sizes add up to no more than `most` (2^bits) of it.
    """
    a, exact = case.inputs, True
    for layer, z, out, kink in zip(case.layers, passed.z, passed.a, passed.kinks, strict=True):
        if exact:
            terms = np.abs(a) @ np.abs(layer.weights).T
            step = _step(a) * _step(layer.weights)
            if layer.bias is not None:
                terms, step = terms + np.abs(layer.bias), min(step, _step(layer.bias))
            exact = bool(terms.max() <= most * step)
        if kink.any() and not exact:
            return False
        a = out.value
        linear = layer.activation in ("identity", "relu") or (layer.activation == "leaky_relu" and (z.value >= 0).all())
        square = layer.activation == "square" and a.max() <= most * _step(z.value) ** 2
        exact = exact and bool(linear or square)
    return True


def _step(x: Float) -> float:
    """The largest power of two, 1 at most, that all numbers are multiples of."""
    step = 1.0
    while step > 2.0**-200 and (x % step).any():
        step /= 2
    return step


def numbers(case: Case, domain: Domain, how: str, words: npt.NDArray[np.int64]) -> Float:
    """Targets for a loss that takes each output by itself; in 0 … 1 for a binary cross-entropy."""
    outputs = _outputs(case, domain)
    if case.loss.name == "binary_cross_entropy":
        share = words * 2.0**-16
        if how == "numbers":
            large = np.where(words % 2, np.round(share), np.round(share * 64) / 64)
        else:
            large = np.clip(_near(outputs, how), 0, 1)
        return np.where(words < SMALL, words % 2, large)
    large = ordinary(words) if how == "numbers" else _near(outputs, how)
    return np.where(words < SMALL, integers(words), large)


def _near(outputs: Float, how: str) -> Float:
    """The outputs rounded to a dyadic grid: a nearly converged network, and one more nearly so."""
    grid = 2.0 ** (8 if how == "near" else 20)
    scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(outputs), 2.0**-20)))
    near: Float = (np.round(outputs / scale * grid) + 1) / grid * scale
    return near


def classes(case: Case, domain: Domain, how: str, words: npt.NDArray[np.int64]) -> Float:
    """Targets that sum to 1 in each sample: one-hot, soft, or near the network's own outputs."""
    outputs = _outputs(case, domain)
    N, K = words.shape
    classes = np.where(words[:, 0] < SMALL, words[:, 0] % K, words[:, 0] * K >> 16)
    one_hot: Float = np.eye(K)[classes]
    if how == "one-hot":
        return one_hot
    grid = 2.0**10 if how == "soft" else 2.0**20
    shares = words + 1.0 if how == "soft" else np.clip(outputs, 0, 1) + 2.0**-30
    targets = np.floor(shares / shares.sum(axis=1, keepdims=True) * grid) / grid
    targets[np.arange(N), shares.argmax(axis=1)] += 1 - targets.sum(axis=1)
    return np.where(words[:, [0]] < SMALL, one_hot, targets)
