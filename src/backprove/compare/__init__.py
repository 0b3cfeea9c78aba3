"""Gradients in, Comparison out: the only place where two numbers are judged equal."""

from backprove.compare.comparison import Comparison, Difference, Pair, group
from backprove.compare.excuses import ARITHMETIC, NO_VALUE
from backprove.compare.judge import compare, judge
from backprove.outcome import Outcome, run

__all__ = ["ARITHMETIC", "NO_VALUE", "Comparison", "Difference", "Outcome", "Pair", "compare", "group", "judge", "run"]
