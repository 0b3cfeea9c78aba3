"""Row `local-error`: the local error e_i of every neuron, in an answer's four equations.

    x_i, y_i  input and output of neuron i, y_i = φ(x_i); W_ij to neuron i from neuron j; T the targets
    first     ∂E/∂W_ij = e_i y_j
    third     ∂E/∂y_i = ∂/∂y_i (T_i - y_i) at the output, ∂/∂y_i (Σ_j W_ij ∂E/∂y_j) elsewhere
    fourth    e_i = φ'(x_i) (T_i - y_i) at the output, φ'(x_i) Σ_j W_ij e_j elsewhere
    update    W_ij = W_ij - e_i y_j

W_ij in the fourth can only be the weight that leads from i to j, which is W_ji as the first has it. What E is, the
answer does not say; in the question it is ½ Σ (Target - Out)². The third's sum is differentiated once too often and
lacks the slopes of the neurons j; it is not followed here, since the fourth has e_j in its place.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, of_one_width, times
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading
from backprove.formulations.units import ELEMENTWISE, f, slope

Error = Callable[[Any, Any], Any]
"""∂E/∂y_i at the output, from T_i and y_i."""
Weight = Callable[[Array, int, int], Any]
"""W_ij of the fourth equation, from the matrix of the first (rows: to, columns: from), i and j."""


def _forward(D: Domain, case: Case, W: list[Array]) -> tuple[list[Array], list[Array]]:
    """(x, y) of every layer, the inputs among y, (N, n_l)."""
    x, y = [], [D.array(case.inputs)]
    for layer, W_l in zip(case.layers, W, strict=True):
        x.append(y[-1] @ W_l.T)
        y.append(f(D, layer.activation, x[-1]))
    return x, y


def _weighted(D: Domain, W: Array, e: Array, n: int, weight: Weight) -> list[Any]:
    """Σ_j W_ij e_j for each of the n neurons i of one sample."""
    sums = [D.number(0)] * n
    for i in range(n):
        for j, e_j in enumerate(e):
            sums[i] = sums[i] + weight(W, i, j) * e_j
    return sums


def _engine(at_output: Error, weight: Weight = lambda W, i, j: W[j, i]) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D, L, kink = domain, len(case.layers), domain.number(case.kink)
        W = [D.array(layer.weights) for layer in case.layers]
        x, y = _forward(D, case, W)
        T = D.array(case.targets)
        at_y = [D.own([[at_output(*pair) for pair in zip(*row, strict=True)] for row in zip(T, y[L], strict=True)])]
        e = [slope(D, case.layers[-1].activation, x[-1], y[L], kink) * at_y[0]]
        for l in reversed(range(L - 1)):
            sums = [_weighted(D, W[l + 1], errors, case.sizes[l + 1], weight) for errors in e[0]]
            at_y.insert(0, D.own(sums))
            e.insert(0, slope(D, case.layers[l].activation, x[l], y[l + 1], kink) * at_y[0])
        dW = [e_l.T @ y_l for e_l, y_l in zip(e, y, strict=False)]
        return Gradient(dW, [None] * L, Trace(x, y[1:], at_y, e))

    return engine


_POSED = Posed(activations=ELEMENTWISE, scale=HALF, reduction="sum", biases=False)
_fourth = _engine(lambda T_i, y_i: T_i - y_i)
_third = _engine(lambda T_i, y_i: y_i * 0 - 1)
_FIRST = "∂E/∂W_ij = e_i y_j"
_HIDDEN = "hidden: e_i = φ'(x_i) Σ_j W_ij e_j"

ROW = Formulation(
    id="local-error",
    title="local error e_i",
    source="the answer to a question of 23 January 2017 on Stack Exchange",
    form="Every neuron has a local error e_i, worked out recursively from the output back. A weight into neuron i has "
    "e_i times the value y_j that comes through it for a gradient, which the update subtracts.",
    readings=(
        Reading(
            "third-equation",
            Kind.PRINTED,
            "∂E/∂y_i at the output as the derivative of the difference T_i - y_i: -1, whatever the target.",
            ("output: e_i = φ'(x_i) ∂/∂y_i (T_i - y_i) = -φ'(x_i)", _HIDDEN, _FIRST),
            _POSED,
            _third,
        ),
        Reading(
            "printed",
            Kind.PRINTED,
            "The fourth equation, with T_i - y_i itself; W_ij the weight that leads from i to j.",
            ("output: e_i = φ'(x_i) (T_i - y_i)", _HIDDEN, _FIRST),
            _POSED,
            _fourth,
        ),
        Reading(
            "added",
            Kind.CONVERTED,
            "The fourth equation, for an update that adds e_i y_j.",
            ("output: e_i = φ'(x_i) (T_i - y_i)", _HIDDEN, "∂E/∂W_ij = -e_i y_j"),
            _POSED,
            times(-1, _fourth),
            conversion="sign: times -1",
        ),
        Reading(
            "sum-of-outputs",
            Kind.CONTRAST,
            "What the third equation is the gradient of, but for the sign: the sum of the outputs, without targets.",
            ("output: e_i = φ'(x_i) · (-1)", _HIDDEN, "∂(Σ_i y_i)/∂W_ij = -e_i y_j"),
            replace(_POSED, losses=("output",), scale=Fraction(1)),
            times(-1, _third),
            conversion="another loss: C = Σ y_i; sign: times -1",
        ),
        Reading(
            "indices-as-printed",
            Kind.CONTRAST,
            "The right sign, but W_ij in the sum to i from j, as in the first equation; two layers of one width.",
            ("output: e_i = φ'(x_i) (y_i - T_i)", "hidden: e_i = φ'(x_i) Σ_j W_ij e_j, W_ij to i from j", _FIRST),
            replace(_POSED, depth=2, adapt=of_one_width),
            _engine(lambda T_i, y_i: y_i - T_i, lambda W, i, j: W[i, j]),
        ),
        Reading(
            "corrected",
            Kind.CORRECTED,
            "y_i - T_i at the output, and W_ji in the sum.",
            ("output: e_i = φ'(x_i) (y_i - T_i)", "hidden: e_i = φ'(x_i) Σ_j W_ji e_j", _FIRST),
            _POSED,
            _engine(lambda T_i, y_i: y_i - T_i),
        ),
    ),
    fault="In the third equation ∂/∂y_i (T_i - y_i), which is -1, stands where the derivative of ½ (T_i - y_i)² "
    "belongs. In the fourth T_i - y_i has the wrong sign for an update that subtracts. In both the sum needs W_ji, as "
    "the first equation counts. The hidden line of the third, "
    "∂/∂y_i (Σ_j W_ij ∂E/∂y_j), has one derivative too many and lacks the slopes φ'(x_j); it cannot be run as printed.",
)
