"""The three engines share the case and the domain, nothing else: by imports, by what runs, and by sabotage.

Without this, agreement proves nothing: a slope that two engines share would be wrong twice.
"""

import ast
import gc
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from helpers import FLOAT64, covering

import backprove
from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS
from backprove.engines import ENGINES, Engine, matrix, neuron

SRC = Path(backprove.__file__).parent
CASES = covering()

# Room → rooms it may import, besides itself; None: all. `engines.x` stands for each file there.
ROOMS: dict[str, set[str] | None] = {
    "errors": set(), "verdict": set(), "findings": set(), "files": {"errors"},
    "case": {"errors", "files"},
    "domains": {"errors", "verdict"},
    "engines": {"case", "domains"}, "engines.x": {"case", "domains"},
    "rounding": {"case", "domains"}, "published": {"case", "domains", "errors", "rounding"},
    "generate": {"case", "domains", "rounding"},
    "outcome": {"case", "domains", "engines", "errors"},
    "compare": {"case", "domains", "engines", "outcome", "rounding", "verdict"},
    "campaign": {"case", "compare", "domains", "engines", "errors", "files", "findings", "generate", "verdict"},
    "contrast": {"campaign", "case", "compare", "domains", "engines", "errors", "findings", "published", "verdict"},
    "candidate": {"errors"}, "report": {"errors", "files", "findings"},
    "": {"campaign", "case", "compare", "domains", "engines", "errors", "findings", "generate", "verdict"},
    "cli": None, "__main__": {"cli"},
}  # fmt: skip
OUTSIDE = {"engines.x": {"collections", "math", "numpy", "typing"}}  # the only other modules an engine may import


def room_of(file: Path) -> str:
    parts = file.relative_to(SRC).with_suffix("").parts
    if parts[0] == "engines" and parts[1] != "__init__":
        return "engines.x"
    return "" if parts == ("__init__",) else parts[0]


def imported(source: str, package: str) -> Iterator[str]:
    """Every module, or name in one, that the source imports anywhere, relative imports resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{name.name}" for name in node.names)


def forbidden(source: str, room: str, package: str) -> list[str]:
    """The imports that the table does not allow."""
    allowed, own = ROOMS[room], room.partition(".")[0]
    wrong = []
    for name in imported(source, package):
        top, _, rest = name.partition(".")
        if top != "backprove":
            if room in OUTSIDE and top not in OUTSIDE[room]:
                wrong.append(name)
        elif allowed is not None:
            to = rest.partition(".")[0]
            if to not in allowed and not (to == own and room == own):
                wrong.append(name)
    return wrong


@pytest.mark.parametrize("file", sorted(SRC.rglob("*.py")), ids=lambda f: str(f.relative_to(SRC)))
def test_rooms_import_only_what_the_table_allows(file: Path) -> None:
    package = ".".join(("backprove", *file.relative_to(SRC).parent.parts))
    assert forbidden(file.read_text(encoding="utf-8"), room_of(file), package) == []


@pytest.mark.parametrize(
    "line",
    [
        "from backprove.engines.matrix import _slope",
        "import backprove.engines.matrix as m",
        "from backprove.engines import neuron",
        "from backprove import rounding",
        "from backprove import *",
        "from . import matrix",
        "from .matrix import _slope",
        "from ..rounding import analyse",
        "from .. import compare",
        "def late():\n    from backprove.engines import matrix",
        "if True:\n    import backprove.compare",
        "import importlib",
        "import torch",
    ],
)
def test_a_planted_import_into_an_engine_is_caught(line: str) -> None:
    assert forbidden(line, "engines.x", "backprove.engines")


@pytest.mark.parametrize(
    "line", ["import numpy as np", "from backprove.case import Case", "from ..domains import Domain"]
)
def test_what_an_engine_needs_is_not_caught(line: str) -> None:
    assert not forbidden(line, "engines.x", "backprove.engines")


@pytest.mark.parametrize("room", ["outcome", "compare"])
def test_the_comparator_takes_only_the_type_of_the_engines(room: str) -> None:
    names = imported((SRC / f"{room}.py").read_text(encoding="utf-8"), "backprove")
    assert [name for name in names if name.startswith("backprove.engines")] == ["backprove.engines.Engine"]


def test_the_cases_cover_everything() -> None:
    assert {layer.activation for case in CASES for layer in case.layers[:-1]} == set(ACTIVATIONS)
    assert {case.layers[-1].activation for case in CASES} == set(ACTIVATIONS)
    assert {case.loss.name for case in CASES} == set(LOSSES)
    assert {case.reduction for case in CASES} == set(REDUCTIONS)
    assert {layer.bias is None for case in CASES for layer in case.layers} == {True, False}


def _private(file: Path) -> bool:
    """Whether code in this file belongs to one engine alone: the project's, but not the case's or the domain's."""
    return file.is_relative_to(SRC) and file.relative_to(SRC).parts[0] not in ("case", "domains")


