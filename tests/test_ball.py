"""Domain `ball`: numbers enter exactly, enclosures hold what they should, and the silent traps of `arb` stay shut.

Of every trap, a twin shows that what is obvious falls into it in the flint that is installed. D: a Ball.
"""

import contextlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from helpers import FLOAT64, RATIONAL, changed, covering, kinked, network
from quality.exact import DIGITS, exact_gradient, flat
from quality.hunt import draw

from backprove.case import ACTIVATIONS, LOSSES, Case, Layer, Loss
from backprove.domains.ball import MOST, NARROW, START, Ball
from backprove.engines import ENGINES, Engine, matrix, neuron, paths
from backprove.errors import Undecidable
from backprove.generate import cases
from backprove.rounding import analyse
from backprove.verdict import Verdict

flint = pytest.importorskip("flint")
arb = flint.arb

CASES = covering()
PIECEWISE = ("identity", "square", "relu", "leaky_relu")
AGREE, DISAGREE, UNDECIDED = Verdict.AGREE, Verdict.DISAGREE, Verdict.UNDECIDED
LOW = 96  # bits: so few that 60 decimal digits lie far within an enclosure
ACROSS = arb(0, 1e-9)
THIRD = Fraction(1, 3)

each_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


def gradient(engine: Engine, case: Case, D: Ball) -> np.ndarray:
    """An engine's gradient, flat; all enclosures."""
    with D.context():
        return D.own(flat(engine(case, D)))


def fraction(x: Any) -> Fraction:
    """An exact `arb`, a float or an mpmath number as a fraction."""
    if isinstance(x, mpmath.mpf):
        return Fraction(*mpmath.libmp.to_rational(x._mpf_))
    if isinstance(x, arb):
        man, exp = map(int, x.man_exp())
        return man * Fraction(2) ** exp
    return Fraction(x)


def encloses(x: Any, exact: Any) -> bool:
    """Whether the number lies in the enclosure, in fractions: nothing here rounds, nor asks flint."""
    return abs(fraction(x.mid()) - fraction(exact)) <= fraction(x.rad())


def relative_width(x: Any) -> float:
    return float(fraction(x.rad()) / abs(fraction(x.mid())))


def judged(x: Any, y: Any, radius: float = 0.0) -> Verdict:
    verdicts, _ = Ball().judge(np.array([x]), np.array([y]), np.array([radius]))
    return Verdict(int(verdicts[0]))


def alike(case: Case, D: Ball, first: Engine, second: Engine) -> set[Verdict]:
    """The verdicts on two engines' entries."""
    radius = analyse(case, FLOAT64).radii()
    verdicts, _ = D.judge(gradient(first, case, D), gradient(second, case, D), radius)
    return {Verdict(code) for code in verdicts.tolist()}


# Numbers


@pytest.mark.parametrize("value", [0.1, -0.0, 5e-324, 1.7976931348623157e308, 3, -(10**40), np.float32(0.1)])
def test_floats_and_integers_enter_exactly_in_any_precision(value: Any) -> None:
    for prec in (START, 2):
        with Ball(max(prec, 24 if isinstance(value, np.float32) else 2)).context():
            x = Ball().number(value)
        assert x.is_exact()
        assert fraction(x) == Fraction(float(value) if isinstance(value, np.float32) else value)


def test_fractions_enter_as_enclosures() -> None:
    for prec in (24, START, MOST):
        with Ball(prec).context():
            third, dyadic = Ball(prec).number(THIRD), Ball(prec).number(Fraction(3, 8))
        assert encloses(third, THIRD)
        assert not third.is_exact()
        assert relative_width(third) < 2.0 ** (2 - min(prec, 1000))
        assert dyadic.is_exact()
        assert fraction(dyadic) == Fraction(3, 8)


