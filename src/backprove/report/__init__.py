"""Writers. They read findings and compute nothing."""

from pathlib import Path

from backprove.errors import BackproveError
from backprove.files import write_whole
from backprove.findings import AnyReport
from backprove.report import json, markdown

WRITERS = {".json": json.write, ".md": markdown.write}


def check_report_path(path: Path) -> None:
    """Refuse a report path before the work begins, not after. Raises BackproveError."""
    if path.suffix not in WRITERS:
        raise BackproveError(f"{path}: reports are written as {' or '.join(WRITERS)}, by the end of the name")
    if path.is_dir():
        raise BackproveError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise BackproveError(f"{path.parent}: no such folder; make it first")


def write_report(report: AnyReport, path: Path) -> None:
    """Write a report in the format its suffix names, whole or not at all."""
    check_report_path(path)
    write_whole(path, WRITERS[path.suffix](report))
