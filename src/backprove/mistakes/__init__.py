"""The catalogue of known mistakes, and the search for the one that wrong numbers come from."""

from backprove.mistakes.catalogue import CATALOGUE
from backprove.mistakes.cause import Cause, Causes, causes
from backprove.mistakes.mistake import Mistake, Planted, gradient
from backprove.mistakes.propagation import Rate
from backprove.mistakes.published import of_published

__all__ = ["CATALOGUE", "Cause", "Causes", "Mistake", "Planted", "Rate", "causes", "gradient", "of_published"]
