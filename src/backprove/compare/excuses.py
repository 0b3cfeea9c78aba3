"""Differences that are no disagreement: where the loss has no value, beyond the range, or at a kink."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backprove.case import Case
from backprove.compare.comparison import Pair
from backprove.domains import DOMAINS, Array, Domain, Modular
from backprove.outcome import Mask, Outcome
from backprove.rounding import Analysis, Subgradients, analyse, exact_zeros, inside, subgradients
from backprove.verdict import Verdict

# What Python's own numbers raise where hardware's give infinity or NaN.
ARITHMETIC = {"raised ZeroDivisionError", "raised OverflowError", "raised FloatingPointError"}


NO_VALUE = "the formulas have no value there"


def beyond(case: Case, domain: Domain, outcomes: Mapping[str, Outcome], analysis: Analysis | None) -> str:
    """Why arithmetic errors of the engines are none of their own, or ""."""
    if domain.modulus:
        divided = all(o.kind == "raised ZeroDivisionError" for o in outcomes.values())
        return NO_VALUE if divided or not case.modulus else ""
    if analysis is not None and domain.unit_roundoff is not None and not _settled(analysis, domain):
        return "range"
    return ""


def excuse(
    case: Case, domain: Domain, values: dict[str, Array], pairs: list[Pair], analysis: Analysis | None
) -> tuple[dict[str, int], Subgradients | None]:
    """Turn the verdicts on what is no disagreement into UNDECIDED.

    Returns the reasons with their entries, and the intervals of the entries at kinks where these were asked for.
    """
    counts: dict[str, int] = {}

    def undecided(reason: str, pair: Pair, where: Mask) -> None:
        pair.verdicts[where & pair.compared] = Verdict.UNDECIDED
        counts[reason] = max(counts.get(reason, 0), int((where & pair.compared).sum()))

    undefined = ""
    if case.loss.name.endswith("cross_entropy") and not domain.modulus:
        analysis = analysis or analyse(case, DOMAINS["float64"])
        undefined = analysis.undefined()
    interval: Subgradients | None = None
    for pair in pairs:
        differs = pair.verdicts == Verdict.DISAGREE
        if undefined:
            undecided(undefined, pair, pair.compared)
        elif (pair.verdicts == Verdict.UNDECIDED).any():
            undecided("an enclosure stayed wide", pair, pair.verdicts == Verdict.UNDECIDED)
        if undefined or not differs.any():
            continue
        if isinstance(domain, Modular):
            if domain.ties:  # a field has no intervals
                undecided("kink", pair, differs)
            continue
        if domain.unit_roundoff is not None and analysis is not None and not _within_range(analysis, domain):
            undecided("range", pair, differs)
            continue
        interval = interval or _interval(case, domain)
        first, second = _floats(values[pair.first]), _floats(values[pair.second])
        wide = interval if pair.blur is None else replace(interval, radius=interval.radius + pair.blur)
        undecided("kink", pair, differs & inside(first, second, wide))
    return {reason: count for reason, count in counts.items() if count}, interval


def _interval(case: Case, domain: Domain) -> Subgradients:
    """What the entries may be at the kinks of a case; for a domain that does not round, at exact zeros only."""
    if domain.unit_roundoff is not None:
        return subgradients(case, domain)
    return subgradients(case, DOMAINS["float64"], exact_zeros(case))


def _settled(analysis: Analysis, domain: Domain) -> bool:
    """Whether the loss has a value and the range of the numbers holds the computation."""
    return not analysis.undefined() and _within_range(analysis, domain)


def _floats(values: Array) -> Array:
    """Numbers of any domain as float64; what is beyond its range is infinite."""

    def nearest(x: object) -> float:
        try:
            return float(x)  # type: ignore[arg-type]
        except OverflowError:
            return float("inf")

    return np.array([nearest(x) for x in values], dtype=np.float64)


def _within_range(analysis: Analysis, domain: Domain) -> bool:
    """Whether the precision's range holds the whole computation, intermediate values included."""
    passed = [*analysis.z, *analysis.a, *analysis.delta, *analysis.loss_gradient[:-1], *analysis.weights]
    fits = all(np.isfinite(v.radius).all() and (np.abs(v.value) + v.radius < domain.huge).all() for v in passed)
    return fits and analysis.largest < domain.huge
