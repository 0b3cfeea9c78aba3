"""`python -m backprove`."""

from backprove.cli import script

script()
