"""Loading somebody else's function from `FILE.py:FUNCTION`."""

import contextlib
import copy
import functools
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backprove.errors import BackproveError


def load_function(spec: str) -> Callable[..., Any]:
    """The function that `FILE.py:FUNCTION` names, loaded in this process. It gets copies, and prints to stderr.

    Raises BackproveError in one line: what is missing, or what the file's own code raised and where.
    """
    return _guarded(load(spec)[1])


def split(spec: str) -> tuple[str, str]:
    """(file, function) of a spec `FILE.py:FUNCTION`. Raises BackproveError if it is none, or there is no such file."""
    file, colon, name = spec.rpartition(":")
    if not colon or not file or not name:
        raise BackproveError(f"{spec}: expected FILE.py:FUNCTION, such as mine.py:engine")
    path = Path(file)
    if not path.is_file():
        raise BackproveError(f"{file}: {'is a folder' if path.is_dir() else 'no such file'}; name a Python file")
    return file, name


def load(spec: str) -> tuple[dict[str, Any], Callable[..., Any]]:
    """The namespace of the file that `FILE.py:FUNCTION` names, and its function.

    The file's folder is importable while it loads and runs. Raises BackproveError in one line, as `load_function`.
    """
    file, name = split(spec)
    module = _import(Path(file))
    if name not in vars(module):
        known = [k for k, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__]
        have = f"it has {', '.join(known[:8])}" if known else "it defines none"
        raise BackproveError(f"{file}: no function {name}; {have}")
    function = vars(module)[name]
    if not callable(function):
        raise BackproveError(f"{file}: {name} is {type(function).__name__}, not a function")
    return vars(module), function


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on a copy of its arguments, which it may do with as it likes, printing to stderr."""

    @functools.wraps(function, updated=())
    def call(case: Any, *rest: Any) -> Any:
        with contextlib.redirect_stdout(sys.stderr):
            return function(copy.deepcopy(case), *rest)

    return call


def _import(path: Path) -> Any:
    name = f"backprove_candidate_{abs(hash(path.resolve())):x}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise BackproveError(f"{path}: is not a Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        del sys.modules[name]
        try:
            said = error.msg if isinstance(error, SyntaxError) else str(error)
            text = " ".join(said.split()) or "no message"
        except Exception:
            text = "an exception whose text cannot be had"
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path.resolve())]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        place = f"{path}:{line}" if line else str(path)
        raise BackproveError(f"{place}: does not import: {type(error).__name__}: {text}") from error
    return module
