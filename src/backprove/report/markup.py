"""Markdown's own words: tables, and text that must not become markup."""

from collections.abc import Iterable, Sequence

from backprove.report.words import safe


def escaped(text: str) -> str:
    """Text from outside that must not become Markdown or HTML."""
    text = safe(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + c if c in "\\`*_{}[]()#+!|~" else c for c in text)


def table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]


def escaped_rows(rows: Iterable[Sequence[str]]) -> Iterable[list[str]]:
    """Rows of a table of text from outside."""
    return ([escaped(cell) for cell in row] for row in rows)
