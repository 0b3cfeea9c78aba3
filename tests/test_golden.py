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
    assert code == CODES["DISAGREE" if "DISAGREE" in said else "AGREE"]


def test_readme_shows_an_agreement_and_a_disagreement() -> None:
    text = " ".join(said for _, said in samples())
    assert "\nAGREE" in text
    assert "\nDISAGREE" in text


def test_settled_still_sees_a_difference() -> None:
    said = samples()[0][1]
    assert settled(said) != settled(said.replace("200 networks", "201 networks", 1))
    assert settled("a 0.12345678901") == settled("a 0.12345678902")
    assert settled("a 0.1234567") != settled("a 0.1234568")


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what the processor, the clock or the installed versions decide."""
    facts = {k: v for k, v in report.items() if k not in ("timing", "versions")}
    for domain in facts["domains"]:
        fraction = domain.pop("worst_fraction_of_bound")
        assert fraction is None or 0 <= fraction <= 1
        for name in ("weak_entries", "vacuous_entries"):
            assert domain.pop(name) <= domain["entries"]
    return facts


def test_committed_report_is_what_the_tool_writes(tmp_path: Path) -> None:
    committed = json.loads((REPORTS / "agreement.json").read_text())
    assert main(["run", "--seed", str(committed["seed"]), "--quiet", "--report", str(tmp_path / "now.json"),
                 "--report", str(tmp_path / "now.md")]) == 0  # fmt: skip
    assert _facts(json.loads((tmp_path / "now.json").read_text())) == _facts(committed)

    def lines(path: Path) -> list[str]:
        text = re.sub(r"^\| (float\d\d|version of).*$", "", path.read_text(), flags=re.MULTILINE)
        return text.splitlines()

    assert lines(tmp_path / "now.md") == lines(REPORTS / "agreement.md")
