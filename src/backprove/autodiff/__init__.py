"""Other people's automatic differentiation as engines: each writes a forward pass and a loss, and no derivative.

A library is imported when its engine is loaded, not before. What a library does in its own way is reported as what it
is; REMARKS says what is known of it, in words.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.errors import BackproveError, MissingExtra

Engine = Callable[[Case, Domain], Gradient]

REMARKS: dict[str, tuple[str, ...]] = {
    "torch": (
        "torch: F.softplus is the identity for z > 20: its value and its slope are off by up to exp(-20) = 2e-9 there, "
        "which shows in float64 where a softplus unit has such a z",
        "torch: at 0 the slope of F.relu is 0 and that of F.leaky_relu 0.01, whatever relu'(0) the case asks for",
    ),
    "jax": (
        "jax: at 0 the slope of jax.nn.relu is 0 and that of jax.nn.leaky_relu 1, whatever relu'(0) the case asks for",
        "jax: jax.nn.softplus is logaddexp, whose slope is exp(z - softplus(z)): it loses digits in proportion to |z|, "
        "which leaves a few networks with z around 20 UNDECIDED",
        "jax: gelu is jax.nn.gelu with approximate=False; its default, made of tanh, is another function",
    ),
    "autograd": (
        "autograd: softplus is np.logaddexp, whose slope is exp(z - softplus(z)): it loses digits in proportion to "
        "|z|, which leaves a few networks with z around 20 UNDECIDED",
        "autograd: relu and leaky_relu are np.maximum, whose slope at a tie is the mean of both: relu'(0) is 1/2, "
        "whatever the case asks for",
    ),
}
"""Name → what the library does that a report on it shows, one line each."""


def load(name: str) -> Engine:
    """The engine of that library. Raises MissingExtra where it is not installed, BackproveError where it is broken."""
    try:
        with _on_cpu():
            engine: Engine = import_module(f"backprove.autodiff.{name}").engine
    except ModuleNotFoundError as error:
        raise MissingExtra((error.name or name).partition(".")[0], name) from None
    except (ImportError, OSError, RuntimeError) as error:
        raise BackproveError(f"{name}: cannot be used here: {' '.join(str(error).split())}") from None
    return engine


@contextmanager
def _on_cpu() -> Iterator[None]:
    """JAX reads when it is imported where it is to run: on the CPU, unless the user says otherwise."""
    said = "JAX_PLATFORMS" in os.environ
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        yield
    finally:
        if not said:
            os.environ.pop("JAX_PLATFORMS", None)


AUTODIFF: dict[str, Callable[[], Engine]] = {name: partial(load, name) for name in REMARKS}
"""Name → what imports the library and gives its engine."""

__all__ = ["AUTODIFF", "REMARKS", "load"]