def test_arrays_enter_in_their_shape() -> None:
    D = Ball()
    for values in (
        [[0.1, 0.2]],
        np.array([2**63 - 1, -1]),
        np.array([THIRD, 0.5], dtype=object),
        np.zeros((0, 2)),
        0.5,
    ):
        array = D.array(values)
        assert array.dtype == object
        assert array.shape == np.shape(values)
        assert all(encloses(x, y) for x, y in zip(array.flat, np.array(values, dtype=object).flat, strict=True))
    assert [[type(x) for x in row] for row in D.numbers([[0.1], [0.2]])] == [[arb], [arb]]


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), 1, True, THIRD, None, "0.5", flint.fmpq(1, 2)])
def test_nothing_but_enclosures_is_an_answer(value: Any) -> None:
    assert Ball().own([[arb(1)], [arb(2)]]).shape == (2, 1)
    for values in ([arb(1), value], np.array([arb(1), value], dtype=object)):
        with pytest.raises(TypeError, match=f"^a {type(value).__name__}; enclosures are needed$"):
            Ball().own(values)


def test_a_float_array_is_no_answer() -> None:
    with pytest.raises(TypeError, match=r"^float64 numbers; enclosures are needed$"):
        Ball().own(np.zeros(2))


# Precision


def test_context_nests_and_restores() -> None:
    before = flint.ctx.prec
    with contextlib.suppress(ZeroDivisionError), Ball(500).context():
        with contextlib.suppress(KeyError), Ball(100).context():
            assert flint.ctx.prec == 100
            raise KeyError
        assert flint.ctx.prec == 500
        flint.ctx.prec = 7  # as a stranger's engine may do
        raise ZeroDivisionError
    assert flint.ctx.prec == before


def test_precision_matters() -> None:
    with Ball(START).context():
        inside = arb(1) / 3
    assert relative_width(arb(1) / 3) > 2.0**60 * relative_width(inside)


def test_precision_doubles_until_it_is_enough() -> None:
    D: Ball | None = Ball()
    found = []
    while D is not None:
        found.append(D.prec)
        D = D.finer()
    assert found == [START * 2**i for i in range(5)]
    assert found[-1] == MOST


# Signs


@pytest.mark.parametrize(
    ("x", "positive", "zero", "leans"),
    [
        (arb(1, 0.5), True, False, True),
        (arb(-1, 0.5), False, False, False),
        (arb(0), False, True, False),
        (arb("1e-400"), True, False, True),
        (arb(2) ** -100000, True, False, True),
        (ACROSS, None, None, False),
        (arb(1e-10, 1e-9), None, None, True),
        (arb(-1, 1), None, None, False),
        (arb("nan"), None, None, False),
        (arb("inf"), True, False, True),
        (arb(0, "inf"), None, None, False),
    ],
)
def test_signs(x: Any, positive: bool | None, zero: bool | None, leans: bool) -> None:
    for ask, answer in ((Ball().positive, positive), (Ball().zero, zero), (Ball().leans, leans)):
        array = np.array([[arb(1), x]])
        if answer is None:
            for asked in (x, array):
                with pytest.raises(Undecidable, match=r"^ball: an enclosure straddles 0$"):
                    ask(asked)
        else:
            assert ask(x) is answer
            assert ask(array).dtype == bool
            assert ask(array)[0, 1] == answer


# The four silent traps


def test_trap_relu_across_0_is_not_0() -> None:
    assert not ACROSS > 0  # the twin: what every relu is made of
    assert not ACROSS <= 0
    assert np.where(np.array([ACROSS]) > 0, 1, 0) == [0]
    assert max(ACROSS, arb(0)) is ACROSS
    assert max(arb(0), ACROSS) == 0  # whichever comes first
    with pytest.raises(Undecidable):
        Ball().positive(ACROSS)


