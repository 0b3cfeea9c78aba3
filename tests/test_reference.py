"""The page of reference is what the docstrings say, these say what they must, and their examples are true."""

import ast
import doctest
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import definitions as code
import pytest
import reference
from definitions import Found

LIBRARIES = ("torch", "jax", "autograd")
WITH_EXAMPLE = (
    "Case", "Layer", "Loss", "Address", "read_case", "compare_engines", "search", "cases", "from_update", "from_class",
    "derive", "ENGINES", "DOMAINS", "testing.assert_same_gradient", "testing.cases",
)  # fmt: skip
PASSED_ON = {"derive": {"CaseError", "BackproveError"}, "testing.cases": {"ValueError"}}  # raised further down
ARRAYS = re.compile(r"\b(FloatArray|Array|Mask|Verdicts|NDArray|Gradients)\b")
SHAPE = re.compile(r"\((N|n_\w+|case\.entries),[^()]*\)")


# --- the page ---


def test_the_page_is_what_the_docstrings_say() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


@pytest.fixture
def bent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the sources that the page is made from."""
    shutil.copytree(code.SRC / "backprove", tmp_path / "backprove", ignore=lambda _, names: {"templates", "schemas"})
    monkeypatch.setattr(code, "SRC", tmp_path)
    code.parsed.cache_clear()
    yield tmp_path / "backprove"
    code.parsed.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("case/problem.py", "Nested lists will do; what is kept", "Tuples will do; what is kept"),
        ("compare/judge.py", "def compare(case: Case, domain: Domain,", "def compare(case: Case, realm: Domain,"),
        ("compare/comparison.py", '"""Entries that at least two', '"""Entries that at least three'),
        ("generate/networks.py", "MAX_BATCH = 4, 5, 8", "MAX_BATCH = 4, 5, 9"),
        ("findings/runs.py", '"""Reason → entries."""', '"""Reason → networks."""'),
    ],
)
def test_a_page_that_is_behind_is_found_out(bent: Path, file: str, old: str, new: str) -> None:
    source = (bent / file).read_text(encoding="utf-8")
    assert source.count(old) == 1
    (bent / file).write_text(source.replace(old, new), encoding="utf-8")
    assert reference.PAGE.read_text(encoding="utf-8") != reference.page()


def test_every_public_name_is_on_the_page_once() -> None:
    shown = [name for names in reference.SECTIONS.values() for name in names if ":" not in name]
    assert sorted(shown) == sorted(reference.public())
    assert {"derive", "Address", "testing.cases", "autodiff.load"} <= set(shown)


def test_links_lead_to_headings() -> None:
    page = reference.page()
    anchors = [reference.anchor(heading) for heading in re.findall(r"^##+ (.*)$", page, re.MULTILINE)]
    assert len(anchors) == len(set(anchors))
    links = re.findall(r"\]\(#([^)]*)\)", page)
    assert len(links) > len(reference.public())
    assert set(links) <= set(anchors)
    assert reference.anchor("Tests of one's own") == "tests-of-ones-own"


def test_the_page_names_no_machine() -> None:
    machine = re.compile(r" at 0x|/home/|/tmp/|/root/|site-packages|[A-Z]:\\")
    assert machine.search("<function run at 0x7f00>")
    assert not machine.search(reference.page())


# --- what a docstring must say ---


def public(name: str) -> Found:
    return reference.resolved(name)[1]


def said(node: ast.stmt, doc: str) -> str:
    """A docstring with those of the fields and methods."""
    if not isinstance(node, ast.ClassDef):
        return doc
    parts = [text for *_, text, _ in code.fields(node)]
    return "\n".join([doc, *parts, *(ast.get_docstring(method) or "" for method in code.methods(node))])


def takes_arrays(node: ast.stmt) -> bool:
    """Whether arrays are among its parameters, its fields, or what it gives back."""
    inside = [node, *(code.methods(node) if isinstance(node, ast.ClassDef) else ())]
    kinds = [code.kind_of(one.annotation) for one in ast.walk(node) if isinstance(one, ast.arg)]
    kinds += [code.kind_of(one.returns) for one in inside if isinstance(one, ast.FunctionDef)]
    kinds += [kind for _, kind, *_ in code.fields(node)] if isinstance(node, ast.ClassDef) else []
    return any(ARRAYS.search(kind) for kind in kinds)


def raised(node: ast.stmt) -> set[str]:
    """The exceptions that it raises itself."""
    calls = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise) and isinstance(one.exc, ast.Call)]
    return {ast.unparse(call.func) for call in calls}


def lacking(name: str, found: Found) -> list[str]:
    """What the docstring of a public name does not say, and should."""
    if not found.doc:
        return ["a docstring"]
    text, lacks = said(found.node, found.doc), []
    if takes_arrays(found.node) and not SHAPE.search(text):
        lacks.append("shapes")
    errors = raised(found.node) | PASSED_ON.get(name, set())
    if any(not re.search(rf"\b[Rr]aises\b[^>]*\b{error}", text) for error in errors):
        lacks.append("what is raised")
    if name in WITH_EXAMPLE and ">>>" not in found.doc:
        lacks.append("an example")
    return lacks


@pytest.mark.parametrize("name", reference.public())
def test_a_public_docstring_says_what_it_must(name: str) -> None:
    assert lacking(name, public(name)) == []


def test_names_that_must_have_an_example_are_public() -> None:
    assert {*WITH_EXAMPLE, *PASSED_ON} <= set(reference.public())


@pytest.mark.parametrize(
    ("name", "source", "lacks"),
    [
        ("f", "def f(x): return x", ["a docstring"]),
        ("f", "def f(x: FloatArray):\n    'Doubles it.'", ["shapes"]),
        ("f", "def f(x: FloatArray):\n    'Doubles x (N, n_0).'", []),
        ("f", "def f() -> Array:\n    'Gives it.'", ["shapes"]),
        ("f", "class f:\n    'Data.'\n    x: Mask", ["shapes"]),
        ("f", "class f:\n    'Data.'\n    x: Mask\n    '''(case.entries,)'''", []),
        ("f", "def f():\n    'Does it.'\n    raise CaseError('a', 'b')", ["what is raised"]),
        ("f", "def f():\n    'Does it. Raises ValueError.'\n    raise CaseError('a', 'b')", ["what is raised"]),
        ("f", "def f():\n    'Does it. Raises CaseError.'\n    raise CaseError('a', 'b')", []),
        ("derive", "def derive():\n    'Raises CaseError.\\n\\n    >>> derive()'", ["what is raised"]),
        ("search", "def search():\n    'Does it.'", ["an example"]),
    ],
)
def test_a_docstring_that_says_too_little_is_found_out(name: str, source: str, lacks: list[str]) -> None:
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    assert lacking(name, Found("planted", node, ast.get_docstring(node) or "")) == lacks


# --- examples ---


def with_examples() -> list[str]:
    """The modules that have some, found without importing any."""
    files = [file for file in (code.SRC / "backprove").rglob("*.py") if ">>> " in file.read_text(encoding="utf-8")]
    names = [".".join(file.relative_to(code.SRC).with_suffix("").parts) for file in sorted(files)]
    return [name.removesuffix(".__init__") for name in names]


def examples(module: ModuleType) -> list[doctest.DocTest]:
    """Those of a module; with nothing imported beforehand, but in a room whose readers import from another."""
    names = vars(module) if module.__name__.startswith("backprove.testing") else {}
    return [test for test in doctest.DocTestFinder().find(module, globs=dict(names)) if test.examples]


def library(test: doctest.DocTest) -> str:
    """The optional library that an example needs, or ""."""
    return next((name for name in LIBRARIES if any(f"import {name}" in one.source for one in test.examples)), "")


def failures(test: doctest.DocTest) -> list[str]:
    """What an example shows that is not so."""
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append)
    return report


@pytest.mark.parametrize("name", with_examples())
def test_examples_are_true(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tests = examples(import_module(name))
    assert tests
    assert [line for test in tests if not library(test) for line in failures(test)] == []


def test_no_module_with_examples_needs_an_optional_library() -> None:
    modules = with_examples()
    assert {"backprove.case.problem", "backprove.engines", "backprove.derivation.derive"} <= set(modules)
    assert not {f"backprove.autodiff.{name}" for name in LIBRARIES} & set(modules)


def test_the_example_with_a_library_is_true() -> None:
    tests = [test.name for module in with_examples() for test in examples(import_module(module)) if library(test)]
    assert tests == ["backprove.case.problem.Case.from_torch"]
    if find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install 'backprove[torch]'")
    # In a process of its own: other tests look at every object that there is, and torch's do not bear that.
    script = "import doctest, sys; from backprove.case import problem; sys.exit(doctest.testmod(problem).failed)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


RAISES = "Traceback (most recent call last):\n    ...\nValueError"


@pytest.mark.parametrize(("shown", "true"), [("2", True), ("3", False), ("1 + 1", False), (RAISES, False)])
def test_a_false_example_is_found_out(shown: str, true: bool) -> None:
    planted = ModuleType("planted")
    planted.__doc__ = f"An example.\n\n>>> one = 1\n>>> one + one\n{shown}\n"
    (test,) = examples(planted)
    assert (failures(test) == []) is true
