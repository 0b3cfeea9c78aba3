"""What the commands share: their options, and what is done with engines, reports and complaints."""

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from backprove.cli import complete
from backprove.errors import BackproveError

if TYPE_CHECKING:
    from rich.console import Console

    from backprove.engines import Engine
    from backprove.findings import AnyReport, Disagreement, Report, Tour

TROUBLE = 2
MOST_TOURS = 12  # networks that a page walks through
SHOWING = ("json", "report", "quiet", "no_color", "debug", "html", "form", "everything", "jobs", "executor", "state")

Json = Annotated[bool, typer.Option("--json", help="Machine output on stdout, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="The verdict, and what disagrees.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (as with NO_COLOR).")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Reports = Annotated[
    list[Path] | None, typer.Option("--report", help="Write a report; .html, .md or .json by the name. Repeatable.")
]
Engines = Annotated[
    str,
    typer.Option("--engines", autocompletion=complete.engines, help="Built-in engines to compare, comma-separated."),
]
Foreign = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="FILE.py:FUNCTION",
        autocompletion=complete.foreign,
        help="Another (case, domain) -> Gradient, or torch, jax, autograd. Repeatable.",
    ),
]

PathsBudget = Annotated[
    str | None,
    typer.Option(
        "--paths-budget",
        metavar="COUNT|TIME",
        help="Paths, or seconds (2s), that engine paths may take for a network; what weights it leaves is said.",
    ),
]


