"""The paths from one entry to the loss as the engine `paths` multiplied and summed them, read off its recorded run.

It forms every product in the order  incoming activation, then a slope and a weight for each layer, then a term of the
loss; and it sums the products of the last choice first. Written out is the other way round, from the loss back, as the
chain rule is.
"""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import product

from msgspec import structs

from backprove.case import Address, Case, Gradient, Trace
from backprove.derivation import textbook
from backprove.derivation.expression import formula
from backprove.derivation.recorded import Recorded
from backprove.derivation.walks import name, one_sample, parts
from backprove.findings import Factor, Part, PathsWalk, Route, plain

SHOWN = 12
LETTERS = "ijmnpqrsuvw"

Choice = tuple[int, ...]
"""The unit (0-based) at each place where a path branches, and last the term of the loss."""


def branches(case: Case, trace: Trace, l: int) -> list[int]:
    """How many ways a path from a unit of layer l (0-based) has at each place, the terms of the loss last."""
    assert trace.slopes is not None
    ways = []
    for m in range(l, len(case.layers)):
        ways += [len(case.layers[m].weights)] if m > l else []
        ways += [len(case.layers[m].weights)] if _branching(trace, m) else []
    return [*ways, trace.ends.shape[2]]


def _branching(trace: Trace, m: int) -> bool:
    assert trace.slopes is not None
    return trace.slopes[m] is not None and trace.slopes[m].ndim == 3


def walk(gradient: Gradient, case: Case, entry: Address, n: int, most: int | None) -> PathsWalk:
    """Every path of sample n (0-based), the largest products first where there are more than `most`."""
    trace = name(gradient, case)
    l = entry.layer - 1
    ways = branches(case, trace, l)
    j, k = entry.to - 1, entry.from_
    total = gradient.biases[l][j] if k is None else gradient.weights[l][j, k - 1]
    try:
        samples = list(_folded(total, len(case.inputs)))
        products = list(_leaves(samples[n], ways))
        routes = [_numbers(p, len(_symbols(case, trace, entry, (0,) * len(ways)))) for p in products]
    except (IndexError, ValueError):  # the engine did something else than it says
        return too_many(case, trace, entry, plain(total.value + 0.0), math.prod(ways))
    every = list(zip(product(*map(range, ways)), products, routes, strict=True))
    shown = every
    if most is not None and len(every) > most:
        largest = sorted(range(len(every)), key=lambda i: -abs(products[i].value))[:most]
        shown = [every[i] for i in sorted(largest)]
    kept = {id(p) for _, p, _ in shown}
    rest = [p.value for p in products if id(p) not in kept]
    return PathsWalk(
        paths=len(every),
        symbols=_symbols(case, trace, entry, every[0][0]),
        shown=[_route(case, trace, entry, n, *path) for path in shown],
        others=len(rest),
        others_sum=plain(_total(rest)) if rest else None,
        total=plain(samples[n].value + 0.0),
        samples=[plain(x.value + 0.0) for x in samples],
    )


