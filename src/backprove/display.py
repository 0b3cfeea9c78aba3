"""Data shows itself in a notebook without knowing how: drawing is the reports' job, data only knows whom to ask."""

from importlib import import_module
from typing import Any

MOST_TEXT = 10_000  # characters of a repr that a notebook keeps beside what is drawn


class Shown:
    """A mixin with IPython's methods; `repr` stays what it is.

    Without the extra `report` there is no HTML (None), and a notebook shows the Markdown. Nothing else is caught.
    """

    __slots__ = ()  # for the findings, which have no dict

    def _repr_html_(self) -> str | None:
        found: str | None = _writers().html(self)
        return found

    def _repr_markdown_(self) -> str:
        found: str = _writers().markdown(self)
        return found

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The text that IPython shows and a notebook keeps: the repr, cut, as that of a network may be megabytes."""
        text = repr(self)
        more = len(text) - MOST_TEXT
        printer.text(text if more <= 0 else f"{text[:MOST_TEXT]} … {more:,} more characters, by repr(…)")


def _writers() -> Any:
    # By name, when a notebook asks: an import would turn the walls around, by which reports know the data and data
    # knows nobody; and it would load the writers wherever a case is made.
    return import_module("backprove.notebook")
