"""Row `sensitivity`: one layer of weights between inputs and outputs; delta is called the sensitivity.

    net, output    net = W x + bias, output = f(net)
    error_vector   target - output
    delta          hadamard(error_vector, f'(net))
    added          delta xᵀ to the weights and delta to the bias, over the samples

Samples are in rows here, and one product adds them up.
"""

from backprove.case import Case, Gradient, Trace
from backprove.domains import Array, Domain
from backprove.formulations.common import HALF, times
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading
from backprove.formulations.units import ELEMENTWISE, f, slope


def _feedforward(D: Domain, case: Case) -> tuple[Array, Array]:
    """(output, net) of every sample, (N, n_1)."""
    (layer,) = case.layers
    net = D.array(case.inputs) @ D.array(layer.weights).T + D.array(layer.bias)
    return f(D, layer.activation, net), net


def _engine(case: Case, domain: Domain) -> Gradient:
    D = domain
    output, net = _feedforward(D, case)
    error_vector = D.array(case.targets) - output
    delta = error_vector * slope(D, case.layers[0].activation, net, output, D.number(case.kink))
    trace = Trace([net], [output], [error_vector], [delta])
    return Gradient([delta.T @ D.array(case.inputs)], [delta.sum(axis=0)], trace)


_POSED = Posed(activations=ELEMENTWISE, scale=HALF, reduction="sum", depth=1, biases=True)
_DELTA = "delta = hadamard(target - output, f'(net))"

ROW = Formulation(
    id="sensitivity",
    title="sensitivity delta",
    source="a question on Stack Exchange about 15 Steps to Implement a Neural Net, step 12",
    form="One layer of weights. The error vector, target - output, is multiplied by the slopes of the activation, and "
    "what comes of it is added to the weights. No weights are in the formula, since behind the outputs there are none.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "delta xᵀ taken for the gradient of half the squared error.",
            (_DELTA, "dC/dW = delta xᵀ;  dC/db = delta"),
            _POSED,
            _engine,
        ),
        Reading(
            "added",
            Kind.CONVERTED,
            "delta xᵀ as what is added to the weights: minus the gradient.",
            (_DELTA, "dC/dW = -delta xᵀ;  dC/db = -delta"),
            _POSED,
            times(-1, _engine),
            conversion="sign: times -1",
        ),
    ),
    fault="The error vector target - output has the sign of the step that is added; the gradient has output - target.",
)