def hidden_kink(name: str) -> Case:
    """tanh units that are equal, subtracted: z^2 is 0, but no enclosure of it is exact."""
    return Case(
        (Layer([[0.3], [0.3]], None, "tanh"), Layer([[1.0, -1.0]], None, name)), [[1.0]], [[0.0]], Loss("output")
    )


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu"])
@each_engine
def test_trap_every_engine_is_undecided_across_a_kink(engine: Engine, name: str) -> None:
    for prec in (START, MOST):
        with pytest.raises(Undecidable):
            gradient(engine, hidden_kink(name), Ball(prec))

    class Obvious(Ball):
        def positive(self, x: Any) -> Any:
            return x > 0

        def zero(self, x: Any) -> Any:
            return x == 0

    assert not all(encloses(x, 0) for x in gradient(engine, hidden_kink("identity"), Ball()))
    if name == "relu":  # the twin: slope 0, exact, where the convention may say otherwise
        assert all(x.is_exact() and x == 0 for x in gradient(engine, hidden_kink(name), Obvious()))


@pytest.mark.parametrize("kink", [0, 1, Fraction(1, 2)])
@each_engine
def test_a_z_of_exactly_0_is_decided(engine: Engine, kink: Fraction) -> None:
    (slope, _) = gradient(engine, kinked("relu", kink), Ball())
    assert slope.is_exact()
    assert fraction(slope) == kink


def test_trap_nan_never_agrees() -> None:
    nan = arb("nan")
    assert nan.overlaps(arb(1))  # the twin
    assert nan.overlaps(nan)
    for y in (nan, arb(1), arb("inf")):
        assert judged(nan, y, 1.0) is judged(y, nan, 1.0) is UNDECIDED


@pytest.mark.parametrize("x", [arb("inf"), arb("-inf"), arb(0, "inf"), arb(1) / 0])
def test_infinite_enclosures_never_agree(x: Any) -> None:
    for radius in (0.0, 1.0, np.inf, np.nan):
        assert judged(x, x, radius) is judged(x, arb(1), radius) is judged(arb(1), x, radius) is UNDECIDED


def test_trap_inexact_enclosures_are_not_equal() -> None:
    with Ball().context():
        x, y = arb(1) / 3, arb(1) / 3
    assert not x == y  # noqa: SIM201 -- the twin
    assert not x == x  # noqa: SIM201
    assert judged(x, y) is judged(x, x) is AGREE
    assert judged(arb(2), arb(2)) is AGREE


def test_trap_a_float_in_the_arithmetic_is_found_out() -> None:
    with Ball().context():
        tenth = Ball().number(Fraction(1, 10))
        mixed, meant = tenth * 0 + 0.1, tenth
    assert isinstance(mixed, arb)  # the twin: nothing complains
    assert float(mixed) == float(meant)
    assert Ball().own([mixed]).shape == (1,)
    assert judged(mixed, meant, 1e-17) is DISAGREE

    case = network((2, 2), ("identity",), loss=Loss("squared_error", THIRD))
    assert alike(case, Ball(), matrix.engine, neuron.engine) == {AGREE}

    def mixing(case: Case, D: Ball) -> Any:
        found = neuron.engine(Case(case.layers, case.inputs, case.targets), D)
        third = float(case.loss.scale)
        return type(found)([D.own(W) * third for W in found.weights], [D.own(b) * third for b in found.biases])

    assert alike(case, Ball(), matrix.engine, mixing) == {DISAGREE}


# Judging

BIG, SMALL = arb(2) ** 1500, arb(2) ** -1500  # beyond the range of float64; exact


