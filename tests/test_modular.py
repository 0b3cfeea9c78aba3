"""The domain `modular`: a field, the degrees of what is computed in it, functions of which nothing is known but what
they obey, and engines that agree there at random points or are told apart.

x, y, z   elements of the field; N / D   a fraction of polynomials in them, as the expression was written
"""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import covering, find
from hypothesis import assume, given
from hypothesis import settings as examples
from quality.faults import NAMED, Fault, with_fault

from backprove import cases
from backprove.case import ACTIVATIONS, MODULUS, Case
from backprove.certificate import Architecture
from backprove.certificate.points import point, uniform
from backprove.compare import NO_VALUE, compare
from backprove.domains import DOMAINS, Modular, modular, residue
from backprove.domains.residue import P, Residue
from backprove.engines import ENGINES
from backprove.verdict import Verdict

D = DOMAINS["modular"]
elements = st.integers(0, P - 1).map(lambda n: Residue(n, 1))
nonzero = st.integers(1, P - 1).map(lambda n: Residue(n, 1))


def test_p_is_the_prime_of_the_cases() -> None:
    assert P == MODULUS == D.modulus == 2**61 - 1
    # Lucas and Lehmer: 2^q - 1 is prime where s_0 = 4, s_i = s² - 2 comes to 0 after q - 2 steps
    s = 4
    for _ in range(61 - 2):
        s = (s * s - 2) % P
    assert s == 0


# --- the field ---


@given(st.integers(0, P - 1), st.integers(0, P - 1), st.integers(-(2**70), 2**70), st.integers(0, 9))
def test_arithmetic_is_that_of_integers_modulo_p(a: int, b: int, n: int, k: int) -> None:
    x, y = Residue(a), Residue(b)
    assert (x + y).value == (a + b) % P
    assert (x - y).value == (a - b) % P
    assert (x * y).value == a * b % P
    assert (-x).value == -a % P
    assert (x**k).value == pow(a, k, P)
    assert (x + n).value == (n + x).value == (a + n) % P
    assert (x - n).value == (a - n) % P
    assert (n - x).value == (n - a) % P
    assert (x * n).value == (n * x).value == a * n % P
    assert (x == y) == (a == b)
    assert x == a
    assert hash(x) == hash(Residue(a, 3, 5))
    assert bool(x) == (a != 0)
    if b:
        assert (x / y).value * b % P == a
        assert (n / y).value * b % P == n % P
    if n % P:
        assert (x / n).value * n % P == a


@given(elements, elements, nonzero)
def test_laws_of_a_field(x: Residue, y: Residue, z: Residue) -> None:
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) * z == x * z + y * z
    assert x - x == 0
    assert z / z == 1
    assert x / z * z == x


@given(elements)
def test_no_order_no_floats_no_zero_division(x: Residue) -> None:
    for attempt in (
        lambda: x < x, lambda: x <= 0, lambda: x > 1, lambda: x >= 0, lambda: abs(x), lambda: float(x),
        lambda: x + 0.5, lambda: 0.5 - x, lambda: x * np.float64(2), lambda: np.float64(2) * x, lambda: x / 2.0,
        lambda: x + Fraction(1, 2), lambda: Fraction(1, 2) * x, lambda: x + None, lambda: x**-1, lambda: x**0.5,
        lambda: x ** Fraction(1, 2), lambda: np.exp(np.array([x])), lambda: max(x, x),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            attempt()  # type: ignore[no-untyped-call]
    for divide in (lambda: x / 0, lambda: x / Residue(0, 4), lambda: 1 / Residue(0), lambda: x / P):
        with pytest.raises(ZeroDivisionError):
            divide()  # type: ignore[no-untyped-call]
    assert x != 0.5
    assert x != "x"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_enters_as_the_fraction_that_it_is(f: float) -> None:
    n, d = f.as_integer_ratio()
    assert D.number(f) * d == n
    assert D.array([f])[0] == D.number(f)


@given(st.fractions(), st.integers(-(2**80), 2**80))
def test_fractions_and_integers_enter_exactly(f: Fraction, n: int) -> None:
    assume(f.denominator % P)
    assert D.number(f) * f.denominator == f.numerator
    assert D.number(n) == n % P


def test_numbers_keep_their_shape() -> None:
    values = np.arange(6.0).reshape(2, 3) / 4
    array = D.array(values)
    assert array.shape == (2, 3)
    assert (array * 4 == np.arange(6).reshape(2, 3)).all()
    assert D.numbers(values) == array.tolist()
    assert D.array(np.array([P - 1], dtype=np.int64))[0] == -1


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (Residue(3), "3"),
        (Residue(P - 3), "-3"),
        (Residue(1) / 3, "1/3"),
        (Residue(-5 % P) / 7, "-5/7"),
        (Residue(10**9), f"{10**9} (mod 2^61-1)"),
    ],
)
def test_small_fractions_are_shown_as_such(x: Residue, shown: str) -> None:
    assert repr(x) == shown


