"""Oracle `complex step`: dC/dw = Im C(w + ih) / h, with nothing subtracted, hence right up to rounding."""

import numpy as np

from backprove.case import Case
from backprove.oracles.estimate import Estimate, Float, estimate
from backprove.oracles.kinks import kinks
from backprove.oracles.loss import MODEST, Evaluated, evaluate, factor, moved

# What the formula leaves out is of the size h², what underflow takes is 2^-1022 / h: with this h both are 2^-680.
_STEP = 2.0**-340
_FLOOR = 2.0**-600  # both, with room for weights that magnify what underflowed before them
_COPIES = 4


def complex_step(case: Case) -> Estimate:
    """The gradient by one complex evaluation for each entry: Squire and Trapp, Using complex variables to estimate
    derivatives of real functions, 1998.

    The error is how far copies of the calculation spread whose every number is jittered, scaled down from the jitter to
    rounding, plus rounding of the terms' sum. No opinion on entries whose slope goes through a unit that is at a kink
    or, up to rounding, may be. Raises NotInDomain for gelu.
    """
    steps = np.full((case.entries, 1), _STEP * 1j)
    with np.errstate(all="ignore"):
        pieces = list(evaluate(case, steps, 1 + _COPIES))
        values, errors = np.concatenate([_slopes(x) for x in pieces], axis=1) * (factor(case) / _STEP)
        errors = np.abs(errors) + _FLOOR
        errors[kinks(case, pieces[0].z) > 0] = np.inf
    return estimate(values, errors)


def _slopes(x: Evaluated) -> Float:
    """Im C and its error, (2, P)."""
    terms = x.terms[:, :, :, 0].imag
    return np.stack([terms[:, 0].sum(axis=-1).sum(axis=0), MODEST * moved(terms)])
