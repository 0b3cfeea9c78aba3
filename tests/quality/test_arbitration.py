"""Where engines differ, the loss itself sides with those that are right; with none if all are wrong, or at a kink."""

import json
from typing import Any

import numpy as np
import pytest
from helpers import kinked

from backprove import findings
from backprove.arbitrate import SURE, hear
from backprove.campaign import disagreement, look
from backprove.case import Case, Layer, case_from
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from quality.common_mode import TOO_LARGE, with_common
from quality.evidence import other_convention
from quality.faults import FAULTS, NAMED, Fault, mutant, with_fault
from quality.record import MINIMA

FLOAT64 = DOMAINS["float64"]
RECORDED: dict[str, Any] = json.loads(MINIMA.read_text())
AT_KINK = "relu-slope-2-at-the-kink"


def opinions_on(case: Case, engines: dict[str, Any]) -> list[findings.Testimony]:
    return disagreement(look(case, FLOAT64, engines)).oracles


def sure(said: list[findings.Testimony]) -> list[findings.Testimony]:
    """Those that tell one group from the others, not merely find it nearer."""
    return [t for t in said if t.margin is not None and float(t.margin) > SURE]


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.name != AT_KINK], ids=lambda fault: fault.name)
def test_loss_sides_with_the_sound_engines(fault: Fault) -> None:
    said = opinions_on(case_from(RECORDED[fault.name]["case"]), with_fault(fault))
    assert sure(said)
    assert all(t.sides_with == [name for name in ENGINES if name != fault.engine] for t in sure(said))


def test_loss_sides_with_the_one_that_is_right() -> None:
    """Two against one: the majority has no say."""
    engines = {**with_common(TOO_LARGE), "matrix": ENGINES["matrix"]}
    case = case_from(RECORDED["tanh-slope-1-a"]["case"])
    assert compare(case, FLOAT64, engines).groups == [["neuron", "paths"], ["matrix"]]
    said = opinions_on(case, engines)
    assert len(sure(said)) == 2
    assert all(t.sides_with == ["matrix"] for t in said)


def test_loss_sides_with_no_engine_where_all_are_wrong() -> None:
    engines = {
        "neuron": mutant(NAMED["factor-2-missing"]),
        "matrix": mutant(NAMED["last-sample-ignored"]),
        "paths": mutant(
            NAMED["hidden-slope-missing"]._replace(
                engine="paths", was="values[part] = _sum", now="values[part] = 3 * _sum"
            )
        ),
    }
    case = Case((Layer([[1.0]], None, "tanh"),), [[1.0]], [[0.25]])
    said = opinions_on(case, engines)
    assert len(said) == 2
    assert all(t.sides_with == [] for t in said)
    assert len(sure(said)) == 2


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_loss_is_not_sure_at_a_kink(name: str) -> None:
    """The slopes on both sides are within the one oracle's error; the other is silent."""
    hearing = hear(compare(kinked(name), FLOAT64, ENGINES))
    central, step = hearing.estimates.values()
    assert np.isinf(step.error[0])
    for slope in (0 if name == "relu" else 0.01, 1):
        assert abs(slope - central.values[0]) <= central.error[0]
    assert not hearing.against.any()


def test_loss_does_not_decide_about_a_slope_beyond_both_sides_of_a_kink() -> None:
    said = opinions_on(case_from(RECORDED[AT_KINK]["case"]), with_fault(NAMED[AT_KINK]))
    assert not sure(said)


def test_loss_is_silent_where_several_kinks_meet() -> None:
    case = Case((Layer([[0.0], [0.0]], None, "relu"), Layer([[1.0, 1.0]])), [[1.0]], [[1.0]])
    hearing = hear(compare(case, FLOAT64, ENGINES))
    assert not hearing.heard.any() or not hearing.against.any()
    assert look(case, FLOAT64, ENGINES).groups == [list(ENGINES)]


def test_loss_is_not_asked_about_conventions() -> None:
    seen = look(kinked("relu"), FLOAT64, other_convention())
    assert not seen.disagrees
    assert seen.hearing is None
