"""What the engines `neuron` and `matrix` did for one entry of the gradient, read off their own recorded runs."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprove.case import Address, Case, Gradient, Trace
from backprove.derivation import textbook
from backprove.derivation.expression import MOST_TERMS, Formula, formula
from backprove.derivation.recorded import Recorded, sampled
from backprove.findings import MatrixWalk, NeuronWalk, Part, Step, Table, plain

_SAMPLE = re.compile("⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾")
QUANTITIES = {"z": "z", "a": "a", "loss_gradient": "dC/da", "delta": "delta"}


def name(gradient: Gradient, case: Case) -> Trace:
    """Give the numbers of an engine's trace their names. A constant may stand in several places and gets none."""
    trace = gradient.trace
    assert trace is not None
    N = len(case.inputs)
    for quantity, symbol in QUANTITIES.items():
        for l, rows in enumerate(getattr(trace, quantity), 1):
            for n, row in enumerate(rows if rows is not None else ()):
                for j, x in enumerate(row, 1):
                    if x.op:
                        x.name = sampled(f"{symbol}{l}[{j}]", n, N)
    return trace


def one_sample(text: str) -> str:
    """Names without their sample, where only one is spoken of."""
    return _SAMPLE.sub("", text)


def step(symbol: str, x: Recorded, *, text: str = "", numbers: str = "", note: str = "") -> Step:
    """A number of one sample as a step: as it was made, or in a text of one's own."""
    if text:
        return Step(symbol=symbol, formula=text, numbers=numbers, parts=[], value=plain(x.value + 0.0), note=note)
    made = formula(x)
    return Step(
        symbol=symbol,
        formula=one_sample(made.text),
        numbers=made.numbers if made.numbers != made.text else "",
        parts=parts(made),
        value=plain(x.value + 0.0),  # no -0
        note=note,
    )


def parts(made: Formula) -> list[Part]:
    """What the letters of a formula of one sample are."""
    return [Part(letter=w.letter, formula=one_sample(w.text), value=plain(w.value)) for w in made.where]


def slope_of(delta: Recorded, error: Recorded | None) -> Recorded | None:
    """What an engine multiplied dC/da by to get delta; None where it multiplied by nothing."""
    if error is None or delta.op != "*" or error not in (sides := _same(delta.args, error)):
        return None
    return sides[0] if sides[1] is error else sides[1]


def _same(sides: Sequence[Recorded], error: Recorded) -> Sequence[Recorded]:
    """The operands if one of them is that very number (recorded numbers are equal by value)."""
    return sides if any(side is error for side in sides) else ()


def contributions(total: Recorded, N: int) -> list[Recorded]:
    """The terms of a sum over the samples, which starts with a 0 or with the first sample."""
    terms: list[Recorded] = []
    for _ in range(N - 1):
        total, last = total.args
        terms.insert(0, last)
    if total.op == "+" and total.args[0].op == "" and not total.args[0].name:  # 0 + the first
        total = total.args[1]
    return [total, *terms]


def neuron(gradient: Gradient, case: Case, entry: Address, n: int) -> NeuronWalk:
    """The accumulated error, the slope, delta, times the incoming activation; of sample n (0-based)."""
    trace = name(gradient, case)
    l, j, unit = entry.layer - 1, entry.to - 1, f"{entry.layer}[{entry.to}]"
    total = gradient.biases[l][j] if entry.from_ is None else gradient.weights[l][j][entry.from_ - 1]
    terms = contributions(total, len(case.inputs))
    steps = _delta(trace, case, l, j, n)
    if entry.from_ is not None:
        incoming = _incoming(trace, case, l, n)[entry.from_ - 1]
        symbol = f"a{l}[{entry.from_}]"
        what = "the incoming activation" if l else "the input"
        steps.append(Step(symbol=symbol, formula="", numbers="", parts=[], value=plain(incoming.value), note=what))
        text, delta = f"delta{unit}·{symbol}", trace.delta[l][n][j]
        numbers = f"{_short(delta)}·{_short(incoming)}"
        steps.append(step(_share(case, entry, n), terms[n], text=text, numbers=numbers))
    else:
        steps.append(step(_share(case, entry, n), terms[n], text=f"delta{unit}"))
    return NeuronWalk(steps=steps, samples=[plain(x.value + 0.0) for x in terms])


def _share(case: Case, entry: Address, n: int) -> str:
    """What one sample gives: the entry, or of several samples a share of it."""
    return f"dC/d{entry.label}" if len(case.inputs) == 1 else f"share of sample {n + 1}"


def _incoming(trace: Trace, case: Case, l: int, n: int) -> Sequence[Recorded]:
    if l:
        row: Sequence[Recorded] = trace.a[l - 1][n]
        return row
    return [Recorded(float(x)) for x in case.inputs[n]]


def _short(x: Recorded) -> str:
    value = x.value + 0.0  # no -0
    return f"({value:.6g})" if value < 0 else f"{value:.6g}"


