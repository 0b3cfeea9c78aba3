"""The command check: somebody's backprop, judged."""

import ast
import sys
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    command,
    complain,
    console,
    failures_folder,
    walks,
    write_reports,
)
from backprove.errors import BackproveError

if TYPE_CHECKING:
    from backprove.check import Examined


@app.command()
def check(
    context: typer.Context,
    candidates: Annotated[list[str], typer.Argument(metavar="FILE.py:FUNCTION …", help="Or FOLDER/*.py:FUNCTION.")],
    networks: Annotated[int, typer.Option("--networks", min=1, help="Networks to judge it on.")] = 60,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="ID|FILE", autocompletion=complete.recorded, help="On this network alone."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same networks.")] = 0,
    activations: Annotated[
        str | None,
        typer.Option("--activations", autocompletion=complete.activations, help="One for all, or hidden,output."),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", autocompletion=complete.loss, help="What it says it minimises.")
    ] = None,
    loss_scale: Annotated[str | None, typer.Option("--loss-scale", help="Such as 1/2.")] = None,
    reduction: Annotated[
        str | None, typer.Option("--reduction", autocompletion=complete.reduction, help="sum, mean or mean_all.")
    ] = None,
    layers: Annotated[str | None, typer.Option("--layers", help="any, a number, or sizes such as 3-2-1.")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="any, or a number of samples.")] = None,
    biases: Annotated[str | None, typer.Option("--biases", help="yes or no.")] = None,
    layout: Annotated[
        str | None, typer.Option("--layout", autocompletion=complete.layout, help="Of weights: out,in or in,out.")
    ] = None,
    samples: Annotated[str | None, typer.Option("--samples", help="rows or columns.")] = None,
    max_layers: Annotated[int, typer.Option("--max-layers", min=1, max=16, help="Deepest network.")] = 4,
    max_width: Annotated[int, typer.Option("--max-width", min=1, max=64, help="Widest layer, in units.")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=3600, help="Time limit of a call.")] = 5.0,
    json: Json = False,
    report: Reports = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """Somebody's backprop against the engines: is it right, for what, where is it wrong, and why."""
    from msgspec import structs

    from backprove.check import Examined, examine, finding, together
    from backprove.findings import CheckFinding
    from backprove.report import json as json_report
    from backprove.report.terminal_check import show_checks, show_reasons, show_verdict
    from backprove.verdict import Verdict

    options = {
        "activations": activations, "loss": loss, "loss_scale": loss_scale, "reduction": reduction, "layers": layers,
        "batch": batch, "biases": biases, "layout": layout, "samples": samples,
    }  # fmt: skip
    given = {key: value for key, value in options.items() if value is not None}
    drawing = {"max_layers": max_layers, "max_width": max_width}
    specs, folder, screen = _specs(candidates), failures_folder(), console(no_color)
    check_reports(report, *(Path(spec.rpartition(":")[0]) for spec in specs))
    alone = _case(case)
    each = not json and (len(specs) == 1 or not quiet)  # said one by one, the verdict before the reasons are known

    def judged(seen: Examined) -> None:
        if each:
            show_verdict(finding(seen, seed), screen)

    found: list[CheckFinding] = []
    troubles: list[str] = []
    for spec in specs:
        try:
            seen = examine(
                spec, given, networks=networks, seed=seed, settings=drawing, seconds=seconds, only=alone, judged=judged
            )
        except BackproveError as error:
            complain(str(error))
            troubles.append(str(error))
            continue
        except KeyboardInterrupt:
            troubles.append(f"{spec}: interrupted; what follows was not asked")
            complain(troubles[-1])
            break
        found.append(finding(seen, seed))
        _keep(seen, folder)
        if each:
            show_reasons(found[-1], screen, quiet=quiet)
            screen.print(end="" if len(specs) == 1 else "\n")
    if not found:
        raise typer.Exit(TROUBLE)
    outcome: Any = structs.replace(found[0] if len(specs) == 1 else together(found, troubles), command=command(context))
    write_reports(outcome, report, lambda: walks((f.case, f.first_difference) for f in found))
    if json:
        sys.stdout.write(json_report.write(outcome))
    elif len(specs) > 1:
        show_checks(outcome, screen)
    code = int(Verdict[outcome.verdict])
    raise typer.Exit(TROUBLE if troubles and code != Verdict.DISAGREE else code)


def _specs(given: list[str]) -> list[str]:
    """The candidates; a file name with * or ? stands for all that match, in order."""
    found = []
    for spec in given:
        file, _, function = spec.rpartition(":")
        if not any(c in file for c in "*?[") or Path(file).exists():
            found.append(spec)
            continue
        matches = sorted(glob(file))
        if not matches:
            raise BackproveError(f"{spec}: no file matches {file}")
        having = [match for match in matches if _may_have(match, function)]
        if not having:
            raise BackproveError(f"{spec}: none of {len(matches)} files has a function {function}")
        found += [f"{match}:{function}" for match in having]
        for match in matches:
            if match not in having:
                complain(f"{match}: has no {function}, left out")
    return list(dict.fromkeys(found))


def _may_have(file: str, name: str) -> bool:
    """Whether the name stands anywhere in the file's code, or the code cannot be read: then loading it says why."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(
        (isinstance(node, named) and node.name == name)
        or (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.alias) and {name, "*"} & {node.name, node.asname})
        for node in ast.walk(tree)
    )


def _case(reference: str | None) -> Any:
    from backprove.campaign.replay import recorded

    return None if reference is None else recorded(reference)[0].case


def _keep(seen: "Examined", folder: Path) -> None:
    """Put the smallest network on record, for --case."""
    from backprove.campaign import Look, disagreement
    from backprove.cli.options import keep
    from backprove.engines import ENGINES

    if seen.smallest is not None:
        keep([disagreement(Look(seen.smallest.comparison))], list(ENGINES), folder)
