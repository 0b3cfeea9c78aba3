"""The command bench: what everything costs."""

import sys
from typing import Annotated

import typer

from backprove.cli.app import app
from backprove.cli.options import TROUBLE, Debug, Json, NoColor, Quiet, Reports, check_reports, command, console
from backprove.cli.options import write_reports as write_all


@app.command()
def bench(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and smaller networks.")] = False,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """What engines, bound, oracles and a campaign cost, as networks grow and beside what others take."""
    from msgspec import structs

    from backprove.bench import bench as measured
    from backprove.cli.workers import cores
    from backprove.report import json as json_report
    from backprove.report.progress import counted
    from backprove.report.terminal_bench import show_bench

    check_reports(report)
    with counted("measured", quiet) as tick:
        found = measured(quick=quick, cores=cores(), tick=tick)
    found = structs.replace(found, command=command(context))
    write_all(found, report, list)
    if json:
        sys.stdout.write(json_report.write(found))
    else:
        show_bench(found, console(no_color), quiet=quiet)
    raise typer.Exit(TROUBLE if found.interrupted else 0)
