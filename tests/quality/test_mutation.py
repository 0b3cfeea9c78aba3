"""Every known mistake, and a sample of their pairs, is found by the comparator; mutation.py itself takes all pairs."""

import re
from pathlib import Path

import pytest

from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.mistakes import CATALOGUE
from quality import mutation_table
from quality.mutation import SIZES, Explanation, Score, networks, of_pairs, of_singles, pairs, sample, score

REPORT = Path(__file__).parents[2] / "reports" / "mistakes.md"


def test_every_single_mistake_is_found() -> None:
    result = of_singles()
    assert (result.missed, result.cancelling) == ([], [])
    assert {p.mistake.id for (p,) in result.found} == set(CATALOGUE)
    assert result.share == 1


def test_pairs_are_found() -> None:
    result = score(sample(150))
    assert result.missed == []
    assert len(result.found) > 140
    assert result.share == 1


def test_the_networks_agree_without_a_mistake() -> None:
    """The twin: what is found is found because of the mistake; and nothing is found where nothing is wrong."""
    assert not any(posed.finds(()) for kind in SIZES for posed in networks(kind))
    for kind in SIZES:
        for posed in networks(kind):
            assert compare(posed.case, DOMAINS["float64"], posed.engines).verdict.name == "AGREE"


def test_two_mistakes_that_cancel_are_told_from_a_miss() -> None:
    """sign twice is the gradient again; a mistake that is there but not found lowers the score."""
    sign = CATALOGUE["sign"].planted()
    result = score([(sign, sign)])
    assert (result.found, result.missed, result.cancelling) == ([], [], [(sign, sign)])
    missed: Explanation = (sign,)
    assert Score([(sign,)], [(missed, "ordinary")]).share == 0.5


def test_the_report_holds_the_catalogue_and_says_that_all_are_found() -> None:
    """That all pairs are found is taken from the test below."""
    assert _committed() == _page(Score(list(pairs())))


@pytest.mark.slow
def test_every_pair_is_found_as_the_report_says() -> None:
    result = of_pairs()
    assert (result.missed, result.cancelling) == ([], [])
    assert _committed() == _page(result)


def test_a_report_would_say_what_is_missed() -> None:
    sign, zero = CATALOGUE["sign"].planted(), CATALOGUE["zero-gradient"].planted()
    said = _page(Score([(sign, zero)], [((sign,), kind) for kind in SIZES]))
    assert "and 1 of 2 pairs" in said
    assert said != _committed()


def _page(pairs: Score) -> str:
    return "\n".join(mutation_table.page(of_singles(), pairs)) + "\n"


def _committed() -> str:
    """The report from its score on: how it was made stands before that."""
    text = REPORT.read_text(encoding="utf-8")
    return text[re.search(r"^[0-9,]+ of [0-9,]+ variants", text, re.M).start() :]
