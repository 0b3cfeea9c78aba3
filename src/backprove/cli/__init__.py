"""The command line. Exit codes: 0 all agree, 1 a disagreement, 2 trouble, 3 something stayed undecided."""

import os
import sys
import tempfile
import time
import traceback
from typing import Any

import typer

from backprove.cli import bench, check, compare, explain, gallery, networks, prove
from backprove.cli.app import app
from backprove.cli.options import TROUBLE, complain
from backprove.errors import BackproveError
from backprove.threads import one_thread

__all__ = ["app", "bench", "check", "compare", "explain", "gallery", "main", "networks", "prove", "script"]

# typer brings its own copy of click; this is the base of all its complaints about usage.
UsageTrouble: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; every complaint is one line on stderr."""
    whole, arguments = arguments is None, (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        complain("standard output is closed; there is nowhere to say anything")
        return TROUBLE
    began = time.perf_counter() - (time.process_time() if whole else 0)
    one_thread()
    # Hypothesis keeps a cache of its own, which is nobody's business here.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "backprove-hypothesis"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ≠ shows ?, it does not crash
    try:
        code = app(arguments, standalone_mode=False, prog_name="backprove", obj=began)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except typer.Exit as leave:
        if isinstance(leave.__cause__, KeyboardInterrupt):  # which typer gives a code of its own
            complain("interrupted")
            return TROUBLE
        return leave.exit_code
    except SystemExit:  # typer's own way out where the reader of a pipe had enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except UsageTrouble as trouble:
        complain(f"{trouble.format_message()} (see backprove --help)")
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
    except BackproveError as error:
        complain(str(error))
        if "--debug" in arguments:
            traceback.print_exc()
    except BrokenPipeError:  # the reader had enough; nothing is left to say, at exit neither
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except OSError as error:
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except Exception as error:
        complain(f"a bug of backprove: {type(error).__name__}: {error} (--debug shows where; please report it)")
        if "--debug" in arguments:
            traceback.print_exc()
    return TROUBLE


def script() -> None:
    """The `backprove` command."""
    sys.exit(main())
