"""What cases, comparisons and findings show in a notebook: their facts, nobody's markup, little of it, no bug hidden.

Here their methods are asked; `extras/test_notebook.py` has a notebook ask them.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from backprove.case import Address, Case, Gradient, Layer, Loss, Published, Training, read_case
from backprove.certificate import Architecture, Statement, certify, conclude
from backprove.compare import Comparison, compare
from backprove.contrast import contrast, finding
from backprove.derivation import default, derive
from backprove.display import MOST_TEXT, Shown
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.errors import MissingExtra
from backprove.findings import (
    AnyReport,
    BenchReport,
    CheckFinding,
    CheckReport,
    Derivation,
    Growth,
    GrowthPoint,
    Ratio,
    Report,
)
from backprove.gallery import chosen, gallery
from backprove.notebook import comparisons, pages
from backprove.report import html as page
from backprove.versions import versions

HERE = Path(__file__).parent
REPORTS = HERE.parent / "reports"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> & \x1b[31m **b** ` | \"quoted' \n# head"
DRAWN = {"svg", "g", "title", "text", "line", "rect", "circle"}
PLAIN = {"div", "p", "ul", "li", "strong", "em", "code", "span", "style", "table", "thead", "tbody", "tr", "th", "td"}
WALKED = {
    "article",
    "section",
    "h4",
    "h5",
    "dl",
    "dt",
    "dd",
    "ol",
    "details",
    "summary",
    "br",
    "pre",
    "output",
    "caption",
}
ALLOWED = DRAWN | PLAIN | WALKED | {"iframe"}


def network(*sizes: int, N: int = 1, **rest: Any) -> Case:
    draw = np.random.default_rng(7)
    layers = tuple(Layer(draw.normal(size=(n, m)), draw.normal(size=n), "sigmoid") for m, n in pairwise(sizes))
    return Case(layers, draw.normal(size=(N, sizes[0])), draw.random((N, sizes[-1])), Loss(scale="1/2"), **rest)


def doubled(case: Case, domain: Any) -> Gradient:
    found = ENGINES["matrix"](case, domain)
    return replace(found, weights=[2 * np.asarray(found.weights[0]), *found.weights[1:]])


def right_of_kinks(case: Case, domain: Any) -> Gradient:
    return Gradient([-6 * np.ones((1, 1))], [None])


def failing(case: Case, domain: Any) -> Gradient:
    raise ValueError(HOSTILE)


def judged(case: Case, domain: str = "float64", **others: Any) -> Comparison:
    return compare(case, DOMAINS[domain], {**ENGINES, **others})


class Tags(HTMLParser):
    """Every tag, and all text outside of styles."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += "" if self.tags and self.tags[-1][0] in ("style", "script") else data

    @property
    def foreign(self) -> list[str]:
        """Tags and attributes that the templates do not have."""
        said = [tag for tag, _ in self.tags if tag not in ALLOWED]
        names = ((name, value or "") for _, attributes in self.tags for name, value in attributes.items())
        return said + [name for name, value in names if name.startswith("on") or "javascript:" in value.lower()[:20]]


SHOWN = (
    "Case", "a published Case", "Comparison", "Comparison, wrong", "Comparison, raising", "Comparison in a field",
    "Comparison, at a kink", "Derivation", "Report", "CheckFinding", "CheckReport", "ComparisonReport",
    "CertificateReport", "GalleryReport", "BenchReport",
)  # fmt: skip


def measured() -> BenchReport:
    ratio = Ratio(what="whole check", against="torch gradcheck", network="3-3-1", seconds=0.002, against_seconds=0.1)
    point = GrowthPoint(size=2, network="2-2", entries=6, paths=6, seconds=0.1, peak_bytes=9)
    growth = Growth(way="neuron", along="width", points=[point], exponent=None, base=None, stopped="")
    return BenchReport(
        versions=versions(), machine={"system": "x", "processor": "y", "cores": 2}, settings={"quick": True},
        growth=[growth], ratios=[ratio], paths=[], campaign=[], jobs=None, missing=[], seconds=1.0,
    )  # fmt: skip


