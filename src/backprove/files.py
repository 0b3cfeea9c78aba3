"""Files in and out: JSON read with the reason why not, text written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from backprove.errors import BackproveError

MAX_BYTES = 512 * 2**20


def read_json(path: Path) -> Any:
    """The decoded content of a JSON file. Raises BackproveError with the file's name and the reason."""
    try:
        if path.is_dir():
            raise BackproveError(f"{path}: is a folder, not a JSON file")
        if path.stat().st_size > MAX_BYTES:
            raise BackproveError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BackproveError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BackproveError(f"{path}: not valid JSON: {error}") from None


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises BackproveError where the place or the text does not allow it."""
    temporary = ""
    try:
        data = text.encode("utf-8")
        if path.is_dir():
            raise BackproveError(f"{path}: is a folder; name a file")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
        temporary = ""
    except (OSError, UnicodeEncodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or error
        raise BackproveError(f"{path}: cannot be written: {reason}") from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
