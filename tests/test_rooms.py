"""Which room imports which: the engines one another's nothing, the oracles nothing that they are to judge."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprove

SRC = Path(backprove.__file__).parent

# Room → rooms it may import, besides itself; None: all. `engines.x` stands for each file there.
ROOMS: dict[str, set[str] | None] = {
    "errors": set(), "verdict": set(), "display": set(), "versions": set(), "threads": set(),
    "files": {"errors"},
    "findings": {"display"}, "case": {"display", "errors", "files"},
    "domains": {"errors", "verdict"},
    "engines": {"case", "domains"}, "engines.x": {"case", "domains"},
    "autodiff": {"case", "domains", "errors"},
    **{f"autodiff.{name}": {"case", "domains", "errors"} for name in ("torch", "jax", "autograd")},
    "oracles": {"case", "errors"}, "formulations": {"case", "domains", "engines", "errors"},
    "rounding": {"case", "domains"}, "published": {"case", "domains", "errors", "rounding"},
    "generate": {"case", "domains", "rounding"},
    "weakness": {"case", "compare", "domains", "generate", "rounding", "verdict"},
    "outcome": {"case", "domains", "engines", "errors"},
    "compare": {"case", "display", "domains", "engines", "outcome", "rounding", "verdict"},
    "arbitrate": {"case", "compare", "domains", "errors", "oracles", "outcome"},
    "campaign": {
        "arbitrate", "case", "compare", "domains", "engines", "errors", "files", "findings", "generate", "outcome",
        "rounding", "verdict", "versions", "weakness",
    },
    "bench": {
        "autodiff", "campaign", "case", "compare", "domains", "engines", "findings", "generate", "oracles", "rounding",
        "versions",
    },
    "certificate": {
        "campaign", "case", "compare", "domains", "engines", "findings", "formulations", "generate", "verdict",
        "versions",
    },
    "contrast": {
        "campaign", "case", "compare", "domains", "engines", "errors", "findings", "mistakes", "published", "verdict",
        "versions",
    },
    "candidate": {"case", "errors", "threads"}, "mistakes": {"case", "domains", "rounding"},
    "check": {
        "campaign", "candidate", "case", "compare", "domains", "engines", "errors", "findings", "generate", "mistakes",
        "rounding", "verdict", "versions", "weakness",
    },
    "derivation": {
        "case", "compare", "domains", "engines", "errors", "findings", "outcome", "rounding", "verdict",
        "versions",
    },
    "gallery": {
        "campaign", "case", "compare", "derivation", "domains", "engines", "errors", "findings", "formulations",
        "generate", "mistakes", "oracles", "rounding", "verdict", "versions",
    },
    "report": {"errors", "files", "findings"},
    "testing": {
        "campaign", "candidate", "case", "check", "domains", "engines", "errors", "findings", "generate", "outcome",
        "report", "verdict",
    },
    "pytest_plugin": {"testing"},
    "notebook": {"campaign", "case", "compare", "errors", "findings", "report", "verdict"},
    "": {
        "campaign", "candidate", "case", "compare", "derivation", "domains", "engines", "errors", "findings",
        "generate", "verdict",
    },
    "cli": None, "__main__": {"cli", "versions"},
}  # fmt: skip
# The only other modules that they may import.
OUTSIDE = {
    "engines.x": {"collections", "math", "numpy", "time", "typing"},
    "oracles": {"collections", "dataclasses", "functools", "math", "numpy", "typing"},
    "pytest_plugin": {"collections", "dataclasses", "hypothesis", "pytest", "typing"},
    "autodiff": {"collections", "contextlib", "functools", "importlib", "os"},
    "autodiff.torch": {"collections", "numpy", "torch", "typing"},
    "autodiff.jax": {"collections", "contextlib", "jax", "numpy", "typing"},
    "autodiff.autograd": {"autograd", "collections", "typing"},
}


def room_of(file: Path) -> str:
    parts = file.relative_to(SRC).with_suffix("").parts
    if parts[0] == "engines" and parts[1] != "__init__":
        return "engines.x"
    if parts[0] == "autodiff" and parts[1] != "__init__":
        return f"autodiff.{parts[1]}"
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
    ("room", "line"),
    [
        ("autodiff", "import torch"),
        ("autodiff", "from backprove.engines import Engine"),
        ("autodiff.torch", "import jax"),
        ("autodiff.torch", "from .jax import ACTIVATIONS"),
        ("autodiff.torch", "from backprove.engines.matrix import _slope"),
        ("autodiff.jax", "import autograd.numpy"),
        ("autodiff.jax", "from backprove.autodiff import torch"),
        ("autodiff.autograd", "from scipy.special import erf"),
        ("autodiff.autograd", "from backprove.rounding import analyse"),
        ("testing", "from backprove.cli import main"),
        ("check", "from backprove.testing import assert_same_gradient"),
        ("pytest_plugin", "from backprove.case import Case"),
        ("pytest_plugin", "import numpy"),
        ("oracles", "from backprove.engines.neuron import SLOPES"),
        ("oracles", "import backprove.engines"),
        ("oracles", "from backprove.rounding import forward"),
        ("oracles", "from ..rounding.units import UNITS"),
        ("oracles", "from backprove.domains import DOMAINS"),
        ("oracles", "from backprove import compare"),
        ("oracles", "def late():\n    from ..arbitrate import hear"),
        ("oracles", "from importlib import import_module"),
        ("formulations", "from backprove.oracles import central"),
        ("formulations", "from backprove.compare import compare"),
        ("mistakes", "from backprove.engines.neuron import SLOPES"),
        ("mistakes", "from backprove.oracles import ORACLES"),
        ("mistakes", "from backprove.compare import compare"),
        ("mistakes", "from backprove.check import examine"),
        ("candidate", "from backprove.engines import ENGINES"),
        ("candidate", "from backprove.mistakes import causes"),
        ("candidate", "from backprove.domains import DOMAINS"),
        ("check", "from backprove.oracles import ORACLES"),
        ("check", "from backprove.report import json"),
        ("check", "from ..cli.options import keep"),
        ("check", "from backprove.certificate import certify"),
        ("campaign", "from backprove.check import examine"),
        ("campaign", "from backprove.mistakes import causes"),
        ("campaign", "from ..candidate import Candidate"),
        ("rounding", "from backprove.engines import matrix"),
        ("rounding", "from ..oracles.loss import UNIT"),
        ("domains", "from backprove.rounding import analyse"),
        ("arbitrate", "from backprove.engines import ENGINES"),
        ("compare", "from backprove.oracles import ORACLES"),
        ("compare", "from ..arbitrate import hear"),
        ("campaign", "from backprove.certificate import certify"),
        ("certificate", "from backprove.oracles import ORACLES"),
        ("report", "from backprove.compare import compare"),
        ("report", "from ..derivation import derive"),
        ("report", "from backprove.bench import costs"),
        ("report", "from backprove.notebook import html"),
        ("case", "from backprove.notebook import html"),
        ("findings", "from ..notebook import markdown"),
        ("display", "from backprove.notebook import html"),
        ("notebook", "from backprove.derivation import derive"),
        ("bench", "from backprove.report import benches"),
        ("bench", "from backprove.cli.workers import cores"),
        ("campaign", "from backprove.bench import costs"),
        ("derivation", "from backprove.report import words"),
        ("derivation", "from backprove.campaign import search"),
        ("derivation", "from ..formulations import FORMULATIONS"),
        ("formulations", "from backprove.engines.matrix import _slope\nfrom ..gallery import judge"),
        ("campaign", "from ..gallery import gallery"),
        ("report", "from backprove.gallery import judge"),
        ("derivation", "from backprove.oracles import ORACLES"),
        ("engines.x", "from backprove.derivation.recorded import Recorded"),
    ],
)
def test_a_planted_import_into_another_room_is_caught(room: str, line: str) -> None:
    assert forbidden(line, room, f"backprove.{room}")


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("engines.x", "import numpy as np"),
        ("engines.x", "from backprove.case import Case"),
        ("engines.x", "from ..domains import Domain"),
        ("oracles", "from backprove.errors import NotInDomain"),
        ("oracles", "from .loss import evaluate"),
        ("formulations", "from backprove.engines import matrix"),
    ],
)
def test_what_a_room_needs_is_not_caught(room: str, line: str) -> None:
    assert not forbidden(line, room, f"backprove.{room.partition('.')[0]}")


def beyond_the_type(source: str, package: str) -> list[str]:
    """What the source has of the engines, but for their type."""
    names = [name for name in imported(source, package) if name.startswith("backprove.engines")]
    return [name for name in names if name != "backprove.engines.Engine"]


JUDGES = [SRC / "outcome.py", SRC / "arbitrate.py", *sorted((SRC / "compare").glob("*.py"))]


def test_the_comparator_takes_only_the_type_of_the_engines() -> None:
    assert len(JUDGES) > 5
    sources = {file.relative_to(SRC): file.read_text(encoding="utf-8") for file in JUDGES}
    assert any("backprove.engines" in source for source in sources.values())
    packages = {file: ".".join(("backprove", *file.parent.parts)) for file in sources}
    assert {file: found for file, text in sources.items() if (found := beyond_the_type(text, packages[file]))} == {}


@pytest.mark.parametrize(
    "line", ["from backprove.engines import ENGINES, Engine", "from ..engines.matrix import _slope"]
)
def test_a_comparator_that_takes_more_is_caught(line: str) -> None:
    assert beyond_the_type(line, "backprove.compare")
