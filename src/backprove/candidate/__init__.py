"""Somebody else's backprop: what it declares, its arguments and answers, and the process that it runs in.

The process is protection against accidents (endless loops, crashes, noise), not a sandbox: the code runs as the user.
Each name is imported when it is first asked for: a worker needs few of them, and starts the sooner.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprove.candidate.adapt import form_of
    from backprove.candidate.answer import Answer, Answering
    from backprove.candidate.candidate import Candidate
    from backprove.candidate.contract import Declaration, declared
    from backprove.candidate.hygiene import HYGIENE
    from backprove.candidate.load import load_function
    from backprove.candidate.local import Local
    from backprove.candidate.wrap import from_class, from_update

_HOMES = {
    "HYGIENE": "hygiene",
    "Answer": "answer",
    "Answering": "answer",
    "Candidate": "candidate",
    "Declaration": "contract",
    "Local": "local",
    "declared": "contract",
    "form_of": "adapt",
    "from_class": "wrap",
    "from_update": "wrap",
    "load_function": "load",
}

__all__ = [
    "HYGIENE",
    "Answer",
    "Answering",
    "Candidate",
    "Declaration",
    "Local",
    "declared",
    "form_of",
    "from_class",
    "from_update",
    "load_function",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'backprove.candidate' has no attribute {name!r}")
    return getattr(import_module(f"backprove.candidate.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
