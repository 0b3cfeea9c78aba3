"""A bench in words and rows, for every writer."""

from collections.abc import Iterator

from backprove.findings import BenchReport, Growth, Ratio

RATIOS = ["what", "instead", "network", "ms", "instead, ms", "ratio"]
PATHS = ["network", "paths", "seconds", "million paths a second", "peak MiB"]
CAMPAIGN = [
    "domain",
    "networks",
    "their bytes drawn alone",
    "networks drawn alone",
    "drawn, compared, counted",
    "ratio",
]
Rows = list[list[str]]


def said(report: BenchReport) -> str:
    """The headline: what one network and one campaign cost."""
    checks = [r for r in report.ratios if r.what == "whole check"]
    parts = [f"the whole check of {r.network} takes {milliseconds(r.seconds)} ms" for r in checks[:1]]
    parts += [
        f"a network of a campaign in {c.domain} {milliseconds(c.whole)} ms, {c.whole / c.drawing_alone:.1f} times its "
        "drawing alone"
        for c in report.campaign[:1]
    ]
    line = "; ".join(parts) or "nothing was measured"
    return line[0].upper() + line[1:]


def milliseconds(seconds: float) -> str:
    """Three digits of them."""
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(one: Ratio) -> str:
    """How many times as long; of what is much faster, what part of the time."""
    times = one.seconds / one.against_seconds
    return f"1/{1 / times:,.0f}" if times < 0.095 else f"{times:.2f}"


def ratios(report: BenchReport) -> Rows:
    """Under RATIOS."""
    return [
        [r.what, r.against, r.network, milliseconds(r.seconds), milliseconds(r.against_seconds), ratio(r)]
        for r in report.ratios
    ]


def path_rates(report: BenchReport) -> Rows:
    """Under PATHS."""
    return [
        [p.network, f"{p.paths:,}", f"{p.seconds:.3g}", f"{p.per_second / 1e6:,.0f}", _mebibytes(p.peak_bytes)]
        for p in report.paths
    ]


def campaign(report: BenchReport) -> Rows:
    """Under CAMPAIGN; milliseconds a network."""
    return [
        [c.domain, str(c.networks), *map(milliseconds, (c.bytes_alone, c.drawing_alone, c.whole)),
         f"{c.whole / c.drawing_alone:.2f}"]
        for c in report.campaign
    ]  # fmt: skip


def jobs(report: BenchReport) -> str:
    """What several processes are worth, in a sentence; "" where they were not tried."""
    j = report.jobs
    if j is None:
        return ""
    rate = j.networks / j.seconds
    return f"{j.jobs} processes: {j.one_seconds / j.seconds:.2f} times the networks of one, {rate:,.0f} a second"


def sides(report: BenchReport) -> Iterator[tuple[str, list[Growth]]]:
    """(what grows, every way along it), in the order of measuring."""
    for along in dict.fromkeys(g.along for g in report.growth):
        yield along, [g for g in report.growth if g.along == along]


def growth(found: list[Growth]) -> tuple[list[str], Rows]:
    """(head, rows) of one side: milliseconds by size, how they grow, and the most memory that was needed."""
    sizes = sorted({p.size for g in found for p in g.points})
    rows = []
    for g in found:
        times = {p.size: milliseconds(p.seconds) for p in g.points}
        most = max((p.peak_bytes for p in g.points), default=0)
        rows.append([g.way, *(times.get(size, "–") for size in sizes), grows(g), _mebibytes(most)])
    return ["ms", *map(str, sizes), "grows as", "peak MiB"], rows


def grows(g: Growth) -> str:
    """`n^1.9` of a power, `4.0^n` of an exponential."""
    if g.exponent is not None:
        return f"n^{g.exponent:.1f}"
    return "–" if g.base is None else f"{g.base:.1f}^n"


def stopped(found: list[Growth]) -> list[str]:
    """Who went no further, and why."""
    return [f"{g.way} went no further: {g.stopped}" for g in found if g.stopped]


def notes(report: BenchReport) -> list[str]:
    """What was not measured."""
    lines = [f"{name}: not installed, not measured" for name in report.missing]
    return lines + ["several processes: there is one core here"] * (report.jobs is None and not report.interrupted)


def machine(report: BenchReport) -> str:
    m = report.machine
    return f"{m['system']}, {m['processor']}, {m['cores']} cores; one thread each"


TITLES = {
    "width": "Wider: networks n-n-n-n, one sample",
    "depth": "Deeper: n weight layers of 4 units, one sample",
    "batch": "More samples: 8-8-8-8, n samples",
}


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.3g}"
