"""A report as one HTML page that needs nothing but itself: no request leaves it, and nothing from outside is markup.

Every string that a template prints passes through `words.safe` and is escaped; what is markup by itself is made here
and in `charts.py` alone. A content security policy lets no script run but the page's own.
"""

import base64
import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from backprove.errors import MissingExtra
from backprove.findings import (
    AnyReport,
    BenchReport,
    CertificateReport,
    CheckFinding,
    CheckReport,
    ComparisonReport,
    Derivation,
    GalleryReport,
    Report,
    Tour,
)
from backprove.report import benches, certificates, charts, checks, derivations, galleries, tables, words
from backprove.report.drawing import drawing

LONG = 160  # characters of a heading
NEEDED = ("jinja2", "matplotlib")
PAGES: dict[type, str] = {
    Report: "run", CertificateReport: "certificates", CheckFinding: "check", CheckReport: "checks",
    ComparisonReport: "comparison", Derivation: "derivation", GalleryReport: "gallery", BenchReport: "bench",
}  # fmt: skip


def check_installed() -> None:
    """Raises MissingExtra where the extra `report` is not there."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingExtra(name, "report")


def write(report: AnyReport, tours: Sequence[Tour] = ()) -> str:
    """The page. `tours`: of the networks that are to be walked through, those of the report among them."""
    name = f"{PAGES[type(report)]}.html"
    return render(name, report=report, tours=list(tours), of_case=lambda case: _of_case(tours, case))


def render(name: str, **facts: Any) -> str:
    """What a template makes of facts. Raises MissingExtra where the extra `report` is not there."""
    return str(_environment().get_template(name).render(**facts))


def _of_case(tours: Sequence[Tour], case: Any) -> Tour | None:
    return next((tour for tour in tours if tour.case == case), None)


@cache
def _environment() -> Any:
    check_installed()
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def final(value: Any) -> Any:
        return words.safe(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    page = Environment(
        loader=PackageLoader("backprove.report"),
        autoescape=True,
        finalize=final,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    markup: dict[str, Callable[..., str]] = {
        "differences": charts.differences, "errors": charts.errors, "costs": charts.costs,
        "growth": charts.growth,
    }  # fmt: skip
    page.globals |= {name: lambda *args, make=make: Markup(make(*args)) for name, make in markup.items()}
    style, script = (_text(name) for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page.globals |= {
        "style": Markup(style), "script": Markup(script), "script_hash": f"sha256-{digest}", "words": words,
        "checks": checks, "derivations": derivations, "certificates": certificates, "galleries": galleries,
        "benches": benches, "drawing": drawing, "tables": tables, "verdict_class": str.lower,
    }  # fmt: skip
    page.filters |= {
        "number": words.number, "count_of": words.count_of, "thousands": lambda n: f"{n:,}",
        "cut": lambda text: text if len(text) <= LONG else f"{text[:LONG]} …",
        "begun": lambda text: text[:1].upper() + text[1:],
    }  # fmt: skip
    return page


def _text(name: str) -> str:
    return (resources.files("backprove.report") / "templates" / name).read_text(encoding="utf-8")
