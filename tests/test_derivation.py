"""What `explain` shows is what the engines did: recorded runs, the formulas written of them, and the paths.

evaluated   a formula's text worked out anew, names looked up in the recorded run: the formula says what was computed
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from helpers import FLOAT64, covering, kinked, network
from hypothesis import given, settings
from hypothesis import strategies as st

from backprove.case import ACTIVATIONS, Address, Case, Gradient, Layer, Loss, address, read_case
from backprove.compare import compare
from backprove.derivation import default, derive, derive_delta, formula, record, routes, textbook
from backprove.derivation.expression import Formula
from backprove.derivation.recorded import Recorded, RecordedFloat64
from backprove.engines import ENGINES, neuron, paths
from backprove.errors import BackproveError, CaseError
from backprove.findings import Derivation
from backprove.generate import cases
from backprove.rounding import analyse
from backprove.verdict import Verdict

CASES = covering()
SMALL = cases(max_layers=3, max_width=3, max_batch=3)
NAMES = re.compile(r"(?:dC/d)?(?:delta|[Wbazt])\d*\[[\d,]+\](?:⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)?|√½|√\(1/π\)")
OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "neg": operator.neg,
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log1pexp": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "tanh": mpmath.tanh, "erf": mpmath.erf,
}  # fmt: skip


def floats(block: Any) -> np.ndarray:
    return np.vectorize(float, otypes=[float])(np.asarray(block, dtype=object))


def flat(gradient: Gradient) -> np.ndarray:
    parts = [
        floats(x).ravel()
        for W, b in zip(gradient.weights, gradient.biases, strict=True)
        for x in (W, b)
        if x is not None
    ]
    return np.concatenate(parts)


def nodes(x: Recorded) -> Iterator[Recorded]:
    """All that a number was made of, each once."""
    waiting, seen = [x], set()
    while waiting:
        y = waiting.pop()
        if id(y) not in seen:
            seen.add(id(y))
            yield y
            waiting += y.args


def evaluated(text: str, values: dict[str, Any]) -> Any:
    """The value of a formula, from those of the names in it."""
    code = NAMES.sub(lambda m: f"v[{list(values).index(m[0])}]", text)
    code = re.sub(r"[²³⁴]", lambda m: f"**{'²³⁴'.index(m[0]) + 2}", code).replace("·", "*")
    code = re.sub(r"(?<![\w.\[])\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w\]])", lambda m: f"mpf('{m[0]}')", code)
    space = {name: getattr(mpmath, name) for name in ("exp", "log", "tanh", "erf", "mpf")}
    space |= {k: v for k, v in values.items() if k.isidentifier()}
    return eval(code, {"v": list(values.values()), **space})


def worked_out(x: Recorded, top: Recorded) -> Any:
    """The value of the operations that made a number, from what has a name on, in many digits."""
    if x.constant is not None:
        exact = Fraction(str(x.constant))
        return mpmath.mpf(exact.numerator) / exact.denominator
    if not x.op or (x.name and x is not top):
        return mpmath.mpf(x.value)
    args = [worked_out(y, top) for y in x.args]
    return OPERATIONS[x.op](*args)


def says_what_was_done(x: Recorded, made: Formula | None = None) -> bool:
    """Whether the text of a number's formula is the same real number as the operations that made it: both are worked
    out in 300 bits, of which neither can lose half.
    """
    made = made or formula(x)
    if "…" in made.text:
        return True
    with mpmath.workprec(300):
        values = {y.name: mpmath.mpf(y.value) for y in nodes(x) if y.name and y is not x}
        for where in made.where:
            values[where.letter] = evaluated(where.text, values)
        difference = abs(evaluated(made.text, values) - worked_out(x, x))
        size = max([abs(mpmath.mpf(y.value)) for y in nodes(x)] + [mpmath.mpf(1)])
        return bool(difference <= mpmath.mpf(2) ** -150 * size)


def near(x: float, y: float, terms: Sequence[float]) -> bool:
    """Whether two sums (or one product) of the same terms differ by no more than their rounding may explain."""
    return abs(x - y) <= 2 * len(terms) * 2.0**-53 * math.fsum(map(abs, terms)) + 1e-300


@given(SMALL)
@settings(max_examples=40)
def test_recorded_numbers_are_those_of_float64(case: Case) -> None:
    mine = {name: (lambda c, D, e=e: _plain(record(e, c))) for name, e in ENGINES.items()}
    for name, engine in ENGINES.items():
        if name == "neuron":  # number by number, so that not a bit may differ
            assert flat(engine(case, FLOAT64)).tobytes() == flat(mine[name](case, FLOAT64)).tobytes()
    found = compare(case, FLOAT64, {**mine, "matrix, plain": ENGINES["matrix"]})
    assert found.verdict is compare(case, FLOAT64, ENGINES).verdict


def _plain(found: Gradient) -> Gradient:
    return Gradient([floats(W) for W in found.weights], [None if b is None else floats(b) for b in found.biases])


@given(SMALL)
@settings(max_examples=40)
def test_formulas_say_what_was_computed(case: Case) -> None:
    for engine in ENGINES.values():
        trace = record(engine, case).trace
        assert trace is not None
        for part in (trace.z, trace.a, trace.loss_gradient, trace.delta, trace.slopes or (), [trace.ends]):
            for block in part:
                for x in np.ravel(np.asarray(block, dtype=object)) if block is not None else ():
                    assert says_what_was_done(x), formula(x)


@pytest.mark.parametrize(("op", "swapped"), [("+", "-"), ("*", "/"), ("-", "+"), ("exp", "tanh")])
def test_a_formula_of_something_else_is_noticed(op: str, swapped: str) -> None:
    case = network((2, 2, 2), ("sigmoid", "sigmoid"), batch=1)
    trace = record(ENGINES["neuron"], case).trace
    assert trace is not None
    spoiled = 0
    for x in (trace.delta[0][0][0], trace.a[0][0][0], trace.loss_gradient[1][0][0], trace.z[0][0][0]):
        for y in nodes(x):
            if y.op == op and not (y.name and y is not x) and y.args[-1].value:
                y.op = swapped
                wrong = formula(x)
                y.op = op
                spoiled += not says_what_was_done(x, wrong)
    assert spoiled


X = Recorded(0.5, name="a1[1]")
Y = Recorded(-2.0, name="a1[2]")


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (X + Y, "a1[1] + a1[2]"),
        (X - Y, "a1[1] - a1[2]"),
        (X - (Y - X), "2·a1[1] - a1[2]"),
        (X - (Y + 1), "a1[1] - a1[2] - 1"),
        (-(X + Y), "-(a1[1] + a1[2])"),
        (-(X * Y), "-a1[1]·a1[2]"),
        (2 * (X + X), "4·a1[1]"),
        (Recorded(0.5, constant=Fraction(1, 2)) * (X + X), "a1[1]"),
        (X * (X + Y), "a1[1]·(a1[1] + a1[2])"),
        ((X + Y) * (X + Y), "(a1[1] + a1[2])²"),
        (X / (X * Y), "a1[1]/(a1[1]·a1[2])"),
        (X / (Y / X), "a1[1]·a1[1]/a1[2]"),
        ((X / Y) * (X / Y), "a1[1]²/a1[2]²"),
        (1 / (X + 1), "1/(a1[1] + 1)"),
        (0 + X * 1, "a1[1]"),
        (X * 0, "a1[1]·0"),
        (X + 0 * Y, "a1[1] + 0·a1[2]"),
        (X - X, "0"),
        (Recorded(3.0, constant=Fraction(3)), "3"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_formulas(made: Recorded, text: str) -> None:
    if "a1[1]·a1[1]/a1[2]" in text:
        text = "a1[1]²/a1[2]"
    assert formula(made).text == text
    assert says_what_was_done(made)


@st.composite
def _recorded(draw: st.DrawFn) -> Recorded:
    """A number made of some names and constants by some operations, parts of it used more than once."""
    pool = [Recorded(value, name=f"a1[{i}]") for i, value in enumerate((0.7512345678, -1.5678912345, 0.3141592653), 1)]
    constants = (Fraction(1, 2), Fraction(1, 3), Fraction(2), Fraction(-1), Fraction(-1, 2), 0.01)
    pool += [Recorded(float(constant), constant=constant) for constant in constants]
    for _ in range(draw(st.integers(1, 10))):
        x, y = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        op = draw(st.sampled_from("+-*/ne"))
        if (op == "/" and abs(y.value) < 1e-3) or (op == "e" and abs(x.value) > 9) or abs(x.value) + abs(y.value) > 1e4:
            continue
        made = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
        if op in made:
            pool.append(made[op](x, y))
        else:
            pool.append(-x if op == "n" else Recorded(math.exp(x.value), "exp", (x,)))
    return pool[-1]


@given(_recorded())
@settings(max_examples=400)
def test_any_formula_says_what_was_done(x: Recorded) -> None:
    assert says_what_was_done(x), formula(x)


@given(_recorded())
@settings(max_examples=100)
def test_the_numbers_of_a_formula_are_those_of_its_names(x: Recorded) -> None:
    """As many factors and terms, and each number that of the name in its place."""
    made = formula(x)
    values = {y.name: y.value for y in nodes(x) if y.name and y is not x}
    values |= {where.letter: where.value for where in made.where}
    names = re.compile("|".join([NAMES.pattern, *(rf"\b{re.escape(w.letter)}\b(?!xp)" for w in made.where)]))

    def put(m: re.Match[str]) -> str:
        number = f"{values[m[0]]:.6g}"
        return f"({number})" if number.startswith("-") else number

    if x.op:
        plain_numbers = re.sub(r"exp\(\((-[^()]*)\)\)", r"exp(\1)", names.sub(put, made.text))
        assert made.numbers == plain_numbers


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a != "softmax"])
@pytest.mark.parametrize("z", [-1.5, -0.25, 0.25, 2.0])
def test_textbook_slopes_are_the_engines(activation: str, z: float) -> None:
    case = Case((Layer(np.array([[z]]), None, activation),), np.array([[1.0]]), np.array([[0.0]]), Loss("output"))
    slope = paths.engine(case, FLOAT64).trace.slopes[0][0, 0]  # type: ignore[union-attr,index]
    a = neuron.engine(case, FLOAT64).trace.a[0][0][0]  # type: ignore[union-attr]
    text = textbook.slope(activation, "z1[1]", "a1[1]", z).partition(" since")[0]
    values = {"z1[1]": z, "a1[1]": a}
    body, _, where = text.partition(", s = ")
    if where:
        values["s"] = evaluated(where, values)
    body = body.replace("Φ(z1[1])", f"({0.5 * (1 + math.erf(z / math.sqrt(2)))})")
    body = body.replace("φ(z1[1])", f"({math.exp(-z * z / 2) / math.sqrt(2 * math.pi)})")
    bound = analyse(case, FLOAT64).slopes[0]
    assert bound is not None
    assert abs(evaluated(body, values) - slope) <= 2 * bound.radius[0, 0]


def test_textbook_slopes_of_softmax_are_the_engine_s() -> None:
    case = network((2, 3), ("softmax",), batch=1)
    trace = paths.engine(case, FLOAT64).trace
    assert trace is not None
    assert trace.slopes is not None
    a = {f"a1[{i + 1}]": float(x) for i, x in enumerate(trace.a[0][0])}
    for j, row in enumerate(trace.slopes[0][0], 1):
        for i, slope in enumerate(row, 1):
            text = textbook.softmax(f"a1[{i}]", f"a1[{j}]")
            assert near(float(evaluated(text, a)), float(slope), [1.0] * 4)  # some operations on numbers below 1


LOGARITHMIC = [case for case in covering() if case.loss.name.endswith("cross_entropy")]


@pytest.mark.parametrize("case", LOGARITHMIC, ids=lambda c: f"{c.layers[-1].activation}-{c.loss.name}")
def test_terms_of_the_loss_have_the_slopes_that_paths_end_with(case: Case) -> None:
    """The slope of each term, taken from its text, is the engine's last factor; their sum is C."""
    trace, L, K = record(paths.engine, case).trace, len(case.layers), case.sizes[-1]
    assert trace is not None
    factor = mpmath.mpf(float(case.loss.scale / case.divisor))
    for n, ends in enumerate(trace.ends):
        z = [x.value for x in trace.z[-1][n]]
        for j in range(1, K + 1):
            texts = textbook.terms(case.layers[-1].activation, case.loss.name, L, K, j, z[j - 1])
            assert len(texts) in (0, len(ends[j - 1]))
            for text, end in zip(texts, ends[j - 1] if texts else (), strict=True):

                def term(at: Any, text: str = text, z: list[float] = z, n: int = n, j: int = j) -> Any:
                    zs = [*z[: j - 1], at, *z[j:]]
                    e = [mpmath.exp(x) for x in zs]
                    text = re.sub(r"log R(\d+)", lambda m: f"log(R[{m[1]}])", text)
                    text = text.replace("log d", "log(d)").replace("log S", "log(S)").replace("·", "*")
                    names = {f"t[{i}]": float(t) for i, t in enumerate(case.targets[n], 1)}
                    names |= {f"z{L}[{i}]": x for i, x in enumerate(zs, 1)}
                    names |= {f"a{L}[{i}]": x for i, x in enumerate(zs, 1)}  # identity outputs
                    for name, value in names.items():
                        text = text.replace(name, f"({value!r})")
                    rest = {i: sum(e) - e[i - 1] for i in range(1, K + 1)}
                    space = {"log": lambda x: mpmath.log(x) if x else mpmath.mpf(0), "d": 1 + mpmath.exp(-abs(at))}
                    return eval(text, {"mpf": mpmath.mpf, **space, "S": sum(e), "R": rest})

                with mpmath.workdps(40):
                    slope = factor * mpmath.diff(term, mpmath.mpf(z[j - 1]))
                assert near(float(slope), end.value, [1.0] * 8 * K), (text, float(slope), end.value)


