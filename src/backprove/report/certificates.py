"""Certificates in words, for every writer."""

from collections.abc import Sequence

from backprove.findings import Certificate, CertificateReport
from backprove.report.words import count_of, groups

ROWS = 40
HEAD = ["sizes", "activation", "loss", "verdict", "degree", "chance", "patterns", "where"]


def sizes(c: Certificate) -> str:
    return "-".join(map(str, c.layers))


def activations(c: Certificate) -> str:
    hidden, output = c.activations[0], c.activations[-1]
    return output if len(c.activations) == 1 or hidden == output else f"{hidden}/{output}"


def chance(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


def row(c: Certificate) -> list[str]:
    """One certificate under HEAD."""
    tested, of = c.gate_patterns.tested, c.gate_patterns.of
    patterns = f"all {of:,}" if tested >= of else f"{tested:,} of {of:,}"
    where = "; ".join(c.preconditions) or ("always" if c.verdict == "AGREE" else c.undecided or "–")
    return [
        sizes(c),
        activations(c),
        c.loss,
        c.verdict,
        f"{c.degree:,}",
        chance(c.false_agreement_probability),
        patterns,
        where,
    ]


def rows(report: CertificateReport) -> list[list[str]]:
    """One row a certificate; of very many, one a pair of activations and loss, with the largest of each number."""
    if len(report.architectures) <= ROWS:
        return [row(c) for c in report.architectures]
    together: dict[tuple[str, ...], list[Certificate]] = {}
    for c in report.architectures:
        together.setdefault((activations(c), c.loss, c.verdict, "; ".join(c.preconditions)), []).append(c)
    return [_summary(members) for members in together.values()]


def _summary(members: Sequence[Certificate]) -> list[str]:
    largest = max(members, key=lambda c: c.degree)
    found = row(largest)
    chances = [c.false_agreement_probability for c in members if c.false_agreement_probability is not None]
    sampled = sum(c.gate_patterns.tested < c.gate_patterns.of for c in members)
    found[0] = count_of(len(members), "size")
    found[5] = chance(max(chances, default=None))
    found[6] = f"all but in {sampled:,}" if sampled else "all"
    return found


def patterns(report: CertificateReport) -> str:
    """How far the sides of kinks were gone through."""
    proved = [c.gate_patterns for c in report.architectures if c.verdict == "AGREE" and c.gate_patterns.of > 1]
    whole = [p for p in proved if p.tested >= p.of]
    parts = [f"{p.tested:,} of {p.of:,}" for p in proved if p.tested < p.of]
    lines = []
    if whole:
        most = max(p.of for p in whole)
        lines.append(f"with units on either side of 0, in all patterns (up to {most:,}) for one sample")
    if parts:
        more = f" and {len(parts) - 1:,} more so" if len(parts) > 1 else ""
        lines.append(f"ONLY A SAMPLE of the patterns in {count_of(len(parts), 'statement')} ({parts[0]}{more})")
    return "; ".join(lines)


def said(report: CertificateReport) -> str:
    """The verdict in a sentence."""
    of = count_of(len(report.architectures), "statement")
    if report.verdict == "DISAGREE":
        refuted = [c for c in report.architectures if c.verdict == "DISAGREE"]
        who = groups(refuted[0].witness.groups) if refuted[0].witness else ""
        return f"{who}: {len(refuted):,} of {of} refuted"
    if report.verdict == "UNDECIDED":
        left = [c for c in report.architectures if c.verdict != "AGREE"]
        why = f": {left[0].undecided}" if left else ""
        return f"{len(left):,} of {of} undecided{why}" if report.architectures else "nothing was proved"
    conditions = " that meet the conditions" if any(c.preconditions for c in report.architectures) else ""
    largest = max(c.false_agreement_probability or 0.0 for c in report.architectures)
    sampled = sum(c.gate_patterns.tested < c.gate_patterns.of for c in report.architectures)
    where = f", of {sampled:,} of them only at the sampled sides of kinks" if sampled else ""
    names = groups([report.settings["engines"]])
    return (
        f"{names} in {of}: the same function at all weights, inputs and targets{conditions}{where}; "
        f"a false one would pass with a probability of at most {largest:.1e}"
    )
