"""One page of reference, made from the docstrings. `python tests/reference.py` writes reports/reference.md anew."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import definitions as code
from definitions import ROOT, Found, find, kind_of, parsed, text_of

PAGE = Path(__file__).parent.parent / "reports" / "reference.md"
INTERFACES = ("backprove", "backprove.testing", "backprove.autodiff")

# Section → public names in the order of a reader, and then, as `room:name`, the data that they hold.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Problems as data": (
        "Case", "Layer", "Loss", "read_case", "read_network", "Gradient", "Address", "case:Training", "case:Published",
        "case:Trace", "case:Expanded",
    ),
    "The engines": ("ENGINES", "autodiff.AUTODIFF", "autodiff.REMARKS", "autodiff.load"),
    "Comparing engines on one network": (
        "compare_engines", "Comparison", "Verdict", "compare:Difference", "compare:Pair", "compare:Outcome",
    ),
    "Tests of one's own": (
        "testing.assert_same_gradient", "testing.cases", "testing.check_engine", "testing.GradientMismatch",
        "testing.EngineMismatch",
    ),
    "Many random networks": (
        "search", "Settings", "Report", "cases", "findings:DomainFinding", "findings:Disagreement", "findings:Rung",
        "generate:Fixed",
    ),
    "Programs that have no gradients to return": ("from_update", "from_class"),
    "One weight, three ways": ("derive", "findings:Derivation"),
    "Number domains": ("DOMAINS", "domains:Domain"),
    "What is raised": ("BackproveError", "CaseError", "NotInDomain", "errors:MissingExtra"),
}  # fmt: skip
ALIASES = (
    "case.numbers:FloatArray", "domains:Array", "outcome:Mask", "compare.comparison:Verdicts", "engines:Engine",
    "candidate.wrap:Gradients", "campaign.run:Progress",
)  # fmt: skip
NAMES = ("case:ACTIVATIONS", "case:LOSSES", "case:REDUCTIONS", "case:LAYOUTS")
HEAD = """# Reference

The public names of `backprove`, `backprove.testing` and `backprove.autodiff`, from their docstrings, by `python
tests/reference.py`; a test makes this page again and compares, and runs its examples. Data that these names hold is
described behind them, with the module that has it. The formats of files are in the JSON Schemas that the package holds.
"""


def resolved(entry: str) -> tuple[str, Found]:
    """(name as it is shown, definition) of an entry of SECTIONS."""
    room, _, name = entry.rpartition(":")
    if room:
        return name, find(ROOT + room, name)
    within, _, name = entry.rpartition(".")
    return entry, find("backprove." + within if within else "backprove", name)


def public() -> list[str]:
    """Every public name, as SECTIONS has them."""
    return [f"{m}.{n}".removeprefix(ROOT) for m in INTERFACES for n in import_module(m).__all__]


# --- Markdown ---


def prose(doc: str) -> str:
    """A docstring as Markdown: examples and what is aligned by blanks stay as they are."""
    blocks = []
    for block in re.split(r"\n\s*\n", doc):
        if block.lstrip().startswith(">>>"):
            fenced = f"```pycon\n{inspect.cleandoc(block)}\n```"
        elif any(re.search(r"^\s|\S   ", line) for line in block.splitlines()):
            fenced = f"```text\n{textwrap.dedent(block)}\n```"
        else:
            fenced = " ".join(block.split())
        joined = blocks and all(b.startswith("```text") for b in (blocks[-1], fenced))
        if joined:
            blocks[-1] = blocks[-1].removesuffix("\n```") + "\n\n" + fenced.removeprefix("```text\n")
        else:
            blocks.append(fenced)
    return "\n\n".join(blocks)


def item(name: str, doc: str) -> str:
    """A field or method in a list, what stands behind it indented."""
    first, *rest = prose(doc).split("\n\n") if doc else [""]
    if first.startswith("```"):
        first, rest = "", [first, *rest]
    head = f"- `{' '.join(name.split()).replace('( ', '(').replace(', )', ')')}`" + (f": {first}" if first else "")
    return "\n\n".join((head, *("\n".join(f"  {line}".rstrip() for line in part.splitlines()) for part in rest)))


def members(node: ast.ClassDef, module: str) -> Iterator[str]:
    enum = any(base.endswith("Enum") for base in code.bases(node))
    shown = code.constructor("", node, module)
    for name, annotation, doc, default in code.fields(node):
        if doc or enum or code.is_struct(node) or not shown:
            yield item(f"{name} = {text_of(default)}" if enum else f"{name}: {annotation}", doc)
    for method in code.methods(node):
        doc = ast.get_docstring(method) or ""
        if code.is_property(method):
            yield item(f"{method.name}: {kind_of(method.returns)}", doc)
        else:
            made = "classmethod" in code.decorators(method)
            name = f"{node.name}.{method.name}" if made else f".{method.name}"
            yield item(code.signature(name, method, module, bound=True), doc)


def entry(name: str) -> str:
    """One name with everything that is said of it."""
    shown, found = resolved(name)
    node, lines = found.node, [f"### {shown}"]
    if ":" in name:
        lines.append(f"in `{found.module}`")
    called = f"backprove.{shown}" if ":" not in name else shown
    if isinstance(node, ast.FunctionDef):
        lines.append(f"```python\n{code.signature(called, node, found.module)}\n```")
    elif isinstance(node, ast.ClassDef):
        if made := code.constructor(called, node, found.module):
            lines.append(f"```python\n{made}\n```")
    elif isinstance(node, ast.AnnAssign):
        lines.append(f"```python\n{called}: {kind_of(node.annotation)}\n```")
    lines.append(prose(found.doc))
    if isinstance(node, ast.ClassDef) and (parts := list(members(node, found.module))):
        lines.append("\n".join(parts))
    return "\n\n".join(filter(None, lines))


def anchor(heading: str) -> str:
    """Where a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def index() -> str:
    lines = []
    for section, names in SECTIONS.items():
        links = ", ".join(f"[{n}](#{anchor(n)})" for n in names if ":" not in n)
        lines.append(f"- [{section}](#{anchor(section)}): {links}")
    return "\n".join(lines)


def vocabulary() -> str:
    """The letters in shapes, from the module that states the problem, and the types and names in signatures."""
    types = "\n".join(f"{name} = {text_of(value)}" for name, value in map(constant, ALIASES))
    lists = [
        f"- `{name}`: {', '.join(f'`{one}`' for one in ast.literal_eval(value))}"
        for name, value in map(constant, NAMES)
    ]
    letters = (ast.get_docstring(parsed("backprove.case.problem")) or "").partition("\n\n")[2]
    return "\n\n".join((f"```text\n{letters}\n```", f"```python\n{types}\n```", "\n".join(lists)))


def constant(entry: str) -> tuple[str, ast.expr]:
    """(name, value) of an entry."""
    name, found = resolved(entry)
    assert isinstance(found.node, ast.Assign)
    return name, found.node.value


def page() -> str:
    """The whole page."""
    parts = [HEAD.rstrip(), index(), "## Letters, types and names", vocabulary()]
    for section, names in SECTIONS.items():
        parts += [f"## {section}", *map(entry, names)]
    return "\n\n".join(parts) + "\n"


def rewrite() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(rewrite())
