"""The rounding bound holds in every precision, for every engine and quantity; it is not loose; and it can fail.

Exact gradients come from the engines themselves in 60-digit arithmetic, or in fractions. u: unit roundoff.
"""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from quality.exact import DIGITS, EXACT, errors, exact_gradient, flat
from quality.hunt import draw
from quality.networks import extreme, network, ordinary

from backprove.case import ACTIVATIONS, LOSSES, Case, Layer, Loss
from backprove.domains import DOMAINS, Float64
from backprove.engines import ENGINES, matrix, neuron
from backprove.generate import cases
from backprove.rounding import UNITS, analyse

FLOATS = ("float64", "float32")
PIECEWISE = ("identity", "square", "relu", "leaky_relu")
floats = pytest.mark.parametrize("name", FLOATS)


def in_range(case: Case, name: str) -> bool:
    """Whether the loss has a value there and the precision holds every quantity."""
    found, huge = analyse(case, DOMAINS[name]), DOMAINS[name].huge
    passed = [*found.z, *found.a, *found.delta, *found.loss_gradient, *found.weights]
    return not found.undefined() and all((np.abs(v.value) + v.radius < huge).all() for v in passed)


def worst(name: str, drawn: Iterable[Case], domain: Any = None) -> tuple[float, int]:
    """The largest |engine - exact| / radius over all engines and entries, and how many entries there were."""
    largest, entries = 0.0, 0
    for case in drawn:
        if not in_range(case, name):
            continue
        exact, radius = exact_gradient(case, name), analyse(case, domain or DOMAINS[name]).radii()
        for engine in ENGINES.values():
            with np.errstate(all="ignore"):
                off = errors(case, name, engine, exact) / radius
            assert not np.isnan(off).any()
            largest, entries = max(largest, float(off.max())), entries + len(radius)
    return largest, entries


@floats
def test_bound_holds_against_fractions(name: str) -> None:
    """leaky_relu is left to the test below in float32, which holds its 0.01 as another number."""
    activations = PIECEWISE if name == "float64" else PIECEWISE[:3]
    entries = 0
    for case in draw(cases(activations=activations, domain=name), 150, seed=1):
        exact, radius = flat(neuron.engine(case, DOMAINS["rational"])), analyse(case, DOMAINS[name]).radii()
        for engine in ENGINES.values():
            values = flat(engine(case, DOMAINS[name])).astype(np.float64)
            off = [abs(Fraction(x) - y) for x, y in zip(values.tolist(), exact, strict=True)]
            assert all(x <= Fraction(r) for x, r in zip(off, radius.tolist(), strict=True))
            entries += len(radius)
    assert entries > 8000


@floats
def test_bound_holds_for_every_activation_and_loss(name: str) -> None:
    drawn = draw(cases(domain=name), 200, seed=2)
    assert {layer.activation for case in drawn for layer in case.layers} == set(ACTIVATIONS)
    assert {case.loss.name for case in drawn} == set(LOSSES)
    largest, entries = worst(name, drawn)
    assert entries > 10_000
    assert 0.05 < largest <= 1


@floats
def test_bound_holds_where_rounding_does_its_worst(name: str) -> None:
    random = np.random.default_rng(3)
    largest, entries = worst(name, [case for _ in range(12) for case in extreme(random)])
    assert entries > 10_000
    assert largest <= 1


@pytest.mark.parametrize("kind", ["a loss behind any output", "elu whose z only rounding decides"])
def test_bound_holds_for_what_is_not_drawn(kind: str) -> None:
    random, drawn = np.random.default_rng(4), []
    for _ in range(60):
        x, w = (
            random.integers(-9, 10, size=3) / 10,
            np.round(random.normal(size=3) * 2.0 ** random.integers(3, 25)),
        )
        nearly = -np.nextafter(np.dot(w, x), -1e9)
        if kind.startswith("elu"):
            drawn.append(Case((Layer([w], [nearly], "elu"),), [x], [[0]], Loss("output")))
        else:
            positive = Layer(
                np.abs(random.normal(size=(2, 2))), None, str(random.choice(["identity", "softplus", "elu"]))
            )
            loss = Loss(str(random.choice(LOSSES[2:])))
            drawn.append(Case((positive,), np.abs(random.normal(size=(2, 2))) / 4, random.random((2, 2)), loss))
    assert worst("float64", drawn)[0] <= 1


@floats
def test_bound_holds_for_every_quantity(name: str) -> None:
    """z, a, delta and dC/da, as the engines trace them and as the analysis itself gives them; and the loss."""
    for case in filter(lambda case: in_range(case, name), draw(cases(domain=name), 60, seed=5)):
        found = analyse(case, DOMAINS[name])
        with mpmath.workdps(DIGITS):
            truth = neuron.engine(case, EXACT[name]).trace
            assert inside(found.loss().value, exact_loss(case, name, truth), found.loss().radius)
            for quantity in ("z", "a", "delta", "loss_gradient"):
                for engine in (None, neuron.engine, matrix.engine):
                    with np.errstate(all="ignore"):
                        trace = found if engine is None else engine(case, DOMAINS[name]).trace
                    rows = zip(
                        getattr(trace, quantity),
                        getattr(truth, quantity),
                        getattr(found, quantity),
                        strict=True,
                    )
                    for got, true, bound in rows:
                        if got is not None and true is not None:
                            assert inside(got.value if engine is None else got, true, bound.radius)


