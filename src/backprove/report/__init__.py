"""Writers. They read findings and compute nothing."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from backprove.errors import BackproveError
from backprove.files import write_whole
from backprove.findings import AnyReport, Tour
from backprove.report import html, json, markdown

WRITERS: dict[str, Callable[..., str]] = {".json": json.write, ".md": markdown.write, ".html": html.write}


def check_report_path(path: Path) -> None:
    """Refuse a report path before the work begins, not after. Raises BackproveError."""
    if path.suffix.lower() not in WRITERS:
        raise BackproveError(f"{path}: reports are written as {', '.join(WRITERS)}, by the end of the name")
    if path.is_dir():
        raise BackproveError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise BackproveError(f"{path.parent}: no such folder; make it first")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise BackproveError(f"{path}: may not be written here; name another place")
    if path.suffix.lower() == ".html":
        html.check_installed()


def write_report(report: AnyReport, path: Path, tours: Sequence[Tour] = ()) -> None:
    """Write a report in the format its suffix names, whole or not at all.

    `tours`: networks that a page (.html) walks through; those of the report's own cases stand beside them.
    """
    check_report_path(path)
    suffix = path.suffix.lower()
    write_whole(path, html.write(report, tours) if suffix == ".html" else WRITERS[suffix](report))
