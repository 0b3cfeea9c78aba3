"""A difference in a field, confirmed at real numbers.

A field knows only some identities of exp and of the sides of kinks (domains/modular.py). Formulas that are equal by
others, such as exp(x + y) = exp(x) exp(y), differ there and are right all the same. So a difference in the field counts
as a disagreement only where real numbers show one too; else it is UNDECIDED.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from backprove.case import Case, Layer, Loss
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.generate import plainer
from backprove.verdict import Verdict

REASON = "differs in the field alone, where not every identity holds"
POINTS, SAMPLES = 20, 16


def confirmed(found: Comparison, engines: Mapping[str, Engine]) -> Comparison:
    """The comparison as it is where real numbers bear it out, or an engine failed; else with UNDECIDED in it."""
    if found.failures or any(
        compare(case, DOMAINS["float64"], engines).verdict is Verdict.DISAGREE for case in _real(found.case)
    ):
        return found
    return found.opened(REASON)


def _real(case: Case) -> Iterator[Case]:
    """The same network at small whole numbers and at random ones; with a loss that has a value everywhere as well."""
    for one in (*plainer(case), *_random(case)):
        yield one
        if one.loss.name.endswith("cross_entropy"):
            yield replace(one, loss=Loss("squared_error", one.loss.scale))


def _random(case: Case) -> Iterator[Case]:
    """Random batches, single samples, and networks whose units are all above their kinks, or all below."""
    for seed in range(POINTS):
        normal = np.random.default_rng(seed).normal
        yield _network(case, normal, SAMPLES)
        yield _network(case, lambda size, normal=normal: np.abs(normal(size=size)) + 0.1, 1)
        yield _network(case, lambda size, normal=normal: -np.abs(normal(size=size)) - 0.1, 1)
        yield _network(case, normal, 1)


def _network(case: Case, draw: Callable[..., npt.NDArray[np.float64]], samples: int) -> Case:
    layers = [
        Layer(draw(size=c.weights.shape), None if c.bias is None else draw(size=c.bias.shape), c.activation)
        for c in case.layers
    ]
    inputs, targets = draw(size=(samples, case.sizes[0])), draw(size=(samples, case.sizes[-1]))
    # negative weights on negative inputs: inputs above 0 keep all units below
    inputs = np.abs(inputs) if (inputs < 0).all() else inputs
    return Case(tuple(layers), inputs, targets, case.loss, case.reduction, case.kink)
