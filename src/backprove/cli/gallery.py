"""The command gallery: the literature's formulations, and the questions that they answer."""

import sys
from typing import Annotated

import typer

from backprove.cli import complete
from backprove.cli.app import app
from backprove.cli.options import (
    TROUBLE,
    Debug,
    Json,
    NoColor,
    Quiet,
    Reports,
    check_reports,
    chosen,
    command,
    console,
    failures_folder,
    keep,
    write_reports,
)
from backprove.errors import BackproveError


@app.command()
def gallery(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", autocompletion=complete.formulation, help="One formulation, in full."),
    ] = None,
    questions: Annotated[bool, typer.Option("--questions", help="The questions, answered from this run.")] = False,
    networks: Annotated[int, typer.Option("--networks", min=1, help="Networks for each reading in every domain.")] = 20,
    domains: Annotated[
        str | None, typer.Option("--domains", autocompletion=complete.domains, help="Comma-separated; all by default.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same networks.")] = 0,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """The literature's formulations, each with its verdict and what converts it."""
    from msgspec import structs

    from backprove.domains import DOMAINS
    from backprove.engines import ENGINES
    from backprove.gallery import chosen as rows_of
    from backprove.gallery import gallery as judged
    from backprove.report import json as json_report
    from backprove.report.progress import counted
    from backprove.report.terminal_gallery import show_gallery
    from backprove.verdict import Verdict

    if questions and name is not None:
        raise BackproveError("gallery: --questions rests on all formulations; leave out the name")
    rows = rows_of(name)
    wanted = chosen("--domains", domains, tuple(DOMAINS))
    check_reports(report)
    folder = failures_folder()
    with counted("compared", quiet) as tick:
        found = judged(rows, questions=questions, domains=wanted, networks=networks, seed=seed, tick=tick)
    found = structs.replace(found, command=command(context))
    for row in found.rows:
        for reading in row.readings:
            if reading.disagreement:
                keep([reading.disagreement], [*ENGINES, reading.name], folder)
    if json:
        sys.stdout.write(json_report.write(found))
    else:
        show_gallery(found, console(no_color), quiet=quiet, whole=name is not None)
    write_reports(found, report, list)
    code = int(Verdict[found.verdict])
    raise typer.Exit(TROUBLE if found.interrupted and code != Verdict.DISAGREE else code)
