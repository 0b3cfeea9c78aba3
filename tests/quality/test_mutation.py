"""Every known mistake, and a sample of their pairs, is found by the comparator; mutation.py itself takes all pairs."""

from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.mistakes import CATALOGUE
from quality.mutation import SIZES, Explanation, Score, networks, sample, score, singles


def test_every_single_mistake_is_found() -> None:
    result = score((p,) for p in singles())
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
