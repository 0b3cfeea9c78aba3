"""Cases, comparisons and findings as a notebook shows them: HTML, and Markdown with the same facts.

What is short stands in the output itself, as plain markup in the ink of whatever theme the notebook has; a whole report
is its page (`report/html.py`) in a frame.
"""

from typing import Any

from backprove.case import Case
from backprove.compare import Comparison
from backprove.errors import MissingExtra
from backprove.findings import Derivation
from backprove.notebook import comparisons, networks, pages
from backprove.report import html as page
from backprove.report import markdown as written

__all__ = ["html", "markdown"]


def html(shown: Any) -> str | None:
    """The HTML of a case, a comparison, or any report; None where the extra `report` is not installed."""
    try:
        page.check_installed()
    except MissingExtra:
        return None
    if isinstance(shown, Case):
        return page.render("notebook_case.html", found=networks.network(shown))
    if isinstance(shown, Comparison):
        return page.render("notebook_comparison.html", found=comparisons.compared(shown))
    if isinstance(shown, Derivation):
        return page.render("notebook_derivation.html", found=shown)
    return pages.framed(shown)


def markdown(shown: Any) -> str:
    """The same facts as Markdown, which needs no extra."""
    if isinstance(shown, Case):
        return networks.markdown(networks.network(shown))
    if isinstance(shown, Comparison):
        return comparisons.markdown(comparisons.compared(shown))
    return written.write(shown)
