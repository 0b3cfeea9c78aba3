"""Hypothesis strategies for cases.

A case is one draw of a fixed number of bytes (a draw costs far more than a byte), and every choice and number has its
own place there. Layers, units and samples are each present or absent by a word of their own, so that any of them can
be taken away while all else stays where it is. Words below SMALL mean the same small integer in every style of number
and of target, so that no style outlives its numbers. Thus a failing case keeps failing while it shrinks. Every number
is dyadic (an integer over a power of two with at most 16 bits), so that every domain holds it exactly. Byte 0 is the
simplest choice of everything.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import assume
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, LOSSES, MODULUS, NEEDS, REDUCTIONS, Case, Layer, Loss
from backprove.domains import DOMAINS, Domain
from backprove.rounding import Forward, forward

Float = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_T = TypeVar("_T")

MAX_LAYERS, MAX_WIDTH, MAX_BATCH = 4, 5, 8
MAX_SQUARES = 4  # in an exact domain, whose numbers have twice the digits after each
SMALL = 2**8
MAX_WEIGHTS, MAX_BIASES, MAX_SAMPLES = 960, 240, 240  # drawn; larger networks use theirs more than once
SEED_WORDS = 4
FIELD_BATCH = 2  # most samples in a field, whose numbers are slow and of which no sample is like another
ONE_BY_ONE = 16  # up to so many places, each is there or not by itself; beyond, the first few are

# Where a loss has a value: which output activations it may stand behind, besides those that fit it.
_LOG_OUTPUTS = ("sigmoid", "softmax")
SCALES = (Fraction(1), Fraction(1, 2), Fraction(2), Fraction(1, 4))
KINKS = (Fraction(0), Fraction(0), Fraction(0), Fraction(1), Fraction(1, 2))


@dataclass(frozen=True)
class Fixed:
    """What every case is to have; None: drawn. One activation is that of all layers, two those of hidden and output."""

    activations: tuple[str, ...] | None = None
    loss: str | None = None
    scale: Fraction | None = None
    reduction: str | None = None
    depth: int | None = None
    sizes: tuple[int, ...] | None = None
    batch: int | None = None
    biases: bool | None = None

    def names(self, depth: int) -> list[str] | None:
        """The activation of each of `depth` layers."""
        if self.activations is None or len(self.activations) == depth:
            return None if self.activations is None else list(self.activations)
        hidden, output = self.activations[0], self.activations[-1]
        return [hidden] * (depth - 1) + [output]


class _Tape:
    """Choices and numbers read off a row of words, each at its own place."""

    def __init__(self, words: npt.NDArray[np.int64]) -> None:
        self.words, self.at = words, 0

    def choose(self, options: Sequence[_T]) -> _T:
        """One of the options; small words choose early ones."""
        return options[self.next() * len(options) >> 16]

    def some(self, most: int) -> Places:
        """Which of `most` places are taken, one at least; each by a word of its own, their number nearly uniform."""
        if most > ONE_BY_ONE:
            return np.arange(self.choose(range(1, most + 1)))
        level = 1 - self.next() / 2**16
        taken = np.flatnonzero(self.some_words(most) >= 2**16 * level**1.5)
        return taken if len(taken) else np.zeros(1, dtype=np.int64)

    def used(self, most: int) -> npt.NDArray[np.bool_]:
        """Which of `most` places are in use anywhere; nearly all are."""
        return self.some_words(most) >= 2**12 if most <= ONE_BY_ONE else np.ones(most, dtype=bool)

    def next(self) -> int:
        self.at += 1
        return int(self.words[self.at - 1])

    def some_words(self, count: int) -> npt.NDArray[np.int64]:
        self.at += count
        return self.words[self.at - count : self.at]

    def table(self, rows: Places, columns: Places, stride: int, start: int) -> npt.NDArray[np.int64]:
        """The words at start + row · stride + column."""
        places = start + rows[:, None] * stride + columns
        words: npt.NDArray[np.int64] = self.words[places % len(self.words)]
        return words


def _signed(n: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2, 3, … as 0, 1, -1, 2, …"""
    return np.where(n % 2 == 1, (n + 1) // 2, -(n // 2))


# 1 first: a network of zeros shows nothing, so that is no place for shrinking to end.
_SMALL_INTEGERS = np.array([1.0, 0, -1, 2, -2, 3, -3])


def _kind(large: Callable[[npt.NDArray[np.int64]], Float]) -> Callable[[npt.NDArray[np.int64]], Float]:
    """Numbers of one kind; words below SMALL are small integers in every kind."""

    def numbers(words: npt.NDArray[np.int64]) -> Float:
        return np.where(words < SMALL, _SMALL_INTEGERS[words % 7], large(words))

    return numbers


_integers = _kind(lambda words: _SMALL_INTEGERS[words * 7 >> 16])
_ordinary = _kind(lambda words: _signed(words) / 2.0**14)
_tiny = _kind(lambda words: _signed(words) / 2.0**22)
_saturating = _kind(lambda words: _signed(words) / 2.0**11)
_sparse = _kind(lambda words: np.where(words < 2**15, 0, _signed(words)) / 2.0**14)


def _residues(seed: Sequence[int]) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]:
    """Uniform elements of the field; the words do not choose them, a generator does."""
    random = np.random.default_rng(seed)
    return lambda words: random.integers(0, MODULUS, size=words.shape)


