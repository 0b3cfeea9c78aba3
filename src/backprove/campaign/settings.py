"""What a campaign is to draw, and what of it can be drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hypothesis import strategies as st

from backprove.campaign.survey import Survey
from backprove.case import ACTIVATIONS, LOSSES, Case
from backprove.domains import DOMAINS, Domain
from backprove.errors import BackproveError
from backprove.generate import MAX_BATCH, MAX_LAYERS, MAX_WIDTH, cases, losses_for, supported


@dataclass(frozen=True)
class Settings:
    """What to draw. `seconds` None: exactly `networks` in every domain; else as many as the time allows.

    Networks have 1 … max_layers weight layers, layers 1 … max_width units, batches 1 … max_batch samples. The same
    settings draw the same networks, but for how many fit into `seconds`.
    """

    networks: int = 200
    seconds: float | None = None
    seed: int = 0
    max_layers: int = MAX_LAYERS
    max_width: int = MAX_WIDTH
    max_batch: int = MAX_BATCH
    activations: tuple[str, ...] = ACTIVATIONS
    losses: tuple[str, ...] = LOSSES
    domains: tuple[str, ...] = tuple(DOMAINS)

    def said(self) -> dict[str, Any]:
        """The settings as the report states them."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "seed"}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v is not None}


def strategy(settings: Settings, domain: str) -> st.SearchStrategy[Case]:
    """The networks of one domain. Raises ValueError where there are none."""
    return cases(
        max_layers=settings.max_layers,
        max_width=settings.max_width,
        max_batch=settings.max_batch,
        activations=settings.activations,
        losses=settings.losses,
        domain=domain,
    )


def usable(settings: Settings) -> tuple[list[str], list[str]]:
    """(the domains in which there is something to draw, what is not covered and why).

    Raises BackproveError where there is no such domain, or none is left.
    """
    found, not_covered = [], []
    for name in settings.domains:
        if name not in DOMAINS:
            raise BackproveError(f"domains: {name!r} is not one of {', '.join(DOMAINS)}")
        if missing := DOMAINS[name].missing():
            not_covered.append(f"{name}: {missing}")
            continue
        try:
            strategy(settings, name)
        except ValueError as error:
            not_covered.append(f"{name}: nothing, {error}")
            continue
        found.append(name)
        not_covered += _lacks(DOMAINS[name], settings)
    if not found:
        raise BackproveError("nothing to compare: " + "; ".join(not_covered))
    return found, not_covered


def _lacks(domain: Domain, settings: Settings) -> list[str]:
    able = supported(domain, settings.activations)
    missing = [name for name in settings.activations if name not in able]
    lines = []
    if missing:
        lines.append(f"{domain.name}: activations {', '.join(missing)} (their functions are not {domain.name})")
    losses = {loss for name in able for loss in losses_for(name, settings.max_width, settings.losses, domain)}
    if rest := [loss for loss in settings.losses if loss not in losses]:
        lines.append(f"{domain.name}: losses {', '.join(rest)} (no output activation gives them a value)")
    return lines


def left_out(settings: Settings, surveys: Sequence[Survey]) -> Iterable[str]:
    """What a campaign left to others to look at."""
    for name in DOMAINS:
        if name not in settings.domains:
            yield f"{name}: left out"
    for survey in surveys:
        if not survey.networks:
            yield f"{survey.domain.name}: everything, for lack of time"
    free = any(survey.networks and survey.domain.modulus for survey in surveys)
    if any(name.endswith("cross_entropy") for name in settings.losses) and not free:
        yield "classification targets that do not sum to 1"
    yield "weights, inputs and architectures other than those drawn"
