"""Row `linear-regression`: one output neuron that is the inner product <x, w>, and the mean squared error.

    x^i, t^i   example i of m, with its target; x_0 = 1 and w_0 stand for the bias
    y^i        <x^i, w>
    J(w)       1/m Σ_i (y^i - t^i)²
    gradient   ∂J/∂w_j = 2/m Σ_i (y^i - t^i) x_j^i
    update     the 2 dropped: it goes into the learning rate

The formulas are images that the excerpt has lost; these are what its text describes.
"""

from fractions import Fraction
from typing import Any

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.formulations.common import numbers, one_output, times
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading


def _inner(D: Domain, x: list[Any], w: list[Any]) -> Any:
    total = D.number(0)
    for x_j, w_j in zip(x, w, strict=True):
        total = total + x_j * w_j
    return total


def _engine(constant: int) -> Engine:
    """`constant` / m Σ_i (y^i - t^i) x_j^i."""

    def engine(case: Case, domain: Domain) -> Gradient:
        D, m = domain, domain.number(len(case.inputs))
        (layer,) = case.layers
        w = [*numbers(D, layer.bias), *numbers(D, layer.weights)[0]]
        x = [[D.number(1), *row] for row in numbers(D, case.inputs)]
        sums = [D.number(0)] * len(w)
        for x_i, (t_i,) in zip(x, numbers(D, case.targets), strict=True):
            difference = _inner(D, x_i, w) - t_i
            sums = [total + difference * x_ij for total, x_ij in zip(sums, x_i, strict=True)]
        dJ_dw = [constant * total / m for total in sums]
        return Gradient([[dJ_dw[1:]]], [dJ_dw[:1]])

    return engine


_POSED = Posed(fixed=("identity",), scale=Fraction(1), reduction="mean", depth=1, biases=True, adapt=one_output)
_without = _engine(1)
_J = "J(w) = 1/m Σ_i (y^i - t^i)²"

ROW = Formulation(
    id="linear-regression",
    title="linear regression",
    source="Spacagna, Slater, Phuong Vo.T.H and Zocca, Python Deep Learning, as excerpted in an article",
    form="One neuron without an activation function, and the mean over m examples. The derivative has a 2, which the "
    "update rule drops, since the learning rate can take it up: the direction stays, the length does not.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "The derivative of the mean squared error, with its 2.",
            (_J, "∂J/∂w_j = 2/m Σ_i (y^i - t^i) x_j^i"),
            _POSED,
            _engine(2),
        ),
        Reading(
            "without-the-two",
            Kind.CONTRAST,
            "What the update rule multiplies by the learning rate, taken for the gradient; it does not claim that.",
            (_J, "1/m Σ_i (y^i - t^i) x_j^i"),
            _POSED,
            _without,
        ),
        Reading(
            "two-in-the-rate",
            Kind.CONVERTED,
            "The same with the 2 that the learning rate has taken up.",
            (_J, "∂J/∂w_j = 2 · 1/m Σ_i (y^i - t^i) x_j^i"),
            _POSED,
            times(2, _without),
            conversion="factor: times 2",
        ),
    ),
)
