"""`python -m backprove`, and the `backprove` command."""

import os
import sys


def script() -> None:
    """The command. `--version` alone is answered before anything is loaded that answers the rest."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        sys.exit(_say_versions())
    from backprove.cli import script as command

    command()


def _say_versions() -> int:
    from backprove.versions import said

    try:
        sys.stdout.write(said())
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        if not isinstance(error, BrokenPipeError) and sys.stderr is not None:
            print(f"backprove: standard output: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    script()