def _delta(trace: Trace, case: Case, l: int, j: int, n: int) -> list[Step]:
    """dC/da, f' and delta of unit j of layer l (0-based), as far as the engine has each apart."""
    unit, activation = f"{l + 1}[{j + 1}]", case.layers[l].activation
    delta: Recorded = trace.delta[l][n][j]
    error: Recorded | None = None if trace.loss_gradient[l] is None else trace.loss_gradient[l][n][j]
    if error is None:
        return [step(f"delta{unit}", delta, note="dC/da and the slope multiplied out before rounding")]
    steps = [step(f"dC/da{unit}", error)]
    slope = slope_of(delta, error)
    if delta is error:
        steps.append(step(f"delta{unit}", delta, text=f"dC/da{unit}", note=f"the slope of {activation} is 1"))
    elif slope is None:
        note = f"every a{l + 1}[·] depends on z{unit}: a row of the Jacobian" if activation == "softmax" else ""
        steps.append(step(f"delta{unit}", delta, note=note))
    else:
        z: Recorded = trace.z[l][n][j]
        note = textbook.side(activation, f"z{unit}", z.value)
        steps.append(step(f"f'(z{unit})", slope, note=note))
        numbers = f"{_short(slope)}·{_short(error)}"
        steps.append(step(f"delta{unit}", delta, text=f"f'(z{unit})·dC/da{unit}", numbers=numbers))
    return steps


def matrix(gradient: Gradient, case: Case, entry: Address, n: int) -> MatrixWalk:
    """The vectors and matrices involved, with the rows and columns that matter; of sample n (0-based)."""
    trace = name(gradient, case)
    l, j, L = entry.layer - 1, entry.to - 1, len(case.layers)
    own, row = entry.layer, [n + 1]
    tables, start = [], []
    if l < L - 1:
        tables.append(_table(f"delta{own + 1}", "a row a sample", trace.delta[l + 1], row))
        tables.append(_table(f"W{own + 1}", "", case.layers[l + 1].weights, columns=[j + 1]))
        tables.append(_table(f"dC/da{own}", f"delta{own + 1} W{own + 1}", trace.loss_gradient[l], row, [j + 1]))
    slopes = _slopes(trace, l)
    if slopes is None:
        start += _delta(trace, case, l, j, n)
        tables.append(_table(f"delta{own}", "", trace.delta[l], row, [j + 1]))
    else:
        if l == L - 1:
            start += _delta(trace, case, l, j, n)[:1]
            tables.append(_table(f"dC/da{own}", "", trace.loss_gradient[l], row, [j + 1]))
        tables.append(_table(f"f'(z{own})", "", slopes, row, [j + 1]))
        tables.append(_table(f"delta{own}", f"f'(z{own}) ∘ dC/da{own}", trace.delta[l], row, [j + 1]))
    deltas: list[Recorded] = [rows[j] for rows in trace.delta[l]]
    if entry.from_ is None:
        tables.append(_table(f"dC/db{own}", f"column sums of delta{own}", [gradient.biases[l]], [], [j + 1]))
        end = _sum_over_samples(entry, gradient.biases[l][j], deltas, None)
    else:
        k = entry.from_
        tables.append(_table(f"a{l}", "" if l else "the inputs", trace.a[l - 1] if l else case.inputs, row, [k]))
        tables.append(_table(f"dC/dW{own}", f"(delta{own})ᵀ a{l}", gradient.weights[l], [j + 1], [k]))
        incoming = [_incoming(trace, case, l, i)[k - 1] for i in range(len(case.inputs))]
        end = _sum_over_samples(entry, gradient.weights[l][j, k - 1], deltas, incoming)
    return MatrixWalk(start=start, tables=tables, end=end)


def _sum_over_samples(entry: Address, total: Recorded, deltas: list[Recorded], incoming: list[Recorded] | None) -> Step:
    """The entry as the product of matrices makes it: Σ over the samples of delta times the incoming activation."""
    N, l = len(deltas), entry.layer
    names, numbers = [], []
    for n, delta in enumerate(deltas):
        text, number = sampled(f"delta{l}[{entry.to}]", n, N), _short(delta)
        if incoming is not None:
            text += "·" + sampled(f"a{l - 1}[{entry.from_}]", n, N)
            number += "·" + _short(incoming[n])
        names.append(text)
        numbers.append(number)
    if N > MOST_TERMS:
        names, numbers = ([*parts[:3], "…", parts[-1]] for parts in (names, numbers))
    return step(f"dC/d{entry.label}", total, text=" + ".join(names), numbers=" + ".join(numbers))


def _slopes(trace: Trace, l: int) -> list[list[float]] | None:
    """f'(Z) of a layer as the engine had it; None where it had no such matrix."""
    if trace.loss_gradient[l] is None:
        return None
    found = []
    for deltas, errors in zip(trace.delta[l], trace.loss_gradient[l], strict=True):
        row = []
        for delta, error in zip(deltas, errors, strict=True):
            slope = slope_of(delta, error)
            if slope is None and delta is not error:
                return None
            row.append(1.0 if slope is None else slope.value)
        found.append(row)
    return found


def _table(symbol: str, formula: str, values: Any, rows: Sequence[int] = (), columns: Sequence[int] = ()) -> Table:
    numbers = [[plain(float(x) + 0.0) for x in np.ravel(row)] for row in values]
    return Table(symbol=symbol, formula=formula, values=numbers, rows=list(rows), columns=list(columns))