@given(st.integers(-10_000, 10_000), st.integers(1, 10_000))
def test_what_is_shown_is_the_value(n: int, d: int) -> None:
    assert repr(Residue(n % P) / d) == str(Fraction(n, d))


# --- degrees ---

Poly = dict[tuple[int, ...], int]  # exponents of x, y, z → coefficient in the field
Pair = tuple[Residue, Poly, Poly]


def _times(f: Poly, g: Poly) -> Poly:
    found: Poly = {}
    for e, a in f.items():
        for e2, b in g.items():
            to = tuple(i + j for i, j in zip(e, e2, strict=True))
            found[to] = (found.get(to, 0) + a * b) % P
    return {e: c for e, c in found.items() if c}


def _plus(f: Poly, g: Poly, sign: int = 1) -> Poly:
    found = {e: (f.get(e, 0) + sign * g.get(e, 0)) % P for e in {*f, *g}}
    return {e: c for e, c in found.items() if c}


def _degree(f: Poly) -> int:
    return max(map(sum, f), default=0)


def _at(f: Poly, values: list[int]) -> int:
    return sum(c * np.prod([pow(v, k, P) for v, k in zip(values, e, strict=True)], dtype=object) for e, c in f.items())


VALUES = [3**40 % P, 7**30 % P, 11**25 % P]
ONE: Poly = {(0, 0, 0): 1}
leaves = st.one_of(
    st.sampled_from([0, 1, 2]).map(
        lambda i: (Residue(VALUES[i], 1), {tuple(int(i == j) for j in range(3)): 1}, dict(ONE))
    ),
    st.integers(-3, 3).map(lambda n: (Residue(n % P), {(0, 0, 0): n % P} if n else {}, dict(ONE))),
)


def _combined(parts: tuple[str, Pair, Pair]) -> Pair:
    """The same step on residues and on fractions N / D, which are not cancelled."""
    step, (x, N, Dx), (y, M, Dy) = parts
    if step == "+":
        return x + y, _plus(_times(N, Dy), _times(M, Dx)), _times(Dx, Dy)
    if step == "-":
        return x - y, _plus(_times(N, Dy), _times(M, Dx), -1), _times(Dx, Dy)
    if step == "/" and y.value:
        return x / y, _times(N, Dy), _times(Dx, M)
    if step == "2":
        return x**2, _times(N, N), _times(Dx, Dx)
    if step == "neg":
        return -x, _plus({}, N, -1), Dx
    return x * y, _times(N, M), _times(Dx, Dy)


expressions = st.recursive(
    leaves,
    lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "/", "2", "neg"]), inner, inner).map(_combined),
    max_leaves=7,
)


@given(expressions)
def test_degrees_are_never_less_than_they_are(expression: Pair) -> None:
    x, N, Dx = expression
    assert _at(N, VALUES) % P == x.value * _at(Dx, VALUES) % P
    assert x.top >= _degree(N)
    assert x.bottom >= _degree(Dx)


@given(expressions, expressions)
def test_the_degree_of_a_difference_neither(first: Pair, second: Pair) -> None:
    (x, N, Dx), (y, M, Dy) = first, second
    found = Modular().degree([np.array([x], dtype=object), np.array([y], dtype=object)])
    assert found >= _degree(_plus(_times(N, Dy), _times(M, Dx), -1))


