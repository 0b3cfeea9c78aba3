"""The literature's formulations put to the test, and the questions that they answer."""

import time
from collections.abc import Iterator, Sequence

from backprove.domains import DOMAINS
from backprove.errors import BackproveError
from backprove.findings import GalleryReport, QuestionFinding, ReadingFinding, RowFinding
from backprove.formulations import GALLERY, Formulation, Kind
from backprove.gallery.judge import NETWORKS, Tick, judge
from backprove.gallery.questions import QUESTIONS, ask
from backprove.verdict import Verdict
from backprove.versions import versions

__all__ = ["NETWORKS", "QUESTIONS", "chosen", "gallery"]


def chosen(name: str | None) -> Sequence[Formulation]:
    """The rows of that name; None: all. Raises BackproveError where there is none."""
    rows = [row for row in GALLERY if name in (None, row.id)]
    if not rows:
        raise BackproveError(f"gallery: {str(name)[:60]!r} is not one of {', '.join(row.id for row in GALLERY)}")
    return rows


def gallery(
    rows: Sequence[Formulation] = GALLERY,
    *,
    questions: bool = False,
    domains: Sequence[str] = tuple(DOMAINS),
    networks: int = NETWORKS,
    seed: int = 0,
    tick: Tick = lambda: None,
) -> GalleryReport:
    """Judge formulations, and answer the questions if asked for; these need all rows, and leave shrinking out.

    KeyboardInterrupt ends it with the rows that are done. Raises BackproveError where nothing can be compared.
    """
    if all(DOMAINS[name].missing() for name in domains):
        raise BackproveError("nothing to compare: " + "; ".join(f"{n}: {DOMAINS[n].missing()}" for n in domains))
    started, interrupted = time.perf_counter(), False
    found: list[RowFinding] = []
    answers: list[QuestionFinding] = []
    try:
        for row in rows:
            one = judge(row, domains=domains, networks=networks, seed=seed, shrink=not questions, tick=tick)
            found.append(one)  # an interrupt leaves what is done
        if questions:
            answers += (ask(question, {row.id: row for row in found}, seed) for question in QUESTIONS)
    except KeyboardInterrupt:
        interrupted = True
    unverified = list(_unverified(found))
    verdicts = [Verdict[f.verdict] for f in (answers if questions else found)]
    verdicts += [Verdict[r.verdict] for r in unverified]
    return GalleryReport(
        verdict=(Verdict.of(verdicts) if verdicts and not interrupted else Verdict.UNDECIDED).name,
        seed=seed,
        versions=versions(),
        settings={"rows": [row.id for row in rows], "networks": networks, "domains": list(domains)},
        rows=found,
        questions=answers,
        unverified=[f"{r.name} is {r.verdict}" for r in unverified],
        not_covered=list(_not_covered(domains, found)),
        interrupted=interrupted,
        timing={"seconds": time.perf_counter() - started},
    )


def _unverified(rows: Sequence[RowFinding]) -> Iterator[ReadingFinding]:
    """Conversions and corrections that did not make the gradient."""
    for row in rows:
        for r in row.readings:
            if r.kind in (Kind.CONVERTED, Kind.CORRECTED) and r.domains and r.verdict != "AGREE":
                yield r


def _not_covered(domains: Sequence[str], rows: Sequence[RowFinding]) -> Iterator[str]:
    for row in rows:
        if left := [r.name for r in row.readings if not r.domains]:
            yield f"{', '.join(left)}: in none of these domains"
    for name, domain in DOMAINS.items():
        if name not in domains:
            yield f"{name}: left out"
        elif missing := domain.missing():
            yield f"{name}: {missing}"
    yield "networks and weights other than those drawn; forms of the formulas other than those read here"