@pytest.mark.parametrize(
    ("x", "y", "radius", "verdict"),
    [
        (arb(1), arb(1), 0.0, AGREE),
        (arb(0), arb(0), np.nan, AGREE),
        (arb(1), arb(1) + arb(2) ** -50, 1.0, DISAGREE),  # no radius excuses
        (arb(0), arb(2) ** -100000, 1.0, DISAGREE),
        (arb(1, 2.0**-65), arb(1, 2.0**-65), 0.0, AGREE),
        (arb(1, 2.0**-64), arb(1, 2.0**-64), 0.0, UNDECIDED),  # not of its smallest size
        (arb(1, 2.0**-63), arb(1, 2.0**-63), 0.0, UNDECIDED),  # each test of width on its own
        (arb(1, 2.0**-63), arb(1), 0.0, UNDECIDED),
        (arb(1), arb(1, 2.0**-63), 0.0, UNDECIDED),
        (arb(1, 2.0**-63), arb(1, 2.0**-63), 4.0, AGREE),
        (arb(0, 2.0**-65), arb(0), 1.0, AGREE),
        (arb(0, 2.0**-65), arb(0), 0.0, UNDECIDED),
        (arb(0, 2.0**-65), arb(0), np.inf, UNDECIDED),
        (arb(0, 2.0**-65), arb(0), np.nan, UNDECIDED),
        (arb(0, 2.0**-65), arb(0), -1.0, UNDECIDED),
        (arb(0, 1e300), arb(1e200), 1.0, UNDECIDED),
        (BIG, BIG, 0.0, AGREE),
        (BIG, BIG * 2, 0.0, DISAGREE),
        (arb(0, BIG), arb(0, BIG), 1e308, UNDECIDED),
        (arb(0, BIG), arb(0, BIG), np.inf, UNDECIDED),
        (arb(0, SMALL), arb(0, SMALL), 5e-324, AGREE),  # 2^-1500 against 2^-1074 / 2^64
        (arb(0, SMALL), arb(0, SMALL), 0.0, UNDECIDED),
        (SMALL * arb(1, 0.5), SMALL * arb(1, 0.5), 0.0, UNDECIDED),  # as floats 0 <= 0
        (BIG * arb(1, 0.5), BIG * arb(1, 0.5), 0.0, UNDECIDED),  # as floats inf <= inf
        (SMALL, SMALL * 2, 1.0, DISAGREE),
    ],
)
def test_judge(x: Any, y: Any, radius: float, verdict: Verdict) -> None:
    assert judged(x, y, radius) is judged(y, x, radius) is verdict
    verdicts, fraction = Ball().judge(np.array([x, arb(1)]), np.array([y, arb(1)]), np.array([radius, 0.0]))
    assert verdicts.dtype == np.int8
    assert verdicts.tolist() == [verdict, AGREE]
    assert fraction.tolist() == [0.0 if verdict is AGREE else np.inf, 0.0]


def test_judge_does_not_depend_on_the_precision_in_force() -> None:
    with Ball(2).context():
        assert judged(arb(1, 2.0**-63), arb(1), 0.0) is UNDECIDED
        assert judged(arb(1, 2.0**-65), arb(1), 0.0) is AGREE
    assert NARROW == 2**64


# Functions


