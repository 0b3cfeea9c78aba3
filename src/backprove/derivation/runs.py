"""The engines' runs on one case, recorded and plain, with the comparator's verdict on all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backprove.case import Address, Case, Gradient, Trace, position
from backprove.compare import Comparison, compare
from backprove.derivation.recorded import RecordedFloat64
from backprove.domains import DOMAINS, Domain
from backprove.engines import Engine, matrix, neuron, paths
from backprove.findings import plain
from backprove.verdict import Verdict

MOST_PATHS = paths.BLOCK  # that are recorded one by one
PLAIN = ", plain"
"""Behind the name of an engine whose run is not recorded."""
FLOAT64 = DOMAINS["float64"]


@dataclass(frozen=True)
class Runs:
    """What the engines gave back over recorded numbers, and the comparison of those runs with the ones without record.

    Of `paths` there is one only where it could multiply out so many paths, and none recorded of more than MOST_PATHS.
    """

    case: Case
    found: Comparison
    gradients: Mapping[str, Gradient]


def recorded_runs(case: Case, only: Address | None, count: int) -> Runs:
    """`only`: the one entry that `paths` expands; None: all. `count`: its paths."""
    gradients: dict[str, Gradient] = {}
    unwatched = plain_engines(only, count)
    engines = {
        name: _recording(engine, name, gradients)
        for name, engine in unwatched.items()
        if name != "paths" or count <= MOST_PATHS
    }
    # The runs without record stand beside: what is shown must be what the engines do without being watched.
    found = compare(case, FLOAT64, {**unwatched, **engines, **{f"{k}{PLAIN}": e for k, e in unwatched.items()}})
    return Runs(case, found, gradients)


def plain_engines(only: Address | None, count: int) -> dict[str, Engine]:
    """The engines, `paths` only where it can multiply out so many paths."""
    engines: dict[str, Engine] = {"neuron": neuron.engine, "matrix": matrix.engine}
    if count <= paths.BUDGET["hardware"]:
        engines["paths"] = partial(paths.engine, only=only)
    return engines


def forward(case: Case) -> Trace:
    """What engine `paths` has before it expands anything."""
    trace = paths.engine(case, FLOAT64, budget=0).trace
    assert trace is not None
    return trace


def _recording(engine: Engine, name: str, kept: dict[str, Gradient]) -> Engine:
    """The engine over recorded numbers, whose run is kept; it answers with their values."""

    def recorded(case: Case, domain: Domain) -> Gradient:
        found = engine(case, RecordedFloat64(case))
        kept[name] = found

        def floats(block: Any) -> Any:
            return None if block is None else np.vectorize(float, otypes=[np.float64])(np.asarray(block, dtype=object))

        return Gradient([floats(W) for W in found.weights], [floats(b) for b in found.biases], expanded=found.expanded)

    return recorded


def judged(case: Case, entry: Address, found: Comparison) -> dict[str, Any]:
    """What the comparator says of one entry."""
    at = position(case, entry)
    values = {name: o.values[at] + 0.0 for name, o in found.outcomes.items() if o.values is not None}
    failures = {name: o.failure or o.refused for name, o in found.outcomes.items() if o.values is None}
    pairs = [pair for pair in found.pairs if pair.compared[at]]
    verdict = Verdict.of(int(pair.verdicts[at]) for pair in pairs) if pairs else Verdict.UNDECIDED
    apart = {(p.first, p.second) for p in pairs if p.verdicts[at] == Verdict.DISAGREE}
    shown = {
        name: value
        for name, value in values.items()
        if not name.endswith(PLAIN) or (name.removesuffix(PLAIN), name) in apart
    }
    numbers = list(shown.values())
    return {
        "verdict": (Verdict.DISAGREE if found.failures else verdict).name,
        "values": {name: plain(value) for name, value in shown.items()},
        "failures": {name: why for name, why in failures.items() if not name.endswith(PLAIN)},
        "difference": plain(max(numbers) - min(numbers)) if numbers else None,
        "radius": plain(2 * found.radius[at]),
        "fraction": plain(max((pair.fraction[at] for pair in pairs), default=float("nan"))),
        "undecided": list(found.reasons) if verdict is Verdict.UNDECIDED and not found.failures else [],
    }
