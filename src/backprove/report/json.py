"""Machine output."""

import msgspec


def write(report: msgspec.Struct) -> str:
    """The report as JSON text. The same report gives the same text, byte for byte, outside `timing`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
