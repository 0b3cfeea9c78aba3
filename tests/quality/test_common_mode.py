"""A mistake that all engines share: in every kind of number they agree, and the loss alone objects."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from backprove.campaign import Settings, search
from backprove.case import ACTIVATIONS, case_from
from backprove.cli import main
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.findings import Report
from backprove.oracles import ORACLES
from quality.common_mode import COMMON, MISTAKES, SLOPES_OFF, Common, slope_off, with_common
from quality.evidence import sharpness


def settings(common: Common, **other: object) -> Settings:
    """Small networks of the activations and losses in which the mistake shows."""
    plain = Settings(
        networks=20,
        seed=1,
        max_layers=2,
        max_width=3,
        max_batch=2,
        activations=common.activations,
        losses=common.losses,
    )
    return Settings(**{**asdict(plain), **other})


def heard(common: Common) -> list[str]:
    """The oracles that have an opinion: complex step knows no gelu."""
    return [name for name in ORACLES if common.activations != ("gelu",) or name != "complex step"]


def named(common: tuple[Common, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("common", common, ids=lambda common: common.name)


def assert_only_the_loss_objects(report: Report, common: Common) -> None:
    assert {d.verdict for d in report.domains} == {"AGREE"}
    assert report.verdict == "DISAGREE"
    assert report.groups == [list(ENGINES), heard(common)]
    assert report.oracles is not None
    assert report.oracles.verdict == "DISAGREE"
    assert report.ladder[-1].verdict == "DISAGREE"


@named(COMMON)
def test_engines_agree_in_every_domain_and_the_loss_objects_on_a_small_network(common: Common) -> None:
    report = search(settings(common), with_common(common))
    assert_only_the_loss_objects(report, common)
    assert len(report.domains) >= len(DOMAINS) - 1  # fractions lack most activations
    found = report.disagreements[0]
    assert found.groups == report.groups
    assert {*ENGINES, *heard(common)} == set(found.values)
    case = case_from(found.case)
    assert len(case.layers) == 1
    assert max(case.sizes) <= 2
    assert len(case.inputs) <= 2
    for said in found.oracles:
        assert said.sides_with == []
        assert said.margin > 1000


@named(COMMON)
def test_without_the_mistake_nobody_objects(common: Common) -> None:
    report = search(settings(common, domains=("float64",)), ENGINES)
    assert report.verdict == "AGREE"
    assert report.groups == [list(ENGINES)]
    assert report.oracles.disagreeing_networks == 0
    assert report.oracles.entries > 100


def test_every_activation_has_its_slope_spoiled() -> None:
    assert [common.activations for common in SLOPES_OFF] == [(name,) for name in ACTIVATIONS]


def test_slope_off_by_nothing_changes_nothing() -> None:
    for name in ACTIVATIONS:
        common = slope_off(name, 0.0)
        report = search(settings(common, domains=("float64",)), {**ENGINES, **_primed(with_common(common))})
        assert report.groups == [[*ENGINES, *_primed(ENGINES)]]
        assert report.verdict == "AGREE"


def _primed(engines: dict) -> dict:
    return {f"{name}'": engine for name, engine in engines.items()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slope_off_by_a_millionth_is_still_objected_to(activation: str) -> None:
    """How far down this goes is measured in measure.py."""
    assert sharpness(activation, [1e-6], networks=20)[1e-6] > 0


@named(tuple(m for m in MISTAKES if m.name in ("sigmoid-slope-squared", "softmax-diagonal", "factor-2-missing")))
def test_command_line_exits_with_1_and_replays(
    common: Common, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as planted:
        for name, engine in with_common(common).items():
            planted.setitem(ENGINES, name, engine)
        options = ["--activations", ",".join(common.activations), "--losses", ",".join(common.losses)]
        options += ["--max-layers", "2", "--max-width", "3", "--max-batch", "2", "--domains", "float64,float32"]
        assert main(["run", "--networks", "20", *options, "--json"]) == 1
        report = json.loads(capsys.readouterr().out)
        assert report["verdict"] == "DISAGREE"
        assert report["groups"] == [list(ENGINES), list(ORACLES)]
        assert {d["verdict"] for d in report["domains"]} == {"AGREE"}
        found = report["disagreements"][0]
        assert set(ENGINES) < set(found["values"])
        assert main(["replay", found["id"], "--json"]) == 1
        again = json.loads(capsys.readouterr().out)
        assert again["groups"][0] == list(ENGINES)
        assert again["disagreements"][0] | {"networks": 0} == found | {"networks": 0}
    assert main(["replay", found["id"], "--quiet"]) == 0
