"""What a candidate declares: read from BACKPROVE and options, every fault refused in one line with place and remedy."""

from fractions import Fraction
from typing import Any

import pytest
from helpers import network

from backprove.candidate import Declaration, declared
from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS
from backprove.errors import BackproveError

ALL = {
    "activations": ["tanh", "sigmoid"],
    "loss": "squared_error",
    "loss_scale": "1/2",
    "reduction": "mean",
    "layers": [3, 2, 1],
    "batch": 1,
    "biases": False,
    "layout": "in,out",
    "samples": "columns",
}
READ = Declaration(
    ("tanh", "sigmoid"), "squared_error", Fraction(1, 2), "mean", (3, 2, 1), 1, False, "in,out", "columns"
)


def test_all_of_it_is_read() -> None:
    assert declared({"BACKPROVE": ALL}, {}) == READ


def test_nothing_is_declared_where_nothing_is() -> None:
    assert declared({}, {}) == Declaration() == declared({"BACKPROVE": {}}, {"loss": None})
    assert declared({"BACKPROVE": dict.fromkeys(ALL)}, {}) == Declaration()


def test_options_override_and_may_be_typed() -> None:
    typed = {
        "activations": "tanh, sigmoid",
        "loss": "squared_error",
        "loss_scale": "0.5",
        "reduction": "mean",
        "layers": "3-2-1",
        "batch": "1",
        "biases": "no",
        "layout": "in,out",
        "samples": "columns",
    }
    assert declared({}, typed) == READ
    assert declared({"BACKPROVE": {**ALL, "loss": "output"}}, {"loss": "squared_error"}) == READ
    assert declared({"BACKPROVE": ALL}, {"layers": "any", "batch": "any"}).layers == "any"
    assert declared({}, {"layers": "2"}).layers == 2


def test_a_function_may_have_its_own() -> None:
    namespace = {"BACKPROVE": {"loss": "output", "one": {"reduction": "mean"}, "two": {"loss": "squared_error"}}}
    namespace |= {"one": print, "two": print}
    assert declared(namespace, {}, function="one") == Declaration(loss="output", reduction="mean")
    assert declared(namespace, {}, function="two") == Declaration(loss="squared_error")
    assert declared(namespace, {}, function="three") == Declaration(loss="output")


NAMES = {name: ", ".join(f'"{x}"' for x in known) for name, known in (("A", ACTIVATIONS), ("L", LOSSES))}
FAULTS = [
    ({"layout": "x"}, 'BACKPROVE["layout"]: \'x\' is not one of "out,in", "in,out"'),
    ({"samples": 3}, 'BACKPROVE["samples"]: 3 is not one of "rows", "columns"'),
    ({"loss": "mse"}, f"BACKPROVE[\"loss\"]: 'mse' is not one of {NAMES['L']}"),
    ({"loss": ["output"]}, f"BACKPROVE[\"loss\"]: ['output'] is not one of {NAMES['L']}"),
    (
        {"reduction": "x" * 99},
        f'BACKPROVE["reduction"]: \'{"x" * 56}... is not one of ' + ", ".join(f'"{x}"' for x in REDUCTIONS),
    ),
    ({"activations": ["tan"]}, f"BACKPROVE[\"activations\"]: 'tan' is not one of {NAMES['A']}"),
    ({"activations": []}, 'BACKPROVE["activations"]: expected names such as ["tanh", "sigmoid"], got []'),
    ({"activations": 3}, 'BACKPROVE["activations"]: expected names such as ["tanh", "sigmoid"], got 3'),
    ({"loss_scale": "1/0"}, 'BACKPROVE["loss_scale"]: expected a fraction such as "1/2", got \'1/0\''),
    ({"loss_scale": True}, 'BACKPROVE["loss_scale"]: expected a fraction such as "1/2", got True'),
    ({"loss_scale": float("nan")}, 'BACKPROVE["loss_scale"]: expected a fraction such as "1/2", got nan'),
    ({"loss_scale": 0}, 'BACKPROVE["loss_scale"]: 0 times a loss has no gradient to check; give what multiplies it'),
    (
        {"layers": 0},
        'BACKPROVE["layers"]: expected "any", how many weight layers, or the sizes such as [3, 2, 1], got 0',
    ),
    (
        {"layers": [3]},
        'BACKPROVE["layers"]: expected "any", how many weight layers, or the sizes such as [3, 2, 1], got [3]',
    ),
    (
        {"layers": [3, True]},
        'BACKPROVE["layers"]: expected "any", how many weight layers, or the sizes such as [3, 2, 1], got [3, True]',
    ),
    ({"batch": "all"}, 'BACKPROVE["batch"]: expected "any" or how many samples, got \'all\''),
    ({"batch": -1}, 'BACKPROVE["batch"]: expected "any" or how many samples, got -1'),
    ({"biases": 1}, 'BACKPROVE["biases"]: expected True or False, got 1'),
    ({"biases": "no"}, "BACKPROVE[\"biases\"]: expected True or False, got 'no'"),
    ({"los": "output"}, "BACKPROVE['los']: unknown key; did you mean loss?"),
    (
        {"zzz": 1},
        "BACKPROVE['zzz']: unknown key; known here: activations, loss, loss_scale, reduction, layers, batch, biases, "
        "layout, samples",
    ),
    ({3: 1}, "BACKPROVE[3]: unknown key; known here: " + ", ".join(ALL)),
    ({"other": {"loss": "output"}}, "BACKPROVE['other']: the file has no function of that name"),
    ({"mine": {"los": 1}}, "BACKPROVE[\"mine\"]['los']: unknown key; did you mean loss?"),
    ({"mine": {"batch": 0}}, 'BACKPROVE["mine"]["batch"]: expected "any" or how many samples, got 0'),
    ("sigmoid", 'BACKPROVE: expected a dict such as {"loss": "squared_error"}, got \'sigmoid\''),
    (
        {"activations": ["tanh", "tanh", "sigmoid"], "layers": 2},
        'BACKPROVE["activations"]: 3 activations for 2 weight layers; give one (for all), two (hidden layers, output) '
        "or 2",
    ),
]


