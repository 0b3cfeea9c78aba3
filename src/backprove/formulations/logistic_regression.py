"""Row `logistic-regression`: one layer and the log of the probability of the right class.

    a         activation value, <x, w>
    two       P = σ(a)^t (1 - σ(a))^(1-t);  J = -log P;  ∂J/∂w_j = Σ_i (σ(a^i) - t^i) x_j^i
    more      J = -Σ_ij t_j^i log softmax_j(a^i);  ∂J/∂w_jk = Σ_i (softmax_j(a^i) - t_j^i) x_k^i, where Σ_j t_j = 1

Added up over the examples i; biases are weights of a constant 1. The formulas are images that the excerpt has lost;
these are what its text describes.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.formulations.common import classes, numbers, one_output, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Row = list[Any]
Output = Callable[[Domain, Row], Row]


def _inner(x: Row, w: Row) -> Any:
    total = x[0] * w[0]
    for x_k, w_k in zip(x[1:], w[1:], strict=True):
        total = total + x_k * w_k
    return total


def _two_classes(D: Domain, a: Row) -> Row:
    return [sigmoid(D, a[0])]


def _softmax(D: Domain, a: Row) -> Row:
    top = D.peak(a)
    parts = [D.exp(a_j - top) for a_j in a]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return [part / total for part in parts]


def _engine(output: Output) -> Engine:
    """Σ_i (output_j - t_j^i) x_k^i."""

    def engine(case: Case, domain: Domain) -> Gradient:
        D, (layer,) = domain, case.layers
        rows = zip(numbers(D, layer.bias), numbers(D, layer.weights), strict=True)
        w = [[bias, *row] for bias, row in rows]
        dJ_dw = [[D.number(0)] * len(row) for row in w]
        for x, t in zip(numbers(D, case.inputs), numbers(D, case.targets), strict=True):
            x = [D.number(1), *x]
            y = output(D, [_inner(x, w_j) for w_j in w])
            for j, (y_j, t_j) in enumerate(zip(y, t, strict=True)):
                dJ_dw[j] = [total + (y_j - t_j) * x_k for total, x_k in zip(dJ_dw[j], x, strict=True)]
        return Gradient([[row[1:] for row in dJ_dw]], [[row[0] for row in dJ_dw]])

    return engine


def _posed(output: str, loss: str, adapt: Callable[[Case], Case]) -> Posed:
    one = Fraction(1)
    return Posed(fixed=(output,), losses=(loss,), scale=one, reduction="sum", depth=1, biases=True, adapt=adapt)


ROW = Formulation(
    id="logistic-regression",
    title="logistic regression, multi-class",
    source="Spacagna, Slater, Phuong Vo.T.H and Zocca, Python Deep Learning, as excerpted in an article",
    form="The cost is minus the logarithm of the probability of the right classes. Its derivative looks like that of "
    "linear regression without the 2, difference times input, the slope of the activation being cancelled.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "Two classes: one logistic output and the cross-entropy.",
            ("∂J/∂w_j = Σ_i (σ(a^i) - t^i) x_j^i",),
            _posed("sigmoid", "binary_cross_entropy", one_output),
            _engine(_two_classes),
        ),
        Reading(
            "multi-class",
            Kind.PRINTED,
            "More classes: the log of softmax, with targets that sum to 1.",
            ("∂J/∂w_jk = Σ_i (softmax_j(a^i) - t_j^i) x_k^i",),
            _posed("softmax", "categorical_cross_entropy", classes),
            _engine(_softmax),
        ),
    ),
)
