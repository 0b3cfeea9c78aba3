"""Which activations and losses go with a domain and with one another."""

from collections.abc import Iterable, Sequence

from backprove.case import ACTIVATIONS, NEEDS
from backprove.domains import Domain

# Where a loss has a value: which output activations it may stand behind, besides those that fit it.
LOG_OUTPUTS = ("sigmoid", "softmax")


def supported(domain: Domain, activations: Iterable[str]) -> tuple[str, ...]:
    """Those activations whose functions the domain has, simplest first."""
    wanted = set(activations)
    return tuple(a for a in ACTIVATIONS if a in wanted and NEEDS.get(a, "") in domain.functions | {""})


def losses_for(output: str, width: int, losses: Sequence[str], domain: Domain) -> tuple[str, ...]:
    """Those losses that have a value behind an output activation: a logarithm needs outputs between 0 and 1.

    A single softmax output is always 1, where 1 - a has no logarithm. A field has no order: there all but a relu do.
    """
    log = output in LOG_OUTPUTS or (domain.modulus is not None and output != "relu")
    return tuple(
        name
        for name in losses
        if not name.endswith("cross_entropy")
        or (log and not (name == "binary_cross_entropy" and output == "softmax" and width == 1))
    )
