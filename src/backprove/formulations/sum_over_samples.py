"""Row `sum-over-samples`: the total error of all observations, its gradient, and what going one at a time makes of it.

    E         Σ over the observations of E_n, E_n = Σ ½ (Target - Out)²; sigmoid layers
    at once   dE/dW of all observations together
    sum       Σ over the observations of dE_n/dW, all at the same weights
    online    W := W - η dE_n/dW after every observation, so that the next one meets other weights; η = ½

Gradients are added up as they are, not taken from the weights before and after, so that no digits are lost.
"""

from collections.abc import Iterator
from dataclasses import replace

from backprove.case import Case, Gradient
from backprove.domains import Array, Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, sigmoid
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading


def _gradient(D: Domain, W: list[Array], X: Array, T: Array) -> list[Array]:
    """dE/dW of the observations in the rows of X and T."""
    A = [X]
    for W_l in W:
        A.append(sigmoid(D, A[-1] @ W_l.T))
    delta = (A[-1] - T) * (A[-1] * (1 - A[-1]))
    found = [delta.T @ A[-2]]
    for l in reversed(range(len(W) - 1)):
        delta = (delta @ W[l + 1]) * (A[l + 1] * (1 - A[l + 1]))
        found.insert(0, delta.T @ A[l])
    return found


def _one_by_one(D: Domain, W: list[Array], X: Array, T: Array, *, online: bool) -> Iterator[list[Array]]:
    """dE_n/dW of one observation after the other."""
    for n in range(len(X)):
        step = _gradient(D, W, X[n : n + 1], T[n : n + 1])
        yield step
        if online:
            W = [W_l - D.number(HALF) * step_l for W_l, step_l in zip(W, step, strict=True)]


def _at_once(case: Case, domain: Domain) -> Gradient:
    D, W = domain, [domain.array(layer.weights) for layer in case.layers]
    return Gradient(_gradient(D, W, D.array(case.inputs), D.array(case.targets)), [None] * len(W))


def _added_up(*, online: bool) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D, W = domain, [domain.array(layer.weights) for layer in case.layers]
        first, *others = _one_by_one(D, W, D.array(case.inputs), D.array(case.targets), online=online)
        for step in others:
            first = [total + step_l for total, step_l in zip(first, step, strict=True)]
        return Gradient(first, [None] * len(W))

    return engine


_SIGMOID = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=False)
_ONLINE = ("W_1 = W;  W_{n+1} = W_n - η dE_n/dW at W_n,  η = ½", "dE/dW = Σ_n dE_n/dW at W_n")

ROW = Formulation(
    id="sum-over-samples",
    title="sum over observations",
    source="a question of 23 January 2017 on Stack Exchange",
    form="The total error is the sum over the observations, and its derivative the sum of their derivatives, all taken "
    "at the same weights. Weights that are updated after each observation (online) make another step.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "The total error of all observations, its gradient worked out for all at once.",
            ("E = Σ_n E_n;  dE/dW of all observations at once",),
            _SIGMOID,
            _at_once,
        ),
        Reading(
            "one-by-one",
            Kind.PRINTED,
            "The gradients of single observations at the same weights, added up.",
            ("dE/dW = Σ_n dE_n/dW",),
            _SIGMOID,
            _added_up(online=False),
        ),
        Reading(
            "online",
            Kind.CONTRAST,
            "An update after each of two observations, and the sum of these steps taken for the gradient.",
            _ONLINE,
            replace(_SIGMOID, batch=2),
            _added_up(online=True),
        ),
        Reading(
            "online-of-one",
            Kind.CONTRAST,
            "The same with one observation in all, where nothing has been updated yet.",
            _ONLINE,
            replace(_SIGMOID, batch=1),
            _added_up(online=True),
        ),
    ),
)
