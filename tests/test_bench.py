"""The bench: its clock and memory, the barest code that it measures against, its fits, and what it shows."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprove import bench
from backprove.bench import barest, clock, growth, main_job, networks, others, sides
from backprove.bench.networks import network
from backprove.case import Case, Layer, Loss
from backprove.cli import main
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, neuron
from backprove.findings import BenchReport, Growth, Ratio
from backprove.report import benches, html, markdown

FLOAT64 = DOMAINS["float64"]
SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=5)


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Hardly anything is measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth, "SIDES", {along: (sizes[:4], of) for along, (sizes, of) in growth.SIDES.items()})
        patch.setattr(main_job, "NETWORKS", {True: 2, False: 3})
        patch.setattr(main_job, "TO_SPREAD", {True: 120, False: 120})
        patch.setattr(sides, "WIDTHS", (2,))
        patch.setattr(sides, "CHECKED", ((2, 1), (2, 1), (2, 1)))
        patch.setattr(sides, "PATH_WIDTHS", (2, 3))
        patch.setattr(others, "missing", lambda: ["torch", "micrograd", "jax", "autograd"])
        yield


@pytest.fixture(scope="module")
def report(small: None) -> BenchReport:
    return bench.bench(quick=True)


@pytest.fixture
def measured(report: BenchReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command measures no more."""
    monkeypatch.setattr(bench, "bench", lambda **options: report)


def slept(seconds: float) -> Callable[[], None]:
    return partial(time.sleep, seconds)


def test_they_take_turns_and_the_shortest_time_counts() -> None:
    said: list[str] = []
    times = iter((0.3, 0.0, 0.3))

    def first() -> None:
        said.append("first")
        time.sleep(next(times))

    best = clock.in_turn([first, lambda: said.append("second")], repeats=3, within=60)
    assert said == ["first", "second"] * 3
    assert best[0] < 0.25


def test_each_is_timed_once_however_little_time_there_is() -> None:
    said: list[int] = []
    first, second = clock.in_turn([slept(0.02), lambda: said.append(1)], repeats=9, within=0)
    assert said == [1]
    assert first >= 0.02
    assert second >= 0


def test_the_peak_is_what_was_in_use_at_a_time() -> None:
    def two_at_a_time() -> None:
        for _ in range(3):
            x = np.ones(100_000)
            y = x + 1
            del x, y

    assert clock.peak(two_at_a_time) == pytest.approx(1_600_000, rel=0.05)
    assert clock.peak(lambda: None) < 10_000


@given(SIZES, st.integers(1, 3))
def test_paths_are_counted_as_the_engine_multiplies_them(sizes: list[int], batch: int) -> None:
    case = network(*sizes, batch=batch)
    count = networks.paths(case)
    assert ENGINES["paths"](case, FLOAT64).expanded is None
    whole = sides.by_paths.engine(case, FLOAT64, budget=count)
    assert whole.expanded is None
    assert sides.by_paths.engine(case, FLOAT64, budget=count - 1).expanded is not None


@given(SIZES, st.integers(1, 3))
def test_the_barest_loops_are_the_gradient_of_a_linear_network(sizes: list[int], batch: int) -> None:
    drawn = network(*sizes, batch=batch)
    layers = tuple(Layer(layer.weights, None, "identity") for layer in drawn.layers)
    case = Case(layers, drawn.inputs, 0 * drawn.targets, Loss("squared_error", "1/2"))
    for found, true in zip(barest.loops(case)(), neuron.engine(case, FLOAT64).weights, strict=True):
        np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-12)


@given(SIZES, st.integers(1, 3))
def test_the_products_are_those_of_a_pass(sizes: list[int], batch: int) -> None:
    case = network(*sizes, batch=batch)
    up, down, slopes = barest.products(case)()
    assert [z.shape for z in up] == [(batch, n) for n in sizes[1:]]
    assert [g.shape for g in down] == [(batch, n) for n in sizes[1:-1]]
    assert [dW.shape for dW in slopes] == [layer.weights.shape for layer in case.layers]
    assert all(np.isfinite(x).all() for part in (up, down, slopes) for x in part)


@given(st.floats(0.5, 4), st.floats(1e-6, 1e-3))
def test_powers_are_fitted(power: float, first: float) -> None:
    sizes = [2, 4, 8, 16, 32]
    for along in growth.SIDES:
        exponent, base = growth.fitted(sizes, [first * n**power for n in sizes], along)
        assert base is None
        assert exponent == pytest.approx(power)


