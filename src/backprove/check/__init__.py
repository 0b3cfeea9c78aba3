"""Somebody's backprop, judged: right, right for something else, or wrong, where, and why."""

from backprove.check.conclude import finding, together
from backprove.check.examination import NETWORKS, Examined, examine

__all__ = ["NETWORKS", "Examined", "examine", "finding", "together"]
