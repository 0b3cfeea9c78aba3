"""Numbers as JSON has them."""

from typing import Any


def plain(number: Any) -> float | str:
    """A number as JSON has it: floats as they are, what JSON has no number for (fractions, NaN, …) as text."""
    if isinstance(number, (float, int)) and not isinstance(number, bool):
        value = float(number)
        return value if value - value == 0 else str(value)
    if type(number).__module__ == "numpy":
        return plain(number.item()) if number.dtype.kind in "fiu" else str(number)
    return str(number)
