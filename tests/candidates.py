"""Candidate files for tests: a right backprop of sigmoid layers and half squared error, with code planted in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from helpers import network

from backprove.candidate import Candidate
from backprove.candidate.process import running
from backprove.case import Loss

HALF = Loss("squared_error", Fraction(1, 2))
CASE = network((3, 2, 2), ("sigmoid", "sigmoid"), loss=HALF)
OTHER = network((3, 2, 2), ("sigmoid", "sigmoid"), loss=HALF, batch=3)
SOURCE = """\
import os, sys, time, random, signal, threading
import numpy as np
{before}


def gradients(weights, biases, inputs, targets):
    # the code under test comes first
    A = [inputs]
{first}
    for w, b in zip(weights, biases):
        A.append(1 / (1 + np.exp(-(A[-1] @ w.T + (0 if b is None else b)))))
    d = (A[-1] - targets) * A[-1] * (1 - A[-1])
    dW, db = [], []
    for l in reversed(range(len(weights))):
        dW.insert(0, d.T @ A[l])
        db.insert(0, None if biases[l] is None else d.sum(axis=0))
        d = (d @ weights[l]) * A[l] * (1 - A[l])
{last}
    return dW, db
"""


def write(folder: Path, first: str = "pass", last: str = "pass", before: str = "pass", name: str = "mine.py") -> str:
    """The spec of a file with that code at the start and the end of the function, and before it."""

    def indented(code: str) -> str:
        return "\n".join("    " + line for line in code.splitlines())

    text = SOURCE.format(before=before, first=indented(first), last=indented(last))
    (folder / name).write_text(text, encoding="utf-8")
    return f"{folder / name}:gradients"


def alive() -> set[int]:
    """The processes of this process's candidates: whatever carries its mark and is no zombie."""
    return set(running(f"{os.getpid()}-"))


@contextmanager
def candidate(folder: Path, *, seconds: float = 5.0, memory: int = 2**30, **planted: str) -> Iterator[Candidate]:
    """The right backprop with code planted in it; its processes must all be gone in the end."""
    others = alive()
    with Candidate(write(folder, **planted), seconds=seconds, memory=memory) as found:
        yield found
    assert alive() - others == set()
