"""Row `delta-for-gradient`: what δ is, in the comments on a question.

    n_{x,y}    output of node y of layer x, n_{0,y} the inputs; 1 / (1 + exp(-net))
    w_{i,j,k}  to node j of layer i from node k of layer i-1
    E          Σ ½ (Target - Out)² over the samples
    D_{i,j}    ∂E/∂n_{i,j}: Out - Target, or Σ_m w_{i+1,m,j} δ_{i+1,m}
    δ_{i,j}    D_{i,j} n_{i,j} (1 - n_{i,j}), which is ∂E/∂net_{i,j}

First taken for ∂E/∂w, then said to be ∂E/∂n, to be multiplied by the value of the preceding node; at last multiplied by
the slope on its way, which makes it ∂E/∂net.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import Case, Gradient, Trace
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, numbers, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Row = list[Any]
Step = Callable[[Any, Any, Any], Any]
"""What is taken for ∂E/∂w_{i,j,k}, from D_{i,j}, δ_{i,j} and n_{i-1,k}."""


def _sums(D: Domain, rows: list[Row], values: Row) -> Row:
    """Σ_k rows[j][k] values[k] for each j."""
    sums = []
    for row in rows:
        total = D.number(0)
        for w, value in zip(row, values, strict=True):
            total = total + w * value
        sums.append(total)
    return sums


def _engine(step: Step) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D, L = domain, len(case.layers)
        w = [numbers(D, layer.weights) for layer in case.layers]
        leading_out = [[list(column) for column in zip(*rows, strict=True)] for rows in w]
        dW = [numbers(D, np.zeros(layer.weights.shape)) for layer in case.layers]
        trace = Trace(*([[] for _ in w] for _ in range(4)))
        for x, target in zip(numbers(D, case.inputs), numbers(D, case.targets), strict=True):
            n = [x]
            for i in range(L):
                trace.z[i].append(_sums(D, w[i], n[i]))
                n.append([sigmoid(D, net) for net in trace.z[i][-1]])
                trace.a[i].append(n[-1])
            errors = [out - t for out, t in zip(n[L], target, strict=True)]
            for i in reversed(range(L)):
                deltas = [error * (node * (1 - node)) for error, node in zip(errors, n[i + 1], strict=True)]
                trace.loss_gradient[i].append(errors)
                trace.delta[i].append(deltas)
                for j, k in np.ndindex(case.layers[i].weights.shape):
                    dW[i][j][k] = dW[i][j][k] + step(errors[j], deltas[j], n[i][k])
                errors = _sums(D, leading_out[i], deltas)
        return Gradient(dW, [None] * L, trace)

    return engine


_POSED = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=False)
_ERROR = "D_{i,j} = Out - Target, or Σ_m w_{i+1,m,j} δ_{i+1,m}"
_DELTA = "δ_{i,j} = D_{i,j} n_{i,j} (1 - n_{i,j})"

ROW = Formulation(
    id="delta-for-gradient",
    title="delta is dE/dw",
    source="comments on the answer to a question of 23 January 2017 on Stack Exchange",
    form="One δ for each node, from the output back by weighted sums and slopes. What belongs to a node is first taken "
    "for what belongs to a weight: every weight into a node would get the node's δ.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "δ taken for the gradient: one number for all weights that lead into a node.",
            (_ERROR, _DELTA, "∂E/∂w_{i,j,k} = δ_{i,j}"),
            _POSED,
            _engine(lambda error, delta, n: delta),
        ),
        Reading(
            "comment",
            Kind.CONTRAST,
            "The comment's own correction to the letter: δ is ∂E/∂n of the node that the weight leads to, times n_k.",
            (_ERROR, "δ_{i,j} = D_{i,j} n_{i,j} (1 - n_{i,j}) on the way back", "∂E/∂w_{i,j,k} = D_{i,j} n_{i-1,k}"),
            _POSED,
            _engine(lambda error, delta, n: error * n),
        ),
        Reading(
            "corrected",
            Kind.CORRECTED,
            "The last comment: δ with the slope of its own node, times the value of the preceding node.",
            (_ERROR, _DELTA, "∂E/∂w_{i,j,k} = δ_{i,j} n_{i-1,k}"),
            _POSED,
            _engine(lambda error, delta, n: delta * n),
        ),
    ),
    fault="δ belongs to a node, and is ∂E/∂net; the derivative for a weight has one factor more, the value n_k that "
    "comes through it.",
)
