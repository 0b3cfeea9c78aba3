"""Networks: Hypothesis strategies for cases, and other networks of the shape of a given one."""

from backprove.generate.fitting import losses_for, supported
from backprove.generate.nearby import between, mild, plainer, scaled
from backprove.generate.networks import MAX_BATCH, MAX_LAYERS, MAX_WIDTH, Fixed, bytes_drawn, cases

__all__ = [
    "MAX_BATCH",
    "MAX_LAYERS",
    "MAX_WIDTH",
    "Fixed",
    "between",
    "bytes_drawn",
    "cases",
    "losses_for",
    "mild",
    "plainer",
    "scaled",
    "supported",
]
