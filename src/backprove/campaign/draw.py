"""Networks drawn from a strategy, each run with a seed of its own; and the smallest that shows something."""

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from backprove.case import Case
from backprove.errors import BackproveError

SHRINK_SECONDS = 30


class _Found(Exception):
    """Raised to tell Hypothesis that a network shows what is looked for."""


def explore(
    strategy: st.SearchStrategy[Case], seed: int, networks: int, visit: Callable[[Case], None], shrink: bool
) -> None:
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=networks,
        database=None,
        deadline=None,
        derandomize=False,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @hypothesis.given(strategy)
    def look(case: Case) -> None:
        visit(case)

    try:
        look()
    except hypothesis.errors.Unsatisfiable:
        raise BackproveError("no network can be drawn that is all of what was asked for") from None


_Shown = TypeVar("_Shown")


def smallest(
    strategy: st.SearchStrategy[Case],
    seed: int,
    networks: int,
    shows: Callable[[Case], _Shown | None],
    *,
    seconds: float = SHRINK_SECONDS,
) -> _Shown | None:
    """Draw so many networks and let Hypothesis shrink the first of which `shows` gives something: that of the smallest.

    No more networks are tried when, after the first find, the time is over.
    """
    found: list[_Shown] = []
    end = time.perf_counter() + seconds

    def visit(case: Case) -> None:
        if found and time.perf_counter() > end:
            return
        if (seen := shows(case)) is not None:
            found[:] = [seen]
            raise _Found

    # What answers differently each time makes Hypothesis complain; the last find stands.
    with contextlib.suppress(_Found, hypothesis.errors.HypothesisException, ExceptionGroup):
        explore(strategy, seed, networks, visit, shrink=True)
    return found[0] if found else None


def shard_seed(seed: int, domain: str, shard: int) -> int:
    """A seed of its own for every shard, whatever the other settings."""
    return int.from_bytes(hashlib.sha256(f"{seed} {domain} {shard}".encode()).digest()[:8], "big")
