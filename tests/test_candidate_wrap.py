"""Programs that only update, and classes: their gradients are recovered, and what cannot be is said in a line."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from candidates import CASE
from helpers import FLOAT64, radii
from hypothesis import given
from hypothesis import strategies as st
from updates import NETS, SIGMOID, answered, backprop, compared

from backprove import from_class, from_update
from backprove.candidate import Answer, Candidate, adapt, form_of
from backprove.candidate.caller import Caller
from backprove.candidate.process import Reply
from backprove.case import Case, Layer
from backprove.check.subject import strategy
from backprove.verdict import Verdict

# What a step leaves, and what is recovered

W, B = [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0]])], [np.array([0.5, 0.25]), None]
X, T = np.zeros((1, 2)), np.zeros((1, 1))
G = [np.array([[8.0, 16.0], [2.0, 4.0]]), np.array([[32.0, 1.0]])], [np.array([4.0, 64.0]), None]


def in_place(weights: Any, biases: Any, inputs: Any, targets: Any) -> None:
    for w, g in zip(weights, G[0], strict=True):
        w -= 0.5 * g
    biases[0] -= 0.5 * G[1][0]
    inputs += 1


def rebinding(weights: Any, biases: Any, inputs: Any, targets: Any) -> None:
    for l, g in enumerate(G[0]):
        weights[l] = weights[l] - 0.5 * g
    biases[0] = (biases[0] - 0.5 * G[1][0])[None, :]


def returning(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
    return tuple(w - 0.5 * g for w, g in zip(weights, G[0], strict=True)), [biases[0] - 0.5 * G[1][0], None]


def in_lists(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
    return [x.tolist() for x in returning(weights, biases, inputs, targets)[0]], [[-1.5, -31.75], None]


@pytest.mark.parametrize("step", [in_place, rebinding, returning, in_lists])
def test_what_was_subtracted_is_recovered_and_the_arguments_stay(step: Callable[..., Any]) -> None:
    given_W, given_b = [w.copy() for w in W], [B[0].copy(), None]
    found = from_update(step, learning_rate=0.5)(given_W, given_b, X, T)
    assert isinstance(found, tuple)
    assert found.learning_rate == 0.5
    for part, wanted in zip(found, G, strict=True):
        for x, y in zip(part, wanted, strict=True):
            assert (x is None) == (y is None)
            assert x is None or (x.shape == y.shape and (x == y).all())
    assert all((x == y).all() for x, y in zip([*given_W, given_b[0]], [*W, B[0]], strict=True))
    assert not X.any()


def test_a_step_that_changes_nothing_has_gradients_of_zero() -> None:
    dW, db = from_update(lambda weights, biases, inputs, targets: None, learning_rate=0.5)(W, B, X, T)
    assert not any(x.any() for x in (*dW, db[0]))
    assert (dW[0].shape, db[1]) == ((2, 2), None)


@pytest.mark.parametrize("name", ["learning_rate", "lr"])
def test_the_learning_rate_is_handed_over_where_there_is_a_parameter_for_it(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def step(w, b, x, t, *, momentum=0, {name}):\n    w[0] -= {name}", namespace)
    (first, second), _ = from_update(namespace["step"], learning_rate=0.25)(W, B, X, T)
    assert (first == 1).all()
    assert not second.any()


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), 1e-320, "0.1", True, None])
def test_a_learning_rate_is_positive_and_finite(rate: Any) -> None:
    with pytest.raises(ValueError, match="learning_rate: a positive, finite number is needed, not") as caught:
        from_update(in_place, learning_rate=rate)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (0.5, "descend returned float, not (new weights, new biases), nor None after an update in place"),
        ((W, B, 0.5), "descend returned 3 things, not"),
        ((0.5, 1.0), "descend left float as weights, not a list"),
        ((W, None), "descend left NoneType as biases, not a list"),
        ((W[:1], B), "descend left 1 weights for 2 layers"),
        (([W[0], np.zeros((2, 2))], B), "descend left weights[1] of shape (2, 2), not (1, 2)"),
        ((W, [np.zeros((2, 2)), None]), "descend left biases[0] of shape (2, 2), not (2,)"),
        ((W, [None, None]), "descend left biases[0] as None"),
        (([[[1.0], [2.0, 3.0]], W[1]], B), "descend left weights[0] as ragged lists"),
        (([W[0], W[1] + 1j], B), "descend left weights[1] as complex128 numbers"),
    ],
)
def test_what_are_no_weights_and_biases_is_said_in_a_line(result: Any, words: str) -> None:
    def descend(weights: Any, biases: Any, inputs: Any, targets: Any) -> Any:
        return result

    with pytest.raises((TypeError, ValueError)) as caught:
        from_update(descend, learning_rate=0.5)(W, B, X, T)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


# Classes


class Stacked:
    """Lists of arrays, biases as columns, samples in rows."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.weights = [np.zeros((n, m)) for m, n in pairwise(sizes)]
        self.biases = [np.zeros((n, 1)) for n in sizes[1:]]

    def gradients(self, inputs: Any, targets: Any) -> tuple[list, list]:
        return backprop(self.weights, [b if b is None else b.ravel() for b in self.biases], inputs, targets)

    def keep(self, inputs: Any, targets: Any) -> None:
        self.grads_w, self.grads_b = self.gradients(inputs, targets)

    def train(self, inputs: Any, targets: Any, lr: float) -> None:
        dW, db = self.gradients(inputs, targets)
        for l, g in enumerate(dW):
            self.weights[l] -= lr * g
            if db[l] is not None:
                self.biases[l] -= lr * db[l][:, None]


