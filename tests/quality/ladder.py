"""Which rung of the ladder of evidence catches which planted fault, each rung left to itself.

The first five are domains of numbers: the faulty engine beside the two sound ones. For the last, the loss itself, the
faulty engine stands beside itself, so that nobody but the oracles can object. A mistake in all three engines is looked
for as it is. All rungs search NETWORKS networks, drawn for their domain.

    python -m quality.record_ladder (in tests/)    writes ladder.json anew
    python tests/measure.py ladder                 prints it as a table
"""

from functools import cache
from typing import NamedTuple

from backprove.campaign import look
from backprove.case import Case
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.generate import cases
from backprove.outcome import run
from backprove.verdict import Verdict
from quality.common_mode import MISTAKES, Common, with_common
from quality.faults import FAULTS, OVERFLOWING, Fault, mutant, with_fault
from quality.hunt import draw

NETWORKS, SEED = 200, 1

Cell = int | str
"""The first network, counted from 1, on which a fault was found; or one of the words below."""
NOT_FOUND = "not found"
"""The faulty engines' answers are others than the sound ones', and nobody objects."""
UNDECIDED = "undecided"
"""Not found, and left undecided where sound engines agree."""
NO_EFFECT = "no effect"
"""The faulty engines' answers are the sound ones', digit for digit."""

RUNGS = {
    "float64": "rounding (float64)",
    "float32": "rounding (float32)",
    "rational": "exact (rational)",
    "ball": "enclosed (ball)",
    "modular": "certificate (modular)",
    "oracles": "the loss itself (oracles)",
}
IN_ALL = ", in all three"

SUBJECTS: dict[str, Fault | Common] = {f.name: f for f in (*FAULTS, OVERFLOWING)} | {
    m.name + IN_ALL: m for m in MISTAKES
}


class Stand(NamedTuple):
    """The engines that stand beside one another, and of each faulty one the sound engine that it was."""

    engines: dict[str, Engine]
    was: dict[str, Engine]


def stand(subject: Fault | Common, rung: str) -> Stand:
    if isinstance(subject, Common):
        return Stand(with_common(subject), ENGINES)
    engine, sound = mutant(subject), ENGINES[subject.engine]
    if rung == "oracles":
        return Stand({"once": engine, "again": engine}, {"once": sound})
    return Stand(with_fault(subject), {subject.engine: sound})


def domain_of(rung: str) -> str:
    return "float64" if rung == "oracles" else rung


@cache
def drawn(domain: str) -> list[Case]:
    """The networks that every fault is looked for on."""
    return draw(cases(domain=domain), NETWORKS, SEED)


def search(subject: Fault | Common, rung: str, first: int = 1, last: int = NETWORKS) -> Cell:
    """What a rung by itself makes of a fault, on its networks `first` … `last`."""
    here, domain, word = stand(subject, rung), DOMAINS[domain_of(rung)], NO_EFFECT
    for number, case in enumerate(drawn(domain.name)[first - 1 : last], first):
        seen = look(case, domain, here.engines)
        verdict = seen.comparison.verdict
        if seen.objecting if rung == "oracles" else verdict is Verdict.DISAGREE:
            return number
        if word == NO_EFFECT and has_effect(here, case, domain):
            word = NOT_FOUND
        if word == NOT_FOUND and verdict is Verdict.UNDECIDED:
            word = UNDECIDED if look(case, domain, ENGINES).comparison.verdict is Verdict.AGREE else word
    return word


def has_effect(here: Stand, case: Case, domain: Domain) -> bool:
    """Whether any faulty engine's answer differs from what it was in any digit."""
    return any(
        _answer(here.engines[name], case, domain) != _answer(sound, case, domain) for name, sound in here.was.items()
    )


def _answer(engine: Engine, case: Case, domain: Domain) -> list[str]:
    with domain.context():
        outcome = run(engine, case, domain.anew())
        values = [] if outcome.values is None else [repr(x) for x in outcome.values]
    return [*values, outcome.failure, outcome.refused]


def climb(subject: Fault | Common) -> dict[str, Cell]:
    """Every rung's cell for one fault."""
    return {rung: search(subject, rung) for rung in RUNGS}
