"""One entry of a gradient, three ways: every engine's own run, recorded, and the verdict of the comparator on it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from msgspec import structs

from backprove.case import Address, Case, Gradient, Layer, case_to, position
from backprove.compare import compare
from backprove.derivation import routes, textbook, walks
from backprove.derivation.recorded import Recorded, RecordedFloat64
from backprove.derivation.remarks import count_in_words, remarks
from backprove.derivation.runs import FLOAT64, Runs, forward, judged, plain_engines, recorded_runs
from backprove.domains import DOMAINS
from backprove.engines import Engine, matrix, paths
from backprove.errors import BackproveError
from backprove.findings import Derivation, MatrixWalk, NeuronWalk, PathsWalk, SlopeForms, plain
from backprove.outcome import run
from backprove.versions import versions

MOST = 120_000  # weights, or in batches a third of it weights times samples, of a network that is recorded
MOST_ENCLOSED = 2_000  # weights times samples that the enclosure is worked out for
MOST_DIGITS = 60  # of an enclosure
WITHOUT_FORMS = ("identity", "relu", "leaky_relu", "softmax")  # whose slopes are constants, or no slopes


def derive(case: Case, entry: Address, *, sample: int = 1, all_paths: bool = False) -> Derivation:
    """The derivations of dC/dW^l_jk or dC/db^l_j. `sample` (1-based) is the one whose steps are shown.

    `all_paths`: write out every path to the loss, not the largest alone. Raises CaseError where the case has no such
    entry, BackproveError where it is too large, has no such sample, or its numbers are residues.

    >>> from backprove import Address, Case, Layer, derive
    >>> case = Case([Layer([[2.0, -1.0]], [1.0])], inputs=[[1.0, 2.0]], targets=[[0.0]])
    >>> found = derive(case, Address.of("W1[1,2]"))
    >>> found.what, found.values
    ('dC/dW1[1,2]', {'neuron': 4.0, 'matrix': 4.0, 'paths': 4.0})
    >>> " · ".join(factor.symbol for factor in found.chain_rule.shown[0].factors)
    '∂C/∂a1[1] · ∂a1[1]/∂z1[1] · ∂z1[1]/∂W1[1,2]'
    """
    check(case, entry, sample)
    if too_many(case):
        return _of_many(case, entry, sample, all_paths)
    with np.errstate(all="ignore"):
        return _derive(case, entry, sample, all_paths)


def too_many(case: Case) -> bool:
    """Whether there are so many numbers that only one sample's can be kept."""
    N = len(case.inputs)
    return N > 1 and N * sum(layer.weights.size for layer in case.layers) > MOST // 3


def check(case: Case, entry: Address, sample: int) -> None:
    """Refuse what cannot be derived, as `derive` does."""
    size = sum(layer.weights.size for layer in case.layers)
    position(case, entry)
    if case.modulus:
        raise BackproveError("modulus: residues have no derivation in float64")
    _check_sample(sample, len(case.inputs))
    if size > MOST:
        raise BackproveError(
            f"explain keeps every number: {size:,} weights, of at most {MOST:,}; take a part of the network"
        )


def _derive(case: Case, entry: Address, sample: int, all_paths: bool) -> Derivation:
    trace, N, n = forward(case), len(case.inputs), sample - 1
    runs = recorded_runs(case, entry, N * math.prod(routes.branches(case, trace, entry.layer - 1)))
    if "paths" in runs.gradients:
        chain_rule = routes.walk(runs.gradients["paths"], case, entry, n, None if all_paths else routes.SHOWN)
    else:
        outcome = runs.found.outcomes.get("paths")
        whole = outcome.values[position(case, entry)] if outcome and outcome.values is not None and N == 1 else None
        chain_rule = routes.too_many(case, trace, entry, None if whole is None else plain(whole))
    return _finding(runs, entry, sample, chain_rule)


def derive_each(runs: Runs, entries: Sequence[Address], *, sample: int = 1) -> Iterator[Derivation]:
    """The derivations of many entries of a case from the same runs, which must have all paths on record."""
    with np.errstate(all="ignore"):
        for entry in entries:
            chain_rule = routes.walk(runs.gradients["paths"], runs.case, entry, sample - 1, routes.SHOWN)
            yield _finding(runs, entry, sample, chain_rule)


def _check_sample(sample: int, N: int) -> None:
    if not 1 <= sample <= N:
        raise BackproveError(f"--sample: {sample} is not in 1 … {N} (samples of this network)")


def alone(case: Case, sample: int) -> Case:
    """One sample of a case, with the share in the loss that it has there."""
    rows, loss = slice(sample - 1, sample), replace(case.loss, scale=case.factor)
    return replace(
        case, inputs=case.inputs[rows], targets=case.targets[rows], loss=loss, reduction="sum", published=(),
        training=None,
    )  # fmt: skip


def _of_many(case: Case, entry: Address, sample: int, all_paths: bool) -> Derivation:
    """One sample's share written out, and the entry of all samples by engines that keep no record."""
    share = derive(alone(case, sample), entry, all_paths=all_paths)
    with np.errstate(all="ignore"):
        count = len(case.inputs) * math.prod(routes.branches(case, forward(case), entry.layer - 1))
        found = compare(case, FLOAT64, plain_engines(entry, count))
    remark = f"the steps are those of sample {sample} alone: of so many numbers the other samples' are not kept"
    not_covered = [*share.not_covered[:1], "the exact value: more numbers than are enclosed"]
    return structs.replace(
        share, case=case_to(case), sample=sample, samples=len(case.inputs), **judged(case, entry, found),
        enclosure=None, remarks=[*share.remarks, remark], not_covered=not_covered,
    )  # fmt: skip


