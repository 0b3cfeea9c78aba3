"""The application that the commands belong to."""

import os
import shutil
from typing import Annotated, Any

import typer

COMPLETING = "_BACKPROVE_COMPLETE"
"""Set by the shell that asks what may come next, or for the script by which it asks."""
LEAST_HELP = 50


class Application(typer.Typer):
    """Two things that typer leaves to be desired.

    Completion leaves the process by itself, with a code that the shell reads: here that is a code like others. And
    help is never narrower than 50 columns, unless its width is said.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        columns = shutil.get_terminal_size().columns
        if columns < LEAST_HELP + 2:
            kwargs |= {"terminal_width": max(20, columns - 2)}
        try:
            return super().__call__(*args, **kwargs)
        except SystemExit as leave:
            if leave.code == 0 or COMPLETING in os.environ:
                return leave.code
            raise
        except (KeyError, ValueError, IndexError):  # a shell that asks what is no question
            if COMPLETING in os.environ:
                return 1
            raise


app = Application(
    name="backprove",
    help="Verify, side by side, that formulations of backpropagation compute the same gradient.",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from backprove.versions import said

        typer.echo(said(), nl=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="The version, and those that results depend on."
        ),
    ] = False,
) -> None:
    pass
