"""The catalogue of known mistakes as a page for people, headed by how many of them are found."""

from collections.abc import Iterator
from textwrap import wrap

from backprove.mistakes import CATALOGUE
from backprove.mistakes.mistake import Mistake
from quality.mutation import SHAPES, SIZES, TIMES, Score

KINDS = {"ordinary": "ordinary weights", "small gradients": "weights that make gradients small"}
SEEN = (
    "Seen: in some seventy public programs written from scratch, 38 of them wrong; partly found by looking for these "
    "mistakes, so the counts are no rates. ⟨…⟩: a choice that the variants take in turn."
)
SYMBOLS = (
    "Layers are l = 1 … L. w^l_jk runs to unit j of layer l from unit k of layer l-1; z^l = W^l a^{l-1} + b^l, "
    "a^l = f(z^l), delta^l = dC/dz^l. t: targets; N: samples."
)


def page(singles: Score, pairs: Score) -> Iterator[str]:
    """Lines of Markdown: the score, and a row for every mistake."""
    networks = " and on at least one of as many with ".join(KINDS[kind] for kind in SIZES)
    yield from _paragraph(
        f"{_of(singles, 'variants')} of the {len(CATALOGUE)} known mistakes, and {_of(pairs, 'pairs')} of them, are "
        f"found by the comparator of `backprove run` in float64: each on at least one of {TIMES * len(SHAPES)} "
        f"networks with {networks}. "
        "A pair is two variants of different mistakes that meet in some network and do not cancel."
    )
    yield ""
    yield "| mistake | seen | wrong | right | what hides it | variants |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    for mistake in CATALOGUE.values():
        variants = sum(1 for _ in mistake.variants())
        cells = (mistake.id, mistake.seen, _wrong(mistake), _formula(mistake.right), mistake.hides, str(variants))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
    yield from _paragraph(SEEN)
    yield ""
    yield from _paragraph(SYMBOLS)


def _paragraph(text: str) -> list[str]:
    return wrap(text, 120, break_on_hyphens=False)


def _wrong(mistake: Mistake) -> str:
    """Its formula, or one for each value of its first parameter."""
    if isinstance(mistake.wrong, str):
        return _formula(mistake.wrong)
    return "; ".join(f"{value}: {_formula(formula)}" for value, formula in mistake.wrong.items())


def _formula(text: str) -> str:
    return f"`{text}`"


def _of(score: Score, what: str) -> str:
    found = len(score.found)
    of = found + len({planted for planted, _ in score.missed})
    return f"{found:,} of {of:,} {what}"