class Numbered:
    """One attribute a layer; weights go from inputs to units."""

    def __init__(self, *sizes: int, biased: bool = True) -> None:
        self.L = len(sizes) - 1
        for l in range(1, len(sizes)):
            setattr(self, f"W{l}", np.zeros((sizes[l - 1], sizes[l])))
            if biased:
                setattr(self, f"b{l}", np.zeros((1, sizes[l])))

    def parts(self, name: str) -> list:
        return [getattr(self, f"{name}{l}", None) for l in range(1, self.L + 1)]

    def train(self, X: Any, Y: Any) -> None:
        biases = [None if b is None else b.ravel() for b in self.parts("b")]
        dW, db = backprop([w.T for w in self.parts("W")], biases, X, Y)
        for l in range(1, self.L + 1):
            setattr(self, f"dW{l}", dW[l - 1].T)
            setattr(self, f"db{l}", db[l - 1])
            setattr(self, f"W{l}", getattr(self, f"W{l}") - 0.5 * dW[l - 1].T)
            if biases[l - 1] is not None:
                getattr(self, f"b{l}").__isub__(0.5 * db[l - 1])


class Listed(Stacked):
    """Nothing but lists of numbers."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__(sizes)
        self.weights, self.biases = [w.tolist() for w in self.weights], [b.ravel().tolist() for b in self.biases]

    def gradients(self, inputs: Any, targets: Any) -> tuple[list, list]:
        assert all(type(w[0][0]) is float for w in self.weights)
        arrays = [np.array(w) for w in self.weights], [None if b is None else np.array(b) for b in self.biases]
        return backprop(*arrays, inputs, targets)


CLASSES = {
    "attributes": (from_class(Stacked, Stacked.keep, weight_gradients="grads_w", bias_gradients="grads_b"), "out,in"),
    "returned": (from_class(Stacked, "gradients"), "out,in"),
    "an update": (from_class(Stacked, "train", learning_rate=0.1), "out,in"),
    "lists": (from_class(Listed, "gradients"), "out,in"),
    "numbered": (
        from_class(
            lambda sizes: Numbered(*sizes),
            "train",
            weights="W{}",
            biases="b{}",
            weight_gradients="dW{}",
            bias_gradients="db{}",
        ),
        "in,out",
    ),
    "numbered, an update": (
        from_class(lambda sizes: Numbered(*sizes), Numbered.train, weights="W{}", biases="b{}", learning_rate=0.5),
        "in,out",
    ),
    "numbered, no biases": (
        from_class(
            lambda sizes: Numbered(*sizes, biased=False), "train", weights="W{}", biases="b{}", learning_rate=0.5
        ),
        "in,out",
    ),
}


@pytest.mark.parametrize("name", CLASSES)
@given(case=strategy(SIGMOID, {"max_layers": 3, "max_width": 3}))
def test_a_class_gives_what_its_attributes_hold(name: str, case: Case) -> None:
    function, layout = CLASSES[name]
    if name == "numbered, no biases":
        case = replace(case, layers=tuple(Layer(c.weights, None, c.activation) for c in case.layers))
    form = form_of(case, replace(SIGMOID, layout=layout))
    found = adapt.read(function(*adapt.arguments(form, adapt.pack(case))), form)
    truth = answered(backprop, case).values
    assert truth is not None
    updated = "update" in name or name.endswith("no biases")
    assert found.learning_rate == ((0.1 if name == "an update" else 0.5) if updated else None)
    blur = Answer(found.values, learning_rate=found.learning_rate).blur(case)
    assert (np.abs(found.values - truth) <= 2 * radii(case, FLOAT64) + (0 if blur is None else blur)).all()


@given(sizes=st.lists(st.integers(1, 3), min_size=2, max_size=4), N=st.integers(1, 3), data=st.data())
def test_the_sizes_are_those_of_the_network(sizes: list[int], N: int, data: st.DataObject) -> None:
    biased = data.draw(st.lists(st.booleans(), min_size=len(sizes) - 1, max_size=len(sizes) - 1))
    layout, samples = data.draw(st.sampled_from(["out,in", "in,out"])), data.draw(st.sampled_from(["rows", "columns"]))
    form = adapt.Form(tuple(sizes), tuple(biased), N, layout, samples)
    packed = np.zeros(
        sum(n * (m + b) for (m, n), b in zip(pairwise(sizes), biased, strict=True)) + N * (sizes[0] + sizes[-1])
    )
    asked = []

    class Net(Stacked):
        def __init__(self, given: list[int]) -> None:
            super().__init__(given)
            if layout == "in,out":
                self.weights = [w.T for w in self.weights]

    def zero(made: Any, inputs: Any, targets: Any) -> Any:
        asked.append(made.sizes)
        return made.weights, made.biases

    from_class(Net, zero)(*adapt.arguments(form, packed))
    assert asked == [sizes]


def test_float32_stays_float32() -> None:
    class Single(Stacked):
        def __init__(self, sizes: list[int]) -> None:
            super().__init__(sizes)
            self.weights, self.biases = ([x.astype(np.float32) for x in y] for y in (self.weights, self.biases))

        def gradients(self, inputs: Any, targets: Any) -> tuple[list, list]:
            return super().gradients(inputs.astype(np.float32), targets.astype(np.float32))

    for case in NETS:
        found = compared(from_class(Single, "train", learning_rate=0.1), case)
        assert (found.domain.name, found.verdict) == ("float32", Verdict.AGREE)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 0.1, "weight_gradients": "dW"}, "give one of the two"),
        ({"bias_gradients": "db"}, "no weight_gradients"),
        ({"learning_rate": -1}, "a positive, finite number is needed, not -1"),
        ({"weights": "W{}{}"}, "not 'W{}{}'"),
        ({"biases": "layers[0].b"}, "not 'layers[0].b'"),
    ],
)
def test_contradictions_are_said_at_the_definition(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        from_class(Stacked, "train", **options)


@pytest.mark.parametrize(
    ("build", "train", "options", "words"),
    [
        (Stacked, "fit", {}, "Stacked has no attribute fit; it has sizes, weights, biases"),
        (Stacked, "keep", {"weights": "W{}"}, "Stacked has no attribute W1; it has sizes, weights, biases"),
        (Stacked, "keep", {"biases": "bias"}, "Stacked has no attribute bias;"),
        (Stacked, "keep", {}, "Stacked: keep returned None, not (weight gradients, bias gradients); name their"),
        (Stacked, "keep", {"weight_gradients": "dW{}", "bias_gradients": "db{}"}, "Stacked has no attribute dW1;"),
        (Stacked, "keep", {"weight_gradients": "grads_w"}, "Stacked: the network has biases; name bias_gradients too"),
        (Stacked, "keep", {"weights": "sizes"}, "Stacked.sizes has 3 members for 2 layers"),
        (
            lambda sizes: Numbered(*sizes),
            "train",
            {"weights": "W{}", "biases": "b{}"},
            "Numbered.W1 is built as (3, 2), for (2, 3) to be put there",
        ),
    ],
)
def test_an_object_that_is_not_as_was_said_is_told_by_its_class(
    build: Any, train: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
        answered(from_class(build, train, **options), CASE)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


# In a process of its own

FILE = """\
import numpy as np
from backprove import from_update

