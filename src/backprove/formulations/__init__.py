"""The literature's formulations by name: they stand beside the engines, and may be made of them."""

from backprove.case import Case, Gradient
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.errors import NotPosed
from backprove.formulations import (
    bias_trick,
    delta_for_gradient,
    delta_recursion,
    derivative_notation,
    error_signal,
    finite_differences,
    linear_regression,
    local_error,
    logistic_regression,
    matched_pairs,
    neuron_dictionaries,
    sensitivity,
    simultaneous,
    sum_over_samples,
    two_equations,
    written_out,
    y_minus_t,
)
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

GALLERY: tuple[Formulation, ...] = (
    bias_trick.ROW,
    neuron_dictionaries.ROW,
    delta_recursion.ROW,
    error_signal.ROW,
    derivative_notation.ROW,
    matched_pairs.ROW,
    written_out.ROW,
    local_error.ROW,
    delta_for_gradient.ROW,
    finite_differences.ROW,
    sum_over_samples.ROW,
    simultaneous.ROW,
    sensitivity.ROW,
    linear_regression.ROW,
    logistic_regression.ROW,
    two_equations.ROW,
)


def _beside(reading: Reading) -> Engine:
    """The reading as an engine that refuses networks which its source is not about."""

    def engine(case: Case, domain: Domain) -> Gradient:
        if not reading.posed.fits(case, domain.name):
            raise NotPosed("networks that its source is not about")
        return reading.engine(case, domain)

    return engine


FORMULATIONS: dict[str, Engine] = {
    y_minus_t.NAME: y_minus_t.engine,
    **{row.named(reading): _beside(reading) for row in GALLERY for reading in row.readings},
}

__all__ = ["FORMULATIONS", "GALLERY", "Formulation", "Kind", "Posed", "Reading", "y_minus_t"]
