"""The published JSON schemas. `python tests/schemas.py` writes them anew from the findings."""

import json
import sys
from pathlib import Path

from backprove.report.schema import FORMATS, file_name, generated

FOLDER = Path(__file__).parent.parent / "src" / "backprove" / "schemas"


def text(format_name: str) -> str:
    """A schema as it stands in its file."""
    return json.dumps(generated(format_name), indent=2, ensure_ascii=False) + "\n"


def rewrite() -> None:
    """Write every schema that the findings make."""
    for name in FORMATS:
        (FOLDER / file_name(name)).write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(rewrite())
