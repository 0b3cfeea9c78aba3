"""What a derivation shows, held against a forward pass and derivatives of this file's own, entry by entry.

f      activations in many digits, their slopes by differentiating them
units  the chain of symbols from the loss back must connect: what one is derived by is what the next derives
"""

import io
import re
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from helpers import FLOAT64, covering, kinked, network
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from backprove.case import Address, Case, Gradient, Loss, address
from backprove.derivation import default, derive, derive_delta, routes, textbook
from backprove.derivation.recorded import Recorded
from backprove.domains import Domain
from backprove.engines import matrix, neuron, paths
from backprove.findings import Derivation, Factor, Table
from backprove.generate import cases, scaled
from backprove.report import derivations as words
from backprove.report import json, latex, markdown
from backprove.report.terminal_derivation import show_derivation
from backprove.rounding import analyse

F: dict[str, Any] = {
    "identity": lambda z: z,
    "square": lambda z: z * z,
    "relu": lambda z: z if z > 0 else 0 * z,
    "leaky_relu": lambda z: z if z > 0 else z * mpmath.mpf(0.01),
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "gelu": lambda z: z * (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2,
}
CASES = [case for case in covering() if not any("relu" in layer.activation for layer in case.layers)] + [
    network((2, 3, 2), ("relu", "leaky_relu"), batch=3, reduction="mean"),
    network((3, 2, 3), ("softmax", "softmax"), batch=2),
]


def forward(case: Case, n: int) -> tuple[list[Any], list[Any]]:
    """(z^1 …, a^0 …) of one sample."""
    z, a = [], [[mpmath.mpf(x) for x in case.inputs[n].tolist()]]
    for layer in case.layers:
        b = layer.bias if layer.bias is not None else np.zeros(len(layer.weights))
        z.append([mpmath.fdot(w, a[-1]) + bias for w, bias in zip(layer.weights.tolist(), b.tolist(), strict=True)])
        a.append(activated(layer.activation, z[-1]))
    return z, a


def activated(name: str, z: list[Any]) -> list[Any]:
    if name != "softmax":
        return [F[name](x) for x in z]
    e = [mpmath.exp(x) for x in z]
    return [x / sum(e) for x in e]


def unit(name: str) -> tuple[str, int, int]:
    m = re.fullmatch(r"([az])(\d+)\[(\d+)\]", name)
    assert m, name
    return m[1], int(m[2]), int(m[3])


def by_symbol(case: Case, n: int, symbol: str) -> Any:
    """The value of a factor by what its symbol says; None of a last one."""
    z, a = forward(case, n)
    upper, lower = symbol.removeprefix("∂").rsplit("/∂", 1)
    if upper.startswith(("C", "(")):
        return None
    kind, l, j = unit(upper)
    if lower.startswith("W"):
        to, k = map(int, lower[lower.index("[") + 1 : -1].split(","))
        assert (kind, to) == ("z", j)
        return a[l - 1][k - 1]
    if lower.startswith("b"):
        assert lower == f"b{l}[{j}]"
        return mpmath.mpf(1)
    other, m, i = unit(lower)
    if kind == "z":
        assert (other, m) == ("a", l - 1)
        return mpmath.mpf(float(case.layers[l - 1].weights[j - 1, i - 1]))
    assert (kind, other, m) == ("a", "z", l)
    name, zs = case.layers[l - 1].activation, z[l - 1]
    return mpmath.diff(lambda x: activated(name, [*zs[: i - 1], x, *zs[i:]])[j - 1], zs[i - 1])


def close(x: Any, y: Any) -> bool:
    """Whether a number in float64 is another in many digits, but for some dozen roundings."""
    return abs(mpmath.mpf(x) - y) <= 2.0**-46 * (1 + abs(y))


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(layer.activation for layer in c.layers))
@pytest.mark.parametrize("first", [1, 2])
def test_every_factor_is_what_its_symbol_says(case: Case, first: int) -> None:
    entry = Address(1, first, first) if case.layers[0].bias is None or first == 1 else Address(1, first, None)
    n = len(case.inputs) - 1
    found = derive(case, entry, sample=n + 1, all_paths=True)
    last, K = set(), case.sizes[-1]
    for i, route in enumerate(found.chain_rule.shown):
        l, j = unit(route.factors[0].symbol.rsplit("/∂", 1)[1])[1:]
        z = float(forward(case, n)[0][-1][j - 1])
        terms = textbook.terms(case.layers[-1].activation, case.loss.name, l, K, j, z)
        assert route.term == (terms[i % len(terms)] if terms else "")
        with mpmath.workdps(30):
            for factor in route.factors:
                value = by_symbol(case, n, factor.symbol)
                if value is not None:
                    assert close(factor.value, value), factor
                assert formula_holds(case, n, factor), factor
        ends = [symbol.removeprefix("∂").rsplit("/∂", 1) for symbol in (f.symbol for f in route.factors)]
        assert [lower for _, lower in ends[:-1]] == [upper for upper, _ in ends[1:]]  # the chain connects
        assert ends[-1][1] == entry.label
        units = [*(upper for upper, _ in ends[:0:-1]), ends[0][1]]
        units = [u for i, u in enumerate(units) if u.startswith("a") or i + 1 == len(units) or stands_alone(units, i)]
        assert route.through == list(dict.fromkeys(units))
        last.add((ends[0][0], ends[0][1]))
    assert len(last) == len({(r.term, r.factors[0].symbol) for r in found.chain_rule.shown})


