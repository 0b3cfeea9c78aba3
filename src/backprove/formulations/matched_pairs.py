"""Row `matched-pairs`: a backward pass that starts from ŷ - y, behind pairs of output and loss that match or do not.

    forward   Z = A Wᵀ + b;  A = f(Z);  ŷ the last A, y the targets, N samples in rows
    fused     dC/dZ = (ŷ - y) / N at the outputs
    product   dC/dZ = dC/dŷ · dŷ/dZ there, what the fused form is short for where the pair matches
    hidden    dC/dZ = (dC/dZ W of the next layer) ∘ f'(Z)
    gradient  dC/dW = (dC/dZ)ᵀ A of the layer before

All losses are averaged over the N samples.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, classes, no_classes
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading
from backprove.formulations.units import f, slope

Delta = Callable[[Array, Array], Array]


def _softmax(D: Domain, Z: Array) -> Array:
    E = D.exp(Z - D.peak(Z))
    return E / E.sum(axis=-1, keepdims=True)


def _through_softmax(p: Array, G: Array) -> Array:
    """Σ_i G_i p_i ([i=j] - p_j)."""
    return p * (G - (p * G).sum(axis=-1, keepdims=True))


def _through_sigmoid(p: Array, G: Array) -> Array:
    return G * (p * (1 - p))


def _engine(delta: Delta) -> Engine:
    """`delta`: N dC/dZ of the outputs, from ŷ and y."""

    def engine(case: Case, domain: Domain) -> Gradient:
        D, N = domain, domain.number(len(case.inputs))
        W = [D.array(layer.weights) for layer in case.layers]
        Z, A = [], [D.array(case.inputs)]
        for l, layer in enumerate(case.layers):
            Z.append(A[l] @ W[l].T)
            if layer.bias is not None:
                Z[l] = Z[l] + D.array(layer.bias)
            A.append(_softmax(D, Z[l]) if layer.activation == "softmax" else f(D, layer.activation, Z[l]))
        deltas: list[Array] = [delta(A[-1], D.array(case.targets)) / N]
        errors: list[Array | None] = [None]
        for l in reversed(range(len(W) - 1)):
            errors.insert(0, deltas[0] @ W[l + 1])
            deltas.insert(0, errors[0] * slope(D, case.layers[l].activation, Z[l], A[l + 1], D.number(case.kink)))
        dW = [d.T @ a for d, a in zip(deltas, A, strict=False)]
        db = [None if layer.bias is None else d.sum(axis=0) for layer, d in zip(case.layers, deltas, strict=True)]
        return Gradient(dW, db, Trace(Z, A[1:], errors, deltas))

    return engine


_NAMES = {
    "squared_error": "half squared error",
    "binary_cross_entropy": "binary cross-entropy",
    "categorical_cross_entropy": "multi-class log loss",
}
_fused = _engine(lambda p, y: p - y)


def _posed(output: str, loss: str, *, hidden: str = "tanh", exact: bool = False) -> Posed:
    """`exact`: formulas that lose digits where outputs are nearly 0 or 1."""
    return Posed(
        fixed=(hidden, output),
        losses=(loss,),
        scale=HALF if loss == "squared_error" else Fraction(1),
        reduction="mean",
        adapt=classes if loss == "categorical_cross_entropy" else None,
        domains=("ball", "modular") if exact else None,
    )


def _pair(name: str, kind: Kind, output: str, loss: str, hidden: str = "tanh") -> Reading:
    """ŷ - y behind an output activation and a loss."""
    says = f"{_NAMES[loss].capitalize()} behind {output} outputs."
    conversion = "reduction: ŷ - y over N, the loss being a mean over N samples" if kind is Kind.PRINTED else ""
    posed = _posed(output, loss, hidden=hidden)
    return Reading(name, kind, says, ("dC/dZ = (ŷ - y) / N",), posed, _fused, conversion)


def _product(name: str, formula: str, posed: Posed, delta: Delta) -> Reading:
    says = "The full product dC/dŷ · dŷ/dZ, nothing cancelled."
    return Reading(name, Kind.CORRECTED, says, (formula,), posed, _engine(delta))


_ANY_TARGETS = replace(_posed("softmax", "categorical_cross_entropy"), adapt=no_classes)

ROW = Formulation(
    id="matched-pairs",
    title="three matched pairs",
    source="an answer of 2017 on Stack Exchange, to the question whether there are two variants of backpropagation",
    form="The way back starts from the plain difference ŷ - y. That is the gradient for the output's net input, and no "
    "error, where the loss is made for the output activation: then the slope of the one cancels that of the other.",
    readings=(
        _pair("squared-linear", Kind.PRINTED, "identity", "squared_error", hidden="relu"),
        _pair("binary-sigmoid", Kind.PRINTED, "sigmoid", "binary_cross_entropy"),
        _pair("multi-class-softmax", Kind.PRINTED, "softmax", "categorical_cross_entropy"),
        _pair("squared-sigmoid", Kind.CONTRAST, "sigmoid", "squared_error"),
        _pair("squared-tanh", Kind.CONTRAST, "tanh", "squared_error"),
        _pair("squared-softmax", Kind.CONTRAST, "softmax", "squared_error"),
        _pair("binary-softmax", Kind.CONTRAST, "softmax", "binary_cross_entropy"),
        _pair("multi-class-sigmoid", Kind.CONTRAST, "sigmoid", "categorical_cross_entropy"),
        Reading(
            "multi-class-any-targets",
            Kind.CONTRAST,
            "Multi-class log loss behind softmax outputs, with targets that do not sum to 1.",
            ("dC/dZ = (ŷ - y) / N",),
            _ANY_TARGETS,
            _fused,
        ),
        _product(
            "squared-sigmoid-product",
            "dC/dZ = (ŷ - y) ŷ (1 - ŷ) / N",
            _posed("sigmoid", "squared_error"),
            lambda p, y: _through_sigmoid(p, p - y),
        ),
        _product(
            "squared-tanh-product",
            "dC/dZ = (ŷ - y) (1 - ŷ²) / N",
            _posed("tanh", "squared_error"),
            lambda p, y: (p - y) * (1 - p * p),
        ),
        _product(
            "squared-softmax-product",
            "dC/dZ_j = Σ_i (ŷ_i - y_i) ŷ_i ([i=j] - ŷ_j) / N",
            _posed("softmax", "squared_error"),
            lambda p, y: _through_softmax(p, p - y),
        ),
        _product(
            "binary-sigmoid-product",
            "dC/dZ = (-y/ŷ + (1-y)/(1-ŷ)) ŷ (1 - ŷ) / N",
            _posed("sigmoid", "binary_cross_entropy", exact=True),
            lambda p, y: _through_sigmoid(p, -y / p + (1 - y) / (1 - p)),
        ),
        _product(
            "multi-class-softmax-product",
            "dC/dZ_j = Σ_i (-y_i/ŷ_i) ŷ_i ([i=j] - ŷ_j) / N",
            _posed("softmax", "categorical_cross_entropy", exact=True),
            lambda p, y: _through_softmax(p, -y / p),
        ),
        Reading(
            "multi-class-sum-of-targets",
            Kind.CORRECTED,
            "What multi-class log loss behind softmax gives whatever the targets sum to.",
            ("dC/dZ = (ŷ Σ_k y_k - y) / N",),
            _ANY_TARGETS,
            _engine(lambda p, y: p * y.sum(axis=-1, keepdims=True) - y),
        ),
    ),
)
