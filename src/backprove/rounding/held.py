"""The numbers of a case as a precision holds them: the problem that the engines in it are given."""

import numpy as np

from backprove.case import Case
from backprove.domains import Domain
from backprove.rounding.units import Float

# Output activations whose own logarithm the loss takes: dC/da cancels against the slope.
FUSED = ("sigmoid", "softmax")


class Held:
    """Weights `W`, biases `b` and targets `T` of a case at unit roundoff u, and what one operation loses."""

    def __init__(self, case: Case, domain: Domain) -> None:
        assert domain.unit_roundoff is not None
        self.u, self.tiny = domain.unit_roundoff, domain.tiny
        self.case, self.domain = case, domain
        self.W = [self.held(layer.weights) for layer in case.layers]
        self.absW = [np.abs(W) for W in self.W]
        self.b = [None if layer.bias is None else self.held(layer.bias) for layer in case.layers]
        self.T = self.held(case.targets)
        self.factor = float(case.factor)

    def held(self, values: Float) -> Float:
        return self.domain.array(values).astype(np.float64, copy=False)

    @property
    def fused(self) -> bool:
        """Whether the loss is the logarithm that the output activation is made for."""
        return self.case.loss.name.endswith("cross_entropy") and self.case.layers[-1].activation in FUSED

    def gamma(self, n: int) -> float:
        return n * self.u / (1 - n * self.u)
