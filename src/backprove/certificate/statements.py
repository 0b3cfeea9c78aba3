"""Which statements to prove, and what all certificates together say."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from backprove.case import LOSSES
from backprove.certificate.certify import SAMPLES, Statement
from backprove.certificate.points import Architecture
from backprove.findings import Certificate, CertificateReport
from backprove.formulations.y_minus_t import CLAIMED
from backprove.verdict import Verdict
from backprove.versions import versions


def statements(
    sizes: Iterable[tuple[int, ...]], activations: Sequence[tuple[str, str]], losses: Sequence[str] | None
) -> list[Statement]:
    """One for each architecture, (hidden, output) activations and loss.

    `losses` None: squared_error, and each logarithmic loss behind the outputs it is made for. Left out is binary
    cross-entropy behind a single softmax unit, where 1 - a is always 0.
    """
    found = []
    for size, (hidden, output), loss in itertools.product(dict.fromkeys(sizes), activations, losses or LOSSES):
        if losses is None and loss != "squared_error" and (output, loss) not in CLAIMED:
            continue
        if output == "softmax" and loss == "binary_cross_entropy" and size[-1] == 1:
            continue
        names = (hidden,) * (len(size) - 2) + (output,)
        found.append(Statement(Architecture(size, names), loss))
    return found


def conclude(
    found: Sequence[Certificate], *, seed: int, settings: dict[str, Any], interrupted: bool, seconds: float
) -> CertificateReport:
    """The report on several certificates."""
    verdict = Verdict.of(Verdict[c.verdict] for c in found) if found else Verdict.UNDECIDED
    return CertificateReport(
        verdict=verdict.name,
        seed=seed,
        versions=versions(),
        settings=settings,
        architectures=list(found),
        not_covered=list(_not_covered(found, settings["engines"])),
        interrupted=interrupted,
        timing={"seconds": seconds},
    )


def _not_covered(found: Sequence[Certificate], engines: Sequence[str]) -> Iterable[str]:
    yield "floating point: this is about formulas; how they round is what `backprove run` looks at"
    yield f"other architectures; batches of other than 1 and {SAMPLES} samples; networks without biases; a scaled loss"
    if sampled := [c for c in found if c.verdict == "AGREE" and c.gate_patterns.tested < c.gate_patterns.of]:
        yield (
            f"sides of kinks: of {_counted(len(sampled))} only a random sample of the patterns was "
            "tested, of the others all of them for one sample"
        )
    if any(c.gate_patterns.of > 1 for c in found):
        yield f"sides of kinks in batches of {SAMPLES} samples, but for one random pattern for each reduction"
    yield "what divides by 0, and kinks where a z is exactly 0: the formulas are compared everywhere else"
    yield "constants that differ by a multiple of 2^61 - 1, such as 1 and 2^61: in this field they are the same"
    if any(":" in name for name in engines):
        yield "an engine that branches on values, or keeps anything between calls, at other points than those tried"
        if any(c.verdict == "DISAGREE" for c in found):
            yield (
                "formulas that are right by more than functions obey here, such as exp(x + y) = exp(x) exp(y) or "
                "2z > 0 where z > 0: they are refuted too; `backprove run --domains float64` knows better"
            )
    where: dict[str, list[Certificate]] = {}
    for c in found:
        for line in c.not_covered:
            where.setdefault(line, []).append(c)
    for line, those in where.items():
        c, more = those[0], f" and in {_counted(len(those) - 1)} more" if len(those) > 1 else ""
        yield f"{'-'.join(map(str, c.layers))} {c.activations[-1]} {c.loss}{more}: {line}"


def _counted(count: int) -> str:
    return f"{count:,} statement{'s' * (count != 1)}"
