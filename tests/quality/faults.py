"""Faults planted in the engines: each is an engine's own source with one line changed, and nothing else.

`was` must occur exactly once in the source of the engine; `now` takes its place. `domains` are those in which the
fault can be seen, the one that the tests search first; `within` is how many networks may pass until it is found.
"""

import inspect
import sys
from types import ModuleType
from typing import NamedTuple

from backprove.engines import ENGINES, Engine

FLOATS = ("float64", "float32")
ALL = (*FLOATS, "rational")
EXACT = ("rational", *FLOATS)


class Fault(NamedTuple):
    """One line of an engine, as it was and as it is now."""

    name: str
    engine: str
    was: str
    now: str
    domains: tuple[str, ...] = ALL
    within: int = 100


def mutant(fault: Fault) -> Engine:
    """The fault's engine, from its source with the one line changed."""
    module = sys.modules[f"backprove.engines.{fault.engine}"]
    source = inspect.getsource(module)
    assert source.count(fault.was) == 1, f"{fault.name}: {fault.was!r} occurs {source.count(fault.was)} times"
    changed = ModuleType(f"faulty_{fault.engine}")
    exec(compile(source.replace(fault.was, fault.now), f"<{fault.name}>", "exec"), changed.__dict__)
    engine: Engine = changed.engine
    return engine


def with_fault(fault: Fault) -> dict[str, Engine]:
    """The three engines, one of them faulty."""
    return {**ENGINES, fault.engine: mutant(fault)}


