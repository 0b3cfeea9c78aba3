"""Right engines are not called different by any rung, least of all at kinks; and the counting sees it where they are.

The same on thousands of networks: python tests/measure.py evidence kinks
"""

import numpy as np
import pytest

from backprove.campaign import look
from backprove.case import Case, Layer
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from quality.common_mode import slope_off, with_common
from quality.evidence import SHARD, counted, drawn, other_convention, whole
from quality.faults import NAMED, with_fault


@pytest.mark.parametrize("domain", ["float64", "ball", "modular"])
def test_drawn_networks_raise_no_alarm(domain: str) -> None:
    count = counted(drawn(domain, SHARD, 77), domain)
    assert count.networks == SHARD
    assert (count.disagreeing, count.undecided_entries, count.objections) == (0, 0, 0)
    assert (count.heard > 0.9 * count.entries) == (domain == "float64")
    assert count.unsure < 0.01 * count.entries


@pytest.mark.parametrize("domain", ["float64", "rational", "ball"])
def test_whole_number_relu_networks_raise_no_alarm_and_are_hardly_undecided(domain: str) -> None:
    random = np.random.default_rng(3)
    count = counted((whole(random) for _ in range(100)), domain)
    assert (count.disagreeing, count.objections) == (0, 0)
    assert count.undecided_entries < 0.05 * count.entries


@pytest.mark.parametrize("domain", ["float64", "rational", "ball"])
def test_another_convention_is_undecided_at_kinks_and_nothing_worse(domain: str) -> None:
    random = np.random.default_rng(3)
    count = counted((whole(random) for _ in range(50)), domain, other_convention())
    assert count.disagreeing == 0
    assert set(count.undecided) == {"kink"}
    assert 0 < count.undecided_entries < count.entries / 2


def test_counting_sees_faults_and_objections() -> None:
    fault = with_fault(NAMED["hidden-slope-missing"])
    assert counted(drawn("float64", SHARD, 77), "float64", fault).disagreeing > SHARD / 4
    common = with_common(slope_off("tanh", 1e-3))
    count = counted(drawn("float64", SHARD, 77), "float64", common)
    assert count.objections > SHARD / 30
    assert max(count.worst.values()) > 1e6


def test_kinks_on_both_sides_nearer_than_any_step_raise_no_alarm() -> None:
    """Slopes 0, -2, 0: on both sides the same, and another one between."""
    case = Case((Layer([[2.0**-40]], [0.0], "relu"), Layer([[1.0]], None, "gelu")), [[1.0], [-1.0]], [[1.0], [-1.0]])
    assert not look(case, DOMAINS["float64"], ENGINES).objecting
