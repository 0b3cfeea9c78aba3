"""Arrays from .npy, .npz and .safetensors files: never a pickle, and nothing is loaded before its size is known.

Raises BackproveError in one line with the file's name for whatever is truncated, malformed or too large.
"""

import contextlib
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from backprove.case.problem import MAX_WEIGHTS
from backprove.errors import CaseError, MissingExtra

Named = dict[str, npt.NDArray[Any]]

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # bytes of a .npy header: NumPy's own limit
MAX_NAMES = 1_000_000  # bytes of the header of a .safetensors file
MAX_BYTES = 8 * MAX_WEIGHTS + 2 * MAX_NAMES
STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
KEPT = "weights are read from .npz and .safetensors"
INSTEAD = (
    f"{KEPT}, never from a pickle; in PyTorch: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, TypeError, NotImplementedError, RuntimeError)


def read_weights(path: Path) -> Named:
    """The arrays of a .npz or .safetensors file by name, as they are stored (bfloat16 as float32)."""
    readers = {".npz": _npz, ".safetensors": _safetensors}
    if path.suffix.lower() not in readers:
        raise CaseError(str(path), INSTEAD if path.suffix else KEPT)
    found = readers[path.suffix.lower()](path)
    if not found:
        raise CaseError(str(path), "has no arrays")
    return found


def read_array(path: Path) -> npt.NDArray[Any]:
    """The array of a .npy file, or of a .npz file that has one."""
    if path.suffix.lower() == ".npy":
        with _opened(path) as file:
            return _npy(file, str(path), path.stat().st_size)
    if path.suffix.lower() != ".npz":
        raise CaseError(str(path), "inputs and targets are read from .npy, or from .npz with one array")
    found = _npz(path)
    if len(found) != 1:
        raise CaseError(str(path), f"has {len(found)} arrays ({listed(list(found))}); one is needed, or a .npy file")
    return next(iter(found.values()))


def listed(names: list[str], most: int = 6) -> str:
    """Names in a row, cut where there are many."""
    shown = [name if len(name) <= 60 else f"{name[:57]}..." for name in names[:most]]
    return ", ".join(shown) + f", … ({len(names):,} in all)" * (len(names) > most)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, refused where it is none or larger than any network that is compared; what it breaks is one line."""
    try:
        if not path.is_file():
            raise CaseError(str(path), "is a folder or no ordinary file" if path.exists() else "no such file")
        if path.stat().st_size > MAX_BYTES:
            raise CaseError(str(path), f"larger than {MAX_BYTES // 2**20} MiB: compare a part of the network")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CaseError(str(path), f"cannot be read: {error.strerror or error}") from None


def _npy(file: IO[bytes], where: str, size: int) -> npt.NDArray[Any]:
    """One array; `size`: the bytes that are there, header included."""
    try:
        start = file.read(12)
        if start[:6] != MAGIC or start[6:8] not in (b"\x01\x00", b"\x02\x00"):
            raise CaseError(where, "is no NumPy array: its first bytes are others" if start else "is empty")
        length = struct.unpack("<H" if start[6] == 1 else "<I", start[8:10] if start[6] == 1 else start[8:])[0]
        if length > MAX_HEADER:
            raise CaseError(where, f"its header claims {length:,} bytes; at most {MAX_HEADER:,}")
        file.seek(0)
        np.lib.format.read_magic(file)
        formats = np.lib.format
        header = formats.read_array_header_1_0 if start[6] == 1 else formats.read_array_header_2_0
        shape, _, dtype = header(file)
        if dtype.hasobject:
            raise CaseError(where, "holds Python objects, which are pickles and never opened; save numbers")
        if dtype.kind not in "fiu" or dtype.itemsize > 8:
            raise CaseError(where, f"numbers of type {dtype}; expected float64, float32 or float16")
        _check_size(where, [shape])
        if min(shape, default=0) < 0 or size - file.tell() != math.prod(shape) * dtype.itemsize:
            raise CaseError(where, f"is not {shape} numbers of {dtype}, as it says: cut off, or something follows them")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
    except (CaseError, OSError):
        raise
    except Exception as error:  # what NumPy makes of a header that is none may be anything
        raise CaseError(where, f"is no NumPy array: {_line(error)}") from None


def _npz(path: Path) -> Named:
    found: Named = {}
    with _opened(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN as error:
            raise CaseError(str(path), f"is no .npz file: {_line(error)}") from None
        if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
            raise CaseError(str(path), f"unpacks to more than {MAX_BYTES // 2**20} MiB: compare a part of the network")
        for info in archive.infolist():
            name, where = info.filename.removesuffix(".npy"), f"{path}: {info.filename[:60]}"
            if not info.filename.endswith(".npy") or name in found:
                raise CaseError(where, "stands there twice" if name in found else "is no array (.npy)")
            try:
                with archive.open(info) as member:
                    found[name] = _npy(member, where, info.file_size)
            except BROKEN as error:
                raise CaseError(where, f"cannot be unpacked: {_line(error)}") from None
    _check_size(str(path), [a.shape for a in found.values()])
    return found


def _safetensors(path: Path) -> Named:
    try:
        library = import_module("safetensors")
    except ModuleNotFoundError:
        raise MissingExtra("safetensors", "models") from None
    with _opened(path) as file:
        start = file.read(8)
        claimed = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if claimed > MAX_NAMES:
            raise CaseError(str(path), f"its header claims {claimed:,} bytes; at most {MAX_NAMES:,}")
        try:
            tensors = library.deserialize(start + file.read())
        except (library.SafetensorError, *BROKEN) as error:
            raise CaseError(str(path), f"is no .safetensors file: {_line(error)}") from None
    _check_size(str(path), [tuple(tensor["shape"]) for _, tensor in tensors])
    return {name: _tensor(f"{path}: {name[:60]}", tensor) for name, tensor in sorted(tensors)}


def _tensor(where: str, tensor: dict[str, Any]) -> npt.NDArray[Any]:
    if tensor["dtype"] not in STORED:
        raise CaseError(where, f"numbers of type {tensor['dtype']}; expected {', '.join(STORED)}")
    try:
        array = np.frombuffer(tensor["data"], dtype=STORED[tensor["dtype"]]).reshape(tensor["shape"])
    except ValueError as error:
        raise CaseError(where, f"its shape is none that an array can have: {_line(error)}") from None
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        array = (array.astype("<u4") << 16).view("<f4")
    return array


def _check_size(where: str, shapes: list[tuple[int, ...]]) -> None:
    if sum(math.prod(shape) for shape in shapes) > MAX_WEIGHTS:
        raise CaseError(where, f"more than {MAX_WEIGHTS:,} numbers ({shapes[0]} …): compare a part of the network")


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}..."
