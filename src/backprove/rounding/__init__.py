"""The bound on the rounding error of every quantity of a case."""

from backprove.rounding.bound import Analysis, Forward, Spread, analyse, forward
from backprove.rounding.units import TANH, UNITS, F, Float, Unit, Valued

__all__ = ["TANH", "UNITS", "Analysis", "F", "Float", "Forward", "Spread", "Unit", "Valued", "analyse", "forward"]
