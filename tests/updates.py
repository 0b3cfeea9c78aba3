"""Programs that update weights, and how they are judged, for tests."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from candidates import HALF
from helpers import FLOAT32, FLOAT64, network

from backprove import from_update
from backprove.candidate import Answer, Declaration, adapt, form_of
from backprove.candidate.wrap import Recovered
from backprove.case import Case
from backprove.compare import Comparison, judge, run
from backprove.engines import ENGINES

SIGMOID = Declaration(("sigmoid",), "squared_error", Fraction(1, 2), "sum")
NETS = [
    network((n, m, k), ("sigmoid", "sigmoid"), loss=HALF, batch=N, bias=N != 2)
    for n, m, k, N in ((1, 1, 1, 1), (2, 3, 2, 1), (3, 2, 2, 2), (2, 2, 2, 3), (1, 3, 2, 4), (3, 3, 1, 2))
]


def backprop(weights: Any, biases: Any, inputs: Any, targets: Any, planted: str = "") -> tuple[list, list]:
    """The gradients of sigmoid layers and half squared error, or with one mistake."""
    A = [inputs]
    for w, b in zip(weights, biases, strict=True):
        A.append(1 / (1 + np.exp(-(A[-1] @ w.T + (0 if b is None else b)))))
    d = (A[-1] - targets) * A[-1] * (1 - A[-1])
    dW, db = [], []
    for l in reversed(range(len(weights))):
        dW.insert(0, d.T @ A[l])
        db.insert(0, None if biases[l] is None else d.sum(axis=0))
        d = d @ (weights[l] - 0.1 * dW[0] if planted == "updated" else weights[l])
        d = d if planted == "hidden slope" else d * A[l] * (1 - A[l])
    return dW, db


def stepping(lr: float, planted: str = "", sign: int = -1) -> Callable[..., Recovered]:
    """The same as a step that updates in place."""

    def step(weights: Any, biases: Any, inputs: Any, targets: Any) -> None:
        dW, db = backprop(weights, biases, inputs, targets, planted)
        for l, b in enumerate(biases):
            weights[l] += sign * lr * dW[l]
            if b is not None:
                biases[l] = b + sign * lr * db[l]

    return from_update(step, learning_rate=lr)


def answered(function: Callable[..., Any], case: Case) -> Answer:
    """What a function says of a case, without a process of its own."""
    form = form_of(case, SIGMOID)
    read = adapt.read(function(*adapt.arguments(form, adapt.pack(case))), form)
    return Answer(read.values, read.precision, learning_rate=read.learning_rate)


def compared(function: Callable[..., Any], case: Case, blurred: bool = True) -> Comparison:
    """A function beside the engines."""
    answer = answered(function, case)
    domain = FLOAT32 if answer.precision == "float32" else FLOAT64
    outcomes = {name: run(engine, case, domain) for name, engine in ENGINES.items()}
    own = run(lambda case, domain: answer.gradient(case), case, domain)
    return judge(case, domain, {**outcomes, "own": replace(own, blur=answer.blur(case) if blurred else None)})
