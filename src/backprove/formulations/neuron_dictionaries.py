"""Row `neuron-dictionaries`: a network is a list of layers, a layer a list of neurons, a neuron a dictionary.

    weights   of what leads into the neuron, its bias last
    forward   activation = bias + Σ_j weights[j] input_j;  output = 1 / (1 + exp(-activation))
    error     at the output: output - expected; hidden neuron j: Σ over the neurons of the next layer of
              weights[j] · delta
    delta     error · output (1 - output)
    gradient  delta · input_j, and delta for the bias; added up over the samples

All in plain loops, one sample at a time.
"""

from collections.abc import Callable
from typing import Any

from backprove.case import Case, Gradient, Trace
from backprove.domains import Domain
from backprove.engines import Engine
from backprove.formulations.common import HALF, numbers, sigmoid, times
from backprove.formulations.formulation import Formulation, Kind, Posed, Reading

Neuron = dict[str, Any]
Difference = Callable[[Any, Any], Any]


def _network(D: Domain, case: Case) -> list[list[Neuron]]:
    layers = []
    for layer in case.layers:
        rows = zip(numbers(D, layer.weights), numbers(D, layer.bias), strict=True)
        layers.append([{"weights": [*row, b], "gradient": [D.number(0)] * (len(row) + 1)} for row, b in rows])
    return layers


def _forward(D: Domain, network: list[list[Neuron]], inputs: list[Any]) -> None:
    for layer in network:
        for neuron in layer:
            *weights, activation = neuron["weights"]
            for weight, x in zip(weights, inputs, strict=True):
                activation = activation + weight * x
            neuron["activation"], neuron["output"] = activation, sigmoid(D, activation)
        inputs = [neuron["output"] for neuron in layer]


def _backward(D: Domain, network: list[list[Neuron]], expected: list[Any], difference: Difference) -> None:
    for l in reversed(range(len(network))):
        for j, neuron in enumerate(network[l]):
            if l == len(network) - 1:
                error = difference(neuron["output"], expected[j])
            else:
                error = D.number(0)
                for following in network[l + 1]:
                    error = error + following["weights"][j] * following["delta"]
            neuron["error"] = error
            neuron["delta"] = error * (neuron["output"] * (1 - neuron["output"]))


def _accumulate(network: list[list[Neuron]], inputs: list[Any]) -> None:
    """What the update multiplies by the learning rate, added up instead."""
    for layer in network:
        for neuron in layer:
            steps = [*(neuron["delta"] * x for x in inputs), neuron["delta"]]
            neuron["gradient"] = [total + step for total, step in zip(neuron["gradient"], steps, strict=True)]
        inputs = [neuron["output"] for neuron in layer]


def _engine(difference: Difference) -> Engine:
    def engine(case: Case, domain: Domain) -> Gradient:
        D, network = domain, _network(domain, case)
        trace = Trace(*([[] for _ in network] for _ in range(4)))
        for row, expected in zip(numbers(D, case.inputs), numbers(D, case.targets), strict=True):
            _forward(D, network, row)
            _backward(D, network, expected, difference)
            _accumulate(network, row)
            for l, layer in enumerate(network):
                trace.z[l].append([neuron["activation"] for neuron in layer])
                trace.a[l].append([neuron["output"] for neuron in layer])
                trace.loss_gradient[l].append([neuron["error"] for neuron in layer])
                trace.delta[l].append([neuron["delta"] for neuron in layer])
        dW = [[neuron["gradient"][:-1] for neuron in layer] for layer in network]
        db = [[neuron["gradient"][-1] for neuron in layer] for layer in network]
        return Gradient(dW, db, trace)

    return engine


_POSED = Posed(fixed=("sigmoid",), scale=HALF, reduction="sum", biases=True)
_expected_minus_output = _engine(lambda output, expected: expected - output)
_HIDDEN = (
    "hidden: errors[j] = Σ over the next layer of weights[j] · delta",
    "delta = errors[j] · output · (1 - output)",
    "gradient[j] = Σ over the samples of delta · input[j];  bias: Σ delta",
)

ROW = Formulation(
    id="neuron-dictionaries",
    title="neuron dictionaries",
    source="Brownlee, How to Code a Neural Network with Backpropagation In Python (machinelearningmastery.com, 2016)",
    form="Each neuron is a dictionary with the weights that lead into it, its output and its delta. The error of "
    "hidden neuron j is accumulated over the next layer's neurons: of each it takes weight number j, which starts at "
    "j. The article updates after every sample; here the samples' steps are added up.",
    readings=(
        Reading(
            "printed",
            Kind.PRINTED,
            "The later edition: the error of an output neuron is output - expected, and the update subtracts.",
            ("output: errors[j] = output - expected[j]", *_HIDDEN),
            _POSED,
            _engine(lambda output, expected: output - expected),
        ),
        Reading(
            "expected-minus-output",
            Kind.CONTRAST,
            "The earlier edition's delta · input taken for the gradient, though its update adds it.",
            ("output: errors[j] = expected[j] - output", *_HIDDEN),
            _POSED,
            _expected_minus_output,
        ),
        Reading(
            "added",
            Kind.CONVERTED,
            "The earlier edition as it means it: what it adds is minus the gradient.",
            ("output: errors[j] = expected[j] - output", *_HIDDEN, "dC/dw = -gradient[j]"),
            _POSED,
            times(-1, _expected_minus_output),
            conversion="sign: times -1",
        ),
    ),
)