def stands_alone(units: list[str], i: int) -> bool:
    """Whether a net input is of another unit than the activation after it."""
    return units[i + 1].startswith("a") and units[i + 1][1:] != units[i][1:]


def formula_holds(case: Case, n: int, factor: Factor) -> bool:
    """Whether a factor's formula has its value, at the values of this file's forward pass."""
    z, a = forward(case, n)
    text = re.sub(r" (since|by convention).*", "", factor.formula)
    names: dict[str, Any] = {f"t[{k}]": mpmath.mpf(float(t)) for k, t in enumerate(case.targets[n], 1)}
    for l in range(len(a)):
        names |= {f"a{l}[{j}]": x for j, x in enumerate(a[l], 1)}
        names |= {f"z{l}[{j}]": x for j, x in enumerate(z[l - 1], 1) if l}
    for l, layer in enumerate(case.layers, 1):
        for (j, k), w in np.ndenumerate(layer.weights):
            names[f"W{l}[{j + 1},{k + 1}]"] = mpmath.mpf(float(w))
    space: dict[str, Any] = {name: getattr(mpmath, name) for name in ("exp", "tanh", "erf", "log")}
    space |= {"Φ": mpmath.ncdf, "φ": mpmath.npdf}

    def value(text: str) -> Any:
        body, _, where = text.partition(", s = ")
        if where:
            space["s"] = value(where)
        code = re.sub(r"[azWt]\d*\[[\d,]+\]", lambda m: f"v[{m[0]!r}]", body)
        code = code.replace("·", "*").replace("²", "**2").replace("√½", "(0.5**0.5)")
        return eval(code, {"v": names, **space})

    for part in factor.parts:
        space[part.letter] = value(part.formula)
    return close(factor.value, value(text))


def test_known_numbers_are_those_of_the_formulas() -> None:
    case = network((2, 3, 3), ("gelu", "softmax"), batch=2)
    z, a = forward(case, 1)
    for route in derive(case, Address(1, 2, 1), sample=2).chain_rule.shown:
        shown = " ".join(f.formula for f in route.factors)
        names = dict.fromkeys(re.findall(r"\b[azt]\d*\[\d+\]", shown))
        assert [part.letter for part in route.known] == list(names)
        for part in route.known:
            if part.letter.startswith("t"):
                assert part.value == case.targets[1, int(part.letter[2:-1]) - 1]
            else:
                kind, l, j = unit(part.letter)
                assert close(part.value, (a[l] if kind == "a" else z[l - 1])[j - 1])


