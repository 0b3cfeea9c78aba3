"""Searching for one planted fault, and what the search ends with, as plain data."""

from typing import Any

import hypothesis
from hypothesis.strategies import SearchStrategy

from backprove.campaign import Settings, search
from backprove.case import Case
from backprove.findings import Report
from quality.faults import Fault, with_fault


def look_for(fault: Fault, *, seed: int = 1, domain: str | None = None) -> Report:
    """As many networks as the fault may hide among, in one domain; what disagrees is shrunk."""
    return search(Settings(networks=fault.within, seed=seed, domains=(domain or fault.domains[0],)), with_fault(fault))


def minimum(report: Report) -> dict[str, Any]:
    """The shrunk case of the commonest disagreement, where it shows, and who stands apart."""
    found = report.disagreements[0]
    return {"address": found.address, "groups": found.groups, "case": found.case}


def said(case: dict[str, Any]) -> str:
    """A case file in one line: activations, numbers, loss."""
    layers = " ".join(
        f"{x['activation']} {x['weights']}{'' if x['bias'] is None else ' + ' + str(x['bias'])}" for x in case["layers"]
    )
    rest = f"{case['inputs']} -> {case['targets']} {case['loss']['scale']} {case['loss']['name']} {case['reduction']}"
    return f"{layers}; {rest}{' kink ' + case['kink'] if 'kink' in case else ''}".replace(".0", "")


def draw(strategy: SearchStrategy[Case], networks: int, seed: int) -> list[Case]:
    """That many cases of a strategy, the same for the same seed."""
    drawn: list[Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=networks,
        derandomize=False,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def keep(case: Case) -> None:
        drawn.append(case)

    keep()
    return drawn