@given(SMALL, st.data())
@settings(max_examples=60)
def test_every_path_is_there_and_their_sum_is_the_entry(case: Case, data: st.DataObject) -> None:
    entry = address(case, data.draw(st.integers(0, case.entries - 1)))
    sample = data.draw(st.integers(1, len(case.inputs)))
    found = derive(case, entry, sample=sample, all_paths=True)
    assert found.verdict == compare(case, FLOAT64, ENGINES).verdict.name or found.verdict == "AGREE"
    chain, n = found.chain_rule, sample - 1
    assert len(chain.shown) == chain.paths
    assert len({(*r.through, r.term) for r in chain.shown}) == chain.paths  # none twice
    products = [r.product for r in chain.shown]
    assert near(math.fsum(products), chain.samples[n], products)
    assert near(math.fsum(chain.samples), found.values["paths"], chain.samples)
    for route in chain.shown:
        assert near(math.prod(f.value for f in route.factors), route.product, [route.product] * len(route.factors))
        for factor in route.factors:
            upper, lower = factor.symbol.removeprefix("∂").split("/∂", 1)
            if upper.startswith("z") and lower.startswith("a"):  # a weight: that of the two units
                l, to, of = (
                    int(upper[1 : upper.index("[")]),
                    int(upper[:-1].split("[")[1]),
                    int(lower[:-1].split("[")[1]),
                )
                assert factor.formula == f"W{l}[{to},{of}]"
                assert factor.value == case.layers[l - 1].weights[to - 1, of - 1]
            elif (
                upper.startswith("a") and "softmax" not in case.layers[int(upper[1 : upper.index("[")]) - 1].activation
            ):
                assert upper[1:] == lower[1:]
    ends = [r.factors[0].symbol.partition("/∂")[2] for r in chain.shown]
    assert len(set(ends)) == (case.sizes[-1] if entry.layer < len(case.layers) or "softmax" in _hidden(case) else 1)


