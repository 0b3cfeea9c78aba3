"""The smallest network on which a candidate is wrong in the same way."""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import hypothesis

from backprove.campaign import explore
from backprove.candidate import Answering, Declaration
from backprove.case import Case
from backprove.check.subject import Seen, see, strategy
from backprove.check.survey import FACTORS, Survey, again
from backprove.generate import scaled
from backprove.mistakes import Planted
from backprove.mistakes.network import Network
from backprove.weakness import weakness

NETWORKS = 60
CALLS = 1500
SECONDS = 10.0


class _Same(Exception):
    """Raised to tell Hypothesis that a network shows what is looked for."""


class _Enough(BaseException):
    """Raised to end the search, which an Exception does not."""


def smallest(
    candidate: Answering,
    declaration: Declaration,
    settings: Mapping[str, Any],
    seed: int,
    found: Survey,
    planted: tuple[Planted, ...],
) -> Seen | None:
    """Hypothesis's shrinking of the first wrong network, as long as it fails in the same way or the same mistakes
    reproduce its numbers; after CALLS calls, or SECONDS, the smallest so far.
    """
    first = found.failure or found.first_wrong
    if first is None:
        return None
    if first.answer.kind == "timeout":  # another call takes as long
        return first
    weigh = any(one.weakness for one in found.every)
    factor = 1.0 if any(one is first for one in found.seen) else max(FACTORS)
    best, end, calls = first, time.perf_counter() + SECONDS, 0

    def visit(case: Case) -> None:
        nonlocal best, calls
        calls += 1
        if calls > CALLS or time.perf_counter() > end:
            raise _Enough
        one = see(candidate, scaled(case, factor) if factor > 1 else case, candidate.spec)
        if not one.wrong or one.answer.kind != first.answer.kind:
            return
        if planted and not _reproduced(one, planted):
            return
        if weigh and not planted and one.answer.values is not None and weakness(one.comparison, again(candidate)):
            return
        best = one
        raise _Same

    with contextlib.suppress(_Same, _Enough, hypothesis.errors.HypothesisException, ExceptionGroup):
        explore(strategy(declaration, settings, found.kink), seed, NETWORKS, visit, shrink=True)
    return best


def _reproduced(one: Seen, planted: tuple[Planted, ...]) -> bool:
    if one.answer.values is None:
        return False
    network = Network(one.case, one.answer.values, one.comparison.domain, one.answer.blur(one.case))
    return network.reproduces(planted)
