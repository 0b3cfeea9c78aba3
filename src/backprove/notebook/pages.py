"""A whole report in a notebook: its page in a frame, and its verdict in a line where frames are taken out."""

from collections.abc import Callable
from typing import Any

from backprove.findings import (
    AnyReport,
    BenchReport,
    CertificateReport,
    CheckFinding,
    CheckReport,
    ComparisonReport,
    GalleryReport,
    Report,
)
from backprove.report import benches, certificates, checks, galleries, html, words

SAID: dict[type, Callable[[Any], str]] = {
    Report: words.agreement, CertificateReport: certificates.said, CheckReport: checks.score,
    CheckFinding: lambda found: f"{found.candidate} {checks.verdict(found)}",
    ComparisonReport: words.compared, GalleryReport: galleries.said, BenchReport: benches.said,
}  # fmt: skip


def framed(report: AnyReport) -> str:
    """The page of a report in a frame that lets its own script run, and nothing else."""
    # Links to sections: the base of a page in a frame is the notebook. It stands before the page's policy, which
    # allows none that comes after.
    page = html.write(report).replace("<head>\n", '<head>\n<base href="about:srcdoc">\n', 1)
    from markupsafe import escape

    # Escaped here, since what a template prints has its control characters, line ends too, made visible.
    return html.render("notebook_page.html", found=report, said=SAID[type(report)](report), page=escape(page))