def _finding(runs: Runs, entry: Address, sample: int, chain_rule: PathsWalk) -> Derivation:
    case, gradients = runs.case, runs.gradients
    verdict = judged(case, entry, runs.found)
    enclosure, why_not = _enclosed(case, position(case, entry))
    not_covered = ["other entries, networks and weights", *([f"the exact value: {why_not}"] if why_not else [])]
    if "paths" not in verdict["values"] and "paths" not in verdict["failures"]:
        count = count_in_words(chain_rule.paths * len(case.inputs))
        not_covered.insert(0, f"paths: {count} paths, of at most {paths.BUDGET['hardware']:,} that it multiplies out")
    return Derivation(
        entry=entry.label,
        index=entry.index,
        what=f"dC/d{entry.label}",
        title=case.title,
        source=case.source,
        case=case_to(case),
        sample=sample,
        samples=len(case.inputs),
        **verdict,
        enclosure=enclosure,
        neuron=walks.neuron(gradients["neuron"], case, entry, sample - 1)
        if "neuron" in verdict["values"]
        else NeuronWalk(steps=[], samples=[]),
        matrix=walks.matrix(gradients["matrix"], case, entry, sample - 1)
        if "matrix" in verdict["values"]
        else MatrixWalk(start=[], tables=[], end=None),
        chain_rule=chain_rule,
        slopes=list(_slopes(case, entry, gradients, sample - 1)),
        remarks=list(remarks(case, entry, chain_rule, verdict, forward(case), sample - 1)),
        not_covered=not_covered,
        versions=versions(),
    )


def derive_delta(case: Case, layer: int, to: int, *, sample: int = 1, all_paths: bool = False) -> Derivation:
    """The derivations of delta^l_j of one sample, which is dC/db^l_j of the network that has that sample alone.

    Raises as `derive` does.
    """
    _check_sample(sample, len(case.inputs))
    layers = tuple(
        Layer(c.weights, np.zeros(len(c.weights)), c.activation) if l == layer and c.bias is None else c
        for l, c in enumerate(case.layers, 1)
    )
    found = derive(alone(replace(case, layers=layers), sample), Address(layer, to, None), all_paths=all_paths)
    shown = [structs.replace(r, factors=r.factors[:-1]) for r in found.chain_rule.shown]
    name = f"delta{layer}[{to}]"
    return structs.replace(
        found,
        entry=name,
        index="",
        what=name + (f" of sample {sample}" if len(case.inputs) > 1 else ""),
        case=case_to(case),
        sample=sample,
        samples=len(case.inputs),
        neuron=structs.replace(found.neuron, steps=found.neuron.steps[:-1]),
        matrix=structs.replace(found.matrix, tables=found.matrix.tables[:-1], end=None),
        chain_rule=structs.replace(found.chain_rule, symbols=found.chain_rule.symbols[:-1], shown=shown),
    )


def _enclosed(case: Case, at: int) -> tuple[str | None, str]:
    """The enclosure of an entry as text, or why there is none."""
    ball = DOMAINS["ball"]
    if missing := ball.missing():
        return None, missing
    if (size := len(case.inputs) * sum(layer.weights.size for layer in case.layers)) > MOST_ENCLOSED:
        return None, f"{size:,} weights times samples, more than are enclosed"
    outcome = run(matrix.engine, case, ball)
    if outcome.values is None:
        return None, outcome.undecided or outcome.refused or outcome.failure
    said = str(outcome.values[at].str(30))
    if not outcome.values[at].is_finite() or len(said) > MOST_DIGITS:
        return None, "its enclosure is none that can be read"
    return said, ""


def _slopes(case: Case, entry: Address, gradients: Mapping[str, Gradient], n: int) -> Iterator[SlopeForms]:
    """Of each activation from the entry's layer on: in the textbook, and by each engine."""
    seen = set()
    for l in range(entry.layer - 1, len(case.layers)):
        activation, j = case.layers[l].activation, entry.to - 1 if l == entry.layer - 1 else 0
        if activation in WITHOUT_FORMS or activation in seen:
            continue
        seen.add(activation)
        unit, forms = f"{l + 1}[{j + 1}]", {}
        for name, gradient in gradients.items():
            slope = _slope(gradient, l, n, j)
            if slope is not None and slope.op:
                forms[name] = walks.step(f"f'(z{unit})", slope)
        if forms:
            z = forward(case).z[l][n][j]
            text = textbook.slope(activation, f"z{unit}", f"a{unit}", z)
            yield SlopeForms(activation=activation, unit=unit, textbook=text, engines=forms)


def _slope(gradient: Gradient, l: int, n: int, j: int) -> Recorded | None:
    trace = gradient.trace
    assert trace is not None
    if trace.slopes is not None:
        return None if trace.slopes[l] is None else trace.slopes[l][n, j]
    if trace.loss_gradient[l] is None:
        return None
    return walks.slope_of(trace.delta[l][n][j], trace.loss_gradient[l][n][j])


def record(engine: Engine, case: Case) -> Gradient:
    """What an engine or formulation gives back over recorded numbers, those of its trace by their names."""
    with np.errstate(all="ignore"):
        found = engine(case, RecordedFloat64(case))
    walks.name(found, case)
    return found
