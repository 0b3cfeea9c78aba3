"""The built-in engines by name. They share the case and the domain, nothing else.

An engine is a function `(case, domain) -> Gradient`, or `-> (weights, biases)`: of each layer dC/dW^l as
(n_l, n_{l-1}) and dC/db^l as (n_l,) or None. It raises NotInDomain for what it cannot do in a domain.

>>> from backprove import DOMAINS, ENGINES, Case, Layer
>>> case = Case([Layer([[2.0, -1.0]], [1.0])], inputs=[[1.0, 2.0]], targets=[[0.0]])
>>> gradient = ENGINES["paths"](case, DOMAINS["float64"])
>>> gradient.weights[0].tolist(), gradient.biases[0].tolist()
([[2.0, 4.0]], [2.0])
"""

from collections.abc import Callable

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.engines import matrix, neuron, paths

Engine = Callable[[Case, Domain], Gradient]

ENGINES: dict[str, Engine] = {"neuron": neuron.engine, "matrix": matrix.engine, "paths": paths.engine}
"""neuron: unit by unit; matrix: whole layers and batches; paths: the chain rule written out, a path at a time."""

__all__ = ["ENGINES", "Engine"]
