"""Markdown's own words: tables, and text that must not become markup."""

import re
from collections.abc import Iterable, Sequence

from backprove.report.words import safe

FIRST = re.compile("^((-+|[0-9]+[.])(?= |$)|>)")
"""What at the beginning of a line makes a list, a rule or a quotation."""


def escaped(text: str) -> str:
    """Text from outside that must not become Markdown or HTML."""
    text = safe(text).lstrip(" ").replace("&", "&amp;").replace("<", "&lt;")  # four blanks would make it code
    text = "".join("\\" + c if c in "\\`*_{}[]()#+!|~" else c for c in text)
    return FIRST.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", text)


def fenced(lines: Iterable[str]) -> list[str]:
    """A block of code of lines from outside, none of which can end it."""
    kept = [safe(line) for line in lines]
    fence = "`" * max(3, 1 + max((len(run) for line in kept for run in re.findall("`+", line)), default=0))
    return [fence, *kept, fence]


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]


def escaped_rows(rows: Iterable[Sequence[str]]) -> Iterable[list[str]]:
    """Rows of a table of text from outside."""
    return ([escaped(cell) for cell in row] for row in rows)
