"""Failing cases on record: written under `.backprove/failures/`, run again by id or from a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backprove.campaign.conclude import conclude, disagreement
from backprove.campaign.look import look
from backprove.campaign.survey import Survey
from backprove.case import Case, case_from
from backprove.domains import DOMAINS
from backprove.engines import Engine
from backprove.errors import BackproveError, CaseError
from backprove.files import read_json, write_whole
from backprove.findings import CERTIFICATE_FORMAT, REPORT_FORMAT, Disagreement, Report

FOLDER = Path(".backprove", "failures")
FORMAT = "backprove.failure/1"


@dataclass(frozen=True)
class Recorded:
    """One case to run again: in which domain, with which engines (names, or FILE.py:FUNCTION)."""

    case: Case
    domain: str
    engines: tuple[str, ...]


def record(found: Sequence[Disagreement], engines: Sequence[str], folder: Path = FOLDER) -> None:
    """Write each failing case under its id. Raises BackproveError where the folder does not take them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackproveError(f"{folder}: cannot be made: {error.strerror or error}") from None
    for one in found:
        data = {"format": FORMAT, "id": one.id, "domain": one.domain, "engines": list(engines), "case": one.case}
        text = json.dumps(data, indent=2)  # names of files that are no UTF-8 too, which msgspec refuses
        write_whole(folder / f"{one.id}.json", text + "\n")


def recorded(reference: str, folder: Path = FOLDER) -> list[Recorded]:
    """The cases behind an id, or in a failure, report or case file. Raises BackproveError where there are none."""
    path = Path(reference)
    if not path.exists():
        known = sorted(file.stem for file in folder.glob("*.json")) if folder.is_dir() else []
        if reference not in known:
            have = f"recorded here: {', '.join(known[-10:])}" if known else f"nothing is recorded in {folder}"
            raise BackproveError(f"{reference}: no such file and no recorded case; {have}")
        path = folder / f"{reference}.json"
    data = read_json(path)
    kind = data.get("format") if isinstance(data, dict) else None
    try:
        if kind == "backprove.case/1":
            case = case_from(data)
            return [Recorded(case, "modular" if case.modulus else "float64", ())]
        if kind == FORMAT:
            return [_entry(data, data.get("engines"))]
        if kind in (REPORT_FORMAT, CERTIFICATE_FORMAT):
            if kind == REPORT_FORMAT:
                found = [_entry(one, data["settings"]["engines"]) for one in data["disagreements"]]
            else:
                found = [_entry(c["witness"], c["formulations"]) for c in data["architectures"] if c["witness"]]
            if not found:
                raise BackproveError(f"{path}: a report without disagreements; there is nothing to replay")
            return found
    except CaseError as error:
        raise BackproveError(f"{path}: case: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise BackproveError(f"{path}: is damaged: not what backprove writes as {kind}") from None
    raise BackproveError(f"{path}: not a failure, report or case file of backprove")


def _entry(data: Any, engines: Any) -> Recorded:
    if data["domain"] not in DOMAINS or not all(isinstance(name, str) for name in engines):
        raise TypeError
    return Recorded(case_from(data["case"]), data["domain"], tuple(engines))


def replay(cases: Sequence[Recorded], engines: Mapping[str, Engine]) -> Report:
    """Run recorded cases again: the same Report as a search's, on these networks alone."""
    surveys: dict[str, Survey] = {}
    found = []
    for shard, one in enumerate(cases):
        survey = surveys.setdefault(one.domain, Survey(DOMAINS[one.domain]))
        seen = look(one.case, survey.domain, engines, repeat=True)
        survey.count(seen, shard)
        if seen.disagrees:
            found.append(disagreement(seen))
    return conclude(
        list(surveys.values()),
        found,
        engines=engines,
        seed=None,
        settings={},
        not_covered=["any other network"],
        interrupted=False,
        timing={},
    )