@pytest.mark.parametrize("step", ["__add__", "__mul__", "__truediv__"])
def test_a_degree_counted_wrongly_would_be_noticed(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(Residue, step)

    def wrong(self: Residue, other: Any) -> Residue:
        found = right(self, other)
        return Residue(found.value, max(self.top, other.top), max(self.bottom, other.bottom))

    monkeypatch.setattr(Residue, step, wrong)
    assert find(expressions, lambda e: e[0].top < _degree(e[1]) or e[0].bottom < _degree(e[2]))


def test_degrees_on_known_expressions() -> None:
    x, y, one = Residue(5, 1), Residue(7, 1), Residue(1)
    shapes = [(x * y + one, 2, 0), (one / x + one / y, 1, 2), (x / y * (y / x), 2, 2), ((x + y) ** 3, 3, 0)]
    assert [(z.top, z.bottom) for z, _, _ in shapes] == [(top, bottom) for _, top, bottom in shapes]
    domain = Modular()
    sigmoid = one / (one + domain.exp(-x))
    assert (sigmoid.top, sigmoid.bottom) == (1, 1)
    # 2: the difference of sigmoid and 1/2; and x itself, where exp is 1, and as much as exp is never 0
    assert domain.degree([np.array([sigmoid]), np.array([D.number(0.5)])]) == 2 + 2
    domain.exp(y)
    assert domain.degree([np.array([sigmoid]), np.array([D.number(0.5)])]) == 2 + 2 * 2 * 2


def test_what_comes_from_the_point_has_a_degree_however_it_enters() -> None:
    assert D.array([0.5])[0].top == 1
    assert D.number(P // 3).top == 1
    assert D.inv_sqrt_pi.top == 1
    assert [D.number(c).top for c in (0, 1, 0.5, 0.01, Fraction(1, 3))] == [0] * 5


# --- the probability, in a field so small that it can be measured ---

SMALL = 101
NOISE = 3 / SMALL  # three standard deviations, times the root of a probability


@pytest.fixture
def small_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residue, "P", SMALL)
    monkeypatch.setattr(modular, "P", SMALL)


def _product(x: Residue, roots: int) -> Residue:
    found = Residue(1)
    for k in range(roots):
        found = found * (x - k)
    return found


Formula = Callable[[Modular, Residue, Residue], Residue]
DIFFERENT: dict[str, tuple[Formula, Formula]] = {
    "wrong at all but 12 values": (lambda D, x, y: x * y, lambda D, x, y: x * y + _product(x, 12)),
    "a fraction": (lambda D, x, y: 1 / (x + y + 3), lambda D, x, y: 1 / (x * y + 3)),
    "exp(x) and exp(y)": (lambda D, x, y: D.exp(x), lambda D, x, y: D.exp(y)),
    "exp(x) and a number": (lambda D, x, y: D.exp(x), lambda D, x, y: Residue(1)),
    "erf(x) and erf(xy)": (lambda D, x, y: D.erf(x), lambda D, x, y: D.erf(x * y)),
    "sigmoid's slope and y": (lambda D, x, y: _s(D, x) * (1 - _s(D, x)), lambda D, x, y: y),
    "1/√π and 3": (lambda D, x, y: x * D.inv_sqrt_pi, lambda D, x, y: x * 3),
    "log(1 + e^x)": (lambda D, x, y: D.log1pexp(x), lambda D, x, y: D.log1pexp(y) + x - y),
}


def _s(D: Modular, x: Residue) -> Residue:
    return 1 / (1 + D.exp(-x))


def _chance(name: str) -> tuple[float, float]:
    """How often the two formulas agree, of all points, and the largest bound on that which the domain gave."""
    agreed, bound = 0, 0
    f, g = DIFFERENT[name]
    for a, b in itertools.product(range(SMALL), repeat=2):
        domain, x, y = Modular(f"{a} {b}"), Residue(a, 1), Residue(b, 1)
        try:
            values = f(domain, x, y), g(domain, x, y)
        except ZeroDivisionError:
            continue
        agreed += values[0] == values[1]
        bound = max(bound, domain.degree([np.array([v]) for v in values]))
    return agreed / SMALL**2, bound / SMALL


@pytest.mark.usefixtures("small_field")
@pytest.mark.parametrize("name", DIFFERENT)
def test_false_agreement_is_no_likelier_than_is_said(name: str) -> None:
    measured, said = _chance(name)
    assert 0 < measured <= said + NOISE * said**0.5


@pytest.mark.usefixtures("small_field")
def test_a_probability_said_too_small_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Modular, "degree", lambda self, answers: max(x.top for row in answers for x in row) - 2)
    measured, said = _chance("wrong at all but 12 values")
    assert measured > said + NOISE * said**0.5


