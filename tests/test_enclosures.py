"""The judge of the rounding bound: on over 100,000 entries every engine is within its radius of the exact gradient.

The exact gradient comes from engine `neuron` in enclosures of 300 bits, so that every comparison here is proved: an
engine is inside its radius r where all of |engine - enclosure| is at most r, and outside where none of it is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from quality.exact import flat
from quality.hunt import draw
from quality.networks import extreme, ordinary

from backprove.case import Case, Gradient
from backprove.domains import DOMAINS
from backprove.domains.ball import Ball
from backprove.engines import ENGINES, matrix, neuron
from backprove.errors import Undecidable
from backprove.generate import cases
from backprove.outcome import run
from backprove.rounding import Analysis, analyse

flint = pytest.importorskip("flint")
pytestmark = pytest.mark.slow

BITS = 300
TWIN = 1000  # what the bound is divided by, to see that it then fails
NAMES = ("float64", "float32")


class Held(Ball):
    """Enclosures of the problem as one precision holds it: floats that enter are rounded to it first."""

    def __init__(self, name: str) -> None:
        super().__init__(BITS)
        self.dtype = np.dtype(name)

    def number(self, value: float | Fraction) -> Any:
        return super().number(value if isinstance(value, Fraction) else float(self.dtype.type(value)))


def enclosed(case: Case, name: str) -> np.ndarray:
    """The gradient's enclosures, flattened. Raises Undecidable at a kink."""
    D = Held(name)
    with D.context():
        return flat(neuron.engine(case, D))


def within_range(analysis: Analysis, huge: float) -> bool:
    """Whether the precision holds every quantity of the computation."""
    passed = [*analysis.z, *analysis.a, *analysis.delta, *analysis.loss_gradient[:-1], *analysis.weights]
    return all((np.abs(v.value) + v.radius < huge).all() for v in passed) and analysis.largest < huge


def skipped(analysis: Analysis, huge: float) -> str:
    """Why the bound says nothing about a case, or ""."""
    if analysis.undefined():
        return "the loss has no value"
    if any(kink.any() for kink in analysis.kinks):
        return "a kink"
    return "" if within_range(analysis, huge) else "beyond the range"


def examine(drawn: Iterable[Case], name: str, engines: Any = ENGINES) -> Counter[str]:
    """Entries of cases, and what came of each engine's value for them; cases and entries skipped, by reason."""
    found: Counter[str] = Counter()
    for case in drawn:
        found["networks"] += 1
        analysis = analyse(case, DOMAINS[name])
        reason = skipped(analysis, DOMAINS[name].huge)
        try:
            exact = None if reason else enclosed(case, name)
        except Undecidable:
            exact, reason = None, "a kink"
        if exact is None:
            found["networks skipped: " + reason] += 1
            continue
        radius = analysis.radii()
        bounded = np.isfinite(radius)
        found["entries"] += int(bounded.sum())
        found["entries skipped: no finite radius"] += int((~bounded).sum())
        for engine in engines.values():
            outcome = run(engine, case, DOMAINS[name])
            assert outcome.values is not None
            assert outcome.covered is None
            for value, enclosure, r in zip(outcome.values[bounded], exact[bounded], radius[bounded], strict=True):
                found.update(judged(float(value), enclosure, float(r)))
    return found


def judged(value: float, enclosure: Any, radius: float) -> Iterator[str]:
    """Where the value lies with respect to the radius and to its TWIN-th part, proved; "open" where neither is."""
    with Ball(BITS).context():
        off = abs(flint.arb(value) - enclosure)
        nearest, furthest, r = off.abs_lower(), off.abs_upper(), flint.arb(radius)
        yield "inside" if furthest <= r else "outside" if nearest > r or not np.isfinite(value) else "open"
        if nearest * TWIN > r:
            yield "outside the twin"


SOURCES = {
    "drawn": lambda name: draw(cases(domain=name), 3000, seed=11),
    "ordinary": lambda name: several(ordinary, 1000),
    "extreme": lambda name: (case for cases in several(extreme, 60) for case in cases),
}


def several(make: Any, count: int) -> Iterator[Any]:
    random = np.random.default_rng(12)
    return (make(random) for _ in range(count))


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Counter[str]]:
    tallies = {(source, name): examine(make(name), name) for source, make in SOURCES.items() for name in NAMES}
    for (source, name), tally in tallies.items():
        print(f"\n{source}, {name}:", ", ".join(f"{count:,} {what}" for what, count in sorted(tally.items())))
    return tallies


def test_no_engine_is_outside_its_radius(found: dict[tuple[str, str], Counter[str]]) -> None:
    total = sum(found.values(), Counter())
    assert total["entries"] >= 100_000
    assert total["outside"] == total["open"] == 0
    assert total["inside"] == len(ENGINES) * total["entries"]


def test_hardly_anything_is_skipped(found: dict[tuple[str, str], Counter[str]]) -> None:
    for (source, name), tally in found.items():
        left_out = sum(count for what, count in tally.items() if what.startswith("networks skipped"))
        assert left_out <= (0.1 if source == "extreme" else 0.05) * tally["networks"], (source, name)
        assert tally["entries skipped: no finite radius"] <= 0.01 * tally["entries"], (source, name)


def test_with_the_bound_divided_by_1000_engines_are_outside(found: dict[tuple[str, str], Counter[str]]) -> None:
    assert all(tally["outside the twin"] > 0.01 * tally["entries"] for tally in found.values())


def test_a_right_engine_in_half_the_precision_is_outside() -> None:
    def halved(case: Case, domain: Any) -> Gradient:
        found = matrix.engine(case, DOMAINS["float32"])
        biases = [None if b is None else b.astype(np.float64) for b in found.biases]
        return Gradient([W.astype(np.float64) for W in found.weights], biases)

    tally = examine(several(ordinary, 20), "float64", {"halved": halved})
    assert tally["outside"] > 0.5 * tally["entries"] > 0