def test_the_side_of_a_kink_is_that_of_the_sample() -> None:
    case = network((1, 1, 1), ("relu", "identity"), batch=2, bias=False)
    W = case.layers[0].weights
    inputs = np.array([[1.0 / W[0, 0]], [-1.0 / W[0, 0]]])
    case = Case(case.layers, inputs, case.targets)
    up, down = (derive(case, Address(1, 1, 1), sample=n) for n in (1, 2))
    assert [f.formula for f in up.chain_rule.shown[0].factors][3] == "1 since z1[1] > 0"
    assert [f.formula for f in down.chain_rule.shown[0].factors][3] == "0 since z1[1] < 0"
    assert [s.note for s in up.neuron.steps][1] == "since z1[1] > 0"
    assert [s.note for s in down.neuron.steps][1] == "since z1[1] < 0"


def test_the_form_of_too_many_paths() -> None:
    loss = Loss("categorical_cross_entropy")
    found = derive(network((2, *(8,) * 7, 3), ("tanh",) * 7 + ("softmax",), batch=1, loss=loss), Address(1, 1, 1))
    assert found.chain_rule.paths == 8**6 * 3 * 4  # and 4 terms of the loss at each output
    assert found.chain_rule.symbols[:3] == ["∂C/∂z8[r]", "∂z8[r]/∂a7[q]", "∂a7[q]/∂z7[q]"]
    assert found.chain_rule.symbols[-3:] == ["∂z2[i]/∂a1[1]", "∂a1[1]/∂z1[1]", "∂z1[1]/∂W1[1,1]"]
    letters = [re.search(r"a\d\[(\w)\]", s)[1] for s in found.chain_rule.symbols[2:-3:2]]  # type: ignore[index]
    assert letters == ["q", "p", "n", "m", "j", "i"]
    assert found.chain_rule.total == found.values["paths"]


# symbol, formula, marked rows, marked columns
HIDDEN = [
    ("delta2", "a row a sample", [2], []),
    ("W2", "", [], [3]),
    ("dC/da1", "delta2 W2", [2], [3]),
    ("f'(z1)", "", [2], [3]),
    ("delta1", "f'(z1) ∘ dC/da1", [2], [3]),
    ("a0", "the inputs", [2], [1]),
    ("dC/dW1", "(delta1)ᵀ a0", [3], [1]),
]
OUTPUT = [
    ("dC/da2", "", [2], [1]),
    ("f'(z2)", "", [2], [1]),
    ("delta2", "f'(z2) ∘ dC/da2", [2], [1]),
    ("a1", "", [2], [3]),
    ("dC/dW2", "(delta2)ᵀ a1", [1], [3]),
]
BIAS = [*HIDDEN[:5], ("dC/db1", "column sums of delta1", [], [3])]


@pytest.mark.parametrize(
    ("entry", "tables"), [(Address(1, 3, 1), HIDDEN), (Address(2, 1, 3), OUTPUT), (Address(1, 3, None), BIAS)]
)
def test_the_matrices_are_those_of_the_engine_and_marked_where_it_matters(entry: Address, tables: list[Any]) -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"), batch=3)
    found = derive(case, entry, sample=2)
    assert [(t.symbol, t.formula, t.rows, t.columns) for t in found.matrix.tables] == tables
    gradient = matrix.engine(case, FLOAT64)
    trace = gradient.trace
    assert trace is not None
    for table in found.matrix.tables:
        l = int(re.search(r"\d", table.symbol)[0])  # type: ignore[index]
        whole = {
            "delta": lambda l=l: trace.delta[l - 1], "W": lambda l=l: case.layers[l - 1].weights,
            "dC/da": lambda l=l: trace.loss_gradient[l - 1], "dC/dW": lambda l=l: gradient.weights[l - 1],
            "dC/db": lambda l=l: [gradient.biases[l - 1]], "a": lambda l=l: trace.a[l - 1] if l else case.inputs,
            "f'(z": lambda l=l: 1 - trace.a[0] ** 2 if l == 1 else trace.a[1] * (1 - trace.a[1]),
        }[re.sub(r"\d.*", "", table.symbol)]()  # fmt: skip
        assert np.shape(table.values) == np.shape(whole)
        assert all(close(x, mpmath.mpf(float(y))) for x, y in zip(np.ravel(table.values), np.ravel(whole), strict=True))