@given(st.floats(1.5, 6), st.floats(1e-6, 1e-3))
def test_exponentials_are_fitted_where_depth_grows(base: float, first: float) -> None:
    sizes = [1, 2, 3, 4, 5, 6]
    assert growth.fitted(sizes, [first * base**n for n in sizes], "depth") == (None, pytest.approx(base))
    assert growth.fitted(sizes[:3], [1.0, 2.0, 4.0], "depth") == (None, None)


def test_a_way_goes_no_further_than_its_paths_or_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "SIDES", {"width": ((2, 4, 512), growth.SIDES["width"][1])})
    monkeypatch.setattr(growth, "PATIENCE", 1e-9)
    found = {g.way: g for g in growth.growths()}
    assert "paths, of at most 20,000,000" in found["paths"].stopped
    assert "paths, of at most 20,000,000" in found["whole check"].stopped
    assert found["central differences"].stopped == "512-512-512-512 would take too long"
    assert [p.size for p in found["paths"].points] == [2, 4]


# --- what comes of it ---


def test_everything_is_measured_but_what_is_missing(report: BenchReport) -> None:
    assert {(g.way, g.along) for g in report.growth} == {(way, along) for way in growth.WAYS for along in growth.SIDES}
    assert {(r.what, r.against) for r in report.ratios} == {
        ("matrix", "its products of matrices alone"),
        ("neuron", "the barest loops"),
    }
    assert [c.domain for c in report.campaign] == [name for name, domain in DOMAINS.items() if not domain.missing()]
    for c in report.campaign:
        assert 0 < c.drawing_alone < c.whole
    assert [p.paths for p in report.paths] == [42, 156]
    assert report.missing == ["torch", "micrograd", "jax", "autograd"]
    assert report.jobs is None
    assert all(p.seconds > 0 for g in report.growth for p in g.points)


def test_several_processes_are_measured_where_there_are_cores(small: None) -> None:
    found = main_job.jobs(2, quick=True, tick=lambda: None)
    assert found is not None
    assert (found.jobs, found.networks) == (2, 120)
    assert main_job.jobs(1, quick=True, tick=lambda: None) is None


def test_interrupted_it_says_what_was_measured(small: None) -> None:
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == len(growth.WAYS) * len(growth.SIDES) + 3:
            raise KeyboardInterrupt

    found = bench.bench(quick=True, tick=tick)
    assert found.interrupted
    assert (len(found.growth), len(found.campaign), found.paths) == (ticks - 3, 3, [])


def test_the_command(
    measured: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--quick", "--json", "--report", "b.html", "--report", "b.md", "--report", "b.json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["format"] == "backprove.bench/1"
    assert Path("b.json").read_text(encoding="utf-8") == out
    page = Path("b.html").read_text(encoding="utf-8")
    for said in ("<svg", "Side by side", "the barest loops", "torch: not installed, not measured", "backprove bench"):
        assert said in page
    text = Path("b.md").read_text(encoding="utf-8")
    for said in (
        "| neuron | the barest loops | 16-32-32-8 × 4 |",
        "## Deeper: n weight layers",
        "- jax: not installed",
    ):
        assert said in text


def test_on_a_terminal(measured: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["bench", "--quick"]) == 0
    out = capsys.readouterr().out
    for said in ("Side by side", "Wider: networks n-n-n-n", "times its drawing alone", "micrograd: not installed"):
        assert said in out
    assert main(["bench", "--quick", "--quiet"]) == 0
    assert capsys.readouterr().out.count("\n") <= 3


def test_trouble_comes_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--report", "b.pdf"]) == 2
    assert "b.pdf: reports are written as" in capsys.readouterr().err


# --- words ---


def ratio(seconds: float, against: float) -> Ratio:
    return Ratio(what="a", against="b", network="2-1", seconds=seconds, against_seconds=against)


@pytest.mark.parametrize(
    ("seconds", "against", "said"),
    [(1, 1, "1.00"), (3, 2, "1.50"), (1, 2, "0.50"), (1, 60, "1/60"), (1, 2500, "1/2,500")],
)
def test_ratios_in_words(seconds: float, against: float, said: str) -> None:
    assert benches.ratio(ratio(seconds, against)) == said


def test_growth_in_words() -> None:
    def g(exponent: float | None, base: float | None) -> Growth:
        return Growth(way="x", along="width", points=[], exponent=exponent, base=base, stopped="")

    assert [benches.grows(g(*fit)) for fit in ((1.96, None), (None, 3.99), (None, None))] == ["n^2.0", "4.0^n", "–"]


def test_an_empty_bench_can_be_written(report: BenchReport) -> None:
    empty: Any = msgspec.structs.replace(
        report, growth=[], ratios=[], paths=[], campaign=[], jobs=None, interrupted=True
    )
    assert "Nothing was measured" in markdown.write(empty)
    assert "Interrupted" in html.write(empty)
