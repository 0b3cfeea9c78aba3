"""The command explain: the three derivations of one entry of the gradient."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backprove.cli.app import app
from backprove.cli.options import Debug, Json, NoColor, Quiet, Reports, check_reports, command, console, write_reports
from backprove.errors import BackproveError, CaseError

if TYPE_CHECKING:
    from backprove.case import Case
    from backprove.findings import Derivation, Tour

FORMATS = ("text", "markdown", "latex", "html")


@app.command()
def explain(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[CASE.json]", help="A network; by default 3-3-3-1.")] = None,
    weight: Annotated[str | None, typer.Option("--weight", metavar="L,J,K", help="Layer, to unit, from unit.")] = None,
    bias: Annotated[str | None, typer.Option("--bias", metavar="L,J", help="Layer, unit.")] = None,
    delta: Annotated[str | None, typer.Option("--delta", metavar="L,J", help="dC/dz of a unit: layer, unit.")] = None,
    sample: Annotated[int, typer.Option("--sample", help="Whose steps are shown, from 1 on.")] = 1,
    all_paths: Annotated[bool, typer.Option("--all-paths", help="Every path, however many.")] = False,
    form: Annotated[str, typer.Option("--format", help="text, markdown, latex or html (a page).")] = "text",
    html: Annotated[bool, typer.Option("--html", help="The same as --format html.")] = False,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """The three derivations of one weight side by side, with numbers."""
    from msgspec import structs

    from backprove.case import Address
    from backprove.derivation import tour
    from backprove.report import html as page
    from backprove.report import json as json_report
    from backprove.report import latex, markdown
    from backprove.report.terminal_derivation import show_derivation
    from backprove.verdict import Verdict

    if form not in FORMATS:
        raise BackproveError(f"--format: {form[:60]!r} is not one of {', '.join(FORMATS)}")
    if json and (html or form != "text"):
        raise BackproveError("--json and --format: machine output has a form of its own; leave one out")
    if html:
        form = _as_page(form, file)
    if form == "html":
        page.check_installed()
    check_reports(report, *([file] if file else []))
    case = _case(file)
    found = _derivation(case, {"--weight": weight, "--bias": bias, "--delta": delta}, sample, all_paths)
    found = structs.replace(found, command=command(context))

    @cache
    def tours() -> "list[Tour]":
        l, j, k = map(int, [*re.findall(r"[0-9]+", found.entry), "1"][:3])
        entry = Address(l, j, None if found.entry.startswith("b") else k)
        return [tour(case, entry, sample=sample, derived=found)]

    if json:
        sys.stdout.write(json_report.write(found))
    elif form == "text":
        show_derivation(found, console(no_color), quiet=quiet)
    elif form == "html":
        sys.stdout.write(page.write(found, tours()))
    else:
        sys.stdout.write((latex if form == "latex" else markdown).write(found))
    write_reports(found, report, tours)
    raise typer.Exit(int(Verdict[found.verdict]))


def _as_page(form: str, file: Path | None) -> str:
    """The format that --html stands for, said once."""
    if form not in ("text", "html"):
        raise BackproveError(f"--html and --format {form}: one format at a time on standard output")
    if file is not None and file.suffix == ".html":
        raise BackproveError(f"{file}: --html writes to standard output; name a file with --report {file}")
    return "html"


def _case(file: Path | None) -> "Case":
    from backprove.case import read_case
    from backprove.derivation import default

    return default() if file is None else read_case(file)


def _derivation(case: "Case", asked: dict[str, str | None], sample: int, all_paths: bool) -> "Derivation":
    from backprove.case import Address
    from backprove.derivation import derive, derive_delta

    given = {option: text for option, text in asked.items() if text is not None}
    if len(given) > 1:
        raise BackproveError(f"{' and '.join(given)}: one entry at a time")
    if not given:  # a hidden weight next to the output layer, as in the question
        given = {"--weight": f"{max(1, len(case.layers) - 1)},1,1"}
    ((option, text),) = given.items()
    place = _place(option, text, 3 if option == "--weight" else 2)
    try:
        if option == "--delta":
            return derive_delta(case, *place, sample=sample, all_paths=all_paths)
        entry = Address(place[0], place[1], place[2] if option == "--weight" else None)
        return derive(case, entry, sample=sample, all_paths=all_paths)
    except CaseError as error:
        raise BackproveError(f"{option} {text}: {error}") from None


def _place(option: str, text: str, count: int) -> list[int]:
    """Whole numbers from a text such as 2,1,3."""
    what = {3: "layer,to,from such as 2,1,3", 2: "layer,unit such as 2,1"}[count]
    if not re.fullmatch(rf"\s*[0-9]{{1,9}}(\s*,\s*[0-9]{{1,9}}){{{count - 1}}}\s*", text):
        raise BackproveError(f"{option}: {text[:60]!r} is not {what} (numbers from 1 on)")
    return [int(part) for part in text.split(",")]