def inside(got: Any, true: Any, radius: Any) -> bool:
    """|got - true| <= radius for every entry, in the working precision."""
    triples = zip(*(np.ravel(np.asarray(x)) for x in (got, true, radius)), strict=True)
    return all(abs(mpmath.mpf(float(x)) - y) <= float(r) for x, y, r in triples)


def exact_loss(case: Case, name: str, truth: Any) -> Any:
    """The loss in the working precision, from the outputs (sigmoid: 1 - a from -z, which cancels no digits)."""
    T, kind, total = EXACT[name].array(case.targets), case.loss.name, mpmath.mpf(0)
    for t, a in zip(T.ravel(), np.ravel(np.array(truth.a[-1], dtype=object)), strict=True):
        if kind == "squared_error":
            total += (a - t) ** 2
        elif kind == "output":
            total += a
        else:
            total -= t * mpmath.log(a) if t else 0
            total -= (1 - t) * mpmath.log(1 - a) if kind == "binary_cross_entropy" and t != 1 else 0
    return total * EXACT[name].number(case.loss.scale / case.divisor)


def ratios() -> tuple[list[float], list[float]]:
    """Per entry of ordinary networks in float64: bound / error, the largest of the three engines' where there is one,
    and bound / |entry|.
    """
    random, to_error, to_entry = np.random.default_rng(6), [], []
    for _ in range(60):
        case = ordinary(random)
        exact, radius = exact_gradient(case, "float64"), analyse(case, DOMAINS["float64"]).radii()
        off = np.max([errors(case, "float64", engine, exact) for engine in ENGINES.values()], axis=0)
        to_error += (radius[off > 0] / off[off > 0]).tolist()
        to_entry += [float(r / abs(x)) for r, x in zip(radius, exact, strict=True) if x]
    return to_error, to_entry


def test_bound_is_not_loose() -> None:
    to_error, to_entry = ratios()
    assert np.median(to_error) < 50
    assert np.median(to_entry) < 1e-13


class TooSure(Float64):
    """A float64 that claims six more binary digits than it has."""

    unit_roundoff = 2.0**-59


def test_a_bound_64_times_smaller_is_violated() -> None:
    assert worst("float64", draw(cases(), 40, seed=2), TooSure())[0] > 1


def test_a_bound_without_the_error_of_a_slope_is_violated(monkeypatch: pytest.MonkeyPatch) -> None:
    saturated = Case((Layer([[20]], None, "sigmoid"),), [[1]], [[0]], Loss("output"))
    assert worst("float64", [saturated])[0] <= 1
    whole = UNITS["sigmoid"]
    monkeypatch.setitem(UNITS, "sigmoid", lambda z, u: replace(whole(z, u), slope_error=np.zeros_like(z)))
    assert worst("float64", [saturated])[0] > 1


def test_a_right_engine_in_half_the_precision_is_outside_the_bound() -> None:
    case = network(np.random.default_rng(7), [3, 4, 2], ["tanh", "sigmoid"])
    halved = flat(matrix.engine(case, DOMAINS["float32"])).astype(np.float64)
    exact = np.array([float(x) for x in exact_gradient(case, "float64")])
    assert (np.abs(halved - exact) > analyse(case, DOMAINS["float64"]).radii()).any()


def test_weights_within_their_spread_keep_every_entry_within_its_radius() -> None:
    random = np.random.default_rng(8)
    for _ in range(30):
        case = network(
            random, [2, 3, 3, 2], [str(random.choice(["sigmoid", "tanh", "softmax", "gelu"])) for _ in "123"]
        )
        spread = [(np.abs(l.weights) * 2.0**-30, np.abs(l.bias) * 2.0**-30) for l in case.layers]
        radius = analyse(case, DOMAINS["float64"], spread=spread).radii()
        exact, plain = exact_gradient(case, "float64"), analyse(case, DOMAINS["float64"]).radii()
        moved = [
            Layer(
                l.weights + dW * random.choice([-1, 1], dW.shape),
                l.bias + db * random.choice([-1, 1], db.shape),
                l.activation,
            )
            for l, (dW, db) in zip(case.layers, spread, strict=True)
        ]
        off = errors(replace(case, layers=tuple(moved)), "float64", matrix.engine, exact)
        assert (off <= radius).all()
        assert (off > plain).any()  # or the spread would not have been felt


@pytest.mark.parametrize("kink", [Fraction(0), Fraction(1, 2), Fraction(1)])
def test_every_slope_at_a_kink_lies_within_the_open_radius(kink: Fraction) -> None:
    met = 0
    for case in draw(cases(activations=PIECEWISE), 300, seed=9):
        if any(k.any() for k in analyse(case, DOMAINS["float64"]).kinks):
            met += 1
            radius = analyse(case, DOMAINS["float64"], open_kinks=True).radii()
            off = errors(replace(case, kink=kink), "float64", neuron.engine, exact_gradient(case, "float64"))
            assert (off <= radius).all()
    assert met >= 10
