"""From an architecture to a certificate that formulations compute the same gradient, or to a witness that they do not.

Formulations run unchanged in the domain `modular`: with one sample at every pattern of gates (which units are above
their kink), and with a batch under every reduction at random ones, all at uniformly random points of the field. Where
they agree everywhere, they are the same rational function for each of these patterns, except with probability at most
(d / p)^points: d bounds the degrees that the very operations of the run gave rise to (domains/modular.py).
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backprove.campaign import Look, disagreement
from backprove.case import MODULUS, REDUCTIONS, Case
from backprove.certificate.points import (
    CONDITIONS,
    TARGETS_SUM_TO_1,
    Architecture,
    one_sample,
    point,
    summed,
    uniform,
)
from backprove.compare import NO_VALUE, Comparison, compare
from backprove.domains import DOMAINS, Modular
from backprove.engines import Engine
from backprove.findings import Certificate, GatePatterns
from backprove.formulations import y_minus_t
from backprove.generate import plainer
from backprove.verdict import Verdict

POINTS = 2
SAMPLES = 3
MAX_PATTERNS = 256
ALL_UP = (True,) * 10_000  # gates for a batch, where the loss has no value behind a relu that is down
WHERE_VALUED = "the loss has a value"
TRIES = 1000  # points at which a witness is looked for again


@dataclass(frozen=True)
class Statement:
    """What is to be proved: the formulations agree on an architecture with a loss, under conditions on the point."""

    architecture: Architecture
    loss: str
    conditions: tuple[str, ...] = ()

    def at(self, case: Case) -> Case:
        for name in self.conditions:
            case = CONDITIONS[name](case)
        return case


@dataclass
class _Evidence:
    """What testing a statement came to. `against` is the comparison that refutes it."""

    degree: int = 0
    patterns: int = 0
    gates: int = 0
    valueless: int = 0
    against: Comparison | None = None
    doubt: str = ""
    uncovered: list[str] = field(default_factory=list)


def _patterns(most: int, run: Callable[[tuple[bool, ...]], Modular], random: np.random.Generator) -> Iterator[None]:
    """Run at every pattern of gates, as the gates come up; above `most` patterns, at so many random ones."""
    first = run(())
    gates = len(first.gates)
    yield
    if 2**gates > most:
        for _ in range(most - 1):
            run(tuple(bool(bit) for bit in random.integers(0, 2, size=gates)))
            yield
        return
    waiting = _others((), first)
    while waiting:
        script = waiting.pop()
        waiting += _others(script, run(script))
        yield


def _others(script: tuple[bool, ...], seen: Modular) -> list[tuple[bool, ...]]:
    """The patterns that branch off after `script` from the one that was seen."""
    bits = tuple(seen.answers)
    return [(*bits[:i], not bits[i]) for i in range(len(script), len(bits))]


def _test(statement: Statement, engines: Mapping[str, Engine], points: int, most: int, seed: int) -> _Evidence:
    found = _Evidence()
    random = np.random.default_rng([seed, 1])

    def look(case: Case, domain: Modular) -> Comparison:
        comparison = compare(statement.at(case), domain, engines)
        found.degree = max(found.degree, comparison.degree)
        if comparison.verdict is Verdict.DISAGREE:
            found.against = found.against or comparison
        elif NO_VALUE in comparison.reasons:
            found.valueless += 1
            return comparison
        elif comparison.verdict is Verdict.UNDECIDED:
            found.doubt = found.doubt or _doubt(comparison)
        found.uncovered += [line for line in _unanswered(comparison) if line not in found.uncovered]
        return comparison

    architecture, loss, draw = statement.architecture, statement.loss, uniform(np.random.default_rng([seed, 0]))
    for i, reduction in itertools.product(range(points), REDUCTIONS):
        for gates in ((), ALL_UP):
            case = point(architecture, loss, draw, samples=SAMPLES, reduction=reduction)
            if NO_VALUE not in look(case, Modular(f"{seed} {i}", gates)).reasons:
                break
        else:
            found.uncovered.append(f"{reduction} over {SAMPLES} samples: the loss had a value at no point tried")
        if found.against:
            return found
    for i in range(points):

        def run(script: tuple[bool, ...], key: str = f"{seed} gates {i}") -> Modular:
            domain = look(point(architecture, loss, draw), Modular(key, script)).domain
            assert isinstance(domain, Modular)
            found.gates = max(found.gates, len(domain.gates))
            return domain

        for count, _ in enumerate(_patterns(most, run, random), 1):
            found.patterns = count
            if found.against:
                return found
    return found


def _doubt(comparison: Comparison) -> str:
    return "; ".join(comparison.reasons) or "nothing was compared"


def _unanswered(comparison: Comparison) -> list[str]:
    lines = [f"{name}: {o.refused}" for name, o in comparison.outcomes.items() if o.refused]
    return lines + [f"{name}: {o.said}" for name, o in comparison.outcomes.items() if o.said and name != y_minus_t.NAME]


def certify(
    statement: Statement,
    engines: Mapping[str, Engine],
    *,
    points: int = POINTS,
    patterns: int = MAX_PATTERNS,
    seed: int = 0,
    free: bool = False,
) -> Certificate:
    """A certificate for one architecture and loss, or a witness against it.

    Where the statement fails for all targets but holds for such as sum to 1 in each sample, that is its precondition
    (`free`: none is allowed). A failing statement is tried under further conditions, to say what it takes to hold.
    """
    output = statement.architecture.activations[-1]
    if (output, statement.loss) in y_minus_t.CLAIMED:
        engines = {**engines, y_minus_t.NAME: y_minus_t.engine}
    found, held = _test(statement, engines, points, patterns, seed), statement
    refuted = found.against
    holds_if: list[str] = []
    if refuted and statement.loss.endswith("cross_entropy") and not free:
        conditional = Statement(statement.architecture, statement.loss, (*statement.conditions, TARGETS_SUM_TO_1))
        again = _test(conditional, engines, points, patterns, seed)
        if not again.against and not again.doubt:
            found, held = again, conditional
    if found.against:
        holds_if = [name for name in CONDITIONS if _holds(statement, name, engines, patterns, seed)]
    witness = _witness(statement, engines, refuted, seed) if refuted else None
    verdict = Verdict.DISAGREE if found.against else Verdict.UNDECIDED if found.doubt else Verdict.AGREE
    return Certificate(
        layers=list(statement.architecture.sizes),
        activations=list(statement.architecture.activations),
        loss=statement.loss,
        verdict=verdict.name,
        formulations=list(engines),
        degree=found.degree,
        points=points,
        false_agreement_probability=(found.degree / MODULUS) ** points if verdict is Verdict.AGREE else None,
        preconditions=[*held.conditions, *([WHERE_VALUED] if found.valueless else [])],
        gate_patterns=GatePatterns(tested=found.patterns, of=2**found.gates),
        holds_if=holds_if,
        witness=disagreement(Look(witness)) if witness else None,
        undecided=found.doubt,
        not_covered=found.uncovered,
    )


def _holds(statement: Statement, condition: str, engines: Mapping[str, Engine], patterns: int, seed: int) -> bool:
    conditional = Statement(statement.architecture, statement.loss, (*statement.conditions, condition))
    found = _test(conditional, engines, 1, patterns, seed)
    return not found.against and not found.doubt


def _witness(statement: Statement, engines: Mapping[str, Engine], refuted: Comparison, seed: int) -> Comparison:
    """The refutation where `backprove replay` sees it too: at small whole numbers, or else at any point."""
    draw = uniform(np.random.default_rng([seed, 2]))
    drawn = (point(statement.architecture, statement.loss, draw) for _ in range(TRIES))
    for case in (*plainer(summed(one_sample(refuted.case))), *plainer(refuted.case), refuted.case, *drawn):
        comparison = compare(statement.at(case), DOMAINS["modular"], engines)
        if comparison.verdict is Verdict.DISAGREE and comparison.groups == refuted.groups:
            return comparison
    return refuted


def prove(
    wanted: Sequence[Statement],
    engines: Mapping[str, Engine],
    *,
    points: int = POINTS,
    patterns: int = MAX_PATTERNS,
    seed: int = 0,
    free: bool = False,
) -> Iterator[Certificate]:
    """A certificate for each statement."""
    for statement in wanted:
        yield certify(statement, engines, points=points, patterns=patterns, seed=seed, free=free)
