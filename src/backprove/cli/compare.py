"""The command compare: the engines on networks from files."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backprove.cli import complete
from backprove.cli.app import app
from backprove.cli.options import (
    TROUBLE,
    Debug,
    Engines,
    Foreign,
    Json,
    NoColor,
    PathsBudget,
    Quiet,
    Reports,
    check_reports,
    command,
    complain,
    console,
    load_engines,
    paths_budget,
    walks,
    write_reports,
)
from backprove.errors import BackproveError

if TYPE_CHECKING:
    from backprove.case import Case
    from backprove.findings import CaseFinding

NEEDED = ("inputs", "targets", "activations")


@app.command()
def compare(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[CASE.json …]", help="Case files (backprove.case/1).")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", metavar="FILE", help="A trained network: .safetensors or .npz.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", metavar="FILE", help="Its inputs: .npy, a row each.")
    ] = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", metavar="FILE", help="Its targets: .npy, rows or classes.")
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations",
            autocompletion=complete.activations,
            help="Of the layers: one for all, hidden,output, or each.",
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", autocompletion=complete.loss, help="What the network minimises.")
    ] = None,
    loss_scale: Annotated[str | None, typer.Option("--loss-scale", help="Such as 1/2.")] = None,
    reduction: Annotated[
        str | None, typer.Option("--reduction", autocompletion=complete.reduction, help="sum, mean or mean_all.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option("--layout", autocompletion=complete.layout, help="Of weights: out,in or in,out.")
    ] = None,
    engines: Engines = "neuron,matrix,paths",
    engine: Foreign = None,
    budget: PathsBudget = None,
    everything: Annotated[bool, typer.Option("--all", help="Every entry and every published number.")] = False,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """The engines on given networks; published numbers in the files are checked digit by digit."""
    from backprove.contrast import contrast, finding
    from backprove.report import json as json_report
    from backprove.report.progress import working
    from backprove.report.terminal import show_comparison
    from backprove.verdict import Verdict

    options = {
        "inputs": inputs, "targets": targets, "activations": activations, "loss": loss, "loss_scale": loss_scale,
        "reduction": reduction, "layout": layout,
    }  # fmt: skip
    networks = list(_networks(files or [], weights, {k: v for k, v in options.items() if v is not None}))
    check_reports(report, *(files or []), *(path for path in (weights, inputs, targets) if path))
    loaded = load_engines(engines, engine, paths_budget(budget))
    cases: list[CaseFinding] = []
    troubles: list[str] = []
    for file, read in networks:
        try:
            with working(quiet) as tell:
                cases.append(finding(str(file), read(), loaded, tell=tell))
        except BackproveError as error:
            troubles.append(str(error))
            complain(troubles[-1])
        except KeyboardInterrupt:
            troubles.append(f"{file}: interrupted; what follows was not compared")
            complain(troubles[-1])
            break
    if cases:
        found = contrast(cases, troubles, command(context))
        with working(quiet or not report) as tell:
            tell("reports")
            write_reports(found, report, lambda: walks((c.case, None) for c in cases))
        if json:
            sys.stdout.write(json_report.write(found))
        else:
            show_comparison(found, console(no_color), quiet=quiet, everything=everything)
    raise typer.Exit(TROUBLE if troubles else Verdict[found.verdict])


def _networks(
    files: list[Path], weights: Path | None, given: dict[str, Any]
) -> "Iterator[tuple[Path, Callable[[], Case]]]":
    """(file, how to read it): the case files, then the network of --weights. Refuses options that lack others."""
    from backprove.case import read_case, read_network

    if weights is None and given:
        raise BackproveError(f"{_option(next(iter(given)))}: belongs to --weights FILE, which is not given")
    if weights is None and not files:
        raise BackproveError("compare: name a case file (CASE.json), or a trained network with --weights FILE")
    missing = [_option(name) for name in NEEDED if name not in given]
    if weights is not None and missing:
        raise BackproveError(f"--weights: needs {', '.join(missing)} as well")
    for file in files:
        yield file, partial(read_case, file)
    if weights is not None:
        yield weights, partial(read_network, weights, **{"loss": None} | given)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
