"""The three derivations of one entry of the gradient, written out from the engines' own runs."""

from backprove.derivation.derive import derive, derive_delta
from backprove.derivation.network import default

__all__ = ["default", "derive", "derive_delta"]
