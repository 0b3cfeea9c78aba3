"""Row `derivative-notation`: derivatives for each unit, from the layer above to the layer below.

    w_ij      from unit i to unit j of the next layer: weights[i][j]
    z_j       Σ_i y_i w_ij;  y_j = 1 / (1 + exp(-z_j));  E = ½ Σ_j (t_j - y_j)², added up over the samples
    output    dE/dy_j = -(t_j - y_j)
    each unit dE/dz_j = y_j (1 - y_j) dE/dy_j
    below     dE/dy_i = Σ_j w_ij dE/dz_j
    gradient  dE/dw_ij = y_i dE/dz_j

No biases. In plain lists, one sample at a time; a weight stands where it starts, so that a row here is a column of W.
"""

from typing import Any

from backprove.case import Case, Gradient, Trace
from backprove.domains import Domain
from backprove.formulations.common import HALF, numbers, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Row = list[Any]


def _net_inputs(D: Domain, w: list[Row], y: Row) -> Row:
    """z_j = Σ_i y_i w_ij."""
    z = [D.number(0)] * len(w[0])
    for y_i, row in zip(y, w, strict=True):
        z = [z_j + y_i * w_ij for z_j, w_ij in zip(z, row, strict=True)]
    return z


def _below(D: Domain, w: list[Row], dE_dz: Row) -> Row:
    """dE/dy_i = Σ_j w_ij dE/dz_j."""
    sums = []
    for row in w:
        total = D.number(0)
        for w_ij, dE_dz_j in zip(row, dE_dz, strict=True):
            total = total + w_ij * dE_dz_j
        sums.append(total)
    return sums


def _engine(case: Case, domain: Domain) -> Gradient:
    D = domain
    w = [numbers(D, layer.weights) for layer in case.layers]
    w = [[list(column) for column in zip(*rows, strict=True)] for rows in w]
    dE_dw = [[[D.number(0)] * len(row) for row in w_l] for w_l in w]
    trace = Trace(*([[] for _ in w] for _ in range(4)))
    for x, t in zip(numbers(D, case.inputs), numbers(D, case.targets), strict=True):
        y = [x]
        for l, w_l in enumerate(w):
            z = _net_inputs(D, w_l, y[l])
            y.append([sigmoid(D, z_j) for z_j in z])
            trace.z[l].append(z)
            trace.a[l].append(y[-1])
        dE_dy = [-(t_j - y_j) for t_j, y_j in zip(t, y[-1], strict=True)]
        for l in reversed(range(len(w))):
            dE_dz = [y_j * (1 - y_j) * dE_dy_j for y_j, dE_dy_j in zip(y[l + 1], dE_dy, strict=True)]
            trace.loss_gradient[l].append(dE_dy)
            trace.delta[l].append(dE_dz)
            for i, y_i in enumerate(y[l]):
                dE_dw[l][i] = [total + y_i * d for total, d in zip(dE_dw[l][i], dE_dz, strict=True)]
            dE_dy = _below(D, w[l], dE_dz)
    dW = [[list(column) for column in zip(*rows, strict=True)] for rows in dE_dw]
    return Gradient(dW, [None] * len(dW), trace)


ROW = Formulation(
    id="derivative-notation",
    title="derivative course notation",
    source="Hinton, Neural Networks for Machine Learning (Coursera, 2012), as asked about on Stack Exchange (2017)",
    form="Every unit has dE/dy, which it gets from the units above it, and dE/dz, which it hands to those below. There "
    "is no letter for an error: what travels is written as the derivative that it is.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "Half the squared error of logistic units.",
            (
                "output: dE/dy_j = -(t_j - y_j);  below: dE/dy_i = Σ_j w_ij dE/dz_j",
                "dE/dz_j = y_j (1 - y_j) dE/dy_j",
                "dE/dw_ij = y_i dE/dz_j",
            ),
            Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=False),
            _engine,
            conversion="transposition: w_ij runs from i to j, and is W[j, i]",
        ),
    ),
)
