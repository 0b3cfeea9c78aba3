"""The formats of machine output as JSON Schema (draft 2020-12): the files that the package holds, and their making."""

import json
from importlib import resources
from typing import Any

import msgspec

from backprove.errors import BackproveError
from backprove.findings import (
    BENCH_FORMAT,
    CERTIFICATE_FORMAT,
    CHECK_FORMAT,
    CHECKS_FORMAT,
    COMPARISON_FORMAT,
    DERIVATION_FORMAT,
    GALLERY_FORMAT,
    REPORT_FORMAT,
    AnyReport,
    BenchReport,
    CertificateReport,
    CheckFinding,
    CheckReport,
    ComparisonReport,
    Derivation,
    GalleryReport,
    Report,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FORMATS: dict[str, type[AnyReport]] = {
    REPORT_FORMAT: Report, COMPARISON_FORMAT: ComparisonReport, CHECK_FORMAT: CheckFinding, CHECKS_FORMAT: CheckReport,
    CERTIFICATE_FORMAT: CertificateReport, DERIVATION_FORMAT: Derivation, GALLERY_FORMAT: GalleryReport,
    BENCH_FORMAT: BenchReport,
}  # fmt: skip


def schema(format_name: str) -> dict[str, Any]:
    """The published schema of a format such as `backprove.report/1`. Raises BackproveError where there is none."""
    place = resources.files("backprove").joinpath("schemas", file_name(format_name))
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def file_name(format_name: str) -> str:
    """`report-1.json` of `backprove.report/1`."""
    if format_name not in FORMATS:
        raise BackproveError(f"{format_name[:60]!r} is not one of {', '.join(FORMATS)}")
    return f"{format_name.removeprefix('backprove.').replace('/', '-')}.json"


def generated(format_name: str) -> dict[str, Any]:
    """The schema of a format made anew from the findings: every key that is written is required."""
    made = msgspec.json.schema(FORMATS[format_name])
    for part in made["$defs"].values():
        properties = part["properties"]
        part["required"] = list(properties)
        for name, value in properties.items():
            default = value.pop("default", None)
            if name == "format":
                properties[name] = {"const": default}
    return {"$schema": DRAFT, "$id": format_name, **made}
