"""Gradients in, Comparison out: the only place where two numbers are judged equal.

Engines are peers. Each entry of each pair is AGREE, DISAGREE or UNDECIDED; an engine that raises, returns nothing, a
wrong shape or a wrong type disagrees with everybody. What an engine did not compute is not covered, never agreement.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from backprove.case import Case
from backprove.compare.comparison import Comparison, Pair
from backprove.compare.excuses import ARITHMETIC, beyond, excuse
from backprove.domains import DOMAINS, Array, Domain
from backprove.engines import Engine
from backprove.outcome import Outcome, run
from backprove.rounding import analyse
from backprove.verdict import Verdict


def compare(case: Case, domain: Domain, engines: Mapping[str, Engine]) -> Comparison:
    """Run every engine on the case and judge every pair, entry by entry; with more digits where that may decide.

    `engines`: name → engine. Nothing is raised for what an engine raises or returns: that has disagreed, or is "not
    covered".

    >>> from backprove import DOMAINS, ENGINES, Case, Layer, compare_engines
    >>> def doubled(case, domain):
    ...     gradient = ENGINES["matrix"](case, domain)
    ...     return [2 * W for W in gradient.weights], gradient.biases
    >>> case = Case([Layer([[2.0, -1.0]], [1.0])], inputs=[[1.0, 2.0]], targets=[[0.0]])
    >>> found = compare_engines(case, DOMAINS["float64"], {**ENGINES, "doubled": doubled})
    >>> found.verdict.name, found.groups
    ('DISAGREE', [['neuron', 'matrix', 'paths'], ['doubled']])
    >>> str(found.first_difference().address)
    'W1[1,1] (weights[0][0, 0])'
    """
    domain = domain.anew()
    found = judge(case, domain, {name: run(engine, case, domain) for name, engine in engines.items()})
    finer = domain.finer() if found.verdict is Verdict.UNDECIDED else None
    return compare(case, finer, engines) if finer else found


def judge(case: Case, domain: Domain, outcomes: dict[str, Outcome]) -> Comparison:
    """Judge outcomes that are already there."""
    with np.errstate(all="ignore"), domain.context():
        return _judge(case, domain, outcomes)


def _judge(case: Case, domain: Domain, outcomes: dict[str, Outcome]) -> Comparison:
    analysis = None
    if domain.judged_by and not case.modulus:
        analysis = analyse(case, domain if domain.unit_roundoff is not None else DOMAINS[domain.judged_by])
    radius = np.zeros(case.entries) if analysis is None else analysis.radii()
    reasons: dict[str, int] = {}
    interval = None
    raised = [name for name, o in outcomes.items() if o.kind in ARITHMETIC]
    if raised and (why := beyond(case, domain, outcomes, analysis)):
        left = {
            n: Outcome(kind=outcomes[n].kind, refused=f"{n} {outcomes[n].failure}, beyond the range of {domain.name}")
            for n in raised
        }
        outcomes, reasons = outcomes | left, {why: case.entries}
    reasons |= {o.undecided: case.entries for o in outcomes.values() if o.undecided}
    values = {name: o.values for name, o in outcomes.items() if o.values is not None}
    pairs = []
    everything = np.ones(case.entries, dtype=bool)
    for first, second in combinations(values, 2):
        compared = everything
        for mask in (outcomes[first].covered, outcomes[second].covered):
            compared = compared if mask is None else compared & mask
        blur = _both(outcomes[first].blur, outcomes[second].blur)
        own = radius if blur is None else radius + blur / 2
        verdicts, fraction = domain.judge(values[first], values[second], own)
        if compared is not everything:
            verdicts[~compared], fraction[~compared] = Verdict.AGREE, 0
        pairs.append(Pair(first, second, verdicts, fraction, compared, blur))
    if case.loss.name.endswith("cross_entropy") or any(p.verdicts.any() for p in pairs):
        excused, interval = excuse(case, domain, values, pairs, analysis)
        reasons = excused or reasons
    return Comparison(case, domain, outcomes, pairs, radius, reasons, interval, analysis)


def _both(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