def executed(engine: Engine) -> set[CodeType]:
    """The project's code objects that an engine runs on all cases, other than those of the case and the domain."""
    seen: set[CodeType] = set()

    def profile(frame: object, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code)  # type: ignore[attr-defined]

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        for case in CASES:
            engine(case, FLOAT64)
    finally:
        sys.setprofile(before)
    return {code for code in seen if _private(Path(code.co_filename))}


def shared(engines: Mapping[str, Engine]) -> set[str]:
    """The names of the functions that more than one engine runs."""
    ran = [executed(engine) for engine in engines.values()]
    return {code.co_qualname for i, one in enumerate(ran) for other in ran[i + 1 :] for code in one & other}


def test_no_two_engines_execute_a_common_function() -> None:
    assert all(len(executed(engine)) > 5 for engine in ENGINES.values())
    assert shared(ENGINES) == set()


def test_an_engine_that_borrows_one_slope_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(neuron.SLOPES, "tanh", lambda D, z, kink: matrix._slope(D, "tanh", z, D.tanh(z), kink))
    assert shared(ENGINES) == {"_slope"}


def broken_code(free: int, generator: bool) -> CodeType:
    """Code that takes anything and raises; `free` variables are closed over, as in the code that it replaces."""
    names = [f"free_{i}" for i in range(free)]
    lines = [
        "def factory():",
        *(f"    {name} = None" for name in names),
        "    def broken(*args, **keywords):",
        f"        raise RuntimeError('sabotaged', {', '.join(names)})",
        *(["        yield"] if generator else []),  # Python minds code of another sort
        "    return broken",
    ]
    space: dict[str, object] = {}
    exec("\n".join(lines), space)
    code: CodeType = space["factory"]().__code__  # type: ignore[operator]
    return code


@contextmanager
def sabotaged(function: FunctionType) -> Iterator[None]:
    whole = function.__code__
    function.__code__ = broken_code(len(whole.co_freevars), bool(whole.co_flags & inspect.CO_GENERATOR))
    try:
        yield
    finally:
        function.__code__ = whole


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def fails(engine: Engine) -> bool:
    for case in CASES:
        try:
            engine(case, FLOAT64)
        except RuntimeError:
            return True
    return False


def functions(codes: set[CodeType]) -> list[FunctionType]:
    """The function objects, lambdas in tables included, that run these code objects."""
    return [f for f in gc.get_objects() if isinstance(f, FunctionType) and f.__code__ in codes]


def victims(function: FunctionType, engines: Mapping[str, Engine]) -> list[str]:
    """The engines that fail when the function is broken."""
    with sabotaged(function):
        return [name for name, engine in engines.items() if fails(engine)]


def test_breaking_any_one_function_breaks_one_engine() -> None:
    reached = set().union(*(executed(engine) for engine in ENGINES.values()))
    found = functions(reached)
    assert reached <= {part for f in found for part in nested(f.__code__)}  # nothing that ran is left unbroken
    assert {f.__qualname__: names for f in found if len(names := victims(f, ENGINES)) != 1} == {}
    assert not any(fails(engine) for engine in ENGINES.values())  # all is whole again


def test_breaking_a_planted_shared_function_breaks_two() -> None:
    def slip(x: object) -> object:
        return x

    planted = {name: lambda case, D, engine=engine: slip(engine(case, D)) for name, engine in ENGINES.items()}
    assert victims(slip, planted | {"matrix": ENGINES["matrix"]}) == ["neuron", "paths"]


def test_sabotage_reaches_lambdas_and_closures() -> None:
    inner = 1
    closure = lambda: inner  # noqa: E731
    with sabotaged(closure), pytest.raises(RuntimeError, match="sabotaged"):
        closure()
    assert closure() == 1
    assert neuron.SLOPES["square"] in functions(executed(ENGINES["neuron"]))
