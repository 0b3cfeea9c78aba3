"""A real notebook, run by a real kernel: what its cells show, in HTML and in Markdown."""

import re
from functools import cache
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install nbclient")
pytest.importorskip("ipykernel", reason="ipykernel is not installed: pip install ipykernel")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install nbformat")

TITLE = "<script>alert(1)</script>"
# Name → the cell, and what both of its outputs must say.
CELLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "case": (
        "import backprove\n"
        "from backprove import Case, Layer, Loss\n"
        "layers = (Layer([[0.5, -0.25], [0.125, 1.5]], [0.75, 0.1], 'tanh'), Layer([[2.0, -3.0]], None, 'sigmoid'))\n"
        f"case = Case(layers, [[1.0, -2.0]], [[0.875]], Loss(scale='1/2'), title={TITLE!r})\n"
        "case",
        ("2-2-1", "half squared error", "0.125", "0.875", TITLE),
    ),
    "agreement": (
        "backprove.compare_engines(case, backprove.DOMAINS['float64'], backprove.ENGINES)",
        ("AGREE", "neuron = matrix = paths in float64", TITLE),
    ),
    "disagreement": (
        "from dataclasses import replace\n"
        "def mine(case, domain):\n"
        "    found = backprove.ENGINES['matrix'](case, domain)\n"
        "    return replace(found, weights=[2 * found.weights[0], *found.weights[1:]])\n"
        "backprove.compare_engines(case, backprove.DOMAINS['float64'], {**backprove.ENGINES, 'mine': mine})",
        ("DISAGREE", "neuron = matrix = paths ≠ mine", "W1[1,1]", "weights[0][0, 0]", TITLE),
    ),
    "report": (
        "backprove.search(backprove.Settings(networks=3, domains=('float64',)), backprove.ENGINES)",
        ("AGREE", "neuron = matrix = paths on", "of 3 networks"),
    ),
    "derivation": (
        "from backprove.case import Address\n"
        "from backprove.derivation import derive\n"
        "derive(case, Address(1, 1, 2))",
        ("AGREE", "dC/dW1[1,2]", "the chain rule", TITLE),
    ),
    "bare": ("class Bare: pass\nBare()", ("Bare",)),
    "raising": ("class Bad(Case):\n    def _repr_html_(self): 1 / 0\nBad(case.layers, case.inputs, case.targets)", ()),
    "complaining": ("import sys\nprint('oh', file=sys.stderr)\ncase", ()),
}  # fmt: skip
WRONG = ("bare", "raising", "complaining")
SHOWN = [name for name in CELLS if name not in WRONG]


@cache
def outputs() -> dict[str, list[Any]]:
    """The outputs of every cell; a cell that raises is kept as such."""
    cells = [nbformat.v4.new_code_cell(source) for source, _ in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=120, allow_errors=True).execute()
    nbformat.validate(notebook)
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def data(name: str) -> dict[str, str]:
    """What the one output of a cell holds, by its kind; no error and nothing on stderr stands beside it."""
    assert [(o.output_type, o.get("name")) for o in outputs()[name]] == [("execute_result", None)]
    return dict(outputs()[name][0].data)


def missing(name: str) -> list[str]:
    """What the HTML, or the Markdown, of a cell lacks."""
    found, wanted = data(name), CELLS[name][1]
    html, markdown = found.get("text/html", ""), re.sub(r"\\(.)", r"\1", found.get("text/markdown", ""))
    escaped = {fact: fact.replace("<", "&lt;") for fact in wanted}
    lacks = [f"html: {f}" for f, said in escaped.items() if said.replace(">", "&gt;") not in html]
    return lacks + [f"markdown: {f}" for f, said in escaped.items() if said not in markdown]


@pytest.mark.parametrize("name", SHOWN)
def test_a_cell_shows_its_facts_in_html_and_in_markdown(name: str) -> None:
    assert missing(name) == []


def test_what_does_not_show_itself_is_found() -> None:
    assert missing("bare") == ["html: Bare", "markdown: Bare"]
    assert set(data("bare")) == {"text/plain"}


@pytest.mark.parametrize("name", ["raising", "complaining"])
def test_an_error_and_a_complaint_are_found(name: str) -> None:
    with pytest.raises(AssertionError):
        data(name)


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_in_an_output_runs_and_none_is_large(name: str) -> None:
    found = data(name)
    assert "<script" not in found["text/html"] + found["text/markdown"]
    assert sum(map(len, found.values())) < 300_000


def test_networks_are_drawn_and_a_report_is_a_page_in_a_frame() -> None:
    drawn = {name: ("<svg" in data(name)["text/html"], "<iframe" in data(name)["text/html"]) for name in SHOWN}
    alone = (True, False)
    assert drawn == {
        "case": alone, "agreement": alone, "disagreement": alone, "report": (False, True), "derivation": (False, False),
    }  # fmt: skip


def test_text_is_still_the_code_of_a_case() -> None:
    assert data("case")["text/plain"].startswith("Case(layers=(Layer(weights=[[0.5, -0.25], [0.125, 1.5]]")
