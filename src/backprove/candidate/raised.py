"""What a candidate raised, in words: one line with the place in its own file, and the traceback without our frames."""

import os
import traceback
from types import TracebackType

HERE = os.path.dirname(__file__)


def raised(error: BaseException, file: str) -> dict[str, str]:
    """`failure`, `kind` and `traceback`, as in Answer. `file`: that of the candidate, without links."""
    name, place = type(error).__name__, ""
    tb, last = _own_frames(error), None
    while tb is not None:
        last = tb.tb_lineno if os.path.realpath(tb.tb_frame.f_code.co_filename) == file else last
        tb = tb.tb_next
    if last is not None:
        place = f" ({os.path.basename(file)}:{last})"
    try:
        text = " ".join(str(error).split())
    except BaseException:
        text = "an exception whose text cannot be had"
    try:
        lines = traceback.format_exception(type(error), error, _own_frames(error), limit=-30)
        shown = "".join(lines)[-20_000:]
    except BaseException:
        shown = ""
    if isinstance(error, MemoryError):
        return {"failure": place, "kind": "memory", "traceback": shown}
    if isinstance(error, SystemExit):
        return {"failure": f"left with sys.exit({text})"[:200] + place, "kind": "exit", "traceback": shown}
    line = f"raised {name}: {text}" if text else f"raised {name}"
    line = line if len(line) <= 200 else line[:197] + "..."
    return {"failure": line + place, "kind": f"raised {name}"[:100], "traceback": shown}


def _own_frames(error: BaseException) -> TracebackType | None:
    """The frames below ours."""
    tb = error.__traceback__
    while tb is not None and os.path.dirname(tb.tb_frame.f_code.co_filename) == HERE:
        tb = tb.tb_next
    return tb
