"""Right formulas that are numerically weak are right, and what they lose is named; nearly right ones are wrong."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from backprove.check import examine, finding
from backprove.findings import CheckFinding

SUBMISSIONS = Path(__file__).parent / "submissions"
LOSES, OVERFLOWS, _ = WEAKNESSES = "loses-precision", "overflows", "differs-when-saturated"
DRAWING = {"max_layers": 4, "max_width": 5}
NETWORKS = 60

# Right → what must be named; neither is where no network drawn shows it.
WEAK: dict[str, set[str]] = {
    "cross_entropy_by_jacobian": {OVERFLOWS},  # 0 / 0
    "cross_entropy_divided": {OVERFLOWS},
    "cross_entropy_two_terms": set(),  # on about one network in 300
    "elu_exp_minus_1": {LOSES},
    "gelu_by_erf": set(),  # what it loses lies within the bound
    "sigmoid_by_tanh": {LOSES},
    "sigmoid_exp_over_1_exp": {OVERFLOWS},
    "silu_quotient": {OVERFLOWS},
    "softmax_in_lists": {OVERFLOWS},  # math.exp raises
    "softmax_of_logarithms": {OVERFLOWS},  # exp(-inf) is a number again
    "softmax_without_shift": {OVERFLOWS},
    "softplus_log_1_exp": {LOSES, OVERFLOWS},
    "tanh_of_exponentials": {LOSES},
}
# Wrong → on how many of the networks at least.
GUARDED = {
    "central_differences": NETWORKS // 2,
    "clipped_gradients": NETWORKS // 4,
    "clipped_probabilities": 2,
    "epsilon_in_denominator": NETWORKS // 2,
    "epsilon_in_softmax": NETWORKS // 2,
    "relu_from_a_thousandth": 1,
    "rounded": NETWORKS // 2,
    "weight_decay": NETWORKS // 2,
}
EVERY_TIME = {"elu_exp_minus_1", "softmax_in_lists", "sigmoid_by_tanh", "epsilon_in_denominator", "rounded"}


def mostly_slow(names: Iterable[str]) -> list[Any]:
    """A few in every run, the others with -m slow."""
    return [name if name in EVERY_TIME else pytest.param(name, marks=pytest.mark.slow) for name in names]


def checked(folder: str, name: str) -> CheckFinding:
    spec = f"{SUBMISSIONS / folder / name}.py:gradients"
    return finding(examine(spec, {}, networks=NETWORKS, settings=DRAWING), 0)


@pytest.mark.parametrize(("folder", "names"), [("weak", WEAK), ("guarded", GUARDED)])
def test_every_submission_is_accounted_for(folder: str, names: dict[str, Any]) -> None:
    assert {file.stem for file in (SUBMISSIONS / folder).glob("*.py")} == set(names)
    assert set(names) & EVERY_TIME


@pytest.mark.parametrize("name", mostly_slow(WEAK))
def test_a_weak_formula_is_right_and_what_it_loses_is_named(name: str) -> None:
    found = checked("weak", name)
    assert found.verdict == "AGREE", (found.failure, found.undecided)
    assert (found.cause, found.causes, found.is_gradient_of) == (None, [], None)
    assert (found.first_difference, found.case, found.failure) == (None, None, "")
    assert WEAK[name] <= set(found.hygiene) <= {*WEAKNESSES}
    assert len(found.notes) == len(found.hygiene)


@pytest.mark.parametrize("name", mostly_slow(GUARDED))
def test_a_formula_that_is_a_little_off_is_wrong(name: str) -> None:
    """The twin: what is not the gradient is not excused as rounding, however small the difference."""
    found = checked("guarded", name)
    assert (found.verdict, found.failure) == ("DISAGREE", "")
    assert found.wrong_networks >= GUARDED[name]
    assert (found.cause, found.causes, found.is_gradient_of) == (None, [], None)
    assert not {*WEAKNESSES} & set(found.hygiene)
    assert found.first_difference is not None
