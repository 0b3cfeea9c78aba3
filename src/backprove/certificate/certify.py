"""From an architecture to a certificate that formulations compute the same gradient, or to a witness that they do not.

Formulations run unchanged in the domain `modular`: with one sample at every pattern of gates (which units are above
their kink), and with a batch under every reduction at random ones, all at uniformly random points of the field. Where
they agree everywhere, they are the same rational function for each of these patterns, except with probability at most
(d / p)^points: d bounds the degrees that the very operations of the run gave rise to (domains/modular.py).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from backprove.campaign import Look, disagreement
from backprove.case import MODULUS, REDUCTIONS, Case
from backprove.certificate.points import (
    CONDITIONS,
    TARGETS_SUM_TO_1,
    Architecture,
    Draw,
    one_sample,
    point,
    summed,
    uniform,
    with_bias,
)
from backprove.compare import NO_VALUE, Comparison, compare
from backprove.domains import DOMAINS, Modular
from backprove.domains.residue import Residue
from backprove.engines import Engine, matrix
from backprove.findings import Certificate, GatePatterns
from backprove.formulations import y_minus_t
from backprove.generate import plainer
from backprove.verdict import Verdict

POINTS = 2
SAMPLES = 3
MAX_PATTERNS = 256
CERTAIN = 1e-6  # a certificate whose chance of being false is larger than this is none
ALL_UP = (True,) * 10_000  # gates for a batch, where the loss has no value behind a relu that is down
WHERE_VALUED = "the loss has a value"
TRIES = 100  # points at which a witness is looked for again

Tick = Callable[[], None]
Pattern = tuple[bool, ...]
"""What the gates answer, in the order in which they are asked."""


@dataclass(frozen=True)
class Statement:
    """What is to be proved: the formulations agree on an architecture with a loss, under conditions on the point."""

    architecture: Architecture
    loss: str
    conditions: tuple[str, ...] = ()

    def under(self, condition: str) -> "Statement":
        return replace(self, conditions=(*self.conditions, condition))

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
    all_patterns: bool = True
    valued: int = 0
    valueless: int = 0
    against: Comparison | None = None
    doubt: str = ""
    uncovered: list[str] = field(default_factory=list)


class _Refuted(Exception):
    """There is no need to go on."""


def _patterns(most: int, run: Callable[[Pattern], Pattern], random: np.random.Generator) -> tuple[list[Pattern], bool]:
    """Run at every pattern of gates, as the gates come up; above `most` patterns, at so many different random ones.

    The patterns, and whether these are all that there are.
    """
    seen = [run(())]
    gates = len(seen[0])
    if 2**gates > most:
        wanted = dict.fromkeys(seen)
        while len(wanted) < most:
            wanted[tuple(bit == 1 for bit in random.integers(0, 2, size=gates).tolist())] = None
        return [*seen, *map(run, list(wanted)[1:])], False
    waiting = _others(0, seen[0])
    while waiting and len(seen) < most:
        script = waiting.pop()
        seen.append(run(script))
        waiting += _others(len(script), seen[-1])
    return seen, not waiting


def _others(asked: int, seen: Pattern) -> list[Pattern]:
    """The patterns that branch off after the first gates, which were asked for, from the one that was seen."""
    return [(*seen[:i], not seen[i]) for i in range(asked, len(seen))]


def _test(
    statement: Statement, engines: Mapping[str, Engine], points: int, most: int, seed: int, tick: Tick
) -> _Evidence:
    """At `points` points each: batches under every reduction, one sample at every pattern of gates.

    The gates that answered at random at the first point answer so at the others too: the probability of a false
    agreement is one for each pattern.
    """
    found = _Evidence()
    architecture, loss, draw = statement.architecture, statement.loss, uniform(np.random.default_rng([seed, 0]))

    def look(case: Case, domain: Modular) -> Comparison:
        tick()
        comparison = compare(statement.at(case), domain, engines)
        found.degree = max(found.degree, comparison.degree)
        if comparison.verdict is Verdict.DISAGREE:
            found.against = comparison
            raise _Refuted
        if NO_VALUE in comparison.reasons:
            found.valueless += 1
            return comparison
        found.valued += 1
        found.doubt = found.doubt or _doubt(comparison)
        found.uncovered += [line for line in _unexpanded(comparison) if line not in found.uncovered]
        return comparison

    def batches(reduction: str) -> None:
        gates: Pattern = ()
        for i in range(points):
            for wanted in dict.fromkeys((gates, ALL_UP)):
                case = point(architecture, loss, draw, samples=SAMPLES, reduction=reduction)
                seen = look(case, Modular(f"{seed} {i}", wanted))
                if NO_VALUE not in seen.reasons:
                    break
            else:
                found.uncovered.append(f"{reduction} over {SAMPLES} samples: the loss had a value at no point tried")
                return
            gates = _answers(seen)

    def one_by_one(i: int) -> Callable[[Pattern], Pattern]:
        def run(gates: Pattern) -> Pattern:
            answers = _answers(look(point(architecture, loss, draw), Modular(f"{seed} gates {i}", gates)))
            found.gates = max(found.gates, len(answers))
            found.patterns += i == 0
            return answers

        return run

    try:
        for reduction in REDUCTIONS:
            batches(reduction)
        gates, found.all_patterns = _patterns(most, one_by_one(0), np.random.default_rng([seed, 1]))
        for i in range(1, points):
            for pattern in gates:
                one_by_one(i)(pattern)
    except _Refuted:
        found.all_patterns = False
    else:
        if not found.valued:
            found.doubt = NO_VALUE
    return found


def _answers(comparison: Comparison) -> Pattern:
    assert isinstance(comparison.domain, Modular)
    return tuple(comparison.domain.answers)


def _doubt(comparison: Comparison) -> str:
    """Why a comparison without a disagreement is none of all formulations, or ""."""
    for name, outcome in comparison.outcomes.items():
        if outcome.refused:
            return f"{name}: {outcome.refused}"
        if not comparison.shared[name]:
            return f"{name} was compared with nobody"
    return "; ".join(comparison.reasons) if comparison.verdict is Verdict.UNDECIDED else ""


def _unexpanded(comparison: Comparison) -> list[str]:
    return [f"{name}: {o.said}" for name, o in comparison.outcomes.items() if o.said and name != y_minus_t.NAME]


def certify(
    statement: Statement,
    engines: Mapping[str, Engine],
    *,
    points: int = POINTS,
    patterns: int = MAX_PATTERNS,
    seed: int = 0,
    free: bool = False,
    tick: Tick = lambda: None,
) -> Certificate:
    """A certificate for one architecture and loss, or a witness against it.

    Where the statement fails for all targets but holds for such as sum to 1 in each sample, that is its precondition
    (`free`: none is allowed). A failing statement is tried under further conditions, to say what it takes to hold.
    `tick` is called before each comparison.
    """
    output = statement.architecture.activations[-1]
    if (output, statement.loss) in y_minus_t.CLAIMED:
        engines = {**engines, y_minus_t.NAME: y_minus_t.engine}
    found, held = _test(statement, engines, points, patterns, seed, tick), statement
    failing, refuted = statement, found.against
    if refuted and statement.loss.endswith("cross_entropy") and not free:
        conditional = statement.under(TARGETS_SUM_TO_1)
        again = _test(conditional, engines, points, patterns, seed, tick)
        if not again.against:
            found, held = again, conditional
        elif again.against.groups != refuted.groups:  # another engine fails under it too: that one is to be shown
            found, held, failing, refuted = again, conditional, conditional, again.against
    holds_if: list[str] = []
    if found.against:
        others = [name for name in CONDITIONS if name not in held.conditions]
        tried = {name: _test(held.under(name), engines, 1, patterns, seed, tick) for name in others}
        holds_if = [name for name, test in tried.items() if not test.against and not test.doubt]
    if not found.against and not found.doubt and (chance := found.degree / MODULUS) ** points > CERTAIN:
        found.doubt = _too_high(chance)
    witness = _witness(failing, engines, refuted, seed, tick) if refuted else None
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
        preconditions=[*held.conditions, *([WHERE_VALUED] if found.valued and found.valueless else [])],
        gate_patterns=GatePatterns(
            tested=found.patterns, of=found.patterns if found.all_patterns else max(2**found.gates, found.patterns + 1)
        ),
        holds_if=holds_if,
        witness=disagreement(Look(witness)) if witness else None,
        undecided=found.doubt if verdict is Verdict.UNDECIDED else "",
        not_covered=found.uncovered,
    )


def _too_high(chance: float) -> str:
    """What it would take for a degree so high."""
    if chance >= 1:
        return "the degree of the formulas exceeds the field: agreement would prove nothing"
    return f"the degree is high; --points {math.ceil(math.log(CERTAIN) / math.log(chance))} would do"


def _witness(
    statement: Statement, engines: Mapping[str, Engine], refuted: Comparison, seed: int, tick: Tick
) -> Comparison:
    """The refutation where `backprove replay` sees it too: at small whole numbers, or else at any point."""
    draw = uniform(np.random.default_rng([seed, 2]))
    drawn = (point(statement.architecture, statement.loss, draw) for _ in range(TRIES))
    plain = (*plainer(summed(one_sample(refuted.case))), *plainer(refuted.case), refuted.case)
    for case in itertools.chain(plain, _with_its_gates(refuted, draw, tick), drawn):
        tick()
        comparison = compare(statement.at(case), DOMAINS["modular"], engines)
        if comparison.verdict is Verdict.DISAGREE and comparison.groups == refuted.groups:
            return comparison
    return refuted


def _with_its_gates(refuted: Comparison, draw: Draw, tick: Tick) -> Iterator[Case]:
    """The refuting case with biases drawn anew until the gates answer by themselves as they were made to answer."""
    assert isinstance(refuted.domain, Modular)
    wanted = _gates(refuted.case, refuted.domain)
    case, tries = refuted.case, 0
    for l, layer in enumerate(case.layers):
        for j in range(len(layer.weights) if layer.bias is not None else 0):
            while not (_gates(case, Modular())[l][:, j] == wanted[l][:, j])[wanted[l][:, j] >= 0].all():
                tick()
                if (tries := tries + 1) > TRIES:
                    return
                case = with_bias(case, l, j, draw)
    yield case


def _gates(case: Case, domain: Modular) -> list[npt.NDArray[np.int8]]:
    """Per layer (N, n_l): the gate's answer about z, as 1 or 0; -1 where that was not asked."""
    trace = matrix.engine(case, domain).trace
    assert trace is not None
    known = dict(domain.gates)

    def answer(z: Residue) -> int:
        return int(domain.positive(z)) if min(z.value, MODULUS - z.value) in known else -1

    return [np.array([[answer(z) for z in row] for row in Z], dtype=np.int8) for Z in trace.z]


def prove(
    wanted: Sequence[Statement],
    engines: Mapping[str, Engine],
    *,
    points: int = POINTS,
    patterns: int = MAX_PATTERNS,
    seed: int = 0,
    free: bool = False,
    tick: Tick = lambda: None,
) -> Iterator[Certificate]:
    """A certificate for each statement; `tick` is called before each comparison."""
    for statement in wanted:
        yield certify(statement, engines, points=points, patterns=patterns, seed=seed, free=free, tick=tick)