def finish(
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
    from msgspec import structs

    from backprove.autodiff import AUTODIFF, REMARKS
    from backprove.case import case_to
    from backprove.derivation import default
    from backprove.report import json as json_report
    from backprove.report.terminal import show_report
    from backprove.verdict import Verdict
    from backprove.versions import installed

    libraries = installed(name for name in engines if name in AUTODIFF)
    remarks = [line for name in engines for line in REMARKS.get(name, ())]
    found = structs.replace(found, remarks=remarks, versions=found.versions | libraries)
    if folder:
        keep(found.disagreements, list(engines), folder)
    places = [(one.case, one.address) for one in found.disagreements]
    write_reports(found, reports, lambda: walks([*places[: MOST_TOURS - 1], (case_to(default()), "W1[1,1]")]))
    if json:
        sys.stdout.write(json_report.write(found))
    else:
        show_report(found, console(no_color), quiet=quiet)
    code = int(Verdict[found.verdict])
    raise typer.Exit(TROUBLE if found.interrupted and code != Verdict.DISAGREE else code)


def write_reports(report: "AnyReport", paths: list[Path] | None, tours: "Callable[[], list[Tour]]") -> None:
    """Write every report asked for; `tours` are made only where a page is among them."""
    from backprove.report import write_report

    walked = tours() if any(path.suffix.lower() == ".html" for path in paths or ()) else []
    for path in paths or ():
        write_report(report, path, walked)


def walks(places: "Iterable[tuple[dict[str, Any] | None, str | None]]") -> "list[Tour]":
    """A tour of each case (as data) around an entry, or its first weight; of those that can be derived at all."""
    from backprove.case import Address, case_from
    from backprove.derivation import tour

    found: list[Tour] = []
    for data, label in places:
        if data is None or data.get("modulus") or len(found) >= MOST_TOURS:
            continue
        case = case_from(data)
        with contextlib.suppress(BackproveError):  # too large to be written out: it is drawn all the same
            # by default a hidden weight next to the output layer, as in the question
            entry = Address.of(label) if label else Address(max(1, len(case.layers) - 1), 1, 1)
            found.append(tour(case, entry))
    return found


def keep(found: "Sequence[Disagreement]", engines: list[str], folder: Path) -> None:
    """Put what failed on record, for `backprove replay`."""
    from backprove.campaign import replay as recording

    if not found:
        return
    try:
        recording.record(found, engines, folder)
    except BackproveError as error:
        complain(f"{error}; the cases are not recorded, replay them from a --report x.json")


def load_engines(
    built_in: str, foreign: list[str] | None, paths_budget: dict[str, Any] | None = None
) -> "dict[str, Engine]":
    from functools import partial

    from backprove.autodiff import AUTODIFF
    from backprove.candidate import load_function
    from backprove.engines import ENGINES, paths
    from backprove.formulations import FORMULATIONS

    names = chosen("--engines", built_in, tuple(ENGINES)) if built_in.strip() else ()
    engines: dict[str, Engine] = {name: ENGINES[name] for name in names}
    if paths_budget and "paths" in engines:
        engines["paths"] = partial(paths.engine, **paths_budget)
    for spec in foreign or ():
        if spec in AUTODIFF:
            engines[spec] = AUTODIFF[spec]()
        elif not (":" in spec or spec.endswith(".py") or spec in FORMULATIONS):
            known = f"{', '.join(AUTODIFF)}, FILE.py:FUNCTION, or ROW/READING of the gallery"
            raise BackproveError(f"--engine: {spec[:60]!r} is none of {known}")
        else:
            engines[spec] = FORMULATIONS[spec] if spec in FORMULATIONS else load_function(spec)
    if len(engines) < 2:
        raise BackproveError("--engines: one engine alone agrees with nobody; name at least two")
    return engines


def chosen(option: str, given: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
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


def seconds(text: str, option: str = "--for") -> float:
    unit = {"s": 1, "m": 60, "h": 3600}
    number, scale = (text[:-1], unit[text[-1]]) if text[-1:] in unit else (text, 1)
    try:
        found = float(number) * scale
    except ValueError:
        found = 0
    if not 0 < found < 1e9:
        raise BackproveError(f"{option}: {text!r} is not a time such as 60s, 5m or 2h")
    return found


def paths_budget(text: str | None) -> dict[str, Any]:
    """What engine paths is told of a --paths-budget: so many paths, or seconds; nothing where there is none."""
    if text is None:
        return {}
    if re.fullmatch(r"[0-9][0-9,_]{0,20}", text):
        return {"budget": int(text.replace(",", "").replace("_", ""))}
    if text[-1:] in "smh":
        return {"seconds": seconds(text, "--paths-budget")}
    raise BackproveError(f"--paths-budget: {text[:60]!r} is neither a count such as 1000000 nor a time such as 2s")


def failures_folder() -> Path:
    """Where failing cases go, wherever somebody's engine may change to in between."""
    from backprove.campaign.replay import FOLDER

    return Path.cwd() / FOLDER


def check_reports(paths: list[Path] | None, *inputs: Path) -> None:
    """Refuse what cannot be written, and what would be written over an input."""
    from backprove.report import check_report_path

    for path in paths or ():
        check_report_path(path)
        if any(path.exists() and file.exists() and path.samefile(file) for file in inputs):
            raise BackproveError(f"{path}: is what is read here; name another place for the report")


def console(no_color: bool) -> "Console":
    from rich.console import Console

    plain = no_color or bool(os.environ.get("NO_COLOR"))  # bold and dim are as unwanted as colours
    return Console(color_system=None if plain else "auto", highlight=False, markup=False)


def command(context: typer.Context) -> str:
    """The command line that finds the same again: what was given, but for where and how to show it."""
    said, given = ["backprove", str(context.info_name)], []
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if parameter.name in SHOWING or value is None or value == parameter.get_default(context):
            continue
        values = value if isinstance(value, (list, tuple)) else [value]
        if parameter.param_type_name == "argument":
            given += [str(one) for one in values]
        else:
            for one in values:
                said += [parameter.opts[0]] if isinstance(one, bool) else [parameter.opts[0], str(one)]
    return shlex.join([*said, *given])


def complain(line: str) -> None:
    from backprove.report.words import safe

    line = line if len(line) <= 600 else f"{line[:400]} … {line[-150:]}"
    print(f"backprove: {safe(line)}", file=sys.stderr)