@cache
def shown() -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Everything that shows itself, with facts that its HTML and its Markdown must hold."""
    check = msgspec.json.decode((REPORTS / "disagreement.json").read_bytes(), type=CheckFinding)
    mazur = read_case(HERE / "worked_examples" / "mazur-2015.json")
    printed = Case((Layer([[2.0]]),), [[1.0]], [[3.0]], published=(Published("weights_gradient", "-2.00", 1, 1, 1),))
    proved = certify(Statement(Architecture((2, 1), ("identity",)), "squared_error"), ENGINES)
    certificates = conclude([proved], seed=0, settings={"engines": list(ENGINES)}, interrupted=False, seconds=0.0)
    literature = gallery(chosen("two-equations"), domains=("rational",), networks=2)
    return {
        "Case": (default(), ("3-3-3-1", "half squared error", "W1", "-0.75", "a0[1]", "t[1]")),
        "a published Case": (mazur, ("learning rate of 0.5", "its source prints")),
        "Comparison": (judged(default()), ("AGREE", "neuron = matrix = paths in float64", "of the bound")),
        "Comparison, wrong": (
            judged(network(2, 3, 2), mine=doubled),
            ("DISAGREE", "neuron = matrix = paths ≠ mine", "W1[1,1]", "weights[0][0, 0]", "times what rounding"),
        ),
        "Comparison, raising": (judged(default(), mine=failing), ("DISAGREE", "≠ mine", "mine raised ValueError")),
        "Comparison in a field": (
            judged(Case((Layer([[2.0]]),), [[1.0]], [[3.0]]), "modular", mine=doubled),
            ("DISAGREE", "in modular", "different elements of the field"),
        ),
        "Comparison, at a kink": (
            judged(Case((Layer([[0.0]], None, "relu"),), [[1.0]], [[3.0]]), mine=right_of_kinks),
            ("UNDECIDED", "undecided: 1 entry: kink", "W1[1,1] may be anything from -6 to 0"),
        ),
        "Derivation": (
            derive(default(), Address(1, 2, 3)),
            ("AGREE", "dC/dW1[2,3]", "unit by unit", "whole layers", "the chain rule"),
        ),
        "Report": (
            msgspec.json.decode((REPORTS / "agreement.json").read_bytes(), type=Report),
            ("AGREE", "neuron = matrix = paths on"),
        ),
        "CheckFinding": (check, ("DISAGREE", "is not the gradient of")),
        "CheckReport": (
            CheckReport(verdict="DISAGREE", versions=check.versions, candidates=[check], troubles=[]),
            ("DISAGREE", "0 of 1 candidate right"),
        ),
        "ComparisonReport": (
            contrast([finding("mine.json", printed, ENGINES)]),
            ("AGREE", "1 of 1 published numbers reproduced"),
        ),
        "CertificateReport": (certificates, ("AGREE", certificates.architectures[0].loss)),
        "GalleryReport": (literature, ("AGREE", literature.rows[0].title)),
        "BenchReport": (measured(), ("whole check of 3-3-1 takes 2 ms", "torch gradcheck")),
    }  # fmt: skip


def facts(found: str) -> str:
    """Markdown as it is read: without what keeps text from being markup."""
    return re.sub(r"\\(.)", r"\1", found)


def inside(tags: Tags) -> Iterator[str]:
    """The pages in frames."""
    yield from (attributes["srcdoc"] or "" for tag, attributes in tags.tags if tag == "iframe")


@pytest.mark.parametrize("name", SHOWN)
def test_html_and_markdown_have_the_facts_and_no_foreign_markup(name: str) -> None:
    thing, wanted = shown()[name]
    html = thing._repr_html_()
    tags, markdown = Tags(html), facts(thing._repr_markdown_())
    read = tags.text + "".join(Tags(text).text for text in inside(tags))
    assert [fact for fact in wanted if fact not in read] == []
    assert [fact for fact in wanted if fact not in markdown] == []
    assert tags.foreign == []
    frames = list(inside(tags))
    assert bool(frames) == isinstance(thing, tuple(set(get_args(AnyReport)) - {Derivation}))
    assert all("</html>" in text and text.index("<base") < text.index("Content-Security-Policy") for text in frames)
    assert [a["sandbox"] for tag, a in tags.tags if tag == "iframe"] == ["allow-scripts"] * len(frames)
    assert all(
        a["title"] and getattr(thing, "verdict", "measured") in a["title"] for tag, a in tags.tags if tag == "iframe"
    )
    assert ("svg" in dict(tags.tags)) == isinstance(thing, Case | Comparison)


def test_every_report_shows_itself() -> None:
    assert all(issubclass(kind, Shown) for kind in (Case, Comparison, *get_args(AnyReport)))
    assert set(pages.SAID) | {Derivation} == set(get_args(AnyReport))
    assert tuple(shown()) == SHOWN
    assert {type(thing) for thing, _ in shown().values()} == {Case, Comparison, *get_args(AnyReport)}


@pytest.mark.parametrize("markup", ["<p><script>x</script>", "<img src=x>", "<p onclick=x>", "<a href='javascript:x'>"])
def test_foreign_markup_is_found(markup: str) -> None:
    assert Tags(markup).foreign


def test_what_comes_from_outside_is_text() -> None:
    case = network(2, 2, 1, title=HOSTILE, source=HOSTILE)
    report = contrast([finding(HOSTILE, case, {**ENGINES, HOSTILE: failing})])
    for thing in (case, judged(case, **{HOSTILE: doubled, "mine": failing}), derive(case, Address(1, 1, 1)), report):
        tags, markdown = Tags(thing._repr_html_()), thing._repr_markdown_()
        assert tags.foreign == []
        assert "\x1b" not in tags.text + markdown
        assert not re.search(r"<(script|img)|^ *# head", markdown, re.MULTILINE)
        texts = list(inside(tags))
        assert "<script>alert(1)" in "".join([tags.text, *(Tags(text).text for text in texts)])
        assert all("<script>alert" not in text and "onerror=alert(1)>" not in text for text in texts)


def test_verdicts_colour_the_edges_that_they_are_about() -> None:
    def strokes(found: Comparison) -> dict[str, str]:
        edges = re.findall(r'<g stroke="([^"]+)"><title>(\S+) =', found._repr_html_())
        return {name: colour for colour, name in edges}

    right, wrong = strokes(judged(network(2, 3, 2))), strokes(judged(network(2, 3, 2), mine=doubled))
    assert right.keys() == wrong.keys()
    assert len(right) == 2 * 3 + 3 + 3 * 2 + 2
    changed = {name for name in right if right[name] != wrong[name]}
    assert changed == {name for name in right if name.startswith("W1")}
    assert len({*right.values()}) == 1


def test_the_first_difference_is_drawn_wherever_it_is() -> None:
    def one(case: Case, domain: Any) -> Gradient:
        found = ENGINES["matrix"](case, domain)
        weights = [np.array(W) for W in found.weights]
        weights[12][20, 30] += 1
        return replace(found, weights=weights)

    case = network(*[3] * 12, 40, 30, *[3] * 12)
    found = compare(case, DOMAINS["float64"], {"matrix": ENGINES["matrix"], "mine": one})
    html = found._repr_html_()
    assert ">W13[21,31]<" in html
    assert re.search(r"<title>W13\[21,31\] = \S+: DISAGREE</title>\n<line [^>]*opacity=", html)
    assert "12 of 25 layers" in html
    assert ["13", "DISAGREE", "AGREE"] in comparisons.compared(found).layers


def test_a_large_case_is_little_and_soon_there() -> None:
    case = network(784, 128, 10, N=100)
    case._repr_html_()  # the templates are read
    started = time.perf_counter()
    html, markdown = case._repr_html_(), case._repr_markdown_()
    assert time.perf_counter() - started < 1
    assert len(html) < 60_000
    assert len(markdown) < 10_000
    assert all(said in Tags(html).text for said in ("784-128-10", "778 more", "6 rows and 6 columns of 128 × 784"))
    deep = network(*[8] * 200, N=50)
    assert len(deep._repr_html_()) < 150_000
    assert len(judged(network(*[8] * 3), mine=doubled)._repr_html_()) < 60_000
    assert "Layers 7 … 199" in facts(deep._repr_markdown_())


def test_numbers_are_cut_and_none_is_lost_where_they_are_few() -> None:
    case = network(6, 6, 2, N=6)
    html, markdown = Tags(case._repr_html_()).text, facts(case._repr_markdown_())
    for array in (*(m.weights for m in case.layers), *(m.bias for m in case.layers), case.inputs, case.targets):
        assert array is not None
        assert all(f"{x:.6g}" in html and f"{x:.6g}" in markdown for x in array.ravel())
    assert "…" not in html + markdown
    assert "…" in Tags(network(7, 2)._repr_html_()).text


def test_facts_of_unusual_cases() -> None:
    relu = Case((Layer([[1.0]], None, "relu"),), [[0.0]], [[1.0]], kink="1/2", training=Training(0.1, False))
    said = Tags(relu._repr_html_()).text
    assert "relu'(0) is 1/2" in said
    assert "the biases kept" in said
    residues = Case((Layer([[2**61 - 2]]),), [[1]], [[5]], modulus=2**61 - 1)
    assert str(2**61 - 2) in Tags(residues._repr_html_()).text
    assert "residues" in residues._repr_markdown_()


def test_without_the_extra_there_is_markdown_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "NEEDED", ("jinja2", "no_such_package"))
    with pytest.raises(MissingExtra):
        page.check_installed()
    for thing, _ in shown().values():
        assert thing._repr_html_() is None
        assert thing._repr_markdown_()


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(comparisons, "compared", broken)
    monkeypatch.setattr(page, "write", broken)
    for name in ("Comparison", "Report"):
        with pytest.raises(ValueError, match="ours"):
            shown()[name][0]._repr_html_()


class Printer:
    """What IPython hands to `_repr_pretty_`."""

    def __init__(self) -> None:
        self.said = ""

    def text(self, text: str) -> None:
        self.said += text


def test_repr_is_code_and_a_notebook_keeps_no_megabytes_of_it() -> None:
    def kept(thing: Shown) -> str:
        printer = Printer()
        thing._repr_pretty_(printer, False)
        return printer.said

    small, large = network(2, 2, 1), network(100, 50, 10)
    assert eval(repr(small), {"Case": Case, "Layer": Layer, "Loss": Loss, "Fraction": Fraction}) == small
    assert kept(small) == repr(small)
    assert len(repr(large)) > 10 * MOST_TEXT
    assert kept(large).startswith(repr(large)[:MOST_TEXT])
    assert len(kept(large)) < MOST_TEXT + 100


def test_data_loads_no_writer() -> None:
    code = "import sys, backprove.case, backprove.compare, backprove.findings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "backprove.display" in loaded
    assert not {"backprove.notebook", "backprove.report", "jinja2", "matplotlib", "IPython"} & set(loaded)


def test_colours_can_be_told_from_light_and_dark_grounds() -> None:
    text = (Path(page.__file__).parent / "templates" / "notebook.html").read_text(encoding="utf-8")
    colours, grounds = (
        re.findall("#[0-9a-f]{6}", re.search(rf"set {name} = .*", text)[0])  # type: ignore[index]
        for name in ("colours", "grounds")
    )
    assert (len(colours), len(grounds)) == (5, 3)
    assert all(_contrast(c, ground) >= 3 for c in colours for ground in ("#ffffff", "#111111"))  # WCAG: graphics
    assert all(_contrast(c, "#ffffff") >= 4.5 for c in grounds)  # WCAG: text
    assert _contrast("#c58a17", "#ffffff") < 3


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 has it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
