"""The bound on the rounding error of every quantity of a case, and the interval of every entry at a kink."""

from backprove.rounding.bound import Analysis, analyse
from backprove.rounding.exact import exact_zeros
from backprove.rounding.forward import Forward, Shares, Spread, forward
from backprove.rounding.kinks import Subgradients, conventions, inside, subgradients
from backprove.rounding.units import TANH, UNITS, F, Float, Mask, Unit, Valued

__all__ = [
    "TANH",
    "UNITS",
    "Analysis",
    "F",
    "Float",
    "Forward",
    "Mask",
    "Shares",
    "Spread",
    "Subgradients",
    "Unit",
    "Valued",
    "analyse",
    "conventions",
    "exact_zeros",
    "forward",
    "inside",
    "subgradients",
]
