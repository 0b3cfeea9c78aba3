"""Without the extra `exact` every use of the domain `ball` names what is missing and the line that installs it."""

import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backprove.domains.ball import Ball, available
from backprove.errors import MissingExtra

USES: dict[str, Callable[[Ball], Any]] = {
    "number": lambda D: D.number(1.0),
    "array": lambda D: D.array(np.ones(2)),
    "own": lambda D: D.own([1.0]),
    "context": lambda D: D.context().__enter__(),
    "peak": lambda D: D.peak([]),
    "sqrt_half": lambda D: D.sqrt_half,
    "inv_sqrt_pi": lambda D: D.inv_sqrt_pi,
    "judge": lambda D: D.judge(np.zeros(1), np.zeros(1), np.zeros(1)),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_names_the_extra(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    domain = Ball()
    assert domain.finer() is not None
    with pytest.raises(MissingExtra, match=r"^python-flint is not installed: pip install 'backprove\[exact\]'$"):
        USES[use](domain)


def test_available_says_whether_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    assert not available()
    monkeypatch.setitem(sys.modules, "flint", types.ModuleType("flint"))  # no package that was found and loaded
    assert not available()


def test_available_is_right_in_this_environment() -> None:
    try:
        import flint  # noqa: F401
    except ImportError:
        assert not available()
    else:
        assert available()


def test_flint_is_not_imported_before_it_is_used() -> None:
    code = "import sys, backprove.domains.ball as b; b.Ball(); b.available(); print('flint' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
