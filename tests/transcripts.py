"""The README's samples: what it prints is what the program prints. `python tests/transcripts.py` writes them anew.

They are made as without python-flint, which who follows the README's first command does not have. What the processor
decides (the last digits of exp, the order of a product's sums) is compared as such: numbers by their first 9 digits;
how much of the rounding bound a difference takes up, what the oracles measured and how sharply, not at all.
"""

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backprove.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"```console\n\$ (backprove [^\n]*)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"```python\n(# (\w+\.py):[^\n]*\n.*?)```", re.DOTALL)
PROCESSOR = re.compile(
    r"[\d.e+-]+(?= of the bound| times what rounding| times as far off)|(?<=explains \()[\d.e+-]+"
    r"|[\d,]+ entries zero in every engine(, [\d,]+ no larger than their rounding)?"
    r"|: they differ by [\d.e+-]+ at most, [\d.e+-]+ of the rounding bound|, to the last bit; the rounding bound is"
    r"|[\d.e+-]+ ± [\d.e+-]+|[\d,]+ entries(?= central differences)"
)
# Lines that are there where the count is not 0.
UNHEARD = re.compile(
    r" not covered: [\d,]+ entr(y|ies) (at a kink or of a function they lack|that the oracles are not sharp enough for)"
)
NUMBER = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?")


def samples() -> list[tuple[str, str]]:
    """(command, what the README says it prints)."""
    return [(m[1], m[2]) for m in BLOCK.finditer(README.read_text(encoding="utf-8"))]


@contextlib.contextmanager
def reader() -> Iterator[Path]:
    """A folder as a reader of the README has it: the worked examples, and the files that the README shows."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "tests" / "worked_examples", folder / "tests" / "worked_examples")
        for m in FILE.finditer(README.read_text(encoding="utf-8")):
            (folder / m[2]).write_text(m[1], encoding="utf-8")
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def printed(command: str) -> tuple[str, int]:
    """What a command prints on a terminal 100 columns wide without colours, and its exit code."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("COLUMNS", "100")
        patch.setenv("NO_COLOR", "1")
        patch.setattr("backprove.cli.workers.cores", lambda: 1)  # others have flint
        patch.setitem(sys.modules, "flint", None)  # not mock.patch.dict, which forgets what was imported meanwhile
        code = main(command.split()[1:])
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n", code


def settled(text: str) -> str:
    """The text without what the processor decides."""
    text = " ".join(text.split())  # a masked number may be longer or shorter, and fold its line elsewhere
    return NUMBER.sub(lambda m: f"{float(m[0]):.9g}", PROCESSOR.sub("#", UNHEARD.sub("", text)))


def rewrite() -> None:
    """Write what the program prints into the README."""
    text = README.read_text(encoding="utf-8")
    with reader():
        for command, before in samples():
            text = text.replace(f"$ {command}\n{before}```", f"$ {command}\n{printed(command)[0]}```")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(rewrite())
