"""Hypothesis strategies for cases.

A case is one draw of a fixed number of bytes (a draw costs far more than a byte), and every choice and number has its
own place there. Layers, units and samples are each present or absent by a word of their own, so that any of them can
be taken away while all else stays where it is. Words below SMALL mean the same small integer in every style of number
and of target, so that no style outlives its numbers. Thus a failing case keeps failing while it shrinks. Every number
is dyadic (an integer over a power of two with at most 16 bits), so that every domain holds it exactly. Byte 0 is the
simplest choice of everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, LOSSES, MODULUS, REDUCTIONS, Case, Layer, Loss
from backprove.domains import DOMAINS, Domain
from backprove.generate import targets as target
from backprove.generate.fitting import LOG_OUTPUTS, losses_for, supported
from backprove.generate.tape import ONE_BY_ONE, Tape, integers, ordinary, residues, saturating, sparse, tiny

MAX_LAYERS, MAX_WIDTH, MAX_BATCH = 4, 5, 8
MAX_SQUARES = 4  # in an exact domain, whose numbers have twice the digits after each
MAX_WEIGHTS, MAX_BIASES, MAX_SAMPLES = 960, 240, 240  # drawn; larger networks use theirs more than once
SEED_WORDS = 4
FIELD_BATCH = 2  # most samples in a field, whose numbers are slow and of which no sample is like another

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


# Mostly ordinary; small integers first, since that is where shrinking ends.
KINDS = (integers, ordinary, ordinary, ordinary, ordinary, tiny, saturating, sparse)
INPUTS = (integers, ordinary, ordinary, sparse)
TARGETS = ("numbers", "numbers", "near", "nearer")
CLASSES = ("one-hot", "one-hot", "soft", "near")


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

    >>> from hypothesis import find
    >>> from backprove import cases
    >>> find(cases(activations=["relu"], losses=["squared_error"]), lambda case: True)
    Case(layers=(Layer(weights=[[1.0]], activation='relu'),), inputs=[[1.0]], targets=[[1.0]])
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


def bytes_drawn(*, domain: str = "float64") -> int:
    """How many bytes Hypothesis draws for a network of default sizes."""
    return 2 * sum(_lengths(MAX_LAYERS, MAX_WIDTH, MAX_BATCH, DOMAINS[domain]))


def _lengths(max_layers: int, max_width: int, max_batch: int, domain: Domain) -> list[int]:
    """Words for the shape, the style, weights, biases, inputs and targets."""
    width, depth, batch_words = (1 + min(n, ONE_BY_ONE) for n in (max_width, max_layers, max_batch))
    return [
        depth + batch_words + (max_layers + 2) * width,
        2 * max_layers + 8 + (SEED_WORDS if domain.modulus else 0),
        min(MAX_WEIGHTS, max_layers * max_width * max_width),
        min(MAX_BIASES, max_layers * max_width),
        min(MAX_SAMPLES, max_batch * max_width),
        min(MAX_SAMPLES, max_batch * max_width),
    ]


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
    lengths = _lengths(max_layers, max_width, max_batch, domain)
    size = 2 * sum(lengths)
    words = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype=">u2").astype(np.int64)
    shape, style, weights, biases, xs, ts = map(Tape, np.split(words, np.cumsum(lengths)[:-1]))

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
    output = style.choose(("its own", "its own", *(name for name in LOG_OUTPUTS if name in activations)))
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
        kind = residues([style.next() for _ in range(SEED_WORDS)])
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
    drawn = (target.classes if classes else target.numbers)(case, domain, how, targets)
    return Case(case.layers, case.inputs, drawn, case.loss, case.reduction, case.kink)