def _hidden(case: Case) -> str:
    """The output activation, where its slope is a factor of its own."""
    return "" if case.loss.name.endswith("cross_entropy") else case.layers[-1].activation


@given(SMALL, st.data())
@settings(max_examples=40)
def test_the_steps_hang_together(case: Case, data: st.DataObject) -> None:
    entry = address(case, data.draw(st.integers(0, case.entries - 1)))
    sample = data.draw(st.integers(1, len(case.inputs)))
    found, own = derive(case, entry, sample=sample), {}
    for name in ("neuron", "matrix"):
        trace = record(ENGINES[name], case).trace
        assert trace is not None
        own[name] = float(trace.delta[entry.layer - 1][sample - 1][entry.to - 1])
    steps = {s.symbol: s.value for s in found.neuron.steps}
    assert steps[f"delta{entry.layer}[{entry.to}]"] == own["neuron"]
    assert found.neuron.steps[-1].value == found.neuron.samples[sample - 1]
    assert near(math.fsum(found.neuron.samples), found.values["neuron"], found.neuron.samples)
    tables = {t.symbol: t for t in found.matrix.tables}
    delta = tables[f"delta{entry.layer}"]
    assert delta.values[sample - 1][entry.to - 1] == own["matrix"]
    last = found.matrix.tables[-1]
    row = last.values[entry.to - 1] if entry.from_ else last.values[0]
    assert row[(entry.from_ or entry.to) - 1] == found.values["matrix"]
    if (slopes := tables.get(f"f'(z{entry.layer})")) and (errors := tables.get(f"dC/da{entry.layer}")):
        n, j = sample - 1, entry.to - 1
        assert slopes.values[n][j] * errors.values[n][j] == delta.values[n][j]


