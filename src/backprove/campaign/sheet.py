"""Every entry of a comparison's gradients as data, in the shape of the layers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backprove.case import Case, blocks
from backprove.compare import Comparison
from backprove.domains import Array
from backprove.findings import Sheet, plain
from backprove.verdict import Verdict

MOST = 4_096  # entries that are listed

Shaped = dict[str, list[Any]]


def sheet(found: Comparison) -> Sheet | None:
    """The whole gradient by every engine that has one; None where it has too many entries to list."""
    if found.case.entries > MOST:
        return None
    return Sheet(
        gradients=gradients(found),
        verdicts=verdicts(found),
        differences=None if found.domain.modulus else differences(found),
    )


def gradients(found: Comparison) -> dict[str, Shaped]:
    """Engine → its values; null where an engine did not compute an entry."""
    return {
        name: shaped(found.case, o.values, plain, o.covered)
        for name, o in found.outcomes.items()
        if o.values is not None
    }


def verdicts(found: Comparison) -> Shaped:
    """The verdict on every entry; null where it was not compared."""
    compared = found.compared | bool(found.failures)
    return shaped(found.case, found.verdicts, lambda code: Verdict(int(code)).name, compared)


def differences(found: Comparison) -> Shaped:
    """The largest difference of two engines at every entry; "nan" where there is none."""
    values = [
        (np.array([_float(x) for x in o.values]), o.covered) for o in found.outcomes.values() if o.values is not None
    ]
    high, low = np.full(found.case.entries, -np.inf), np.full(found.case.entries, np.inf)
    for x, covered in values:
        known = np.ones(len(x), dtype=bool) if covered is None else covered
        high[known], low[known] = np.maximum(high, x)[known], np.minimum(low, x)[known]
    with np.errstate(all="ignore"):
        return shaped(found.case, high - low, plain, found.compared)


def shaped(case: Case, flat: Array, said: Callable[[Any], Any], known: Array | None = None) -> Shaped:
    """A flat array of a number an entry as {"weights": …, "biases": …}."""
    parts: Shaped = {"weights": [None] * len(case.layers), "biases": [None] * len(case.layers)}
    for l, kind, shape, offset in blocks(case):
        part = slice(offset, offset + int(np.prod(shape)))
        rows = [said(x) for x in flat[part]]
        if known is not None:
            rows = [x if k else None for x, k in zip(rows, known[part], strict=True)]
        width = shape[-1]
        block = rows if kind == "b" else [rows[i : i + width] for i in range(0, len(rows), width)]
        parts["weights" if kind == "W" else "biases"][l - 1] = block
    return parts


def _float(x: Any) -> float:
    try:
        return float(x)
    except (OverflowError, TypeError, ValueError):
        return float("nan")
