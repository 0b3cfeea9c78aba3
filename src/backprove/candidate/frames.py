"""Messages between host and worker: a fixed head, a small JSON object, and numbers as raw bytes.

No pickle: unpickling what a candidate made could run its code in the host.
"""

import json
import os
import struct
from typing import Any

HEAD = struct.Struct(">4sII")
MAGIC = b"\x00bp1"
HEADER_LIMIT = 2**18
LOST, FULL = 121, 122
"""The worker's exit codes where it can no longer talk to the host, and where it has no memory left to do so."""

Header = dict[str, Any]


class Nonsense(Exception):
    """Bytes that are no message."""


def pack(header: Header, payload: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(header).encode()
    return HEAD.pack(MAGIC, len(text), len(payload)) + text + payload


def send(fd: int, header: Header, payload: bytes = b"") -> None:
    """Write one message to a blocking descriptor. Raises OSError."""
    rest = memoryview(pack(header, payload))
    while rest:
        rest = rest[os.write(fd, rest) :]


def receive(fd: int) -> tuple[Header, bytes] | None:
    """Read one message from a blocking descriptor; None at its end. Raises OSError."""
    head = _exactly(fd, HEAD.size)
    if head is None:
        return None
    _, header_size, payload_size = HEAD.unpack(head)
    header, payload = _exactly(fd, header_size), _exactly(fd, payload_size)
    return None if header is None or payload is None else (json.loads(header), payload)


def _exactly(fd: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 2**20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def unpack(buffer: bytes | bytearray, limit: int) -> tuple[Header, bytes] | None:
    """The message that the buffer holds, or None where it holds only its beginning.

    `limit`: the most bytes of payload. Raises Nonsense where this is the beginning of no message.
    """
    if not MAGIC.startswith(bytes(buffer[:4])) and bytes(buffer[:4]) != MAGIC:
        raise Nonsense
    if len(buffer) < HEAD.size:
        return None
    _, header_size, payload_size = HEAD.unpack_from(buffer)
    if header_size > HEADER_LIMIT or payload_size > limit:
        raise Nonsense
    middle, end = HEAD.size + header_size, HEAD.size + header_size + payload_size
    if len(buffer) < end:
        return None
    try:
        header = json.loads(bytes(buffer[HEAD.size : middle]))
    except (ValueError, RecursionError):
        raise Nonsense from None
    if len(buffer) > end or not isinstance(header, dict):
        raise Nonsense
    return header, bytes(buffer[middle:end])
