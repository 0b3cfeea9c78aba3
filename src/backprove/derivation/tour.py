"""A network to be looked at: the derivations of its entries, and the order in which the engines worked them out."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import structs

from backprove.case import Address, Case, Trace, case_to, position
from backprove.derivation import orders, routes
from backprove.derivation.derive import alone, check, derive, derive_each, too_many
from backprove.derivation.runs import MOST_PATHS, Runs, forward, recorded_runs
from backprove.findings import Derivation, Moment, Tour, plain

MOST_UNITS = 12  # of a layer that are shown
MOST_LAYERS = 8  # that are shown, those around the chosen entry
MOST_DERIVED = 80  # entries
MOST_NUMBERS = 2_000  # weights times samples, up to which all entries that are shown are derived


def tour(case: Case, chosen: Address, *, sample: int = 1, derived: Derivation | None = None) -> Tour:
    """The network around an entry. `derived`: its derivation, where it was made already (of a delta, say).

    In small networks every entry that is shown is derived, in others the chosen one alone. Raises as `derive` does.
    """
    check(case, chosen, sample)
    if too_many(case):
        whole = derived or derive(case, chosen, sample=sample)
        one = tour(alone(case, sample), chosen, derived=whole)
        left = [*one.left_out, f"samples other than {sample}: of so many numbers the others' are not kept"]
        return structs.replace(one, case=case_to(case), sample=sample, samples=len(case.inputs), left_out=left)
    with np.errstate(all="ignore"):
        trace, N = forward(case), len(case.inputs)
        window = _window(case, chosen)
        shown = list(orders.entries(case, window))
        count = _paths(case, trace)
        small = N * sum(layer.weights.size for layer in case.layers) <= MOST_NUMBERS
        every = small and len(shown) <= MOST_DERIVED and count <= MOST_PATHS
        runs = recorded_runs(case, None if every else chosen, count if every else _paths_of(case, trace, chosen.layer))
        found = list(derive_each(runs, shown, sample=sample)) if every else []
        if derived is None:
            derived = next((d for d in found if d.entry == chosen.label), None) or derive(case, chosen, sample=sample)
        found = [d for d in found if d.entry != derived.entry] + [derived]
        return Tour(
            case=case_to(case),
            title=case.title,
            source=case.source,
            sample=sample,
            samples=N,
            window=[list(units) for units in window],
            units=dict(_units(runs, trace, sample - 1, window)),
            gradients=dict(_gradients(runs, shown)),
            chosen=derived.entry,
            derivations=found,
            orders=_orders(runs, sample - 1, window, found),
            left_out=list(_left_out(case, window, every, len(shown))),
        )


def _paths(case: Case, trace: Trace) -> int:
    """From all weights and biases to the loss, for all samples."""
    layers = enumerate(case.layers, 1)
    return sum(_paths_of(case, trace, l) * (c.weights.size + (c.bias is not None) * len(c.weights)) for l, c in layers)


def _paths_of(case: Case, trace: Trace, layer: int) -> int:
    return len(case.inputs) * math.prod(routes.branches(case, trace, layer - 1))


def _window(case: Case, chosen: Address) -> list[list[int]]:
    """As many units a layer as can be looked at, those around the chosen entry; none of layers far from it."""
    first = max(0, min(chosen.layer - MOST_LAYERS // 2, len(case.sizes) - MOST_LAYERS))
    marked = {chosen.layer: chosen.to, chosen.layer - 1: chosen.from_ or 1}
    most = MOST_UNITS
    while True:
        window = [
            _around(size, marked.get(l, 1), most) if first <= l < first + MOST_LAYERS else []
            for l, size in enumerate(case.sizes)
        ]
        if most <= 3 or sum(1 for _ in orders.entries(case, window)) <= MOST_DERIVED:
            return window
        most -= 1


def _around(size: int, marked: int, most: int) -> list[int]:
    start = max(1, min(marked - most // 2, size - most + 1))
    return list(range(start, min(size, start + most - 1) + 1))


def _units(runs: Runs, trace: Trace, n: int, window: orders.Window) -> Iterator[tuple[str, float | str]]:
    for k in window[0]:
        yield f"a0[{k}]", plain(runs.case.inputs[n, k - 1])
    of_matrix = runs.gradients["matrix"].trace if "matrix" in runs.gradients else None
    for l in range(1, len(window)):
        for j in window[l]:
            yield f"z{l}[{j}]", plain(float(trace.z[l - 1][n][j - 1]) + 0.0)
            yield f"a{l}[{j}]", plain(float(trace.a[l - 1][n][j - 1]) + 0.0)
            if of_matrix is not None:
                yield f"delta{l}[{j}]", plain(float(of_matrix.delta[l - 1][n][j - 1]) + 0.0)
    yield from ((f"t[{k}]", plain(runs.case.targets[n, k - 1])) for k in window[-1])


def _gradients(runs: Runs, shown: Sequence[Address]) -> Iterator[tuple[str, float | str]]:
    values = runs.found.outcomes["matrix"].values
    if values is None:
        return
    for entry in shown:
        yield entry.label, plain(values[position(runs.case, entry)] + 0.0)


def _orders(runs: Runs, n: int, window: orders.Window, derived: Sequence[Derivation]) -> dict[str, list[Moment]]:
    found = {}
    for name, order in (("neuron", orders.neuron), ("matrix", orders.matrix)):
        if name in runs.gradients:
            found[name] = order(runs.gradients[name], runs.case, n, window)
    if "paths" in runs.gradients:
        found["paths"] = orders.paths(runs.gradients["paths"], runs.case, n, window, derived)
    return found


def _left_out(case: Case, window: orders.Window, every: bool, shown: int) -> Iterator[str]:
    units = sum(case.sizes) - sum(map(len, window))
    if units:
        yield f"{units:,} of {sum(case.sizes):,} units: the part around the chosen weight is shown"
    if not every:
        yield f"{shown - 1:,} entries of this part have no derivation here: the network is too large for all of them"
    if case.entries > shown:
        yield f"{case.entries - shown:,} of {case.entries:,} entries"
    if not every:
        yield f"the order of engine paths, but for the chosen entry (at most {MOST_PATHS:,} paths are kept one by one)"
