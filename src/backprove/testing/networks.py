"""Networks for property tests of one's own backprop."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from hypothesis import strategies as st

from backprove.candidate import declared
from backprove.case import Case
from backprove.check import strategy
from backprove.errors import BackproveError

MARK = "backprove_cases("
"""What the repr of every such strategy holds, those made of it by map, filter or lists too."""


def cases(
    *,
    activations: str | Sequence[str] | None = None,
    loss: str | None = None,
    loss_scale: str | float | Fraction = 1,
    reduction: str | None = None,
    layers: Literal["any"] | int | Sequence[int] = "any",
    batch: Literal["any"] | int = "any",
    biases: bool | None = None,
    layout: str | None = None,
    samples: str | None = None,
    max_layers: int = 4,
    max_width: int = 5,
    max_batch: int = 8,
) -> st.SearchStrategy[Case]:
    """Strategy for the networks that a backprop of one's own is about; what is not said is drawn, but for the scale.

    The words are those of `BACKPROVE` in a file that `backprove check` judges, so that `cases(**BACKPROVE)` says the
    same. activations: one name for all layers, two for hidden layers and output, or one for each layer; loss_scale
    multiplies the loss; layers: how many weight layers, or the sizes (n_0, …, n_L); batch: how many samples; biases:
    whether layers have one; layout and samples are about how a function takes its arguments, and change nothing here.
    relu'(0) is 0. Every number is dyadic and short. Raises ValueError, in one line, for what cannot be drawn.

    >>> from hypothesis import find
    >>> find(cases(activations="tanh", layers=2), lambda case: True).sizes
    (1, 1, 1)
    """
    words = {
        "activations": activations, "loss": loss, "loss_scale": loss_scale, "reduction": reduction, "layers": layers,
        "batch": batch, "biases": biases, "layout": layout, "samples": samples,
    }  # fmt: skip
    try:
        declaration = declared({"BACKPROVE": words}, {}, file="cases()")
        drawn = strategy(declaration, {"max_layers": max_layers, "max_width": max_width, "max_batch": max_batch})
    except BackproveError as error:
        raise ValueError(said(error)) from None
    return backprove_cases(drawn)


def said(error: BackproveError) -> str:
    """A complaint about a declaration, in the words of a call."""
    return re.sub(r"""BACKPROVE\[["']?([^"'\]]*)["']?\]""", r"\1", str(error)).replace(
        "nothing to check it on", "cases()"
    )


@st.composite
def backprove_cases(draw: st.DrawFn, networks: st.SearchStrategy[Case]) -> Case:
    case = draw(networks)
    factor = draw(st.sampled_from((1, 1, 1, 16)))  # the others have inputs of up to 3
    return case if factor == 1 else replace(case, inputs=case.inputs * factor)
