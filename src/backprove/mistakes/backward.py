"""One right forward and backward pass, cut into steps that mistakes replace.

Samples in rows: Z^l, A^l, Delta^l have shape (N, n_l); A^0 is the inputs; l = 1 … L. Each step is worked out when it is
first asked for, so that a step may stand for what comes later in the book (weights updated on the way back).

    fed           what layer l is fed             A^{l-1}
    net_input     Z^l                             fed (W^l)ᵀ + b^l
    activation    A^l                             f(Z^l)
    slope         f'(Z^l)                         not for softmax, whose Jacobian is no slope
    error         dC/dA^l                         the loss's at L; below it, carried^{l+1} back_weights^{l+1}
    through       dC/dZ^l from dC/dA^l            f'(Z^l) ∘ error; softmax: A ∘ (error - Σ_k A_k error_k)
    delta         Delta^l                         through; at L in one piece where the loss is the output's logarithm
    carried       what goes back from layer l     Delta^l
    back_weights  the weights that it goes through     W^l
    incoming      what weights are credited with  A^{l-1}
    weight_delta, bias_delta                      Delta^l
    dW, db        over the samples                weight_deltaᵀ incoming; column sums of bias_delta
    weights, bias what is handed back             dW, db

Every number carries the bound on its rounding (bounded.py), for wrong formulas as for right ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backprove.case import Case, blocks
from backprove.domains import DOMAINS, Domain
from backprove.mistakes.bounded import OWN, Bounded, known, of, slope, unit
from backprove.rounding import Float
from backprove.rounding.forward import Passed, softmax
from backprove.rounding.held import Held
from backprove.rounding.output import fused_delta, loss_gradient

if TYPE_CHECKING:
    from backprove.mistakes.mistake import Planted

FLOAT64 = DOMAINS["float64"]
Step = Callable[["Pass", int], Bounded]

# Steps of a lower stage never ask for one of a higher stage, but for back_weights where weights are updated on the way.
STAGES = {
    "fed": 0, "net_input": 0, "activation": 0, "slope": 1,
    "error": 2, "through": 2, "delta": 2, "carried": 2, "back_weights": 2,
    "incoming": 3, "weight_delta": 3, "bias_delta": 3, "dW": 3, "db": 3, "weights": 4, "bias": 4,
}  # fmt: skip


class Problem:
    """A case as a precision holds it; `weights` in place of its own, where they have radii themselves.

    `fuses` False: delta^L is f'(z^L) ∘ dC/da^L even where the loss is the output's logarithm, which loses digits.
    """

    def __init__(
        self, case: Case, domain: Domain = FLOAT64, weights: Sequence[Any] | None = None, fuses: bool = True
    ) -> None:
        self.case, self.domain, self.fuses = case, domain, fuses
        H = self.held = Held(case, domain)
        self.L, self.sizes = len(case.layers), case.sizes
        self.W = weights[0] if weights else [of(W, H.u) for W in H.W]
        self.b = weights[1] if weights else [None if b is None else of(b, H.u) for b in H.b]
        self.inputs = of(H.held(case.inputs), H.u)
        self.places = [(l, kind, slice(at, at + math.prod(shape))) for l, kind, shape, at in blocks(case)]

    def posed(self, case: Case) -> Problem:
        """Another problem of the same weights."""
        return Problem(case, self.domain, (self.W, self.b), self.fuses)


class Pass:
    """The pass of a problem with some mistakes in it; what mistakes cannot have touched is taken from `base`."""

    def __init__(self, problem: Problem, planted: Sequence[Planted] = (), base: Pass | None = None) -> None:
        self.problem: Problem = problem if base is None else base.problem
        self.base = base
        self.memo: dict[tuple[str, int], Bounded] = {}
        self.touched: set[tuple[str, int]] = set()
        self.chain: dict[str, list[Planted]] = {}
        for p in planted:
            for step in p.mistake.replaces:
                self.chain.setdefault(step, []).append(p)
        own = planted if base is None else planted[-1:]
        for p in own:
            case = p.posed(self.problem.case)
            if case is not self.problem.case:
                self.problem, self.base = self.problem.posed(case), None
                self.touched.add(("problem", 0))
        if self.base is None or any(p.mistake.looks_ahead for p in planted):
            own = planted
        self.stage = min((p.mistake.stage for p in own), default=5)

    @property
    def L(self) -> int:
        return self.problem.L

    @property
    def case(self) -> Case:
        return self.problem.case

    def n(self, l: int) -> int:
        """Units of layer l; 0 where there is no such layer."""
        return self.problem.sizes[l] if 0 <= l <= self.L else 0

    def W(self, l: int) -> Bounded:
        found: Bounded = self.problem.W[l - 1]
        return found

    def b(self, l: int) -> Bounded | None:
        found: Bounded | None = self.problem.b[l - 1]
        return found

    def activation(self, l: int) -> str:
        return self.case.layers[l - 1].activation

    def __call__(self, step: str, l: int) -> Bounded:
        """The result of a step at layer l."""
        if self.base is not None and STAGES[step] < self.stage:
            return self.base(step, l)
        if (step, l) not in self.memo:
            self.memo[step, l] = self._run(step, l, self.chain.get(step, ()))
        return self.memo[step, l]

    def _run(self, step: str, l: int, planted: Sequence[Planted]) -> Bounded:
        if not planted:
            return RIGHT[step](self, l)
        *rest, last = planted
        right: list[Bounded] = []

        def without() -> Bounded:
            if not right:
                right.append(self._run(step, l, rest))
            return right[0]

        result = last.mistake.replaces[step](self, l, without, last.chosen)
        if not right or result is not right[0]:
            self.touched.add((step, l))
        return result

    def is_touched(self, step: str, l: int) -> bool:
        """Whether a mistake has replaced this step at layer l."""
        return (step, l) in self.touched or (self.base is not None and self.base.is_touched(step, l))

    def blocks(self) -> Iterator[tuple[int, str, slice, Bounded]]:
        """(layer, "W" or "b", its place in the flat gradient, numbers), the output layer first, one at a time."""
        for l, kind, place in reversed(self.problem.places):
            yield l, kind, place, self("weights" if kind == "W" else "bias", l)

    def flat(self) -> tuple[Float, Float]:
        """(values, radii) of all entries."""
        values, radii = np.zeros((2, self.case.entries))
        with np.errstate(all="ignore"):
            for _, _, place, block in self.blocks():
                values[place], radii[place] = block.value.ravel(), OWN * block.radius.ravel()
        return values, radii


def _net_input(P: Pass, l: int) -> Bounded:
    Z, b = P("fed", l) @ P.W(l).T, P.b(l)
    return Z if b is None else Z + b


def _activation(P: Pass, l: int) -> Bounded:
    Z, name = P("net_input", l), P.activation(l)
    return softly(P, Z) if name == "softmax" else unit(name, Z)


def softly(P: Pass, Z: Bounded) -> Bounded:
    """softmax over the last axis."""
    p, radius = softmax(P.problem.held, Z.valued)
    return Bounded(p, p + radius, radius, Z.u)


def output(P: Pass, l: int) -> Bounded:
    """A^l, where A^0 is the inputs."""
    return P("activation", l) if l else P.problem.inputs


def _slope(P: Pass, l: int) -> Bounded:
    return slope(P.activation(l), P("net_input", l), float(P.case.kink))


def _error(P: Pass, l: int) -> Bounded:
    if l == P.L:
        g, size = loss_gradient(P.problem.held, P("activation", l).valued)
        return known(g, P.problem.held.u, size + g.radius)
    return P("carried", l + 1) @ P("back_weights", l + 1)


def _through(P: Pass, l: int) -> Bounded:
    if P.activation(l) != "softmax":
        return P("slope", l) * P("error", l)
    A, G = P("activation", l), P("error", l)
    return A * (G - (A * G).sum(axis=1, keepdims=True))


def _delta(P: Pass, l: int) -> Bounded:
    delta = P("through", l)
    fused = P.problem.fuses and P.problem.held.fused
    if l < P.L or not fused or any(P.is_touched(step, l) for step in ("through", "slope", "error")):
        return delta
    Z, A = P("net_input", l).valued, P("activation", l).valued
    whole, size = fused_delta(P.problem.held, Passed(Z, A, None, np.zeros(Z.value.shape, dtype=bool)))
    return known(whole, P.problem.held.u, size + whole.radius)


RIGHT: Mapping[str, Step] = {
    "fed": lambda P, l: output(P, l - 1),
    "net_input": _net_input,
    "activation": _activation,
    "slope": _slope,
    "error": _error,
    "through": _through,
    "delta": _delta,
    "carried": lambda P, l: P("delta", l),
    "back_weights": lambda P, l: P.W(l),
    "incoming": lambda P, l: output(P, l - 1),
    "weight_delta": lambda P, l: P("delta", l),
    "bias_delta": lambda P, l: P("delta", l),
    "dW": lambda P, l: P("weight_delta", l).T @ P("incoming", l),
    "db": lambda P, l: P("bias_delta", l).sum(axis=0),
    "weights": lambda P, l: P("dW", l),
    "bias": lambda P, l: P("db", l),
}