# --- the uninterpreted functions ---

keys = st.text(max_size=3)


@given(keys, nonzero)
def test_the_identities_that_hold(key: str, z: Residue) -> None:
    D = Modular(key)
    e, half = D.exp(z), D.number(0.5)
    assert e * D.exp(-z) == 1
    assert D.expm1(z) == e - 1
    assert D.tanh(z) == (e - 1 / e) / (e + 1 / e)
    assert D.tanh(-z) == -D.tanh(z)
    assert D.log1pexp(z) == z + D.log1pexp(-z)
    assert D.erf(-z) == -D.erf(z)
    assert D.sqrt_half * D.sqrt_half == half
    zero = z - z
    assert (D.exp(zero), D.expm1(zero), D.tanh(zero), D.erf(zero)) == (1, 0, 0, 0)
    array = np.array([[z, -z]], dtype=object)
    assert (D.exp(array) == [[e, 1 / e]]).all()
    assert D.exp(array).shape == D.positive(array).shape == D.zero(array).shape == (1, 2)


@given(keys, nonzero, nonzero)
def test_and_no_others(key: str, x: Residue, y: Residue) -> None:
    assume(x != y)
    assume(x != -y)
    D = Modular(key)
    assert D.exp(x + y) != D.exp(x) * D.exp(y)
    assert D.exp(x) != D.exp(y)
    assert D.exp(x * 2) != D.exp(x) * D.exp(x)
    assert D.erf(x) != D.erf(y)
    assert D.erf(x) != D.exp(x)
    assert D.log1pexp(x) != D.log1pexp(y)
    assert D.exp(D.log1pexp(x)) != 1 + D.exp(x)
    assert D.inv_sqrt_pi * D.inv_sqrt_pi != D.number(0.318309886183790671)


@given(nonzero, st.sampled_from(["exp", "erf", "log1pexp", "tanh", "expm1"]))
def test_a_key_chooses_the_functions(z: Residue, name: str) -> None:
    values = [getattr(Modular(key), name)(z) for key in ("a", "a", "b")]
    assert values[0] == values[1]
    assert values[0] != values[2]
    assert Modular("a").inv_sqrt_pi != Modular("b").inv_sqrt_pi


@given(keys, st.lists(nonzero, max_size=8))
def test_gates_are_complementary_and_stay_as_they_are(key: str, zs: list[Residue]) -> None:
    D = Modular(key)
    first = [D.positive(z) for z in zs]
    assert [D.positive(-z) for z in zs] == [not up for up in first]
    assert [D.positive(z) for z in reversed(zs)] == first[::-1]
    assert [D.leans(z) for z in zs] == first
    assert len(D.answers) == len({min(z.value, P - z.value) for z in zs})
    assert [D.zero(z) for z in zs] == [False] * len(zs)
    assert all(type(up) is bool for up in first)


def test_gates_are_fair() -> None:
    bits = [Modular(f"{i}").positive(Residue(5, 1)) for i in range(400)]
    assert 150 < sum(bits) < 250


@given(st.lists(st.booleans(), max_size=6), st.lists(nonzero, min_size=6, max_size=6, unique_by=lambda z: z.value))
def test_scripted_gates_answer_in_the_order_they_are_asked(script: list[bool], zs: list[Residue]) -> None:
    assume(len({min(z.value, P - z.value) for z in zs}) == 6)
    D = Modular("key", script)
    answers = [D.positive(z) for z in zs]
    assert answers[: len(script)] == script
    assert answers[len(script) :] == [Modular("key").positive(z) for z in zs[len(script) :]]
    assert D.answers == answers
    again = D.anew()
    assert (again.answers, again.arguments) == ([], {})
    assert [again.positive(z) for z in zs] == answers


def test_zero_is_on_no_side_and_that_is_counted() -> None:
    D = Modular()
    assert D.positive(Residue(0)) is False
    assert D.ties == 0  # a constant, no z at a kink
    assert D.positive(Residue(0, 1)) is False
    assert D.ties == 1
    assert D.zero(Residue(0, 1)) is True
    assert D.answers == []


