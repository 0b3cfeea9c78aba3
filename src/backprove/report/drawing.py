"""Where the units and connections of a network stand on a drawing. Lengths are those of the drawing's own box."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprove.report.words import number

ACROSS, DOWN, RADIUS = 190, 78, 24
MARGIN_X, MARGIN_Y = 62, 56
MOST_UNITS, MOST_LAYERS = 10, 8  # that are drawn where nobody says which
THIN, THICK = 1.2, 5.0


@dataclass(frozen=True)
class Unit:
    name: str
    """`a1[2]`."""
    layer: int
    x: float
    y: float
    value: str


@dataclass(frozen=True)
class Edge:
    """A weight, or a bias, which comes in from above."""

    name: str
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    sign: str
    """plus, minus, or none."""
    weight: str


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    units: list[Unit]
    edges: list[Edge]
    layers: list[tuple[float, str]]
    """(x, what is said of a layer)."""
    gaps: list[tuple[float, float, str]]
    """(x, y, how many units are not drawn there)."""
    left_out: str
    """What is not drawn, in words, or ""."""


def drawing(case: Mapping[str, Any], window: Sequence[Sequence[int]] | None = None, values: Any = None) -> Drawing:
    """`case`: a case file. `window`: of each layer, the units (1-based) that are drawn; else as many as there is room
    for. `values`: `a1[2]` → what stands in the unit; else its name.
    """
    sizes = [len(case["layers"][0]["weights"][0]), *(len(layer["weights"]) for layer in case["layers"])]
    if window is None:
        window = [list(range(1, min(n, MOST_UNITS) + 1)) if l < MOST_LAYERS else [] for l, n in enumerate(sizes)]
    shown = [l for l, units in enumerate(window) if units]
    rows = max(len(window[l]) for l in shown)
    places = {
        (l, j): (MARGIN_X + ACROSS * column, MARGIN_Y + DOWN * (row + (rows - len(window[l])) / 2))
        for column, l in enumerate(shown)
        for row, j in enumerate(window[l])
    }
    cut = any(len(window[l]) < sizes[l] for l in shown)
    return Drawing(
        width=2 * MARGIN_X + ACROSS * (len(shown) - 1),
        height=2 * MARGIN_Y + DOWN * (rows - 1) + 20 * cut,
        units=[
            Unit(f"a{l}[{j}]", l, x, y, number((values or {}).get(f"a{l}[{j}]", f"a{l}[{j}]"), 3))
            for (l, j), (x, y) in places.items()
        ],
        edges=list(_edges(case, places)),
        layers=[(places[l, window[l][0]][0], _layer(case, l)) for l in shown],
        gaps=[
            (x, y + RADIUS + 24, f"{sizes[l] - len(window[l]):,} more")
            for (l, j), (x, y) in places.items()
            if len(window[l]) < sizes[l] and j == window[l][-1]
        ],
        left_out=_left_out(sizes, window),
    )


def _layer(case: Mapping[str, Any], l: int) -> str:
    return str(case["layers"][l - 1]["activation"]) if l else "inputs"


def _left_out(sizes: Sequence[int], window: Sequence[Sequence[int]]) -> str:
    shown = sum(map(len, window))
    return "" if shown == sum(sizes) else f"{shown:,} of {sum(sizes):,} units are drawn"


def _edges(case: Mapping[str, Any], places: Mapping[tuple[int, int], tuple[float, float]]) -> Iterator[Edge]:
    largest = max((abs(float(w)) for layer in case["layers"] for row in layer["weights"] for w in row), default=0)
    for (l, j), (x, y) in places.items():
        layer = case["layers"][l - 1] if l else None
        if layer is None:
            continue
        for (m, k), (x1, y1) in places.items():
            if m == l - 1:
                yield _edge(f"W{l}[{j},{k}]", (x1 + RADIUS, y1, x - RADIUS, y), layer["weights"][j - 1][k - 1], largest)
        if layer["bias"] is not None:
            ends = (x - RADIUS - 14, y - RADIUS - 12, x - 0.72 * RADIUS, y - 0.7 * RADIUS)
            yield _edge(f"b{l}[{j}]", ends, layer["bias"][j - 1], largest)


def _edge(name: str, ends: tuple[float, float, float, float], weight: Any, largest: float) -> Edge:
    share = min(abs(float(weight)) / largest, 1.0) if largest else 0.0
    sign = "plus" if float(weight) > 0 else "minus" if float(weight) < 0 else "none"
    return Edge(name, *ends, width=THIN + share * (THICK - THIN), sign=sign, weight=number(weight, 6))
