"""The command line. Exit codes: 0 all agree, 1 a disagreement, 2 trouble, 3 something stayed undecided."""

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from backprove.errors import BackproveError

if TYPE_CHECKING:
    from rich.console import Console

    from backprove.engines import Engine
    from backprove.findings import Report

TROUBLE = 2
# typer brings its own copy of click; this is the base of all its complaints about usage.
UsageTrouble: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    name="backprove",
    help="Verify, side by side, that formulations of backpropagation compute the same gradient.",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Machine output on stdout, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="The verdict, and what disagrees.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (as with NO_COLOR).")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Reports = Annotated[
    list[Path] | None, typer.Option("--report", help="Write a report; .json or .md by the name. Repeatable.")
]
Engines = Annotated[str, typer.Option("--engines", help="Built-in engines to compare, comma-separated.")]
Foreign = Annotated[
    list[str] | None,
    typer.Option("--engine", metavar="FILE.py:FUNCTION", help="Another (case, domain) -> Gradient. Repeatable."),
]


@app.command()
def run(
    networks: Annotated[int, typer.Option("--networks", min=1, help="Networks in every domain.")] = 200,
    time_limit: Annotated[str | None, typer.Option("--for", metavar="60s", help="As many networks as fit.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same networks.")] = 0,
    max_layers: Annotated[int, typer.Option("--max-layers", min=1, max=64, help="Deepest network.")] = 4,
    max_width: Annotated[int, typer.Option("--max-width", min=1, max=512, help="Widest layer, in units.")] = 5,
    max_batch: Annotated[int, typer.Option("--max-batch", min=1, max=512, help="Most samples.")] = 8,
    activations: Annotated[str | None, typer.Option("--activations", help="Comma-separated; all by default.")] = None,
    losses: Annotated[str | None, typer.Option("--losses", help="Comma-separated; all by default.")] = None,
    domains: Annotated[str | None, typer.Option("--domains", help="Comma-separated; all by default.")] = None,
    engines: Engines = "neuron,matrix,paths",
    engine: Foreign = None,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """Random networks: compare the engines on each, entry by entry."""
    from backprove.campaign import Settings, search
    from backprove.case import ACTIVATIONS, LOSSES
    from backprove.domains import DOMAINS
    from backprove.report.progress import interruptible, progress

    settings = Settings(
        networks=networks,
        seconds=None if time_limit is None else _seconds(time_limit),
        seed=seed,
        max_layers=max_layers,
        max_width=max_width,
        max_batch=max_batch,
        activations=_chosen("--activations", activations, ACTIVATIONS),
        losses=_chosen("--losses", losses, LOSSES),
        domains=_chosen("--domains", domains, tuple(DOMAINS)),
    )
    _check_reports(report)
    folder = _failures_folder()
    loaded = _engines(engines, engine)
    bars = progress(settings.domains, networks if time_limit is None else None, quiet)
    with bars as show, interruptible(show) as advance:
        found = search(settings, loaded, progress=advance)
    _finish(found, loaded, json, report, quiet, no_color, folder=folder)


@app.command()
def replay(
    reference: Annotated[str, typer.Argument(metavar="ID|FILE", help="A recorded id, or a file with cases.")],
    engines: Annotated[str | None, typer.Option("--engines", help="Other built-in engines than recorded.")] = None,
    engine: Foreign = None,
    domains: Annotated[str | None, typer.Option("--domains", help="Other domains than recorded.")] = None,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """One recorded failing case again."""
    from dataclasses import replace

    from backprove.campaign.replay import recorded
    from backprove.campaign.replay import replay as run_again
    from backprove.domains import DOMAINS
    from backprove.engines import ENGINES

    _check_reports(report)
    cases = recorded(reference)
    if domains is not None:
        wanted = _chosen("--domains", domains, tuple(DOMAINS))
        cases = [replace(one, domain=name) for one in cases for name in wanted]
    before = [name for name in cases[0].engines if name not in ENGINES]
    built_in = [name for name in cases[0].engines if name in ENGINES] or list(ENGINES)
    loaded = _engines(engines or ",".join(built_in), engine if engine is not None else before)
    _finish(run_again(cases, loaded), loaded, json, report, quiet, no_color, folder=None)


@app.command()
def compare(
    files: Annotated[list[Path], typer.Argument(metavar="CASE.json …", help="Case files (backprove.case/1).")],
    engines: Engines = "neuron,matrix,paths",
    engine: Foreign = None,
    everything: Annotated[bool, typer.Option("--all", help="Every entry and every published number.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """The engines on given networks; published numbers in the files are checked digit by digit."""
    from backprove.case import read_case
    from backprove.contrast import contrast, finding
    from backprove.report import json as json_report
    from backprove.report.terminal import show_comparison
    from backprove.verdict import Verdict

    loaded = _engines(engines, engine)
    cases, trouble = [], False
    for file in files:
        try:
            cases.append(finding(str(file), read_case(file), loaded))
        except BackproveError as error:
            _complain(str(error))
            trouble = True
        except KeyboardInterrupt:
            _complain(f"{file}: interrupted")
            trouble = True
            break
    if cases:
        found = contrast(cases)
        if json:
            sys.stdout.write(json_report.write(found))
        else:
            show_comparison(found, _console(no_color), quiet=quiet, everything=everything)
    raise typer.Exit(TROUBLE if trouble else Verdict[found.verdict])


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"backprove {version('backprove')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    pass


def _finish(
    found: "Report",
    engines: "dict[str, Engine]",
    json: bool,
    reports: list[Path] | None,
    quiet: bool,
    no_color: bool,
    *,
    folder: Path | None,
) -> NoReturn:
    """Keep what failed, write the reports, show the outcome, leave with the verdict's code."""
    from backprove.campaign import replay as recording
    from backprove.report import json as json_report
    from backprove.report import write_report
    from backprove.report.terminal import show_report
    from backprove.verdict import Verdict

    if folder and found.disagreements:
        try:
            recording.record(found.disagreements, list(engines), folder)
        except BackproveError as error:
            _complain(f"{error}; the cases are not recorded, replay them from a --report x.json")
    for path in reports or ():
        write_report(found, path)
    if json:
        sys.stdout.write(json_report.write(found))
    else:
        show_report(found, _console(no_color), quiet=quiet)
    code = int(Verdict[found.verdict])
    raise typer.Exit(TROUBLE if found.interrupted and code != Verdict.DISAGREE else code)


def _engines(built_in: str, foreign: list[str] | None) -> "dict[str, Engine]":
    from backprove.candidate import load_function
    from backprove.engines import ENGINES

    chosen = _chosen("--engines", built_in, tuple(ENGINES)) if built_in.strip() else ()
    engines: dict[str, Engine] = {name: ENGINES[name] for name in chosen}
    for spec in foreign or ():
        engines[spec] = load_function(spec)
    if len(engines) < 2:
        raise BackproveError("--engines: one engine alone agrees with nobody; name at least two")
    return engines


def _chosen(option: str, given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """A comma-separated choice among known names, in their known order."""
    if given is None:
        return known
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise BackproveError(f"{option}: {name!r} is not one of {', '.join(known)}")
    if not names:
        raise BackproveError(f"{option}: is empty; choose among {', '.join(known)}")
    return tuple(name for name in known if name in names)


def _seconds(text: str) -> float:
    unit = {"s": 1, "m": 60, "h": 3600}
    number, scale = (text[:-1], unit[text[-1]]) if text[-1:] in unit else (text, 1)
    try:
        seconds = float(number) * scale
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e9:
        raise BackproveError(f"--for: {text!r} is not a time such as 60s, 5m or 2h")
    return seconds


def _failures_folder() -> Path:
    """Where failing cases go, wherever somebody's engine may change to in between."""
    from backprove.campaign.replay import FOLDER

    return Path.cwd() / FOLDER


def _check_reports(paths: list[Path] | None) -> None:
    from backprove.report import check_report_path

    for path in paths or ():
        check_report_path(path)


def _console(no_color: bool) -> "Console":
    from rich.console import Console

    return Console(no_color=True if no_color else None, highlight=False)


def _complain(line: str) -> None:
    from backprove.report.words import safe

    line = line if len(line) <= 600 else f"{line[:400]} … {line[-150:]}"
    print(f"backprove: {safe(line)}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; every complaint is one line on stderr."""
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        _complain("standard output is closed; there is nowhere to say anything")
        return TROUBLE
    # Hypothesis keeps a cache of its own, which is nobody's business here.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "backprove-hypothesis"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ≠ shows ?, it does not crash
    try:
        code = app(arguments, standalone_mode=False, prog_name="backprove")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except typer.Exit as leave:
        return leave.exit_code
    except UsageTrouble as trouble:
        _complain(f"{trouble.format_message()} (see backprove --help)")
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted")
    except BackproveError as error:
        _complain(str(error))
        if "--debug" in arguments:
            traceback.print_exc()
    except BrokenPipeError:  # the reader had enough; nothing is left to say, at exit neither
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except OSError as error:
        _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except Exception as error:
        _complain(f"a bug of backprove: {type(error).__name__}: {error} (--debug shows where; please report it)")
        if "--debug" in arguments:
            traceback.print_exc()
    return TROUBLE


def script() -> None:
    """The `backprove` command."""
    sys.exit(main())
