"""Commands that compare engines on networks: run, replay."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backprove.cli import complete
from backprove.cli.app import app
from backprove.cli.options import (
    Debug,
    Engines,
    Foreign,
    Json,
    NoColor,
    PathsBudget,
    Quiet,
    Reports,
    check_reports,
    chosen,
    command,
    failures_folder,
    finish,
    load_engines,
    paths_budget,
    seconds,
)

if TYPE_CHECKING:
    from backprove.findings import GalleryReport


@app.command()
def run(
    context: typer.Context,
    networks: Annotated[int, typer.Option("--networks", min=1, help="Networks in every domain.")] = 200,
    time_limit: Annotated[str | None, typer.Option("--for", metavar="60s", help="As many networks as fit.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same networks.")] = 0,
    max_layers: Annotated[int, typer.Option("--max-layers", min=1, max=64, help="Deepest network.")] = 4,
    max_width: Annotated[int, typer.Option("--max-width", min=1, max=512, help="Widest layer, in units.")] = 5,
    max_batch: Annotated[int, typer.Option("--max-batch", min=1, max=512, help="Most samples.")] = 8,
    activations: Annotated[
        str | None,
        typer.Option("--activations", autocompletion=complete.activations, help="Comma-separated; all by default."),
    ] = None,
    losses: Annotated[
        str | None, typer.Option("--losses", autocompletion=complete.losses, help="Comma-separated; all by default.")
    ] = None,
    domains: Annotated[
        str | None, typer.Option("--domains", autocompletion=complete.domains, help="Comma-separated; all by default.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=1024, help="Processes that draw; by default one a core.")
    ] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="dask:ADDRESS", help="A cluster that draws instead.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="Keep what is done there, and go on from it.")
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="End where the first disagreement is seen.")] = False,
    engines: Engines = "neuron,matrix,paths",
    engine: Foreign = None,
    budget: PathsBudget = None,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="The literature's formulations and the questions as well.")
    ] = False,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """Random networks: compare the engines on each, entry by entry."""
    import time
    from functools import partial

    from msgspec import structs

    from backprove.bench import costs
    from backprove.campaign import Settings, State, search
    from backprove.case import ACTIVATIONS, LOSSES
    from backprove.cli.workers import digests, workers
    from backprove.domains import DOMAINS
    from backprove.report.progress import interruptible, progress

    settings = Settings(
        networks=networks,
        seconds=None if time_limit is None else seconds(time_limit),
        seed=seed,
        max_layers=max_layers,
        max_width=max_width,
        max_batch=max_batch,
        activations=chosen("--activations", activations, ACTIVATIONS),
        losses=chosen("--losses", losses, LOSSES),
        domains=chosen("--domains", domains, tuple(DOMAINS)),
    )
    check_reports(report)
    folder = failures_folder()
    loaded = load_engines(engines, engine, paths_budget(budget))
    kept = None if state is None else State(state, settings, digests(list(loaded), budget))
    bars = progress(settings.domains, networks if time_limit is None else None, quiet)
    with workers(executor, jobs, settings) as pool, bars as show, interruptible(show) as advance:
        found = search(
            settings,
            loaded,
            progress=advance,
            executor=pool,
            load=partial(load_engines, engines, engine, paths_budget(budget)),
            state=kept,
            fail_fast=fail_fast,
            used=time.perf_counter() - context.obj,  # what it took to begin
        )
    if gallery and not found.interrupted:
        found = structs.replace(found, gallery=_gallery(seed, settings.domains, quiet))
    if report:
        found = structs.replace(found, timing={**found.timing, "costs": costs()})
    found = structs.replace(found, command=command(context))
    finish(found, loaded, json, report, quiet, no_color, folder=folder)


def _gallery(seed: int, domains: tuple[str, ...], quiet: bool) -> "GalleryReport":
    from backprove.gallery import gallery
    from backprove.report.progress import counted

    with counted("gallery", quiet) as tick:
        return gallery(questions=True, domains=domains, seed=seed, tick=tick)


@app.command()
def replay(
    context: typer.Context,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="ID|FILE", autocompletion=complete.recorded, help="A recorded id, or a file with cases."
        ),
    ],
    engines: Annotated[
        str | None,
        typer.Option("--engines", autocompletion=complete.engines, help="Other built-in engines than recorded."),
    ] = None,
    engine: Foreign = None,
    domains: Annotated[
        str | None, typer.Option("--domains", autocompletion=complete.domains, help="Other domains than recorded.")
    ] = None,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """One recorded failing case again."""
    from dataclasses import replace

    from msgspec import structs

    from backprove.campaign.replay import recorded
    from backprove.campaign.replay import replay as run_again
    from backprove.domains import DOMAINS
    from backprove.engines import ENGINES

    check_reports(report, Path(reference))
    cases = recorded(reference)
    if domains is not None:
        wanted = chosen("--domains", domains, tuple(DOMAINS))
        cases = [replace(one, domain=name) for one in cases for name in wanted]
    before = [name for name in cases[0].engines if name not in ENGINES]
    built_in = [name for name in cases[0].engines if name in ENGINES] or list(ENGINES)
    loaded = load_engines(engines or ",".join(built_in), engine if engine is not None else before)
    found = structs.replace(run_again(cases, loaded), command=command(context))
    finish(found, loaded, json, report, quiet, no_color, folder=None)
