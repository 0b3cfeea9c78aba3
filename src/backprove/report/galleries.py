"""The gallery in words, for every writer."""

from collections.abc import Iterator

from backprove.findings import GalleryReport, ReadingDomain, ReadingFinding, RowFinding
from backprove.report.words import count_of, number

REPAIRS = ("converted", "corrected")


def repairs(row: RowFinding) -> list[ReadingFinding]:
    """The conversions and corrections of a row."""
    return [r for r in row.readings if r.kind in REPAIRS]


def listed(row: RowFinding) -> list[ReadingFinding]:
    """What a table has beside the row: what makes it the gradient; of one that is, what it takes to see that."""
    if row.verdict != "AGREE":
        return repairs(row)
    found = {r.conversion: r for r in reversed(row.readings) if r.conversion and r.kind in ("as printed", "converted")}
    return list(found.values())[::-1]


def short(row: RowFinding, reading: ReadingFinding) -> str:
    """The reading's name without that of its row."""
    return reading.name.removeprefix(f"{row.id}/")


def repair(row: RowFinding, reading: ReadingFinding) -> str:
    """What makes it the gradient, in a few words."""
    if row.verdict == "AGREE":
        return f"{short(row, reading)}: {reading.conversion}"
    return f"{reading.kind}: {reading.conversion if reading.kind == 'converted' else reading.says}"


def cells(report: GalleryReport) -> Iterator[list[str]]:
    """(formulation, its verdict as printed, the verdict on what repairs it, by what); a repair a row."""
    for row in report.rows:
        found = listed(row)
        if not found:
            yield [row.id, row.verdict, "", ""]
        for i, reading in enumerate(found):
            start = [row.id, row.verdict] if i == 0 else ["", ""]
            yield [*start, reading.verdict, repair(row, reading)]


def in_domain(found: ReadingDomain) -> str:
    """One domain in a line: `float64 DISAGREE on 38 of 40 networks, off by up to 0.5 of the largest entry`."""
    of = f"{count_of(found.networks, 'network')}, {count_of(found.entries, 'entry')}"
    if found.disagreeing_networks:
        said = f"on {found.disagreeing_networks:,} of {count_of(found.networks, 'network')}"
        if found.largest_error is not None:
            said += f", off by up to {number(found.largest_error, 2)} times the largest entry"
        return said
    if found.false_agreement_probability is not None and found.verdict == "AGREE":
        of += f", by chance with a probability of at most {found.false_agreement_probability:.1e}"
    undecided = f", {found.undecided_networks:,} undecided" if found.undecided_networks else ""
    return f"on {of}{undecided}"


def said(report: GalleryReport) -> str:
    """The verdict in a sentence."""
    if report.questions:
        borne = sum(q.verdict == "AGREE" for q in report.questions)
        return f"{borne} of {count_of(len(report.questions), 'answer')} borne out by this run"
    if len(report.rows) == 1:
        (row,) = report.rows
        if row.verdict != "DISAGREE":
            return f"{row.id} {'is' if row.verdict == 'AGREE' else 'may or may not be'} the gradient as printed"
        but = ", but converted or corrected it is" if any(r.verdict == "AGREE" for r in repairs(row)) else ""
        return f"{row.id} is not the gradient as printed{but}"
    wrong = [row for row in report.rows if row.verdict == "DISAGREE"]
    right = sum(row.verdict == "AGREE" for row in report.rows)
    mended = sum(any(r.verdict == "AGREE" for r in repairs(row)) for row in wrong)
    text = (
        f"of {count_of(len(report.rows), 'formulation')} {right} are the gradient as printed and {len(wrong)} are not"
    )
    text += f"; converted or corrected, {mended} of these are" if wrong else ""
    left = len(report.rows) - right - len(wrong)
    return f"{text}; {left} stayed undecided" if left else text


def counts(report: GalleryReport) -> str:
    """How much was compared."""
    domains = [d for row in report.rows for r in row.readings for d in r.domains]
    readings = sum(len(row.readings) for row in report.rows)
    return (
        f"{count_of(readings, 'reading')} against neuron, matrix and paths on "
        f"{count_of(sum(d.networks for d in domains), 'network')}, {count_of(sum(d.entries for d in domains), 'entry')}"
    )


def timed(timing: dict[str, float]) -> Iterator[str]:
    for what, ratio in timing.items():
        yield f"{what}: {ratio:,.0f} times as long as engine matrix"