# Mostly ordinary; small integers first, since that is where shrinking ends.
KINDS = (_integers, _ordinary, _ordinary, _ordinary, _ordinary, _tiny, _saturating, _sparse)
INPUTS = (_integers, _ordinary, _ordinary, _sparse)
TARGETS = ("numbers", "numbers", "near", "nearer")
CLASSES = ("one-hot", "one-hot", "soft", "near")


def supported(domain: Domain, activations: Iterable[str]) -> tuple[str, ...]:
    """Those activations whose functions the domain has, simplest first."""
    wanted = set(activations)
    return tuple(a for a in ACTIVATIONS if a in wanted and NEEDS.get(a, "") in domain.functions | {""})


def losses_for(output: str, width: int, losses: Sequence[str], domain: Domain) -> tuple[str, ...]:
    """Those losses that have a value behind an output activation: a logarithm needs outputs between 0 and 1.

    A single softmax output is always 1, where 1 - a has no logarithm. A field has no order: there all but a relu do.
    """
    log = output in _LOG_OUTPUTS or (domain.modulus is not None and output != "relu")
    return tuple(
        name
        for name in losses
        if not name.endswith("cross_entropy")
        or (log and not (name == "binary_cross_entropy" and output == "softmax" and width == 1))
    )


def cases(
    *,
    max_layers: int = MAX_LAYERS,
    max_width: int = MAX_WIDTH,
    max_batch: int = MAX_BATCH,
    activations: Sequence[str] = ACTIVATIONS,
    losses: Sequence[str] = LOSSES,
    domain: str = "float64",
    fixed: Fixed = Fixed(),
) -> st.SearchStrategy[Case]:
    """Strategy for cases that a domain can compute.

    Depth 1 … max_layers; widths 1 … max_width, unequal most of the time; batch 1 … max_batch; an activation for each
    layer; losses that fit the output and losses that do not; biases present and absent; weights from tiny to
    saturating, integers, zeros, exact kinks; targets from far to nearly converged. Classification targets sum to 1.
    In the domain `modular` all numbers, targets too, are uniform in the field, and every loss follows every output.
    `fixed` holds what is not drawn. Raises ValueError where the arguments leave nothing to draw.
    """
    if fixed.sizes is not None:
        fixed = replace(fixed, depth=len(fixed.sizes) - 1)
        max_width = max(fixed.sizes or (1,))
    max_layers, max_batch = fixed.depth or max_layers, fixed.batch or max_batch
    activations = fixed.activations or activations
    losses = losses if fixed.loss is None else (fixed.loss,)
    for name, value in (("max_layers", max_layers), ("max_width", max_width), ("max_batch", max_batch)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    if domain not in DOMAINS:
        raise ValueError(f"domain must be one of {', '.join(DOMAINS)}, got {domain!r}")
    for name, given, known in (("activations", activations, ACTIVATIONS), ("losses", losses, LOSSES)):
        if unknown := [x for x in given if x not in known]:
            raise ValueError(f"{name}: {unknown[0]!r} is not one of {', '.join(known)}")
    able = supported(DOMAINS[domain], activations)
    if not able:
        raise ValueError(f"activations: the domain {domain} has none of {', '.join(activations)}")
    outputs = able if fixed.activations is None else fixed.activations[-1:]
    valued = {loss for a in outputs for loss in losses_for(a, max_width, losses, DOMAINS[domain])}
    ordered = tuple(name for name in LOSSES if name in valued)
    if not ordered:
        raise ValueError(f"losses: none of {', '.join(losses)} has a value behind any of {', '.join(outputs)}")
    return _cases(max_layers, max_width, max_batch, able, ordered, DOMAINS[domain], fixed)


@st.composite
def _cases(
    draw: st.DrawFn,
    max_layers: int,
    max_width: int,
    max_batch: int,
    activations: tuple[str, ...],
    losses: tuple[str, ...],
    domain: Domain,
    fixed: Fixed,
) -> Case:
    width, depth, batch_words = (1 + min(n, ONE_BY_ONE) for n in (max_width, max_layers, max_batch))
    places = depth + batch_words + (max_layers + 2) * width
    lengths = [
        places,
        2 * max_layers + 8,
        min(MAX_WEIGHTS, max_layers * max_width * max_width),
        min(MAX_BIASES, max_layers * max_width),
        min(MAX_SAMPLES, max_batch * max_width),
        min(MAX_SAMPLES, max_batch * max_width),
    ]
    if domain.modulus:
        lengths[1] += SEED_WORDS
    size = 2 * sum(lengths)
    words = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype=">u2").astype(np.int64)
    shape, style, weights, biases, xs, ts = map(_Tape, np.split(words, np.cumsum(lengths)[:-1]))

    levels, batch = shape.some(max_layers), shape.some(max_batch)
    if domain.modulus:
        batch = batch[:FIELD_BATCH]
    levels = levels if fixed.depth is None else np.arange(fixed.depth)
    batch = batch if fixed.batch is None else np.arange(fixed.batch)
    units = [shape.some(max_width) for _ in range(max_layers + 1)]
    # Places that are empty in every layer: without them square layers could not shrink together.
    used = shape.used(max_width)
    units = [units[l][used[units[l]]] for l in (0, *(levels + 1))]
    units = [u if len(u) else np.zeros(1, dtype=np.int64) for u in units]
    units = units if fixed.sizes is None else [np.arange(n) for n in fixed.sizes]
    output = style.choose(("its own", "its own", *(name for name in _LOG_OUTPUTS if name in activations)))
    every = [style.choose(activations) for _ in range(max_layers)]
    with_bias = [style.choose((False, True, True)) for _ in range(max_layers)]
    names = [every[l] for l in levels]
    if output != "its own":
        names[-1] = output
    names = fixed.names(len(levels)) or names
    assume(domain.unit_roundoff is not None or domain.modulus or names.count("square") <= MAX_SQUARES)
    fitting = losses_for(names[-1], len(units[-1]), losses, domain)
    assume(fitting)
    loss_name, scale = style.choose(fitting), style.choose(SCALES)
    loss = Loss(loss_name, scale if fixed.scale is None else fixed.scale)
    if domain.modulus and "relu" in names and loss.name.endswith("cross_entropy"):
        with_bias[levels[-1]] = True  # else outputs are 0 where all gates before are shut, and the loss has no value
    reduction, kink, kind = style.choose(REDUCTIONS), style.choose(KINKS), style.choose(KINDS)
    reduction = fixed.reduction or reduction

    if domain.modulus:
        kind = _residues([style.next() for _ in range(SEED_WORDS)])
    layers = []
    for l, before, own, name in zip(levels, units, units[1:], names, strict=False):
        W = kind(weights.table(own, before, max_width, l * max_width**2))
        biased = with_bias[l] if fixed.biases is None else fixed.biases
        b = kind(biases.table(np.array([l]), own, max_width, 0))[0] if biased else None
        layers.append(Layer(W, b, name))
    inputs = (kind if domain.modulus else style.choose(INPUTS))(xs.table(batch, units[0], max_width, 0))
    targets = ts.table(batch, units[-1], max_width, 0)
    if domain.modulus:
        return Case(tuple(layers), inputs, kind(targets), loss, reduction, kink, modulus=MODULUS)
    case = Case(tuple(layers), inputs, np.zeros(targets.shape), loss, reduction, kink)
    classes = loss.name == "categorical_cross_entropy" or names[-1] == "softmax"
    how = style.choose(CLASSES if classes else TARGETS)
    return _replaced(case, (_classes if classes else _numbers)(case, domain, how, targets))


