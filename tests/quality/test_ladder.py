"""The recorded ladder is what its rungs do; every fault is caught by one at least, and what a rung misses has a reason.

The whole ladder takes some ten minutes (`python -m quality.record_ladder`). Here a fault that was found must be found
on the very network on record; where it was not, the first few networks must show nothing.
"""

import json
from typing import Any

import numpy as np
import pytest

from backprove.arbitrate import SURE, hear
from backprove.case import MODULUS
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.generate import supported
from backprove.oracles import ORACLES
from backprove.outcome import run
from backprove.rounding import subgradients
from quality import ladder_table
from quality.faults import FAULTS, NAMED, mutant
from quality.ladder import IN_ALL, RUNGS, SUBJECTS, domain_of, drawn, has_effect, search, stand
from quality.ladder_table import REASONS, reason, table
from quality.record_ladder import LADDER

RECORDED: dict[str, dict[str, Any]] = json.loads(LADDER.read_text())
FEW = 2


def with_reason(wanted: ladder_table.Reason) -> list[tuple[str, str]]:
    """The (fault, rung) that a reason explains."""
    cells = [(fault, rung, cell) for fault, row in RECORDED.items() for rung, cell in row.items()]
    return [(f, r) for f, r, cell in cells if not isinstance(cell, int) and reason(f, r, cell) is wanted]


def test_every_fault_is_on_record_with_every_rung() -> None:
    assert list(RECORDED) == list(SUBJECTS)
    assert {f.name for f in FAULTS} < set(RECORDED)
    assert {tuple(row) for row in RECORDED.values()} == {tuple(RUNGS)}


@pytest.mark.parametrize("rung", RUNGS)
def test_what_is_on_record_is_what_the_rung_does(rung: str) -> None:
    for fault, row in RECORDED.items():
        cell = row[rung]
        if isinstance(cell, int):
            assert search(SUBJECTS[fault], rung, cell, cell) == cell, fault
            assert cell == 1 or not isinstance(search(SUBJECTS[fault], rung, cell - 1, cell - 1), int), fault
        else:
            assert not isinstance(search(SUBJECTS[fault], rung, 1, FEW), int), fault


def test_every_fault_is_caught_by_some_rung() -> None:
    for fault, row in RECORDED.items():
        assert any(isinstance(cell, int) for cell in row.values()), fault


def test_rounding_certificate_and_loss_each_catch_what_nobody_else_does() -> None:
    alone = {fault: ladder_table.only(row) for fault, row in RECORDED.items()}
    assert {by for fault, by in alone.items() if fault.endswith(IN_ALL)} == {"the loss itself"}
    assert {fault: by for fault, by in alone.items() if by and not fault.endswith(IN_ALL)} == {
        "y-minus-t": "certificate",
        "softmax-overflows": "rounding",
    }


def test_every_miss_has_a_reason_and_every_reason_a_miss() -> None:
    for fault, row in RECORDED.items():
        for rung, cell in row.items():
            assert isinstance(cell, int) or reason(fault, rung, cell), (fault, rung, cell)
    for why in REASONS:
        assert with_reason(why), why.text


def test_table_has_a_row_for_every_fault_and_a_line_for_every_reason() -> None:
    lines = list(table(RECORDED))
    assert sum(line.startswith("| ") for line in lines) == 2 + len(RECORDED)
    assert sum(line.startswith("- ") for line in lines) == len(REASONS)


def test_fault_that_fractions_lack_shows_only_where_they_lack_an_activation() -> None:
    float64, rational = DOMAINS["float64"], DOMAINS["rational"]
    for fault, rung in with_reason(ladder_table.LACKED):
        here = stand(SUBJECTS[fault], rung)
        for case in drawn("float64")[:15]:
            names = [layer.activation for layer in case.layers]
            if len(supported(rational, names)) == len(set(names)):
                assert not has_effect(here, case, float64), fault


def test_shared_mistake_has_an_effect_that_no_engine_objects_to() -> None:
    missed = with_reason(ladder_table.SHARED)
    assert {rung for _, rung in missed} == set(RUNGS) - {"oracles"}
    for fault, rung in missed:
        here, domain = stand(SUBJECTS[fault], rung), DOMAINS[domain_of(rung)]
        assert any(has_effect(here, case, domain) for case in drawn(domain.name)[:40]), fault


def test_float32_rounds_small_faults_away() -> None:
    assert {fault for fault, _ in with_reason(ladder_table.ROUNDED)} == set(ladder_table.SMALL)
    for share in (2.0**-30, 1e-11):
        assert DOMAINS["float32"].number(1 + share) == 1 != DOMAINS["float64"].number(1 + share)


def test_small_faults_are_beyond_the_sharper_oracle_but_not_the_other() -> None:
    domain = DOMAINS["float64"]
    for fault, rung in with_reason(ladder_table.NOT_SURE):
        here, off = stand(SUBJECTS[fault], rung), dict.fromkeys(ORACLES, 0.0)
        for case in drawn("float64")[:60]:
            hearing = hear(compare(case, domain, here.engines))
            for name in hearing.estimates:
                off[name] = max(off[name], float(np.nan_to_num(hearing.off("once", name)).max()))
        assert off["central differences"] < SURE < off["complex step"], fault


def test_targets_sum_to_1_except_in_a_field() -> None:
    for domain in {domain_of(rung) for rung in RUNGS} - {"modular"}:
        for case in drawn(domain):
            if case.layers[-1].activation == "softmax" and case.loss.name.endswith("cross_entropy"):
                assert (case.targets.sum(axis=1) == 1).all()
    soft = [c for c in drawn("modular") if c.layers[-1].activation == "softmax"]
    assert all((c.targets.sum(axis=1) % MODULUS != 1).all() for c in soft)
    assert soft


def test_kink_fault_shows_at_kinks_only_and_there_the_loss_has_no_one_slope() -> None:
    domain, fault = DOMAINS["float64"], NAMED[ladder_table.AT_KINK]
    case = drawn("float64")[RECORDED[fault.name]["float64"] - 1]
    right, wrong = (run(e, case, domain).values for e in (ENGINES[fault.engine], mutant(fault)))
    off, at = np.abs(right - wrong), subgradients(case, domain)
    hearing = hear(compare(case, domain, ENGINES))
    assert off.any()
    assert (at.low < at.high)[off > 0].all()
    for estimate in hearing.estimates.values():
        assert (off <= SURE * estimate.error)[off > 0].all()


def test_nan_disagrees_with_itself_but_may_be_anything_as_an_enclosure() -> None:
    for fault, rung in [*with_reason(ladder_table.NOT_ITSELF), *with_reason(ladder_table.ANYTHING)]:
        here, domain = stand(SUBJECTS[fault], rung), DOMAINS[domain_of(rung)]
        found = [compare(case, domain, here.engines) for case in drawn(domain.name)[:100]]
        faulty = [c.outcomes[name].values for c in found if c.verdict for name in here.was]
        assert faulty
        for values in faulty:
            assert any(str(x) == "nan" for x in values), fault


def test_nothing_overflows_where_nothing_is_taken_off() -> None:
    z = np.array([1.0, 1000.0])
    for _, rung in with_reason(ladder_table.NO_LIMIT):
        assert rung == "rational" or DOMAINS[rung].peak(z) == 0
