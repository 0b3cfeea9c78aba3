"""`backprove.testing`: right backprops pass, wrong ones fail with the cause, and nothing that shows nothing passes."""

import importlib.util
import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import kinked, network
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import DeadlineExceeded, Unsatisfiable

from backprove.case import Case, Layer, Loss
from backprove.cli import main
from backprove.testing import GradientMismatch, assert_same_gradient, cases
from backprove.testing import gradient as testing
from backprove.testing.tally import ASKED, TALLY, Tally

HALF = {"activations": "sigmoid", "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}

SOURCE = """\
import numpy as np
{first}

def gradients(weights, biases, inputs, targets):
    outputs = [inputs]
    for W, b in zip(weights, biases):
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ W.T + (0 if b is None else b)))))
    delta = (outputs[-1] - targets) * outputs[-1] * (1 - outputs[-1])
    dW, db = [], []
    for l in reversed(range(len(weights))):
        dW.insert(0, delta.T @ outputs[l])
        db.insert(0, None if biases[l] is None else delta.sum(axis=0))
        delta = (delta @ weights[l]){slope}
    {last}
    return dW, db
"""
SLOPE = " * outputs[l] * (1 - outputs[l])"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ASKED, "networks", None)
    monkeypatch.setattr(ASKED, "seed", None)


