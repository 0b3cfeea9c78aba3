"""The command prove: certificates for architectures."""

import itertools
import re
import sys
import time
from typing import TYPE_CHECKING, Annotated

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
    Quiet,
    Reports,
    check_reports,
    chosen,
    command,
    console,
    failures_folder,
    keep,
    load_engines,
    write_reports,
)
from backprove.errors import BackproveError

if TYPE_CHECKING:
    from backprove.findings import Certificate

MOST_UNITS = 1000
SIZES = re.compile(r"[1-9][0-9]{0,8}(-[1-9][0-9]{0,8})+")


@app.command()
def prove(
    context: typer.Context,
    architectures: Annotated[
        list[str] | None, typer.Argument(metavar="3-3-3-1 …", help="Sizes, inputs first, outputs last.")
    ] = None,
    all_up_to: Annotated[
        int | None,
        typer.Option("--all-up-to", min=1, max=4, help="Every architecture of so many layers and units at most."),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations",
            autocompletion=complete.activations,
            help="Comma-separated; hidden/output where they differ.",
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", autocompletion=complete.losses, help="Comma-separated; or all.")
    ] = None,
    targets: Annotated[str, typer.Option("--targets", help="any: find what they must meet; free: nothing.")] = "any",
    points: Annotated[int, typer.Option("--points", min=1, max=1000, help="Random points per statement.")] = 2,
    patterns: Annotated[
        int, typer.Option("--patterns", min=1, max=2**20, help="Most patterns of gates; beyond, a random sample.")
    ] = 256,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the points.")] = 0,
    engines: Engines = "neuron,matrix,paths",
    engine: Foreign = None,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """Certificates that formulations are the same function, for all weights, inputs and targets."""
    from msgspec import structs

    from backprove.certificate import conclude, prove, statements
    from backprove.report import json as json_report
    from backprove.report.progress import interruptible, progress
    from backprove.report.terminal_certificates import show_certificates
    from backprove.verdict import Verdict

    sizes = [_sizes(text) for text in architectures or ()]
    for depth in range(1, (all_up_to or 0) + 1):
        sizes += itertools.product(range(1, (all_up_to or 0) + 1), repeat=depth + 1)
    if not sizes:
        raise BackproveError("prove: name an architecture such as 3-3-3-1, or give --all-up-to 3")
    if targets not in ("any", "free"):
        raise BackproveError(f"--targets: {targets!r} is not one of any, free")
    check_reports(report)
    folder = failures_folder()
    wanted = statements(sizes, _activations(activations), _losses(loss, all_up_to))
    if not wanted:
        raise BackproveError("prove: nothing to prove: binary cross-entropy has no value behind a single softmax unit")
    loaded = load_engines(engines, engine)
    started, interrupted = time.perf_counter(), False
    found: list[Certificate] = []
    bars = progress(("prove",), len(wanted), quiet)
    with bars as show, interruptible(show) as advance:
        try:
            for certificate in prove(
                wanted,
                loaded,
                points=points,
                patterns=patterns,
                seed=seed,
                free=targets == "free",
                tick=lambda: advance("prove", len(found)),
            ):
                found.append(certificate)
                advance("prove", len(found))
        except KeyboardInterrupt:
            interrupted = True
    settings = {
        "architectures": list(architectures or ()) + ([f"all up to {all_up_to}"] if all_up_to else []),
        "activations": list(dict.fromkeys("/".join(dict.fromkeys(s.architecture.activations)) for s in wanted)),
        "losses": list(dict.fromkeys(s.loss for s in wanted)),
        "points": points, "patterns": patterns, "targets": targets, "engines": list(loaded),
    }  # fmt: skip
    outcome = conclude(
        found, seed=seed, settings=settings, interrupted=interrupted, seconds=time.perf_counter() - started
    )
    for c in found:
        if c.witness:
            keep([c.witness], c.formulations, folder)
    outcome = structs.replace(outcome, command=command(context))
    write_reports(outcome, report, list)
    if json:
        sys.stdout.write(json_report.write(outcome))
    else:
        show_certificates(outcome, console(no_color), quiet=quiet)
    code = int(Verdict[outcome.verdict])
    raise typer.Exit(TROUBLE if interrupted and code != Verdict.DISAGREE else code)


def _sizes(text: str) -> tuple[int, ...]:
    if not SIZES.fullmatch(text):
        raise BackproveError(f"{text[:60]}: is not an architecture such as 3-3-3-1 (inputs-hidden-…-outputs)")
    sizes = tuple(map(int, text.split("-")))
    if sum(sizes) > MOST_UNITS:
        raise BackproveError(f"{text[:60]}: {sum(sizes):,} units; at most {MOST_UNITS:,}")
    return sizes


def _activations(given: str | None) -> list[tuple[str, str]]:
    """(hidden, output) for each choice."""
    from backprove.case import ACTIVATIONS

    if given is None:
        return [(name, name) for name in ACTIVATIONS]
    found = []
    for name in filter(None, (part.strip() for part in given.split(","))):
        hidden, _, output = name.partition("/")
        for one in (hidden, output or hidden):
            if one not in ACTIVATIONS:
                raise BackproveError(f"--activations: {one[:60]!r} is not one of {', '.join(ACTIVATIONS)}")
        found.append((hidden, output or hidden))
    if not found:
        raise BackproveError(f"--activations: is empty; choose among {', '.join(ACTIVATIONS)}")
    return list(dict.fromkeys(found))


def _losses(given: str | None, all_up_to: int | None) -> tuple[str, ...] | None:
    """None: squared_error, and each logarithmic loss behind the outputs it is made for."""
    from backprove.case import LOSSES

    if given is None and not all_up_to:
        return None
    return LOSSES if given in (None, "all") else chosen("--loss", given, LOSSES)