def test_the_steps_in_words_and_numbers() -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"), batch=3)
    found, trace = derive(case, Address(1, 3, 2), sample=2), neuron.engine(case, FLOAT64).trace
    assert trace is not None
    delta, x = trace.delta[0][1][2], case.inputs[1, 1]
    last = found.neuron.steps[-1]
    assert (last.symbol, last.formula) == ("share of sample 2", "delta1[3]·a0[2]")
    assert last.numbers == "·".join(f"({v:.6g})" if v < 0 else f"{v:.6g}" for v in (delta, x))
    incoming = found.neuron.steps[-2]
    assert (incoming.symbol, incoming.value) == ("a0[2]", x)
    for n in range(3):
        assert found.neuron.samples[n] == trace.delta[0][n][2] * case.inputs[n, 1]
        assert abs(found.chain_rule.samples[n] - found.neuron.samples[n]) <= 2.0**-46  # type: ignore[operator]
    assert found.chain_rule.total == found.chain_rule.samples[1]
    end = found.matrix.end
    assert end is not None
    assert end.formula == "delta1[3]⁽¹⁾·a0[2]⁽¹⁾ + delta1[3]⁽²⁾·a0[2]⁽²⁾ + delta1[3]⁽³⁾·a0[2]⁽³⁾"
    pairs = [(trace.delta[0][n][2], case.inputs[n, 1]) for n in range(3)]
    assert end.numbers == " + ".join("·".join(f"({v:.6g})" if v < 0 else f"{v:.6g}" for v in pair) for pair in pairs)
    bias = derive(case, Address(2, 1, None)).matrix
    assert bias.end is not None
    assert bias.end.formula == "delta2[1]⁽¹⁾ + delta2[1]⁽²⁾ + delta2[1]⁽³⁾"
    assert [s.symbol for s in bias.start] == ["dC/da2[1]"]


def test_the_verdict_is_that_of_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    case, whole = network((2, 3, 2), ("tanh", "sigmoid")), matrix.engine

    def spoiled(case: Case, domain: Domain) -> Gradient:
        found = whole(case, domain)
        found.weights[0][0, 0] = found.weights[0][0, 0] + 1
        return found

    monkeypatch.setattr(matrix, "engine", spoiled)
    one, other = derive(case, Address(1, 1, 1)), derive(case, Address(2, 1, 1))
    assert (one.verdict, other.verdict) == ("DISAGREE", "AGREE")
    assert one.matrix.tables[-1].values[0][0] == one.values["matrix"]
    assert f"{one.difference:.6g}" == "1"


@pytest.mark.parametrize("entry", [Address(1, 2, 1), Address(2, 1, 3), Address(1, 3, None)])
def test_values_bounds_and_enclosures_are_those_of_the_entry(entry: Address) -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"))
    found, analysis = derive(case, entry), analyse(case, FLOAT64)
    l, j, k = entry.layer - 1, entry.to - 1, entry.from_
    block = analysis.biases[l] if k is None else analysis.weights[l]
    assert block is not None
    at = (j,) if k is None else (j, k - 1)
    assert found.radius == 2 * block.radius[at]
    values = [float(v) for v in found.values.values()]
    assert found.difference == max(values) - min(values)
    assert all(abs(v - block.value[at]) <= block.radius[at] for v in values)
    pytest.importorskip("flint")
    middle = mpmath.mpf(re.match(r"\[(-?[\d.e-]+) ", found.enclosure or "")[1])  # type: ignore[index]
    assert all(abs(middle - v) <= block.radius[at] for v in values)
    others = [float(x) for x in np.ravel(analysis.weights[l].value)]
    assert sum(abs(middle - v) <= block.radius[at] for v in others) <= 1


