"""Opinions on the gradient that share no derivative formula with any engine: they only evaluate the loss.

Nothing here is taken from the engines, the domains or the rounding bound, whose judges these are.
"""

from backprove.oracles.complex_step import complex_step
from backprove.oracles.differences import central, central_fixed, forward
from backprove.oracles.estimate import Estimate, Oracle

# The sharpest and cheapest last: it lacks a function and has no opinion at kinks.
ORACLES: dict[str, Oracle] = {"central differences": central, "complex step": complex_step}

__all__ = ["ORACLES", "Estimate", "Oracle", "central", "central_fixed", "complex_step", "forward"]
