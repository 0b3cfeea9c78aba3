"""Finished shards on disk, so that a campaign that was stopped, or killed, goes on where it was.

A folder holds `campaign.json`, which says of what campaign it is, and a file for each finished shard, written whole or
not at all. Each says whose it is and has a checksum: what is of another campaign, or was changed, is refused.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from backprove.campaign.closeness import ErrorCount, PairCount
from backprove.campaign.kinks import Convention
from backprove.campaign.settings import Settings
from backprove.campaign.shards import Shard, shard_size
from backprove.campaign.survey import EngineCount, Heard, Sighting, Survey
from backprove.case import case_from, case_to
from backprove.domains import DOMAINS
from backprove.errors import BackproveError
from backprove.files import read_json, write_whole
from backprove.findings import AtKink
from backprove.versions import versions

FORMAT = "backprove.state/1"
HEAD = "campaign.json"
PLAIN = (
    "networks", "entries", "vacuous", "weak", "undecided_entries", "disagreeing", "chance", "repeated", "worst",
    "seconds",
)  # fmt: skip


class State:
    """The folder of one campaign: its settings, its engines (name → a digest of what each is made of), the versions.

    Raises BackproveError where the folder is another campaign's or cannot be used.
    """

    def __init__(self, folder: Path, settings: Settings, engines: Mapping[str, str]) -> None:
        self.folder = folder
        # How many networks, and for how long, may be another matter each time: shards are what they are.
        said = {key: value for key, value in settings.said().items() if key not in ("networks", "seconds")}
        size = shard_size(settings)
        own = {**said, "shards of": size, "seed": settings.seed, "engines": dict(engines), "versions": versions()}
        self.campaign = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackproveError(f"{folder}: cannot be made: {error.strerror or error}") from None
        head = folder / HEAD
        if not head.exists():
            if others := sorted(file.name for file in folder.iterdir()):
                raise BackproveError(f"{folder}: is no campaign's: it holds {others[0]}; name an empty folder")
            write_whole(head, json.dumps({"format": FORMAT, "campaign": self.campaign, **own}, indent=2) + "\n")
            return
        found = read_json(head)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise BackproveError(f"{head}: is not what backprove writes as {FORMAT}")
        for key, value in own.items():
            if found.get(key) != json.loads(json.dumps(value)):
                what = f"{key} {_short(found.get(key))}, not {_short(value)}"
                raise BackproveError(f"{folder}: is another campaign's, with {what}; name another folder")
        if found.get("campaign") != self.campaign:
            raise BackproveError(f"{head}: was changed; name another folder")

    def _file(self, shard: Shard) -> Path:
        return self.folder / f"{shard.name}.json"

    def has(self, shard: Shard) -> bool:
        """Whether a shard is there."""
        return self._file(shard).exists()

    def read(self, shard: Shard) -> Survey:
        """The survey of a shard that is there. Raises BackproveError where it is not what was kept."""
        file = self._file(shard)
        found = read_json(file)
        try:
            whole = found["campaign"] == self.campaign and found["checksum"] == _checksum(self.campaign, shard, found)
            if not whole:
                raise ValueError
            survey = survey_from(found["survey"])
            if survey.networks > shard.networks or survey.domain.name != shard.domain:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError, BackproveError):
            raise BackproveError(
                f"{file}: was changed, or is another campaign's; delete it to have it drawn again"
            ) from None
        return survey

    def keep(self, shard: Shard, survey: Survey) -> None:
        """Write a finished shard."""
        data: dict[str, Any] = {"format": FORMAT, "campaign": self.campaign, "survey": survey_to(survey)}
        data["checksum"] = _checksum(self.campaign, shard, data)
        write_whole(self._file(shard), json.dumps(data) + "\n")


def _checksum(campaign: str, shard: Shard, data: Mapping[str, Any]) -> str:
    text = json.dumps([campaign, asdict(shard), data["survey"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def survey_to(s: Survey) -> dict[str, Any]:
    """A survey as plain data; `survey_from` gives it back."""
    return {
        "domain": s.domain.name,
        **{name: getattr(s, name) for name in PLAIN},
        "undecided": dict(s.undecided),
        "at_kink": None if s.at_kink is None else msgspec.to_builtins(s.at_kink),
        "conventions": {
            k: [None if c.possible is None else sorted(map(str, c.possible)), c.follows_the_case]
            for k, c in s.conventions.items()
        },
        "heard": asdict(s.heard),
        "apart": sorted(map(list, s.apart)),
        "alone": sorted(s.alone),
        "each": {name: asdict(count) for name, count in s.each.items()},
        "pairs": [
            [*names, count.entries, count.equal, sorted(map(list, count.verdicts.items())), count.steps.tolist()]
            for names, count in s.pairs.items()
        ],
        "errors": {
            **{f.name: getattr(s.errors, f.name) for f in fields(ErrorCount) if f.name not in ("cells", "ratios")},
            "cells": sorted([*cell, count] for cell, count in s.errors.cells.items()),
            "ratios": sorted(map(list, s.errors.ratios.items())),
        },
        "verdicts": sorted(map(int, s.verdicts)),
        "found": [[signature, case_to(one.case), one.shard, one.networks] for signature, one in s.found.items()],
        "drawn": {kind: dict(counts) for kind, counts in s.drawn.items()},
    }


def survey_from(data: Mapping[str, Any]) -> Survey:
    """Raises KeyError, TypeError, ValueError or msgspec.ValidationError where the data is none."""
    survey = Survey(DOMAINS[data["domain"]], **{name: data[name] for name in PLAIN})
    survey.undecided = Counter(data["undecided"])
    survey.at_kink = None if data["at_kink"] is None else msgspec.convert(data["at_kink"], AtKink)
    for name, (possible, follows) in data["conventions"].items():
        survey.conventions[name] = Convention(None if possible is None else frozenset(map(Fraction, possible)), follows)
    survey.heard = Heard(**{**data["heard"], "oracles": tuple(data["heard"]["oracles"])})
    survey.apart = {(first, second) for first, second in data["apart"]}
    survey.alone = set(data["alone"])
    survey.each = {k: EngineCount(**{**v, "refused": Counter(v["refused"])}) for k, v in data["each"].items()}
    for first, second, entries, equal, verdicts, steps in data["pairs"]:
        survey.pairs[first, second] = PairCount(
            entries, equal, Counter(dict(verdicts)), np.array(steps, dtype=np.int64)
        )
    errors = data["errors"]
    cells = Counter({(error, bound): count for error, bound, count in errors["cells"]})
    survey.errors = replace(ErrorCount(**{**errors, "cells": cells, "ratios": Counter(dict(errors["ratios"]))}))
    survey.verdicts = set(data["verdicts"])
    for signature, case, shard, networks in data["found"]:
        survey.found[_hashable(signature)] = Sighting(case_from(case), shard, networks)
    survey.drawn = {kind: Counter(counts) for kind, counts in data["drawn"].items()}
    return survey


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
