"""Files in and out: JSON read with the reason why not, text written whole or not at all."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from backprove.errors import BackproveError

MAX_BYTES = 256 * 2**20


def read_json(path: Path) -> Any:
    """The decoded content of a JSON file; NaN and Infinity come through, for the reader to refuse with their place.

    Raises BackproveError with the file's name and the reason.
    """
    try:
        if path.is_dir():
            raise BackproveError(f"{path}: is a folder, not a JSON file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BackproveError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise BackproveError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
    try:
        text = data.decode("utf-8-sig")
        if not text.strip():
            raise BackproveError(f"{path}: is empty")
        return json.loads(text, object_pairs_hook=_without_repetition)
    except UnicodeDecodeError:
        raise BackproveError(f"{path}: not valid JSON: not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise BackproveError(f"{path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from None
    except _Repeated as error:
        raise BackproveError(f"{path}: not valid JSON: the key {str(error)[:80]!r} stands there twice") from None
    except RecursionError:
        raise BackproveError(f"{path}: not valid JSON: nested too deeply") from None
    except ValueError as error:  # integers of thousands of digits
        raise BackproveError(f"{path}: not valid JSON: {error}") from None


class _Repeated(Exception):
    pass


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Repeated(next(key for key in keys if keys.count(key) > 1))
    return found


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises BackproveError where the place or the text does not allow it."""
    temporary, place = "", Path(os.path.realpath(path))  # what a link stands for, not the link
    try:
        data = text.encode("utf-8")
        if path.is_dir():
            raise BackproveError(f"{path}: is a folder; name a file")
        if place.exists() and not place.is_file():
            raise BackproveError(f"{path}: is no ordinary file; name another place")
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".backprove-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, place)
        temporary = ""
    except (OSError, UnicodeEncodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or error
        raise BackproveError(f"{path}: cannot be written: {reason}") from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
