"""Row `written-out`: the chain rule for one weight at a time, as a product of factors from the error to the weight.

    n_{x,y}     output of node y of layer x, n_{0,y} the inputs; 1 / (1 + exp(-net)); one output node, Out
    w_{i,j,k}   to node j of layer i from node k of layer i-1
    E           Σ ½ (Target - Out)² over the samples
    two ends    ∂E/∂Out = Out - Target;  ∂net_{i,j}/∂w_{i,j,k} = n_{i-1,k}
    each node   ∂n/∂net = n (1 - n), and from node to node ∂net_{i+1,m}/∂n_{i,j} = w_{i+1,m,j}

3 factors for a weight of the last layer, 5 for one of the layer before, along the one path that there is. One layer
further there are 7 factors on each path, and as many paths as there are nodes between.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import Case, Expanded, Gradient
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, numbers, one_output, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Path = tuple[int, ...]
Paths = Callable[[tuple[int, ...]], list[Path]]
"""From the sizes of the layers behind a weight's own, the output's last, to nodes of each, one list a path."""


def _all(sizes: tuple[int, ...]) -> list[Path]:
    return list(itertools.product(*map(range, sizes)))


def _first(sizes: tuple[int, ...]) -> list[Path]:
    return [(0,) * len(sizes)]


def _nodes(D: Domain, w: list[Any], x: list[Any]) -> list[list[Any]]:
    """n[x][y] for one sample."""
    n = [x]
    for w_i in w:
        nets = []
        for row in w_i:
            net = D.number(0)
            for w_ijk, n_k in zip(row, n[-1], strict=True):
                net = net + w_ijk * n_k
            nets.append(net)
        n.append([sigmoid(D, net) for net in nets])
    return n


def _product(w: list[Any], n: list[list[Any]], target: Any, i: int, k: int, path: Path) -> Any:
    """The factors of ∂E/∂w_{i,j,k} along the nodes of a path, j of layer i first and the output last."""
    last = len(w)
    factors = n[last][0] - target
    for layer in range(last, i - 1, -1):
        node = n[layer][path[layer - i]]
        factors = factors * node * (1 - node)
        if layer > i:
            factors = factors * w[layer - 1][path[layer - i]][path[layer - i - 1]]
    return factors * n[i - 1][k]


def _engine(paths: Paths, layers: int | None = None) -> Engine:
    """`layers`: how many are expanded, from the output; None: all."""

    def engine(case: Case, domain: Domain) -> Gradient:
        D, last = domain, len(case.layers)
        w = [numbers(D, layer.weights) for layer in case.layers]
        dW = [numbers(D, np.zeros(layer.weights.shape)) for layer in case.layers]
        expanded = range(1 if layers is None else max(1, last + 1 - layers), last + 1)
        for x, target in zip(numbers(D, case.inputs), numbers(D, case.targets), strict=True):
            n = _nodes(D, w, x)
            for i in expanded:
                behind = paths(case.sizes[i + 1 :])
                for j, k in np.ndindex(case.sizes[i], case.sizes[i - 1]):
                    for path in behind:
                        dW[i - 1][j][k] = dW[i - 1][j][k] + _product(w, n, target[0], i, k, (j, *path))
        none = [None] * last
        if layers is None:
            return Gradient(dW, none)
        masks = [np.full(layer.weights.shape, l in expanded) for l, layer in enumerate(case.layers, 1)]
        return Gradient(dW, none, expanded=Expanded(masks, none, f"the weights of the last {layers} layers"))

    return engine


_POSED = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", depth=3, biases=False, adapt=one_output)

ROW = Formulation(
    id="written-out",
    title="written-out chain rule",
    source="a question of 23 January 2017 on Stack Exchange",
    form="For every weight the product of all derivatives between the error and it: from node to node two factors, a "
    "weight and the slope of a sigmoid. Nothing is shared between weights. The network has sigmoid nodes, one output "
    "and no biases.",
    readings=(
        Reading(
            "five-factors",
            Kind.PRINTED,
            "Three factors for the last layer's weights, five for those of the layer before.",
            (
                "∂E/∂w_{3,1,k} = (Out-Target) Out (1-Out) n_{2,k}",
                "∂E/∂w_{2,j,k} = (Out-Target) Out (1-Out) w_{3,1,j}",
                "                · n_{2,j} (1-n_{2,j}) n_{1,k}",
            ),
            _POSED,
            _engine(_all, layers=2),
        ),
        Reading(
            "two-more-terms",
            Kind.PRINTED,
            "Two more factors for one more layer: one path, here through the first node of each layer on the way.",
            (
                "∂E/∂w_{1,j,k} = (Out-Target) Out (1-Out) w_{3,1,1} n_{2,1} (1-n_{2,1})",
                "                · w_{2,1,j} n_{1,j} (1-n_{1,j}) n_{0,k}",
            ),
            _POSED,
            _engine(_first),
        ),
        Reading(
            "sum-over-paths",
            Kind.CORRECTED,
            "Two more factors for one more layer on every path, and the sum over the paths.",
            (
                "∂E/∂w_{1,j,k} = Σ_m (Out-Target) Out (1-Out) w_{3,1,m} n_{2,m} (1-n_{2,m})",
                "                · w_{2,m,j} n_{1,j} (1-n_{1,j}) n_{0,k}",
            ),
            _POSED,
            _engine(_all),
        ),
    ),
    fault="Two more factors make one path; from three layers of weights on there are several, one through each node in "
    "between, and the products of all are added.",
)
