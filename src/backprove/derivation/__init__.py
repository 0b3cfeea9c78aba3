"""The three derivations of one entry of the gradient, written out from the engines' own runs."""

from backprove.derivation.derive import derive, derive_delta, record
from backprove.derivation.expression import formula
from backprove.derivation.network import default
from backprove.derivation.tour import tour

__all__ = ["default", "derive", "derive_delta", "formula", "record", "tour"]