def plainer(case: Case) -> Iterator[Case]:
    """The same network at small whole numbers, for people to read: all ones first."""
    for seed in range(12):
        random = np.random.default_rng(seed)

        def numbers(like: npt.NDArray[Any], random: np.random.Generator = random, ones: bool = not seed) -> Float:
            return np.ones(like.shape) if ones else _SMALL_INTEGERS[random.integers(0, 5, size=like.shape)]

        layers = [
            Layer(numbers(c.weights), None if c.bias is None else numbers(c.bias), c.activation) for c in case.layers
        ]
        inputs, targets = numbers(case.inputs), numbers(case.targets)
        yield Case(tuple(layers), inputs, targets, case.loss, case.reduction, case.kink)


def _replaced(case: Case, targets: Float) -> Case:
    return Case(case.layers, case.inputs, targets, case.loss, case.reduction, case.kink)


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


def _numbers(case: Case, domain: Domain, how: str, words: npt.NDArray[np.int64]) -> Float:
    """Targets for a loss that takes each output by itself; in 0 … 1 for a binary cross-entropy."""
    outputs = _outputs(case, domain)
    if case.loss.name == "binary_cross_entropy":
        share = words * 2.0**-16
        if how == "numbers":
            large = np.where(words % 2, np.round(share), np.round(share * 64) / 64)
        else:
            large = np.clip(_near(outputs, how), 0, 1)
        return np.where(words < SMALL, words % 2, large)
    large = _ordinary(words) if how == "numbers" else _near(outputs, how)
    return np.where(words < SMALL, _integers(words), large)


def _near(outputs: Float, how: str) -> Float:
    """The outputs rounded to a dyadic grid: a nearly converged network, and one more nearly so."""
    grid = 2.0 ** (8 if how == "near" else 20)
    scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(outputs), 2.0**-20)))
    near: Float = (np.round(outputs / scale * grid) + 1) / grid * scale
    return near


def _classes(case: Case, domain: Domain, how: str, words: npt.NDArray[np.int64]) -> Float:
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