# --- judging ---


def _codes(x: list[Any], y: list[Any]) -> list[Verdict]:
    codes, fraction = D.judge(np.array(x, dtype=object), np.array(y, dtype=object), np.zeros(len(x)))
    assert [f == 0 for f in fraction] == [c == Verdict.AGREE for c in codes]
    return [Verdict(code) for code in codes]


@given(elements, elements)
def test_only_equal_residues_agree(x: Residue, y: Residue) -> None:
    same = Residue(x.value, 9, 9)
    assert _codes([x, x], [same, y]) == [Verdict.AGREE, Verdict.AGREE if x == y else Verdict.DISAGREE]


@pytest.mark.parametrize("other", [1, True, 1.0, Fraction(1), None, "1", np.int64(1), float("nan")])
def test_nothing_else_agrees_even_with_itself(other: Any) -> None:
    assert _codes([Residue(1), other, other], [other, Residue(1), other]) == [Verdict.DISAGREE] * 3
    with pytest.raises(TypeError, match="residues are needed"):
        D.own([other])
    with pytest.raises(TypeError, match="residues are needed"):
        D.own(np.array([other]))


def test_own_takes_lists_and_arrays_of_residues() -> None:
    assert D.own([[Residue(1)], [Residue(2)]]).shape == (2, 1)
    array = D.array([1.0])
    assert D.own(array) is array
    with pytest.raises(TypeError):
        D.own(np.array([1.0]))
    with pytest.raises(TypeError, match="a list"):
        D.own([[Residue(1)], Residue(2)])


# --- the engines, unchanged ---


@pytest.mark.parametrize("case", covering(), ids=lambda c: f"{c.layers[0].activation}-{c.loss.name}-{len(c.layers)}")
def test_engines_agree_on_a_case_of_everything(case: Case) -> None:
    comparison = compare(case, D, ENGINES)
    assert comparison.verdict is Verdict.AGREE, comparison.reasons
    assert comparison.compared.all()


@given(cases(domain="modular", max_layers=3, max_width=3))
@examples(max_examples=30)
def test_engines_agree_at_random_points(case: Case) -> None:
    assert case.modulus == MODULUS
    comparison = compare(case, D, ENGINES)
    assert comparison.verdict is Verdict.AGREE or set(comparison.reasons) == {NO_VALUE}
    assert 0 < comparison.degree < 1e6 or comparison.reasons


def test_cases_of_a_field_are_for_no_other_domain() -> None:
    case = point(Architecture((1, 1), ("identity",)), "squared_error", uniform(np.random.default_rng(0)))
    for name in ("float64", "rational"):
        comparison = compare(case, DOMAINS[name], ENGINES)
        assert comparison.verdict is Verdict.UNDECIDED
        assert all("residues" in o.refused for o in comparison.outcomes.values())


FAULTY = {
    "identity": "factor-2-missing",
    "square": "square-slope-z",
    "relu": "hidden-slope-missing",
    "leaky_relu": "leaky-slope-0.02",
    "sigmoid": "sigmoid-slope-without-1-a",
    "tanh": "tanh-slope-1-a",
    "softmax": "softmax-diagonal",
    "softplus": "softplus-slope-swapped",
    "elu": "elu-slope-a",
    "silu": "silu-slope-sigmoid",
    "gelu": "gelu-tanh-approximation",
}


def test_every_activation_has_its_fault() -> None:
    assert list(FAULTY) == [a for a in ACTIVATIONS if a in FAULTY]
    assert set(FAULTY) == set(ACTIVATIONS)


@pytest.mark.parametrize(("activation", "name"), FAULTY.items())
def test_a_planted_fault_is_told_apart(activation: str, name: str) -> None:
    fault: Fault = NAMED[name]
    draw = uniform(np.random.default_rng(0))
    case = point(Architecture((2, 3, 2), (activation, activation)), "squared_error", draw, samples=3)
    assert compare(case, D, ENGINES).verdict is Verdict.AGREE
    comparison = compare(case, D, with_fault(fault))
    assert comparison.verdict is Verdict.DISAGREE
    assert [fault.engine] in comparison.groups
    assert len(comparison.groups) == 2