FAULTS = (
    # slopes
    Fault("sigmoid-slope-without-1-a", "neuron", "e / (d * d)", "e / d", FLOATS),
    Fault("tanh-slope-1-a", "matrix", "return 1 - A * A", "return 1 - A", FLOATS),
    Fault("square-slope-z", "paths", "1 * Z + Z * 1", "1 * Z", EXACT, 25),
    Fault(
        "leaky-slope-0.02",
        "neuron",
        "left = D.number(LEAKY_SLOPE)",
        "left = D.number(2 * LEAKY_SLOPE)",
        ALL,
        50,
    ),
    Fault(
        "elu-slope-a",
        "matrix",
        "np.where(D.positive(Z), one, A + 1)",
        "np.where(D.positive(Z), one, A)",
        FLOATS,
    ),
    Fault(
        "gelu-tanh-approximation",
        "neuron",
        "D.erf(z * D.sqrt_half)",
        "D.tanh(2 * D.inv_sqrt_pi * D.sqrt_half * (z + D.number(0.044715) * z * z * z))",
        FLOATS,
    ),
    Fault("silu-slope-sigmoid", "matrix", "return S + A * (1 - S)", "return S", FLOATS),
    Fault(
        "softplus-slope-swapped",
        "paths",
        "np.where(up, 1 + step * -e, step * e)",
        "np.where(up, step * e, 1 + step * -e)",
        FLOATS,
    ),
    Fault("softmax-diagonal", "neuron", "if i == j else -(a_i * a_j)", "if i == j else D.number(0)", FLOATS),
    Fault("softmax-sign", "paths", "(-e / (S * S))[:, None, :]", "(e / (S * S))[:, None, :]", FLOATS),
    Fault(
        "relu-dead-nan",
        "matrix",
        "np.where(D.positive(A), one, np.where(D.zero(Z), kink, D.number(0)))",
        "A / A",
        FLOATS,
    ),
    Fault(
        "hidden-slope-missing",
        "neuron",
        "delta = _through(D, names[l], zs[l][-1], a[l + 1], error, kink)",
        "delta = error",
        ALL,
        25,
    ),
    Fault(
        "hidden-slope-of-first-layer",
        "matrix",
        "_backward(D, case.layers[l].activation, Z[l]",
        "_backward(D, case.layers[0].activation, Z[l]",
        ALL,
        50,
    ),
    Fault(
        "relu-slope-2-at-the-kink",
        "neuron",
        "return kink if D.zero(z) else D.number(0)",
        "return D.number(2) if D.zero(z) else D.number(0)",
        (*ALL, "ball"),
        200,
    ),
    # forward
    Fault(
        "bias-not-in-forward",
        "matrix",
        "Z[-1] += D.array(layer.bias)",
        "pass",
        ALL,
        25,
    ),
    # losses and reductions
    Fault("factor-2-missing", "neuron", "[factor * 2 * (a_k - t_k)", "[factor * (a_k - t_k)", ALL, 25),
    Fault(
        "mean-for-sum",
        "paths",
        "D.number(case.factor)",
        "D.number(case.loss.scale / len(Z))",
        ALL,
        25,
    ),
    Fault(
        "mean-all-by-samples-only",
        "neuron",
        "D.number(case.factor)",
        "D.number(case.loss.scale / min(case.divisor, len(case.inputs)))",
        ALL,
        50,
    ),
    Fault(
        "unmatched-fused-delta",
        "matrix",
        'name == "sigmoid" and loss == "binary_cross_entropy":',
        'name == "sigmoid":',
        FLOATS,
    ),
    Fault(
        "target-sign",
        "paths",
        "np.where(up, rest, -T), T * log_d",
        "np.where(up, rest, T), T * log_d",
        FLOATS,
    ),
    Fault(
        "y-minus-t",
        "matrix",
        "Delta = A * T.sum(axis=-1, keepdims=True) - T",
        "Delta = A - T",
        ("modular",),
    ),
    # backwards through the weights
    Fault(
        "weights-not-transposed",
        "matrix",
        "G = Deltas[0] @ W[l + 1]",
        "G = Deltas[0] @ (W[l + 1].T if len(set(W[l + 1].shape)) == 1 else W[l + 1])",
        ALL,
        100,
    ),
    Fault("single-path", "matrix", "G = Deltas[0] @ W[l + 1]", "G = Deltas[0][:, :1] @ W[l + 1][:1]", ALL, 25),
    Fault(
        "output-delta-reused",
        "matrix",
        "G = Deltas[0] @ W[l + 1]",
        "G = Deltas[-1 if Deltas[-1].shape == Deltas[0].shape else 0] @ W[l + 1]",
    ),
    # gradients
    Fault(
        "net-input-for-activation",
        "matrix",
        "zip(Deltas, A, strict=False)",
        "zip(Deltas, [A[0], *Z], strict=False)",
        ALL,
        25,
    ),
    Fault(
        "wrong-incoming-activation",
        "paths",
        "np.concatenate([A[l], ",
        "np.concatenate([A[l - 1 if l and A[l - 1].shape == A[l].shape else l], ",
        ALL,
        50,
    ),
    Fault(
        "bias-averaged",
        "matrix",
        "Delta.sum(axis=0) for c",
        "Delta.sum(axis=0) / len(Delta) for c",
        EXACT,
        25,
    ),
    Fault(
        "bias-of-last-sample",
        "neuron",
        "[total + d for total, d in zip(db[l], delta, strict=True)]",
        "delta",
        ALL,
        25,
    ),
    Fault("last-sample-ignored", "matrix", "[Delta.T @ a for", "[Delta[:-1].T @ a[:-1] for", ALL, 25),
    # small errors
    Fault(
        "sigmoid-slope-off-2**-30",
        "neuron",
        "e / (d * d)",
        "e / (d * d) * D.number(1 + 2.0**-30)",
        ("float64", "ball", "modular"),
    ),
    Fault(
        "one-weight-off-1e-11",
        "matrix",
        "return Gradient(dW, db,",
        "dW[0][0, 0] *= D.number(1 + 1e-11)\n    return Gradient(dW, db,",
        ("float64", "rational", "ball", "modular"),
    ),
)

# Right on paper: a fault of the arithmetic, which takes numbers too large for anybody to read.
OVERFLOWING = Fault(
    "softmax-overflows",
    "matrix",
    "E = D.exp(Z - D.peak(Z))\n    return E / E.sum",
    "E = D.exp(Z)\n    return E / E.sum",
    ("float32", "float64"),
)

NAMED = {fault.name: fault for fault in FAULTS}

# Changes that nobody can see, and one that touches only what no engine can get right or wrong.
HARMLESS = (
    Fault("other-order", "matrix", "return Z * _logistic(D, Z)", "return _logistic(D, Z) * Z", within=40),
    Fault("other-form", "neuron", "return sech * sech", "return 4 * e * e / ((1 + e * e) * (1 + e * e))"),
    Fault(
        "slope-1-at-the-kink",
        "neuron",
        "return kink if D.zero(z) else D.number(0)",
        "return D.number(1) if D.zero(z) else D.number(0)",
    ),
)