@pytest.mark.parametrize(("given", "line"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_fault_is_refused_with_its_place_and_the_remedy(given: Any, line: str) -> None:
    with pytest.raises(BackproveError) as caught:
        declared({"BACKPROVE": given, "mine": print}, {}, file="mine.py", function="mine")
    assert str(caught.value) == f"mine.py: {line}"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"layout": "x"}, '--layout: \'x\' is not one of "out,in", "in,out"'),
        ({"loss_scale": "half"}, "--loss-scale: expected a fraction such as \"1/2\", got 'half'"),
        ({"biases": "maybe"}, '--biases: \'maybe\' is not one of "true", "yes", "false", "no"'),
        (
            {"layers": "3-x"},
            "--layers: expected \"any\", how many weight layers, or the sizes such as [3, 2, 1], got '3-x'",
        ),
        ({"colour": "red"}, "--colour: unknown option; known here: " + ", ".join(ALL)),
        (
            {"activations": "tanh,relu,tanh", "layers": "3-2-1"},
            "--activations: 3 activations for 2 weight layers; give one (for all), two (hidden layers, output) or 2",
        ),
    ],
)
def test_a_fault_of_an_option_names_the_option(options: dict[str, str], line: str) -> None:
    with pytest.raises(BackproveError) as caught:
        declared({"BACKPROVE": {"loss": "output"}}, options, file="mine.py")
    assert str(caught.value) == line


def test_activations_of_layers() -> None:
    one, two = Declaration(("tanh",)), Declaration(("tanh", "sigmoid"))
    many = declared({"BACKPROVE": {"activations": ["tanh", "relu", "sigmoid"]}}, {})
    assert one.activations_of(3) == ("tanh",) * 3
    assert two.activations_of(3) == ("tanh", "tanh", "sigmoid")
    assert two.activations_of(1) == ("sigmoid",)
    assert Declaration().activations_of(2) is None
    assert many.layers == 3
    assert many.activations_of(3) == ("tanh", "relu", "sigmoid")
    with pytest.raises(ValueError, match="3 activations for 2 layers"):
        many.activations_of(2)


def test_cases_that_a_candidate_does_not_take() -> None:
    case, bare = network((3, 2, 2), ("tanh",) * 2), network((3, 2, 2), ("tanh",) * 2, bias=False)
    assert Declaration().unfit(case) == Declaration().unfit(bare) == ""
    fitting = Declaration(layers=(3, 2, 2), batch=2, biases=True)
    assert fitting.unfit(case) == ""
    assert fitting.unfit(bare) == "takes networks whose layers all have biases; 2 of 2 layers have none"
    assert Declaration(biases=False).unfit(case) == "takes networks without biases; 2 of 2 layers have one"
    assert Declaration(layers=3).unfit(case) == "takes 3 weight layers, not 2"
    assert Declaration(layers=(3, 2, 1)).unfit(case) == "takes a 3-2-1 network, not 3-2-2"
    assert Declaration(batch=1).unfit(case) == "takes a batch of 1, not 2"
