"""The problem as data, what an engine hands back, and case files."""

from backprove.case.files import case_from, case_to, read_case
from backprove.case.gradient import Address, Expanded, Gradient, Trace, address, blocks, position
from backprove.case.numbers import MODULUS
from backprove.case.problem import (
    ACTIVATIONS,
    LEAKY_SLOPE,
    LOSSES,
    NEEDS,
    REDUCTIONS,
    Case,
    Layer,
    Loss,
    Published,
    Training,
)
from backprove.case.saved import LAYOUTS, read_network

__all__ = [
    "ACTIVATIONS",
    "LAYOUTS",
    "LEAKY_SLOPE",
    "LOSSES",
    "MODULUS",
    "NEEDS",
    "REDUCTIONS",
    "Address",
    "Case",
    "Expanded",
    "Gradient",
    "Layer",
    "Loss",
    "Published",
    "Trace",
    "Training",
    "address",
    "blocks",
    "case_from",
    "case_to",
    "position",
    "read_case",
    "read_network",
]