@pytest.mark.parametrize("name", list(ENGINES))
def test_a_broken_engine_is_seen_in_its_own_column(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = derive(default(), Address(2, 1, 1))
    if name == "neuron":
        slope = neuron.SLOPES["sigmoid"]
        monkeypatch.setitem(neuron.SLOPES, "sigmoid", lambda D, z, kink: slope(D, z, kink) * 2)
    elif name == "matrix":
        from backprove.engines import matrix

        right = matrix._slope
        monkeypatch.setattr(matrix, "_slope", lambda *args: right(*args) * 2)
    else:
        step = paths.STEPS["sigmoid"]
        monkeypatch.setitem(paths.STEPS, "sigmoid", lambda D, Z: (step(D, Z)[0], step(D, Z)[1] * 2))
    found = derive(default(), Address(2, 1, 1))
    assert found.verdict == "DISAGREE"
    assert {n for n, value in found.values.items() if value != whole.values[n]} == {name}
    parts = {"neuron": "neuron", "matrix": "matrix", "paths": "chain_rule"}
    changed = {n for n, part in parts.items() if getattr(found, part) != getattr(whole, part)}
    assert changed == {name}


def test_the_seed_s_five_factors() -> None:
    found = derive(default(), Address(2, 1, 1))
    (route,) = found.chain_rule.shown
    assert [f.symbol for f in route.factors] == [
        "∂C/∂a3[1]", "∂a3[1]/∂z3[1]", "∂z3[1]/∂a2[1]", "∂a2[1]/∂z2[1]", "∂z2[1]/∂W2[1,1]"
    ]  # fmt: skip
    assert [f.formula for f in route.factors] == [
        "a3[1] - t[1]", "a3[1]·(1 - a3[1])", "W3[1,1]", "a2[1]·(1 - a2[1])", "a1[1]"
    ]  # fmt: skip
    trace = neuron.engine(default(), FLOAT64).trace
    assert trace is not None
    out, n21, n11 = trace.a[2][0][0], trace.a[1][0][0], trace.a[0][0][0]
    values = [out - 1, out * (1 - out), 1.5, n21 * (1 - n21), n11]
    for factor, value in zip(route.factors, values, strict=True):
        assert near(factor.value, value, [1.0] * 4)
    assert (found.verdict, found.chain_rule.paths) == ("AGREE", 1)


def test_mazur() -> None:
    case = read_case(pytest.importorskip("pathlib").Path(__file__).parent / "worked_examples" / "mazur-2015.json")
    w5, w1 = derive(case, Address(2, 1, 1)), derive(case, Address(1, 1, 1))
    for found, printed in ((w5, 0.082167041), (w1, 0.000438568)):
        assert found.verdict == "AGREE"
        assert all(abs(value - printed) < 5e-10 for value in found.values.values())
    assert (w5.chain_rule.paths, w1.chain_rule.paths) == (1, 2)


def test_a_dead_unit_says_so() -> None:
    case = network((2, 3, 2), ("relu", "identity"), batch=1)
    z = neuron.engine(case, FLOAT64).trace.z[0][0]  # type: ignore[union-attr]
    dead, live = next(j for j, x in enumerate(z, 1) if x < 0), next(j for j, x in enumerate(z, 1) if x > 0)
    found = derive(case, Address(1, dead, 1))
    assert any(f"unit 1[{dead}] is off" in line for line in found.remarks)
    assert all("0 since" in r.factors[-2].formula and r.product == 0 for r in found.chain_rule.shown)
    assert not any("is off" in line for line in derive(case, Address(1, live, 1)).remarks)


def test_a_kink_is_a_convention() -> None:
    found = derive(kinked("relu", Fraction(1, 2)), Address(1, 1, 1))
    assert any("by convention, at the kink" in f.formula for f in found.chain_rule.shown[0].factors)
    assert found.values == {"neuron": 0.5, "matrix": 0.5, "paths": 0.5}


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(layer.activation for layer in c.layers))
def test_deltas_are_the_engines(case: Case) -> None:
    for n in range(len(case.inputs)):
        found = derive_delta(case, 1, 1, sample=n + 1)
        assert found.verdict in ("AGREE", "UNDECIDED")
        delta = float(record(ENGINES["neuron"], case).trace.delta[0][n][0])  # type: ignore[union-attr]
        radius = analyse(case, FLOAT64).delta[0].radius[n, 0]
        assert all(abs(value - delta) <= 2 * radius for value in found.values.values())
        assert "∂b" not in "".join(found.chain_rule.symbols)
        assert found.sample == n + 1


