"""The versions that a result depends on."""

import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

EXTRAS = (
    "python-flint", "jinja2", "matplotlib", "torch", "jax", "autograd", "safetensors", "distributed", "pytest",
)  # fmt: skip
"""The distributions of the extras, in the order in which they are said."""


def versions() -> dict[str, str]:
    """Name → version of what every result depends on; nothing is imported to find out."""
    found = {"backprove": "unknown", "python": sys.version.split()[0]}
    return found | {name: installed([name]).get(name, "unknown") for name in ("backprove", "numpy", "hypothesis")}


def installed(names: Iterable[str]) -> dict[str, str]:
    """Distribution → version, of those that are installed; nothing is imported to find out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def said() -> str:
    """What `backprove --version` says: a line each, backprove first, and last the extras that are installed."""
    return "".join(f"{name} {number}\n" for name, number in (versions() | installed(EXTRAS)).items())
