"""The built-in engines by name. They share the case and the domain, nothing else."""

from collections.abc import Callable

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.engines import matrix, neuron, paths

Engine = Callable[[Case, Domain], Gradient]

ENGINES: dict[str, Engine] = {"neuron": neuron.engine, "matrix": matrix.engine, "paths": paths.engine}

__all__ = ["ENGINES", "Engine"]