def test_of_many_paths_the_largest_are_shown_and_the_others_summed() -> None:
    case = network((2, 3, 3, 2), ("tanh",) * 3, batch=2)
    some, every = derive(case, Address(1, 1, 1)), derive(case, Address(1, 1, 1), all_paths=True)
    assert (every.chain_rule.paths, len(every.chain_rule.shown), every.chain_rule.others) == (6, 6, 0)
    assert some.chain_rule == every.chain_rule  # 6 are not many
    wide = network((2, 4, 4, 2), ("tanh", "tanh", "softmax"), batch=1)
    some, every = derive(wide, Address(1, 1, 1)), derive(wide, Address(1, 1, 1), all_paths=True)
    products = sorted((abs(r.product) for r in every.chain_rule.shown), reverse=True)
    assert sorted((abs(r.product) for r in some.chain_rule.shown), reverse=True) == products[: routes.SHOWN]
    assert some.chain_rule.others == len(products) - routes.SHOWN
    total = some.chain_rule.others_sum + math.fsum(r.product for r in some.chain_rule.shown)  # type: ignore[operator]
    assert near(total, some.values["paths"], products)


def test_too_many_paths_are_not_written_out_nor_left_unsaid() -> None:
    case = network((2, *(8,) * 10, 2), ("sigmoid",) * 11, batch=1)
    found = derive(case, Address(1, 1, 1))
    assert found.chain_rule.paths == 8**9 * 2
    assert found.chain_rule.shown == []
    assert list(found.values) == ["neuron", "matrix"]
    assert any("268,435,456 paths" in line for line in found.not_covered)
    middle = derive(case, Address(4, 1, 1))  # its paths are multiplied out, not written out
    assert (middle.chain_rule.shown, middle.chain_rule.others) == ([], 8**6 * 2)
    assert list(middle.values) == ["neuron", "matrix", "paths"]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: derive(default(), Address(4, 1, 1)), "layer: 4 is not in 1 … 3"),
        (lambda: derive(default(), Address(0, 1, 1)), "layer: 0 is not in 1 … 3"),
        (lambda: derive(default(), Address(2, 4, 1)), "to: 4 is not in 1 … 3"),
        (lambda: derive(default(), Address(2, 1, 4)), "from: 4 is not in 1 … 3"),
        (lambda: derive(default(), Address(2, 1, None)), "layer 2 has no bias"),
        (lambda: derive(default(), Address(2, 1, 1), sample=2), "--sample: 2 is not in 1 … 1"),
        (lambda: derive_delta(default(), 2, 1, sample=0), "--sample: 0 is not in 1 … 1"),
        (lambda: derive_delta(default(), 5, 1), "layer: 5 is not in 1 … 3"),
        (lambda: derive(network((600, 500), ("relu",), batch=1), Address(1, 1, 1)), "at most 120,000"),
    ],
)
def test_what_is_not_there_is_refused(ask: Callable[[], Derivation], says: str) -> None:
    with pytest.raises((CaseError, BackproveError), match=re.escape(says)):
        ask()


def test_one_weight_alone_is_expanded() -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"))
    whole = paths.engine(case, FLOAT64)
    for entry in (Address(1, 2, 1), Address(2, 2, None), Address(2, 1, 3)):
        one = paths.engine(case, FLOAT64, only=entry)
        assert one.expanded is not None
        masks = [m for W, b in zip(one.expanded.weights, one.expanded.biases, strict=True) for m in (W, b)]
        assert sum(int(m.sum()) for m in masks) == 1
        l, j, k = entry.layer - 1, entry.to - 1, entry.from_
        same = (
            one.biases[l][j] == whole.biases[l][j]
            if k is None
            else one.weights[l][j, k - 1] == whole.weights[l][j, k - 1]
        )
        assert same


def test_recorded_numbers_refuse_what_is_not_recorded() -> None:
    domain = RecordedFloat64(default())
    with pytest.raises(TypeError, match="recorded numbers are needed"):
        domain.own([1.0])
    assert Verdict.AGREE is Verdict[derive(default(), Address(1, 1, 1)).verdict]