def test_slopes_are_those_of_the_unit() -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"), batch=2)
    forms = {f.activation: f for f in derive(case, Address(1, 3, 1), sample=2).slopes}
    trace = neuron.engine(case, FLOAT64).trace
    assert trace is not None
    assert (forms["tanh"].unit, forms["sigmoid"].unit) == ("1[3]", "2[1]")
    assert forms["tanh"].textbook == "1 - a1[3]²"
    for step in forms["tanh"].engines.values():
        assert close(step.value, mpmath.mpf(1 - trace.a[0][1][2] ** 2))
    for step in forms["sigmoid"].engines.values():
        assert close(step.value, mpmath.mpf(trace.a[1][1][0] * (1 - trace.a[1][1][0])))
    assert {name: step.formula for name, step in forms["sigmoid"].engines.items()} == {
        "neuron": "e/(1 + e)²", "matrix": "(1 - a2[1])·a2[1]", "paths": "e/(e + 1)²"
    }  # fmt: skip


def test_remarks() -> None:
    def said(case: Case, entry: Address) -> str:
        return " | ".join(derive(case, entry).remarks)

    deep = network((2, 3, 4, 2), ("tanh",) * 3, batch=1)
    assert "4 · 2 = 8. 'Just two more factors'" in said(deep, Address(1, 1, 1))
    assert "two more" not in said(deep, Address(2, 1, 1))
    narrow = network((1, 1, 1, 1), ("tanh",) * 3, batch=1)
    assert "there is one path only" in said(narrow, Address(1, 1, 1))
    inside = network((2, 3, 3, 2), ("tanh", "softmax", "tanh"), batch=1)
    assert "a path branches there too" in said(inside, Address(1, 1, 1))
    assert "6 ways from unit to unit make 18 paths" in said(inside, Address(1, 1, 1))
    fused = network((2, 3, 2), ("tanh", "softmax"), batch=1, loss=Loss("categorical_cross_entropy"))
    assert "branches there too" not in said(fused, Address(1, 1, 1))
    assert "log(a_i) = z_i - log S" in said(fused, Address(1, 1, 1))
    assert "at a kink" in said(kinked("relu", Fraction(1, 2)), Address(1, 1, 1))
    assert "anything from 0 to 1" in said(kinked("relu"), Address(1, 1, 1))
    assert "0 by every engine" in said(kinked("relu"), Address(1, 1, 1))
    assert "at a kink" not in said(kinked("relu"), Address(2, 1, 1))


def lines(found: Derivation, width: int = 100) -> list[str]:
    out = io.StringIO()
    show_derivation(found, Console(width=width, highlight=False, markup=False, file=out))
    return out.getvalue().splitlines()


def table_of(shown: list[str], head: str) -> list[str]:
    start = next(i for i, line in enumerate(shown) if line.startswith(head)) + 1
    return shown[start : start + next(k for k, line in enumerate(shown[start:]) if "=" in line or "×" in line)]


def test_a_matrix_in_print() -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"), batch=3)
    found = derive(case, Address(1, 3, 1), sample=2)
    shown = lines(found)
    for table in found.matrix.tables:
        rows = table_of(shown, f"{words.defined(table)}  (")
        assert [re.findall(r"-?\d[\d.e-]*", row) for row in rows] == [
            [words.brief(x) for x in row] for row in table.values
        ]
        marked = [[bool(re.search(rf"‹{re.escape(words.brief(x))}›", row)) for x in values]
                  for row, values in zip(rows, table.values, strict=True)]  # fmt: skip
        assert marked == [
            [expected_mark(table, r, c) for c in range(len(table.values[0]))] for r in range(len(table.values))
        ]
    assert "sum = " + words.brief(found.chain_rule.samples[1]) in shown
    judged = f"they differ by {words.number(found.difference, 2)} at most, {words.number(found.fraction, 2)} of the"
    assert any(judged in line for line in shown) or found.difference == 0


def expected_mark(table: Table, r: int, c: int) -> bool:
    rows, columns = [x - 1 for x in table.rows], [x - 1 for x in table.columns]
    return (r in rows or not rows) and (c in columns or not columns)