BACKPROVE = {"activations": ["sigmoid"], "loss": "squared_error", "loss_scale": "1/2", "reduction": "sum"}

def step(weights, biases, inputs, targets, lr):
    a = [inputs]
    for w, b in zip(weights, biases):
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + b))))
    d = (a[-1] - targets) * a[-1] * (1 - a[-1])
    for l in (1, 0):
        below = (d @ weights[l]) * a[l] * (1 - a[l])
        weights[l] -= lr * d.T @ a[l]
        biases[l] -= lr * d.sum(axis=0)
        d = below

gradients = from_update(step, learning_rate=0.125)
failing = from_update(lambda w, b, x, t: 1 / 0, learning_rate=0.125)
loss = from_update(lambda w, b, x, t: 0.5, learning_rate=0.125)
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")


@posix
def test_the_learning_rate_comes_out_of_the_process_with_the_gradient(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    with Candidate(f"{tmp_path}/mine.py:gradients") as candidate:
        answer = candidate.gradients(CASE, probe=True)
    assert (answer.failure, answer.hygiene, answer.learning_rate) == ("", (), 0.125)
    truth, blur = answered(backprop, CASE).values, answer.blur(CASE)
    assert (np.abs(answer.values - truth) <= 2 * radii(CASE, FLOAT64) + blur).all()


@posix
def test_an_error_in_a_step_is_placed_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    line = FILE[: FILE.index("failing")].count("\n") + 1
    with Candidate(f"{tmp_path}/mine.py:failing") as candidate:
        assert candidate.gradients(CASE).failure == f"raised ZeroDivisionError: division by zero (mine.py:{line})"
    with Candidate(f"{tmp_path}/mine.py:loss") as candidate:
        assert candidate.gradients(CASE).failure.startswith("raised TypeError: <lambda> returned float, not (new")


@pytest.mark.parametrize("told", ["0.1", float("nan"), float("inf"), -1.0, 0.0, None, [0.1], True])
def test_a_learning_rate_that_is_none_is_not_believed(told: Any) -> None:
    reply = Reply({"learning_rate": told, "odd": {}})
    assert Caller("mine.py:gradients", 1, 1, 0)._heard(reply, 0, {}).learning_rate is None


def test_a_wrapper_loads_no_more_than_a_worker_has() -> None:
    code = "from backprove import from_update; import sys; print([m for m in sys.modules if m.startswith('backprove')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert eval(loaded) == ["backprove", "backprove.candidate", "backprove.candidate.wrap"]