POINTS = [0.0, 0.5, -0.5, 1e-9, -1e-9, 3.25, -3.25, 40.0, -40.0, 745.5, -745.5, 2e3, -2e3]
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "log1pexp": lambda x: mpmath.log1p(mpmath.exp(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_enclose(name: str) -> None:
    D = Ball(LOW)
    assert name in D.functions
    with D.context(), mpmath.workdps(DIGITS):
        found = getattr(D, name)(D.array([POINTS]))
        assert found.shape == (1, len(POINTS))
        for x, y in zip(POINTS, found[0], strict=True):
            exact = FUNCTIONS[name](mpmath.mpf(x))
            assert encloses(y, exact)
            assert y.overlaps(getattr(D, name)(D.number(x)))
            assert not exact or not encloses(y, exact * (1 + mpmath.mpf(2) ** (10 - LOW)))  # the twin


def test_constants_enclose() -> None:
    for D in (Ball(LOW), Ball(LOW).finer()):
        assert D is not None
        with D.context(), mpmath.workdps(2 * DIGITS):
            for x, exact in ((D.sqrt_half, mpmath.sqrt(0.5)), (D.inv_sqrt_pi, 1 / mpmath.sqrt(mpmath.pi))):
                assert encloses(x, exact)
                assert relative_width(x) < 2.0 ** (4 - D.prec)


def test_log1pexp_keeps_its_width_for_large_arguments() -> None:
    with Ball().context():
        wide = arb(1e6, 1e-30)
        assert relative_width(Ball().log1pexp(wide)) < 2 * relative_width(wide)
        far = arb(2) ** 600
        assert Ball().log1pexp(far).is_finite()
        assert not far.exp().log1p().is_finite()  # the twin
        assert Ball().log1pexp(-far).is_finite()


def test_nothing_has_to_be_subtracted_before_exp() -> None:
    D = Ball()
    with D.context():
        z = D.array([[1e5, 1e5 - 1, -1e5]])
        e = D.exp(z - D.peak(z))
        share = (e / e.sum(axis=-1, keepdims=True))[0, 0]
        assert D.peak(z.tolist()[0]) == 0
    assert abs(float(share) - 1 / (1 + np.exp(-1))) < 1e-15
    assert relative_width(share) < 2.0**-150


# The engines


def test_cases_have_every_activation_and_loss() -> None:
    assert {layer.activation for case in CASES for layer in case.layers} == set(ACTIVATIONS)
    assert {case.loss.name for case in CASES} == set(LOSSES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.layers[-1].activation}-{case.loss.name}")
def test_engines_agree_and_enclose_the_high_precision_gradient(case: Case) -> None:
    exact = exact_gradient(case, "float64")
    for engine in ENGINES.values():
        assert all(map(encloses, gradient(engine, case, Ball(LOW)), exact))
        assert alike(case, Ball(), engine, neuron.engine) == {AGREE}


@pytest.mark.parametrize("seed", [1, 2])
def test_engines_enclose_the_rational_gradient(seed: int) -> None:
    entries = 0
    for case in [*draw(cases(activations=PIECEWISE, domain="rational"), 60, seed), network((2, 3, 2), PIECEWISE[1:3])]:
        exact = flat(neuron.engine(case, RATIONAL))
        for engine in ENGINES.values():
            assert all(map(encloses, gradient(engine, case, Ball()), exact))
        entries += len(exact)
    assert entries > 1000


def test_engines_agree_on_drawn_cases() -> None:
    """Of at most three layers, so that paths expands all of them."""
    entries = undecided = 0
    for case in draw(cases(max_layers=3), 100, seed=3):
        try:
            found = alike(case, Ball(), neuron.engine, matrix.engine) | alike(case, Ball(), neuron.engine, paths.engine)
        except Undecidable:
            undecided += 1
            continue
        assert found == {AGREE}
        entries += case.entries
    assert entries > 1500
    assert undecided < 3


def test_an_error_far_below_the_rounding_of_floats_is_found() -> None:
    def spoil(weights: list[np.ndarray], biases: list[np.ndarray | None]) -> None:
        weights[0][0, 0] *= 1 + arb(2) ** -100

    for case in CASES[:11]:
        x, y = gradient(matrix.engine, case, Ball()), gradient(changed(matrix.engine, spoil), case, Ball())
        radius = analyse(case, FLOAT64).radii()
        verdicts, _ = Ball().judge(x, y, radius)
        assert verdicts[0] == (AGREE if x[0] == 0 else DISAGREE)
        assert not verdicts[1:].any()


def test_what_is_too_wide_is_undecided_until_the_precision_rises() -> None:
    case = network((2, 3, 2), ("tanh", "sigmoid"))
    assert alike(case, Ball(40), matrix.engine, neuron.engine) == {UNDECIDED}
    assert alike(case, Ball(80), matrix.engine, neuron.engine) == {AGREE}


def test_numbers_beyond_the_range_of_float64_are_computed() -> None:
    far = Case((Layer([[1e200]], None, "square"), Layer([[1e200]], None, "square")), [[1.0]], [[0.0]])
    for engine in ENGINES.values():
        values = gradient(engine, far, Ball())
        assert all(x.is_finite() for x in values)
        assert alike(far, Ball(), engine, neuron.engine) == {AGREE}
        with np.errstate(all="ignore"):
            assert not np.isfinite(flat(engine(far, FLOAT64))).all()  # the twin