def test_a_cut_matrix_says_which_part_it_shows() -> None:
    shown = "\n".join(lines(derive(network((20, 30, 25), ("tanh", "tanh"), batch=1), Address(1, 17, 12)), 100))
    assert re.search(r"W2  \(25 × 30; rows 1-6, columns \d+-\d+\)", shown)
    first, last = map(int, re.search(r"dC/dW1 .*rows (\d+)-(\d+)", shown).groups())  # type: ignore[union-attr]
    assert first <= 17 <= last


def test_of_many_paths_as_many_are_left_as_are_not_shown() -> None:
    case = network((2, 4, 4, 2), ("tanh", "tanh", "softmax"), batch=1)
    found = derive(case, Address(1, 1, 1))
    total = found.chain_rule.paths
    assert f"… and {total - routes.SHOWN} more, summing to" in " ".join(lines(found))
    assert f"{total} paths to the loss; the 12 largest" in " ".join(" ".join(lines(found)).split())


@pytest.mark.parametrize(
    ("formula", "made"),
    [
        ("-1.5e-05·W2[1,3]", r"-1.5\cdot 10^{-5}\cdot w^{2}_{1,3}"),
        ("2.5e+07²", r"(2.5\cdot 10^{7})^{2}"),
        ("a1[2]² - t[1]", r"(a^{1}_{2})^{2} - t_{1}"),
        ("e2²/(1 + e2)", r"e_{2}^{2}/(1 + e_{2})"),
        ("delta1[2]⁽³⁾·a0[1]⁽³⁾", r"\delta^{1,(3)}_{2}\cdot a^{0,(3)}_{1}"),
        ("dC/dW2[1,3]", r"\frac{\partial C}{\partial w^{2}_{1,3}}"),
        ("∂a2[1]/∂z2[2]", r"\frac{\partial a^{2}_{1}}{\partial z^{2}_{2}}"),
        ("∂(-t[1]·z2[1])/∂z2[1]", r"\frac{\partial (-t_{1}\cdot z^{2}_{1})}{\partial z^{2}_{1}}"),
        ("f'(z1) ∘ dC/da1", r"f'(z^{1}) \circ \frac{\partial C}{\partial a^{1}}"),
        ("(delta1)ᵀ a0", r"(\delta^{1})^{\top} a^{0}"),
        ("exp(-z1[1])", r"\exp(-z^{1}_{1})"),
        ("0 since z1[1] < 0", r"0 \text{ since } z^{1}_{1} < 0"),
        ("√(1/π)·√½", r"\sqrt{1/\pi }\cdot \sqrt{1/2}"),
    ],
)
def test_latex_of_formulas(formula: str, made: str) -> None:
    assert re.sub(" +", " ", latex.math(formula)) == re.sub(" +", " ", made)


def test_latex_of_matrices() -> None:
    table = Table(symbol="dC/dW1", formula="(delta1)ᵀ a0", values=[[1.5, -2.0], [3e-7, 4.0]], rows=[2], columns=[1])
    (made,) = latex._table(table)
    assert r"\begin{pmatrix} 1.5 & -2 \\ \mathbf{3\cdot 10^{-7}} & 4 \end{pmatrix}" in made
    wide = Table(symbol="W1", formula="", values=[[float(i * 20 + j) for j in range(20)] for i in range(20)],
                 rows=[], columns=[15])  # fmt: skip
    (made,) = latex._table(wide)
    assert "(20 × 20".replace("×", r"$\times$") in made
    assert made.count("&") == 8 * 5
    assert r"\mathbf{14}" in made


def test_markdown_of_matrices() -> None:
    found = derive(network((2, 3, 2), ("tanh", "sigmoid"), batch=3), Address(1, 3, 1), sample=2)
    text = markdown.write(found)
    last = found.matrix.tables[-1].values
    row = f"| 3 | **{words.brief(last[2][0])}** | {words.brief(last[2][1])} |"
    assert row in text.replace("\\", "")


