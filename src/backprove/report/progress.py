"""A search under way: bars on stderr, and Ctrl-C."""

import contextlib
import itertools
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backprove.report.words import safe

Advance = Callable[[str, int], None]
"""Called with a domain and how many of its networks are done."""


@contextlib.contextmanager
def interruptible(advance: Advance) -> Iterator[Advance]:
    """Ctrl-C ends the search between two networks, wherever Python happens to be; a second one ends it at once."""
    asked = False

    def ask(signum: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def look(domain: str, done: int) -> None:
        nonlocal asked
        advance(domain, done)
        if asked:
            asked = False
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield look
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield look
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def progress(domains: tuple[str, ...], networks: int | None, quiet: bool) -> Iterator[Advance]:
    """A bar a domain on stderr, only on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda domain, done: None
        return
    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=networks) for name in domains}
        yield lambda domain, done: bars.update(tasks[domain], completed=done)


@contextlib.contextmanager
def counted(name: str, quiet: bool) -> Iterator[Callable[[], None]]:
    """One bar, to be called for each thing that is done."""
    done = itertools.count(1)
    with progress((name,), None, quiet) as show, interruptible(show) as advance:
        yield lambda: advance(name, next(done))


@contextlib.contextmanager
def working(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line on stderr, only on a terminal, to be told what is at work."""
    if quiet or not sys.stderr.isatty():
        yield lambda what: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda what: bars.update(task, description=escape(safe(what)), refresh=True)
