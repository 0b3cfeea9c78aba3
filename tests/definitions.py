"""Definitions as the package's sources have them: read, not imported.

No library is needed for it, and nothing depends on the Python that reads.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import backprove

SRC = Path(backprove.__file__).parent.parent
ROOT = "backprove."
WIDTH = 100  # of a signature, before it is broken into lines

Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Found:
    """A name where it is defined: in which module, what follows it as its docstring, and the node."""

    module: str
    node: ast.stmt
    doc: str


@cache
def parsed(module: str) -> ast.Module:
    path = SRC.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def find(module: str, name: str) -> Found:
    """The definition behind a name of a module, wherever it is imported from. Raises KeyError where there is none."""
    body = parsed(module).body
    for i, node in enumerate(body):
        if isinstance(node, Definition) and node.name == name:
            return Found(module, node, ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign | ast.AnnAssign) and assigned(node) == name:
            room = ast.get_docstring(parsed(module)) if name == module.rpartition(".")[2].upper() else None
            return Found(module, node, "\n\n".join(filter(None, (following(body, i), room))))
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ImportFrom) and node.module and any((a.asname or a.name) == name for a in node.names):
            own = next(a.name for a in node.names if (a.asname or a.name) == name)
            return find(node.module, own)
    raise KeyError(f"{module}.{name}")


def assigned(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def following(body: list[ast.stmt], i: int) -> str:
    """The text that stands behind a field or a constant."""
    after = body[i + 1] if i + 1 < len(body) else None
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
        return inspect.cleandoc(after.value.value)
    return ""


def signature(name: str, node: ast.FunctionDef, module: str, *, bound: bool = False) -> str:
    """`name(a: int, *, b: str = 'x') -> int`, on several lines where it is long; without `self` where `bound`."""
    arguments, returns = node.args, None if node.name == "__init__" else node.returns
    parts, positional = [], [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = list(zip(positional, defaults, strict=True))[int(bound) :]
    parts += [parameter(a, default, module) for a, default in pairs]
    if arguments.vararg:
        parts.append("*" + parameter(arguments.vararg, None, module))
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [parameter(a, d, module) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        parts.append("**" + parameter(arguments.kwarg, None, module))
    return call(name, parts, f" -> {kind_of(returns)}" if returns else "")


def call(name: str, parts: list[str], end: str = "") -> str:
    line = f"{name}({', '.join(parts)}){end}"
    return line if len(line) <= WIDTH else "\n".join((f"{name}(", *(f"    {part}," for part in parts), f"){end}"))


def parameter(argument: ast.arg, default: ast.expr | None, module: str) -> str:
    line = argument.arg + (f": {kind_of(argument.annotation)}" if argument.annotation else "")
    return f"{line} = {default_of(default, module)}" if default is not None else line


def text_of(node: ast.expr | None) -> str:
    """Code, on one line."""
    return ast.unparse(node) if node is not None else ""


def kind_of(annotation: ast.expr | None) -> str:
    """An annotation; quotes around it, and ClassVar, are for Python and not for readers."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    if isinstance(annotation, ast.Subscript) and text_of(annotation.value) == "ClassVar":
        return text_of(annotation.slice)
    return text_of(annotation)


def default_of(node: ast.expr, module: str) -> str:
    """A default; a number that has a name in the module, as a number."""
    if isinstance(node, ast.Call) and text_of(node.func) == "field":
        return next(text_of(k.value) for k in node.keywords if k.arg == "default")
    return (isinstance(node, ast.Name) and number(node.id, module)) or text_of(node)


def number(name: str, module: str) -> str:
    """The number that has this name in a module, or where it imports the name from; else ""."""
    for node in parsed(module).body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return number(name, node.module or "") if (node.module or "").startswith(ROOT) else ""
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for one, given in zip(target.elts, value.elts, strict=True) if several else [(target, value)]:
                if text_of(one) == name and isinstance(given, ast.Constant) and type(given.value) is int:
                    return str(given.value)
    return ""


def fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str, ast.expr | None]]:
    """(name, annotation, docstring, default) of every field that is public."""
    for i, part in enumerate(node.body):
        if isinstance(part, ast.AnnAssign | ast.Assign) and (name := assigned(part)) and not name.startswith("_"):
            annotation = kind_of(part.annotation) if isinstance(part, ast.AnnAssign) else ""
            yield name, annotation, following(node.body, i), part.value


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            yield part


def decorators(node: ast.FunctionDef) -> set[str]:
    return {ast.unparse(d) for d in node.decorator_list}


def is_property(node: ast.FunctionDef) -> bool:
    return bool(decorators(node) & {"property", "cached_property"})


def bases(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base) for base in node.bases]


def is_struct(node: ast.ClassDef) -> bool:
    return "msgspec.Struct" in bases(node)


def constructor(name: str, node: ast.ClassDef, module: str) -> str:
    """How an object is made, or of what kind the class is where users make none."""
    own = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    kind = [base for base in bases(node) if base.endswith(("Error", "Enum", "Exception"))]
    lines = [f"class {name.rpartition('.')[2]}({', '.join(kind)})"] if kind else []
    if own:
        lines.append(signature(name, own, module, bound=True))
    elif any("dataclass" in ast.unparse(d) for d in node.decorator_list):
        parts = [f"{n}: {a}" + (f" = {default_of(d, module)}" if d is not None else "") for n, a, _, d in fields(node)]
        lines.append(call(name, parts))
    return "\n".join(lines)
