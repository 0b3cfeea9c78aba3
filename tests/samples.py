"""The committed reports: what each was made by. `python tests/samples.py [NAME …]` makes them anew, in reports/.

What the processor, the clock or the installed versions decide is compared as such: numbers by their first 6 digits;
charts, times, fractions of the rounding bound and last digits not at all.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from transcripts import FILE, README, ROOT

from backprove.cli import main

REPORTS = ROOT / "reports"
SAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "agreement": ("run --seed 20261122", (".html", ".md", ".json")),
    "disagreement": ("check homework.py:gradients", (".html", ".md", ".json")),
    "gallery": ("gallery", (".html", ".md")),
    "questions": ("gallery --questions", (".html",)),
    "mazur": ("compare mazur-2015.json", (".html", ".md")),
    "explain": ("explain --weight 1,1,1", (".html",)),
}
"""Name → the command, and as what its report is kept."""
CODES = {"agreement": 0, "explain": 0, "questions": 0}
SLOW = ("agreement", "gallery", "questions", "mazur")

NUMBER = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?|-?\d+e[+-]?\d+")
WAYS = "neuron|matrix|paths"
BY_CHANCE = re.compile(
    "|".join(
        (
            r'<svg aria-hidden="true".*?</svg>',  # charts
            r'<section id="cost">.*?</section>|## What a gradient costs.*?(?=## )',
            rf'<tr><th scope="row">({WAYS})</th>.*?</tr>|\| ({WAYS}) \|[^\n]*',  # all digits of a value
            rf"<details><summary>\w+ in numbers</summary>.*?</details>|\| ({WAYS}) / ({WAYS}) \|[^\n]*",
            r"<li>float(64|32) against .*?</li>|- The bound of [^\n]*",
            r'version of [^\n]*|generator" content=[^>]*|Written by backprove [\d.]+',
            r"\| (rounding|the loss itself) \|[^\n]*",
            r"[\d.e+-]+(?= of the (rounding )?bound)|[\d.e+-]+ times (as|what)[^.<;]*",
            r"they differ by[^<\n]*|, to the last bit[^<\n]*|[\d.e+-]+ ± [\d.e+-]+|\[[-\d.e]+ \+/- [\d.e-]+\]",
            r'title="[^"]*"|--shade: [\d.]+|<title>.*?</title>',  # differences in the last digit
        )
    ),
    re.DOTALL,
)


def make(name: str, folder: Path) -> None:
    """Write the reports of that name into a folder. Raises AssertionError where the command says something else."""
    command, suffixes = SAMPLES[name]
    reports = [part for suffix in suffixes for part in ("--report", str(folder / f"{name}{suffix}"))]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(ROOT / "tests" / "worked_examples" / "mazur-2015.json", place)
        for m in FILE.finditer(README.read_text(encoding="utf-8")):
            Path(place, m[2]).write_text(m[1], encoding="utf-8")
        os.chdir(place)
        try:
            assert main([*command.split(), "--quiet", *reports]) == CODES.get(name, 1), name
        finally:
            os.chdir(before)


def settled(text: str) -> list[str]:
    """The lines of a report without what the processor decides."""
    text = BY_CHANCE.sub("#", text)
    return NUMBER.sub(lambda m: f"{float(m[0]):.5g}", text).splitlines()


if __name__ == "__main__":
    for sample in sys.argv[1:] or SAMPLES:
        make(sample, REPORTS)