def _total(values: Sequence[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond the range, or infinities of either sign
        return sum(values)


def too_many(
    case: Case, trace: Trace, entry: Address, total: float | str | None, count: int | None = None
) -> PathsWalk:
    """The form of a path alone; `total`: what the engine multiplied out without a record of it, if it did."""
    ways = branches(case, trace, entry.layer - 1)
    letters = [LETTERS[i % len(LETTERS)] for i in range(len(ways) - 1)]
    symbols = _symbols(case, trace, entry, (0,) * len(ways), letters)
    count = count or math.prod(ways)
    return PathsWalk(paths=count, symbols=symbols, shown=[], others=count, others_sum=None, total=total, samples=[])


def _folded(x: Recorded, count: int) -> Iterator[Recorded]:
    """The terms of a sum of so many, in order. Raises ValueError where it is none."""
    terms = []
    for _ in range(count - 1):
        if x.op != "+":
            raise ValueError
        x, last = x.args
        terms.append(last)
    yield x
    yield from reversed(terms)


def _leaves(x: Recorded, ways: Sequence[int]) -> Iterator[Recorded]:
    """The products that a sum of sums is made of, in the order of the choices."""
    if not ways:
        yield x
        return
    for term in _folded(x, ways[0]):
        yield from _leaves(term, ways[1:])


def _symbols(
    case: Case, trace: Trace, entry: Address, choice: Choice, letters: Sequence[str] | None = None
) -> list[str]:
    """From the loss back: ∂C/∂a3[1], ∂a3[1]/∂z3[1], ∂z3[1]/∂a2[1], …"""
    places = iter(letters if letters is not None else [str(i + 1) for i in choice[:-1]])
    L, at = len(case.layers), str(entry.to)
    symbols = [f"∂z{entry.layer}[{at}]/∂{entry.label}"]
    for m in range(entry.layer, L + 1):
        if m > entry.layer:
            to = next(places)
            symbols.append(f"∂z{m}[{to}]/∂a{m - 1}[{at}]")
            at = to
        assert trace.slopes is not None
        if trace.slopes[m - 1] is not None:
            to = next(places) if _branching(trace, m - 1) else at
            symbols.append(f"∂a{m}[{to}]/∂z{m}[{at}]")
            at = to
    last = "z" if trace.slopes is not None and trace.slopes[-1] is None else "a"
    return [f"∂C/∂{last}{L}[{at}]", *reversed(symbols)]


def _numbers(made: Recorded, count: int) -> list[Recorded]:
    """The factors of a product of so many, from the loss back. Raises ValueError where it is none."""
    numbers = []
    for _ in range(count - 1):
        if made.op != "*":
            raise ValueError
        made, last = made.args
        numbers.append(last)  # the term of the loss first
    return [*numbers, made]


def _route(
    case: Case, trace: Trace, entry: Address, n: int, choice: Choice, made: Recorded, numbers: Sequence[Recorded]
) -> Route:
    symbols, term = _symbols(case, trace, entry, choice), ""
    if trace.ends.shape[2] > 1:
        term = _term(case, trace, n, symbols[0], choice[-1])
    pairs = zip(symbols, numbers, strict=True)
    factors = [_factor(case, trace, entry, n, symbol, x) for symbol, x in pairs]
    if term:  # not C itself is derived there, but one term of it
        factors[0] = structs.replace(factors[0], symbol=symbols[0].replace("∂C/", f"∂({term})/"))
    through = [passed for symbol in symbols[:0:-1] if symbol.startswith("∂a") for passed in _passed(symbol)]
    through += [symbols[0].partition("/∂")[2]] if "/∂z" in symbols[0] else []
    return Route(
        through=through,
        along=_along(entry, through),
        term=term,
        factors=factors,
        known=_known(case, trace, n, factors),
        product=plain(made.value + 0.0),
    )


def _along(entry: Address, through: Sequence[str]) -> list[str]:
    """The units that a path passes and the weights between them; softmax passes on within a layer, without one."""
    found, (l, j) = [entry.label], (0, 0)
    for to, i in map(_unit, through):
        found += [f"W{to}[{i},{j}]"] if l and to > l else []
        found.append(f"a{to}[{i}]")
        l, j = to, i
    return list(dict.fromkeys(found))


def _term(case: Case, trace: Trace, n: int, symbol: str, place: int) -> str:
    """The term of the loss that a path ends in."""
    l, j = _unit(symbol.partition("/∂")[2])
    z = trace.z[l - 1][n][j - 1].value
    last = case.layers[-1].activation
    return textbook.terms(last, case.loss.name, l, case.sizes[-1], j, z)[place]


def _unit(name: str) -> tuple[int, int]:
    """(layer, unit) of `z2[1]`."""
    layer, _, unit = name[1:-1].partition("[")
    return int(layer), int(unit)


def _passed(symbol: str) -> list[str]:
    """The activation of `∂a2[1]/∂z2[1]`, before it the net input where that is of another unit."""
    a, z = symbol.removeprefix("∂").split("/∂")
    return [a] if a[1:] == z[1:] else [z, a]


def _known(case: Case, trace: Trace, n: int, factors: Sequence[Factor]) -> list[Part]:
    """The values of the activations, net inputs and targets that stand in the formulas of a path."""
    known = {}
    for factor in factors:
        for text in (factor.formula, *(p.formula for p in factor.parts)):
            for quantity, layer, unit in _QUANTITY.findall(text):
                value = _value(case, trace, n, quantity, int(layer or 0), int(unit))
                known[f"{quantity}{layer}[{unit}]"] = value
    return [Part(letter=name, formula="", value=plain(value + 0.0)) for name, value in known.items()]


_QUANTITY = re.compile(r"\b([azt])(\d*)\[(\d+)\]")


def _value(case: Case, trace: Trace, n: int, quantity: str, l: int, j: int) -> float:
    if quantity == "t":
        return float(case.targets[n, j - 1])
    if quantity == "a" and l == 0:
        return float(case.inputs[n, j - 1])
    return float(getattr(trace, quantity)[l - 1][n][j - 1])


def _factor(case: Case, trace: Trace, entry: Address, n: int, symbol: str, x: Recorded) -> Factor:
    """A factor with its formula: the textbook's for a slope, the name of a weight or activation, or as it was made."""
    upper, lower = (part.removeprefix("∂") for part in symbol.split("/", 1))
    letters: list[Part] = []
    if upper.startswith("a"):
        l, j = _unit(lower)
        layer = case.layers[l - 1]
        if layer.activation == "softmax":
            text = textbook.softmax(upper, "a" + lower[1:])
        else:
            text = textbook.slope(layer.activation, lower, upper, trace.z[l - 1][n][j - 1].value, case.kink)
    elif upper.startswith("z") and lower == entry.label:
        text = f"a{entry.layer - 1}[{entry.from_}]" if entry.from_ is not None else "1"
    elif upper.startswith("z"):
        text = x.name
    else:
        made = formula(x)
        text, letters = one_sample(made.text), parts(made)
    return Factor(symbol=symbol, formula=text, parts=letters, value=plain(x.value + 0.0))
