"""backprove: verifies, side by side, that formulations of backpropagation compute the same gradient.

The names below are the public interface, and so are those of `backprove.testing`, for tests of one's own, and
`backprove.autodiff`, other people's libraries as engines. Each is imported when it is first asked for: `import
backprove` alone loads neither NumPy nor Hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprove.campaign import Settings, search
    from backprove.candidate import from_class, from_update
    from backprove.case import Address, Case, Gradient, Layer, Loss, read_case, read_network
    from backprove.compare import Comparison
    from backprove.compare import compare as compare_engines
    from backprove.derivation import derive
    from backprove.domains import DOMAINS
    from backprove.engines import ENGINES
    from backprove.errors import BackproveError, CaseError, NotInDomain
    from backprove.findings import Report
    from backprove.generate import cases
    from backprove.verdict import Verdict

_HOMES = {
    "DOMAINS": "domains",
    "ENGINES": "engines",
    "Address": "case",
    "BackproveError": "errors",
    "Case": "case",
    "CaseError": "errors",
    "Comparison": "compare",
    "Gradient": "case",
    "Layer": "case",
    "Loss": "case",
    "NotInDomain": "errors",
    "Report": "findings",
    "Settings": "campaign",
    "Verdict": "verdict",
    "cases": "generate",
    "compare_engines": "compare",
    "derive": "derivation",
    "from_class": "candidate",
    "from_update": "candidate",
    "read_case": "case",
    "read_network": "case",
    "search": "campaign",
}

__all__ = [
    "DOMAINS",
    "ENGINES",
    "Address",
    "BackproveError",
    "Case",
    "CaseError",
    "Comparison",
    "Gradient",
    "Layer",
    "Loss",
    "NotInDomain",
    "Report",
    "Settings",
    "Verdict",
    "cases",
    "compare_engines",
    "derive",
    "from_class",
    "from_update",
    "read_case",
    "read_network",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'backprove' has no attribute {name!r}")
    home = import_module(f"backprove.{_HOMES[name]}")
    # the room `compare` has the name that the function would have
    return getattr(home, "compare" if name == "compare_engines" else name)


def __dir__() -> list[str]:
    return __all__
