"""Agreement that says too little is none: a degree near the field's size, an oracle that cannot tell, a record that
lacks an engine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FLOAT64, changed

from backprove import arbitrate
from backprove.arbitrate import hear, opinions
from backprove.campaign import Settings, search
from backprove.case import Case, Layer
from backprove.certificate import Architecture, Statement, certify
from backprove.cli import main
from backprove.compare import compare
from backprove.engines import matrix, neuron

TWO = {"neuron": neuron.engine, "matrix": matrix.engine}
LINE = Case((Layer([[0.5]], None, "tanh"),), [[1.0]], [[0.25]])


def deep(layers: int, points: int) -> tuple[str, float | None, str]:
    found = certify(
        Statement(Architecture((1,) * (layers + 1), ("square",) * layers), "squared_error"), TWO, points=points
    )
    return found.verdict, found.false_agreement_probability, found.undecided


def test_a_degree_beyond_the_field_proves_nothing() -> None:
    verdict, chance, why = deep(64, 2)
    assert (verdict, chance) == ("UNDECIDED", None)
    assert "exceeds the field" in why


def test_a_high_degree_takes_more_points() -> None:
    """2^50 or so: a chance of about 2^-10 a point."""
    verdict, chance, why = deep(50, 1)
    assert (verdict, chance) == ("UNDECIDED", None)
    points = int(why.partition("--points ")[2].split()[0])
    assert deep(50, points - 1)[0] == "UNDECIDED"
    verdict, chance, why = deep(50, points)
    assert verdict == "AGREE"
    assert chance is not None
    assert chance < 1e-6


def test_a_search_whose_agreement_may_be_chance_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(networks=5, domains=("modular",))
    assert search(settings, TWO).verdict == "AGREE"
    monkeypatch.setattr("backprove.campaign.survey.CHANCE", 0.0)
    assert search(settings, TWO).verdict == "UNDECIDED"


def test_a_witness_of_y_minus_t_is_replayed_with_y_minus_t(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["prove", "2-3", "--activations", "softmax", "--loss", "categorical_cross_entropy", "--targets", "free"]
    assert main([*asked, "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["architectures"]
    assert main(["replay", found["witness"]["id"]]) == 1
    assert "neuron = matrix = paths ≠ y - t" in capsys.readouterr().out


def told(off: float) -> list[arbitrate.Opinion]:
    mine = changed(matrix.engine, lambda W, b: W[0].__imul__(1 + off))
    return opinions(hear(compare(LINE, FLOAT64, {"matrix": matrix.engine, "mine": mine})), [["matrix"], ["mine"]])


def test_an_oracle_sides_with_whom_it_can_tell_from_the_others() -> None:
    found = told(1e-3)
    assert [o.sides_with for o in found] == [["matrix"], ["matrix"]]
    assert all(o.margin is not None and o.margin > arbitrate.SURE for o in found)


def test_an_oracle_that_cannot_tell_sides_with_nobody() -> None:
    """1e-14 is beyond rounding, and within the errors of both oracles times what makes them sure."""
    found = told(1e-14)
    assert len(found) == 2
    assert [(o.sides_with, o.margin) for o in found] == [([], None)] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="closed pipes are another matter there")
def test_a_closed_pipe_is_no_disagreement() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "backprove", "prove", "1-1", "--activations", "relu"]
    assert subprocess.run(command, stdout=write, stderr=subprocess.DEVNULL, check=False).returncode == 2
    os.close(write)
