"""Other gradient checkers are given what they are said to be given: they accept right gradients and object to wrong."""

import numpy as np
import pytest
from helpers import network

for library in ("torch", "jax", "autograd"):
    pytest.importorskip(library, reason=f"{library} is not installed: pip install 'backprove[{library}]'")

from quality import gradcheckers  # noqa: E402
from quality.gradcheckers import CHECKERS  # noqa: E402

NET = network((2, 3, 2), ("tanh", "sigmoid"))
each_checker = pytest.mark.parametrize("name", CHECKERS)


@each_checker
def test_a_checker_accepts_the_right_gradient(name: str) -> None:
    assert not CHECKERS[name](NET, gradcheckers.right(NET))


@each_checker
def test_a_checker_objects_to_one_wrong_entry(name: str) -> None:
    for at in range(NET.entries):
        wrong = gradcheckers.right(NET)
        wrong[at] += 0.01
        assert CHECKERS[name](NET, wrong)


def test_only_backprove_sees_what_is_far_below_their_tolerance() -> None:
    wrong = gradcheckers.right(NET)
    wrong[3] += 1e-9
    assert [name for name, objects in CHECKERS.items() if objects(NET, wrong)] == ["backprove"]


def test_the_networks_of_the_table_show_the_mistakes() -> None:
    every = gradcheckers.drawn(12)
    shown = list(gradcheckers.showing(every))
    assert len({label for label, _, _ in shown}) > 30
    for _, case, flat in shown[::20]:
        truth = gradcheckers.right(case)
        assert np.abs(flat - truth).max() > gradcheckers.SHOWS * np.abs(truth).max()


def test_the_study_counts_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gradcheckers, "CHECKERS", {"backprove": CHECKERS["backprove"], "none": lambda case, flat: False}
    )
    monkeypatch.setattr(gradcheckers, "FOR_EACH", 1)
    told = gradcheckers.study(4)
    assert told["backprove"].alarms == told["none"].alarms == 0
    assert all(any(hits) for hits in told["backprove"].found.values())
    assert not any(any(hits) for hits in told["none"].found.values())
