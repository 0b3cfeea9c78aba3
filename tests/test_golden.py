"""The README's samples are what the program prints."""

import re

import pytest
from transcripts import printed, reader, samples, settled

CODES = {"AGREE": 0, "DISAGREE": 1}


@pytest.mark.parametrize(
    ("command", "said"),
    [pytest.param(*one, marks=[pytest.mark.slow] if one[0] == "backprove gallery" else []) for one in samples()],
)
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