def mine(first: str = "", slope: str = SLOPE, last: str = "pass") -> Callable[..., Any]:
    """A sigmoid network with half squared error, from a file of its own."""
    path = Path("mine.py").resolve()
    path.write_text(SOURCE.format(first=first, slope=slope, last=last), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mine"] = module
    spec.loader.exec_module(module)
    return module.gradients


def half(case: Case) -> Case:
    """The network with the problem that `mine` is about."""
    layers = tuple(Layer(c.weights, c.bias, "sigmoid") for c in case.layers)
    return replace(case, layers=layers, loss=Loss("squared_error", Fraction(1, 2)), reduction="sum")


NET = half(network((2, 3, 2), ("sigmoid", "sigmoid")))


def complaint(*arguments: Any, **words: Any) -> str:
    with pytest.raises(GradientMismatch) as caught:
        assert_same_gradient(*arguments, **words)
    return str(caught.value)


def fails(gradients: Callable[..., Any], **words: Any) -> str:
    """What a property test of three lines says of it."""

    @settings(phases=[Phase.generate, Phase.shrink])  # looking for lines to blame takes its time
    @given(cases(**{**HALF, **words}))
    def test(case: Case) -> None:
        assert_same_gradient(gradients, case)

    with pytest.raises(GradientMismatch) as caught:
        test()
    return "\n".join([str(caught.value), *caught.value.__notes__])


# --- right ones ---


def test_a_right_one_passes_in_every_form() -> None:
    gradients, before = mine(), replace(TALLY)

    @given(cases(**HALF))
    def test(case: Case) -> None:
        assert_same_gradient(gradients, case)
        parts = [c.weights for c in case.layers], [c.bias for c in case.layers], case.inputs, case.targets
        assert_same_gradient(gradients(*parts), case)

    test()
    assert_same_gradient(gradients, NET)
    assert_same_gradient(gradients, networks=10, **HALF)
    assert TALLY.networks - before.networks >= 2 * 50 + 1 + 10
    assert TALLY.entries > before.entries
    assert 0 < TALLY.worst <= 1


def test_what_it_minimises_is_inferred_or_taken_from_its_own_file() -> None:
    assert_same_gradient(mine(), networks=10)
    declared = mine(f"BACKPROVE = {HALF!r}")
    assert_same_gradient(declared, networks=10)
    with pytest.raises(ValueError, match=r"its loss is output, and that of the function squared_error; draw"):
        assert_same_gradient(declared, replace(NET, loss=Loss("output")))


def test_an_own_layout_and_single_precision_are_right() -> None:
    gradients = mine()

    def turned(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        dW, db = gradients([W.T for W in weights], biases, inputs.T, targets.T)
        return [W.T for W in dW], db

    def single(*parts: Any) -> Any:
        low = [[None if x is None else x.astype(np.float32) for x in part] for part in parts[:2]]
        return gradients(*low, *(x.astype(np.float32) for x in parts[2:]))

    assert_same_gradient(turned, NET, layout="in,out", samples="columns")
    assert "W" in complaint(turned, half(network((2, 2), ("sigmoid",))))
    assert_same_gradient(single, NET)


def test_a_right_formula_that_loses_digits_passes_and_is_counted() -> None:
    def weak(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        (W,) = weights
        z = inputs @ W.T
        a = np.exp(z) / (np.exp(z) + 1)  # inf / inf beyond 709
        return [((a - targets) * a * (1 - a)).T @ inputs], [None]

    before = TALLY.weak
    large = Case((Layer(np.array([[800.0]]), None, "sigmoid"),), np.array([[1.0]]), np.array([[0.0]]), NET.loss)
    assert_same_gradient(weak, large)
    assert TALLY.weak == before + 1


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_any_slope_at_a_kink_is_right(slope: float) -> None:
    def relu(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        (V, W), X = weights, inputs
        Z = X @ V.T
        A = np.maximum(Z, 0)
        D = np.where(Z > 0, 1.0, np.where(Z == 0, slope, 0.0)) * (np.ones((len(X), 1)) @ W)
        return [D.T @ X, np.ones((1, len(X))) @ A], [None, None]

    assert_same_gradient(relu, kinked("relu"))


# --- wrong ones ---


def test_a_property_test_shrinks_and_says_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    said = fails(mine(slope=""))
    for part in (
        "mine.py:gradients is not the gradient of half squared error, summed over the samples, of networks",
        "wrong: W1    right: W2",
        "smallest network that shows it: 1-1-1 (sigmoid, sigmoid), 1/2 squared_error, sum over 1 sample",
        "W1 = [[1]]\n    W2 = [[1]]\n    inputs = [[1]]\n    targets = [[1]]\n",
        "first difference: W1[1,1] (weights[0][0, 0])\n    neuron = matrix = paths  -0.014015358528542",
        "    yours                    -0.07128437372785607",
        "cause: hidden-slope-missing",
        "again: backprove check mine.py:gradients --case ",
        "case=Case(layers=(Layer(weights=[[1.0]], activation='sigmoid'), Layer(",
    ):
        assert part in said
    assert "array(" not in said
    networks = re.search(r"reproduces your numbers on ([0-9]+) of ([0-9]+) networks; ([0-9]+) of them tell", said)
    assert networks is not None
    assert networks[1] == networks[2]
    assert int(networks[3]) >= 10
    again = re.search("again: backprove (.*)", said)
    assert again is not None
    assert main(shlex.split(again[1])) == 1
    assert "first difference: W1[1,1]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("last", "what"),
    [
        ("dW = [2 * W for W in dW]", "it is, exactly, the gradient of squared error"),
        ("dW, db = [-W for W in dW], [None if b is None else -b for b in db]", "minus half squared error"),
        ("db = [None if b is None else b * 0 for b in db]", "cause: bias-missing"),
    ],
)
def test_one_given_network_is_enough_to_find_the_cause(last: str, what: str) -> None:
    if "2 *" in last:
        last += "; db = [None if b is None else 2 * b for b in db]"
    said = complaint(mine(last=last), NET)
    assert what in said
    assert "yours" in said


def test_a_function_of_one_size_is_told_its_mistake_too() -> None:
    gradients = mine(slope="")

    def fixed(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        assert [W.shape for W in weights] == [(3, 2), (2, 3)]
        assert len(inputs) == 2
        return gradients(weights, biases, inputs, targets)

    said = complaint(fixed, NET)
    assert "cause: hidden-slope-missing" in said
    assert "the network: Case(" in said  # no command finds a function within a function


def test_numbers_alone_are_judged_and_explained() -> None:
    parts = [c.weights for c in NET.layers], [c.bias for c in NET.layers], NET.inputs, NET.targets
    said = complaint(mine(slope="")(*parts), NET)
    assert "yours is not the gradient of half squared error" in said
    assert "on 1 of 1 network\n" in said
    assert "perhaps hidden-slope-missing, which give the same numbers; 1 network cannot tell" in said
    assert "  on this network: 2-3-2 (sigmoid, sigmoid)" in said


@pytest.mark.slow
def test_networks_drawn_here_show_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.check.shrink.CALLS", 100)
    said = complaint(mine(slope=""), networks=10, **HALF)
    assert "smallest network that shows it: 1" in said
    assert "cause: hidden-slope-missing" in said


@pytest.mark.parametrize(
    "last",
    [
        "return None",
        "dW[0] = None",
        "dW[0] = dW[0] * np.nan",
        "dW[0] = dW[0] + np.inf",
        "dW[0] = dW[0][:, :1]",
        "dW[0] = dW[0].astype(str)",
        "dW = dW[:1]",
        "dW[0] = dW[0].astype(object)",
    ],
)
def test_what_is_no_gradient_never_agrees(last: str) -> None:
    gradients = mine(last=last)
    assert re.search("gives no gradient: returned|is not the gradient", complaint(gradients, NET))


def test_what_the_function_raises_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprove.check.shrink.CALLS", 20)
    gradients = mine(last="raise LookupError('not here')")
    with pytest.raises(LookupError, match="not here"):
        assert_same_gradient(gradients, NET)
    said = complaint(gradients, networks=5, **HALF)
    assert "gives no gradient: raised LookupError: not here (mine.py:14)" in said
    assert "Traceback" in said
    assert "gives no gradient: raised ZeroDivisionError" in complaint(mine(last="1 / 0"), NET)


def test_arguments_are_copies() -> None:
    assert_same_gradient(mine(last="weights[0][:] = 7; inputs[:] = 7; targets[:] = 7; weights.clear()"), NET)
    assert half(network((2, 3, 2), ("sigmoid", "sigmoid"))) == NET


# --- what shows nothing ---

FAR = Case((Layer(np.array([[1e200]]), None, "square"),), np.array([[1e200]]), np.array([[0.0]]))


def overflows(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
    return [np.array([[np.inf]])], [None]


def test_a_network_that_shows_nothing_does_not_pass() -> None:
    before = TALLY.undecided
    assert "may or may not be the gradient" in complaint(overflows, FAR)
    assert TALLY.undecided == before + 1


def test_a_network_that_shows_nothing_is_rejected_by_hypothesis() -> None:
    @settings(suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(cases(activations="square", layers=1, biases=False, batch=1, max_width=1))
    def test(case: Case) -> None:
        assert_same_gradient(overflows, FAR)

    with pytest.raises(Unsatisfiable):
        test()


# --- habits that an assertion cannot overlook ---


def test_single_precision_within_is_right_on_every_network() -> None:
    """Judged by the kind, since a network of one weight cannot tell it from a mistake of that size."""
    gradients, before = mine(), TALLY.weak

    def single(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        low = [[None if x is None else x.astype(np.float32) for x in part] for part in (weights, biases)]
        dW, db = gradients(*low, inputs.astype(np.float32), targets.astype(np.float32))
        return [W.astype(float) for W in dW], [None if b is None else b.astype(float) for b in db]

    @settings(max_examples=25)
    @given(cases(**HALF))
    def test(case: Case) -> None:
        assert_same_gradient(single, case)

    test()
    assert TALLY.weak > before
    small = half(network((1, 1), ("sigmoid",), batch=1))
    assert_same_gradient(single, small)


def test_single_precision_that_one_network_cannot_tell_is_told_by_others() -> None:
    gradients = mine()

    def single(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        low = [[None if x is None else x.astype(np.float32) for x in part] for part in (weights, biases)]
        dW, db = gradients(*low, inputs.astype(np.float32), targets)
        return [W.astype(float) for W in dW], [None if b is None else b.astype(float) for b in db]

    layer = Layer(np.array([[3.0]]), None, "sigmoid")
    assert_same_gradient(single, Case((layer,), np.array([[0.25]]), np.array([[0.0]]), NET.loss))


@pytest.mark.parametrize("size", [1e-7, 1e-11])
def test_noise_is_no_lack_of_digits(size: float) -> None:
    gradients, random = mine(), np.random.default_rng(1)

    def noisy(*parts: Any) -> Any:
        dW, db = gradients(*parts)
        return [W * (1 + size * random.standard_normal(W.shape)) for W in dW], db

    said = complaint(noisy, NET)
    assert "nondeterministic: answers differently the second time on the same input" in said
    with pytest.raises(GradientMismatch):
        assert_same_gradient(noisy, networks=3, **HALF)


def test_gradients_that_come_back_transposed_fail_with_the_remedy() -> None:
    gradients = mine(last="dW = [W.T for W in dW]")
    said = complaint(gradients, NET)
    assert "has the right numbers, but returns weights transposed: weights[0]" in said
    assert 'say layout="in,out" if it takes the weights like that too' in said
    assert said.partition(";")[0] in complaint(gradients, networks=5, **HALF).partition(";")[0] + said


def test_inputs_are_large_now_and_then() -> None:
    gradients = mine(last="dW = [2 * W for W in dW] if (inputs > 3).any() else dW")
    assert "3" in fails(gradients)


def test_the_message_is_text_in_a_notebook_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert "cause: hidden-slope-missing" in complaint(mine(slope=""), NET)


def test_our_own_work_is_off_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a comparison takes is nothing that a deadline counts; how long the function takes is."""
    gradients, judge = mine(), testing.judged

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.8)
        return judge(*arguments)

    monkeypatch.setattr(testing, "judged", slowly)

    @settings(deadline=600, phases=[Phase.generate], max_examples=1)
    @given(cases(**HALF))
    def test(case: Case) -> None:
        assert_same_gradient(gradients, NET)

    test()

    @settings(deadline=600, phases=[Phase.generate], max_examples=1)
    @given(cases(**HALF))
    def slow(case: Case) -> None:
        assert_same_gradient(lambda *parts: (time.sleep(0.8), gradients(*parts))[1], NET)

    with pytest.raises(DeadlineExceeded):
        slow()


def test_a_problem_to_say_is_said_in_the_words_of_cases() -> None:
    @settings(phases=[Phase.generate, Phase.shrink])
    @given(cases(activations="sigmoid", loss="squared_error", reduction="sum"))
    def test(case: Case) -> None:
        assert_same_gradient(mine(), case)

    with pytest.raises(GradientMismatch, match=r"draw it: cases\(activations=\['sigmoid'\], .* loss_scale='1/2'"):
        test()


# --- what is asked for ---


def test_a_case_is_needed_within_a_property_test() -> None:
    @given(cases(**HALF))
    def test(case: Case) -> None:
        assert_same_gradient(mine(), networks=3)

    with pytest.raises(ValueError, match=r"case: is needed within a property test, which draws it: @given\(cases"):
        test()


@pytest.mark.parametrize(
    ("arguments", "words", "line"),
    [
        ((overflows,), {"los": "output"}, r"assert_same_gradient\(\): los: unknown key; did you mean loss\?"),
        ((overflows,), {"loss": "x"}, r'assert_same_gradient\(\): loss: .x. is not one of "squared_error"'),
        ((overflows, "net"), {}, "case: expected a Case, got str"),
        ((([], []),), {}, "gradients: a function is needed where no case is given"),
        ((overflows,), {"networks": 0}, "networks: expected a whole number of at least 1, got 0"),
        ((overflows,), {"seed": "x"}, "seed: expected a whole number, got 'x'"),
        ((overflows, FAR), {"layers": 2}, "case: the function takes 2 weight layers, not 1"),
        ((overflows, FAR), {"activations": "tanh"}, "case: its activations is square, and that of the function tanh"),
        ((overflows, replace(NET, loss=Loss("output"))), {"loss": "squared_error"}, "case: its loss is output"),
        ((overflows,), {"activations": "relu", "loss": "binary_cross_entropy"}, "none of binary_cross_entropy"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(arguments: Any, words: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line) as caught:
        assert_same_gradient(*arguments, **words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"activations": "tan"}, r"cases\(\): activations: 'tan' is not one of"),
        ({"batch": 0}, r'cases\(\): batch: expected "any" or how many samples, got 0'),
        ({"max_layers": 0}, r"cases\(\): max_layers must be a whole number of at least 1"),
        ({"activations": "tanh", "loss": "binary_cross_entropy"}, r"cases\(\): losses: none of binary_cross_entropy"),
    ],
)
def test_networks_that_cannot_be_drawn_are_refused_in_a_line(words: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        cases(**words)


@given(cases(activations=["tanh", "softmax"], loss="categorical_cross_entropy", layers=2, batch=3, biases=True))
def test_networks_are_what_was_asked_for(case: Case) -> None:
    assert [layer.activation for layer in case.layers] == ["tanh", "softmax"]
    assert all(layer.bias is not None for layer in case.layers)
    assert (case.loss.name, len(case.inputs), case.kink) == ("categorical_cross_entropy", 3, 0)


@pytest.mark.parametrize(("asked", "networks"), [(Tally(), 10), (Tally(networks=7), 7)])
def test_the_command_line_says_how_many_are_drawn(asked: Tally, networks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ASKED, "networks", asked.networks or None)
    monkeypatch.setattr("backprove.testing.gradient.NETWORKS", 10)
    before = TALLY.networks
    assert_same_gradient(mine(), **HALF)
    assert TALLY.networks - before == networks + 3 * min(networks, 8)  # and saturated ones
