"""What an assertion says: the one screen of `backprove check`, as text."""

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

from hypothesis import currently_in_test_context
from msgspec import structs
from rich.console import Console

from backprove.campaign import Look, disagreement
from backprove.campaign.replay import FOLDER, record
from backprove.case import Case
from backprove.check import Examined, Seen, finding
from backprove.engines import ENGINES
from backprove.errors import BackproveError
from backprove.findings import CheckFinding
from backprove.report.terminal_check import show_reasons, show_verdict
from backprove.report.words import safe

WIDTH = 100


def plain_console() -> Console:
    """One that writes text and nothing else, in a notebook too."""
    return Console(
        file=io.StringIO(), width=WIDTH, no_color=True, force_terminal=False, force_jupyter=False, highlight=False,
        markup=False,
    )  # fmt: skip


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()).rstrip()


def spec_of(function: Callable[..., Any]) -> str:
    """FILE.py:FUNCTION, where `backprove check` would find the same function by it; else its name."""
    name = str(getattr(function, "__qualname__", type(function).__name__))
    module = sys.modules.get(str(getattr(function, "__module__", "")))
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__package__ or getattr(module, name, None) is not function:
        return name
    with contextlib.suppress(ValueError):  # on another drive
        file = min(os.path.relpath(file), file, key=len)
    return f"{file}:{name}"


def at_once(name: str, case: Case) -> str:
    """All there is to say of a network that is not the last word."""
    return f"{safe(name)} has another gradient on a {'-'.join(map(str, case.sizes))} network"


def turned(name: str, seen: Seen) -> str:
    """Of gradients that are right and come back in another shape."""
    (note,) = [
        n for name_, n in zip(seen.answer.hygiene, seen.answer.notes, strict=True) if name_ == "weights-transposed"
    ]
    remedy = 'say layout="in,out" if it takes the weights like that too'
    return f"✗ {safe(name)} has the right numbers, but {safe(note)}; {remedy}"


def screen(found: Examined) -> str:
    """Where, how small, why, and how to see it again."""
    shown = finding(found, 0)
    shown = structs.replace(shown, replay=_replay(found))
    console = plain_console()
    show_verdict(shown, console)
    show_reasons(shown, console)
    return "\n".join([text_of(console), *_hint(shown), *_code(found, shown)])


def _hint(shown: CheckFinding) -> list[str]:
    """Where the numbers are right for another problem, how to say so."""
    if shown.is_gradient_of is None or not currently_in_test_context():
        return []
    of = shown.is_gradient_of
    said = f"activations={of.activations}, loss={of.loss!r}, loss_scale={of.loss_scale!r}, reduction={of.reduction!r}"
    return [f"  if that is what it is to minimise, draw it: cases({said})"] if of.sign > 0 and of.factor == "1" else []


def _replay(found: Examined) -> str | None:
    """The command that asks the same function about the same network, which is put on record."""
    if found.smallest is None or ".py:" not in found.spec:
        return None
    one = disagreement(Look(found.smallest.comparison))
    try:
        record([one], list(ENGINES), FOLDER)
    except BackproveError:
        return None
    words = ["backprove", "check", found.spec, "--case", one.id]
    words += ["--layout", found.declaration.layout] if found.declaration.layout else []
    words += ["--samples", found.declaration.samples] if found.declaration.samples else []
    return shlex.join(words)


def _code(found: Examined, shown: CheckFinding) -> list[str]:
    """The network as code, where it is small and no command finds it."""
    if found.smallest is None or shown.replay:
        return []
    code = repr(found.smallest.case)
    return [f"  the network: {code}"] if len(code) < 10 * WIDTH else []