def test_engines_that_fail_or_do_something_else_have_their_column(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(case: Case, domain: Any) -> Any:
        raise RuntimeError("planted")

    for name, module in (("neuron", neuron), ("matrix", matrix)):
        with monkeypatch.context() as patch:
            patch.setattr(module, "engine", raises)
            found = derive(default(), Address(2, 1, 1))
            assert found.verdict == "DISAGREE"
            assert list(found.failures) == [name]
            assert "planted" in " ".join(lines(found))
            assert "planted" in " ".join(lines(found, 160))
            assert markdown.write(found)
            assert latex.write(found)
    whole = paths._sum_over_paths

    def dropped(incoming: Any, J: Any, steps: Any, *until: Any) -> Any:
        """Without the paths through the last unit of the next layer."""
        first = next((i for i, F in enumerate(steps) if F.ndim == 3), len(steps))
        kept = [F[:, :-1] if i in (first, first + 1) else F[:, :, :-1] if i == first + 2 else F
                for i, F in enumerate(steps)]  # fmt: skip
        return whole(incoming, J, kept, *until)

    with monkeypatch.context() as patch:
        patch.setattr(paths, "_sum_over_paths", dropped)
        found = derive(default(), Address(1, 1, 1))
    assert found.verdict == "DISAGREE"
    assert found.chain_rule.shown == []
    with monkeypatch.context() as patch:  # wrong in the run that is not recorded alone
        patch.setattr(paths, "_sum_over_paths",
                      lambda x, *rest: whole(x, *rest) * (1 if x.dtype == object else 2))  # fmt: skip
        found = derive(default(), Address(2, 1, 1))
    assert found.verdict == "DISAGREE"
    assert found.values["paths, plain"] == pytest.approx(2 * found.values["paths"])


def test_numbers_beyond_the_range_leave_it_open() -> None:
    huge = network((1, 2, 40, 1), ("identity",) * 3, batch=1, bias=False)
    layers = tuple(type(layer)(layer.weights * 1e120, None, layer.activation) for layer in huge.layers)
    found = derive(Case(layers, huge.inputs, huge.targets), Address(1, 1, 1))
    assert found.verdict in ("UNDECIDED", "AGREE")
    assert lines(found)


def test_one_sample_of_many() -> None:
    case = network((40, 30, 20), ("tanh", "tanh"), batch=30, reduction="mean")
    found = derive(case, Address(1, 2, 3), sample=7)
    whole = neuron.engine(case, FLOAT64)
    assert found.values["neuron"] == whole.weights[0][1][2]
    assert (found.verdict, found.samples, found.sample) == ("AGREE", 30, 7)
    trace = whole.trace
    assert trace is not None
    assert found.neuron.steps[-1].value == pytest.approx(trace.delta[0][6][1] * case.inputs[6, 2])
    assert any("sample 7 alone" in line for line in found.remarks)
    assert lines(found)
    assert latex.write(found)
    assert derive_delta(case, 1, 2, sample=30).values["neuron"] == pytest.approx(trace.delta[0][29][1])


@given(cases(max_layers=3, max_width=4, max_batch=3), st.sampled_from([1.0, 1e3, 1e150]), st.data())
@settings(max_examples=40)
def test_every_network_can_be_shown_in_every_form(case: Case, factor: float, data: st.DataObject) -> None:
    """Numbers beyond the range too: no form fails, and no line is wider than the terminal."""
    case = scaled(case, factor) if factor > 1 else case
    entry = address(case, data.draw(st.integers(0, case.entries - 1)))
    sample = data.draw(st.integers(1, len(case.inputs)))
    for found in (derive(case, entry, sample=sample), derive_delta(case, entry.layer, entry.to, sample=sample)):
        assert found.verdict in ("AGREE", "UNDECIDED")
        assert latex.write(found)
        assert markdown.write(found)
        assert json.write(found)
        for width in (80, 120, 140):
            assert [line for line in lines(found, width) if len(line) > width] == []


def test_recorded_is_a_number_of_its_own() -> None:
    assert repr(Recorded(1.5, name="a1[1]")) == "Recorded(1.5, 'a1[1]')"
