"""On which side of its kink every unit is, by arithmetic in fractions."""

import numpy as np
import numpy.typing as npt

from backprove.case import LEAKY_SLOPE, Case
from backprove.domains import DOMAINS, Domain
from backprove.rounding.units import Mask

Signs = npt.NDArray[np.int8]

BENT = ("relu", "leaky_relu")
RATIONAL = ("identity", "square", *BENT)


def exact_zeros(case: Case, domain: Domain = DOMAINS["rational"]) -> list[Mask] | None:
    """Per layer a boolean (N, n_l): units of relu and leaky_relu whose z is exactly 0.

    The numbers are those of the case as `domain` holds them. None where a relu or leaky_relu has an activation before
    it whose values are not rational.
    """
    signs = exact_signs(case, domain)
    if signs is None:
        return None
    bent = [layer.activation in BENT for layer in case.layers]
    return [(sign == 0) & known for sign, known in zip(signs, bent, strict=True)]


def exact_signs(case: Case, domain: Domain = DOMAINS["rational"]) -> list[Signs] | None:
    """Per layer (N, n_l): the sign of the exact z, 0 in layers after the last relu or leaky_relu.

    None as `exact_zeros`.
    """
    names = [layer.activation for layer in case.layers]
    bent = [l for l, name in enumerate(names) if name in BENT]
    last = max(bent, default=-1)
    if bent and any(name not in RATIONAL for name in names[:last]):
        return None
    exact = DOMAINS["rational"]
    left = {"relu": exact.number(0), "leaky_relu": exact.number(float(domain.number(LEAKY_SLOPE)))}
    signs = [np.zeros((len(case.inputs), n), dtype=np.int8) for n in case.sizes[1:]]
    a = exact.array(domain.array(case.inputs))
    for l, layer in enumerate(case.layers[: last + 1]):
        z = a @ exact.array(domain.array(layer.weights)).T
        z = z if layer.bias is None else z + exact.array(domain.array(layer.bias))
        signs[l] = (z > 0).astype(np.int8) - (z < 0).astype(np.int8)
        a = z * z if names[l] == "square" else z
        if names[l] in BENT:
            a = np.where(signs[l] > 0, z, left[names[l]] * z)
    return signs
