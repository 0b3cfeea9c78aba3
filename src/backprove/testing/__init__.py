"""For the tests of others: that their backprop, or their engine, has the same gradient as backprove's engines.

Each name is imported when it is first asked for: a pytest run that does not use them pays nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprove.testing.conformance import EngineMismatch, check_engine
    from backprove.testing.gradient import GradientMismatch, assert_same_gradient
    from backprove.testing.networks import cases

_HOMES = {
    "EngineMismatch": "conformance",
    "GradientMismatch": "gradient",
    "assert_same_gradient": "gradient",
    "cases": "networks",
    "check_engine": "conformance",
}

__all__ = ["EngineMismatch", "GradientMismatch", "assert_same_gradient", "cases", "check_engine"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'backprove.testing' has no attribute {name!r}")
    return getattr(import_module(f"backprove.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
