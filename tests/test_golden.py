"""The README's samples are what the program prints, and the committed reports are what it writes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from transcripts import ROOT, printed, reader, samples, settled

from backprove.cli import main

REPORTS = ROOT / "reports"
CODES = {"AGREE": 0, "DISAGREE": 1}


@pytest.mark.parametrize(("command", "said"), samples())
def test_readme_sample(command: str, said: str) -> None:
    with reader():
        now, code = printed(command)
    assert settled(now) == settled(said)
    assert code == CODES["DISAGREE" if "DISAGREE" in said or said.startswith("✗") else "AGREE"]


def test_readme_shows_an_agreement_and_a_disagreement() -> None:
    text = " ".join(said for _, said in samples())
    assert "\nAGREE" in text
    assert "\nDISAGREE" in text


def test_settled_still_sees_a_difference() -> None:
    said = samples()[0][1]
    assert settled(said) != settled(said.replace("200 networks", "201 networks", 1))
    assert settled("a 0.12345678901") == settled("a 0.12345678902")
    assert settled("a 0.1234567") != settled("a 0.1234568")
    for line, other in [("oracles   AGREE", "oracles   UNDECIDED"), ("10 networks run", "9 networks run"),
                        ("not covered: ball", "not covered: all"), ("probability of", "chance of")]:  # fmt: skip
        assert settled(said) != settled(said.replace(line, other, 1))


def test_settled_overlooks_what_the_processor_decides() -> None:
    said = samples()[0][1] + samples()[1][1]
    for part, other in [(r"[\d.]+ of the bound", "0.41 of the bound"), (r" ± [\d.e-]+", " ± 1e-11"),
                        (r"[\d.e+]+ times as far off", "7.1e+09 times as far off"),
                        (r" +not covered: \d+ entries at a kink [^\n]*\n", "")]:  # fmt: skip
        assert re.search(part, said)
        assert settled(said) == settled(re.sub(part, other, said))


def test_samples_are_those_of_a_reader_without_flint() -> None:
    said = samples()[0][1]
    assert "ball: python-flint is not installed: pip install 'backprove[exact]'" in said
    assert " ball " not in said


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what the processor, the clock or the installed versions decide."""
    facts = {k: v for k, v in report.items() if k not in ("timing", "versions")}
    for domain in facts["domains"]:
        fraction = domain.pop("worst_fraction_of_bound")
        assert fraction is None or 0 <= fraction <= 1
        for name in ("weak_entries", "vacuous_entries"):
            assert domain.pop(name) <= domain["entries"]
    oracles, rung = facts["oracles"], facts["ladder"][-1]
    assert rung.pop("entries") == oracles["entries"]
    assert sum(bool(oracles[name]) for name in ("silent_entries", "unsure_entries")) == len(rung.pop("not_covered"))
    float64 = next(d for d in facts["domains"] if d["name"] == "float64")
    assert oracles.pop("entries") + oracles.pop("silent_entries") == float64["entries"]
    assert oracles.pop("unsure_entries") < float64["entries"] / 1000
    return facts


def test_committed_report_is_what_the_tool_writes(tmp_path: Path) -> None:
    pytest.importorskip("flint")  # it was written with the extra `exact`
    committed = json.loads((REPORTS / "agreement.json").read_text())
    assert main(["run", "--seed", str(committed["seed"]), "--quiet", "--report", str(tmp_path / "now.json"),
                 "--report", str(tmp_path / "now.md")]) == 0  # fmt: skip
    assert _facts(json.loads((tmp_path / "now.json").read_text())) == _facts(committed)

    def lines(path: Path) -> list[str]:
        text = re.sub(r"^\| (rounding|the loss itself|version of).*$", "", path.read_text(), flags=re.MULTILINE)
        return text.splitlines()

    assert lines(tmp_path / "now.md") == lines(REPORTS / "agreement.md")
