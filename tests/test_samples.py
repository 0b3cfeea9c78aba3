"""The committed reports are what the tool writes, and its pages hold what a report must hold."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers import network, plus_one
from msgspec import structs
from samples import REPORTS, SAMPLES, SLOW, make, settled

from backprove.bench import costs
from backprove.campaign.replay import Recorded, replay
from backprove.engines import ENGINES
from backprove.findings import Report, Sheet
from backprove.gallery import chosen, gallery
from backprove.report import html, markdown
from backprove.report.tables import heat

QUICK = [name for name in SAMPLES if name not in SLOW]


def same(name: str, folder: Path) -> None:
    for suffix in SAMPLES[name][1]:
        if suffix != ".json":
            now, committed = ((place / f"{name}{suffix}").read_text() for place in (folder, REPORTS))
            assert settled(now) == settled(committed), f"{name}{suffix}"


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_committed_report_is_what_the_tool_writes(name: str, tmp_path: Path) -> None:
    pytest.importorskip("flint")  # they were written with the extra `exact`
    make(name, tmp_path)
    same(name, tmp_path)
    if ".json" in SAMPLES[name][1]:
        now, committed = (json.loads((place / f"{name}.json").read_text()) for place in (tmp_path, REPORTS))
        FACTS[name](now, committed)


def test_settled_still_sees_a_difference() -> None:
    text = (REPORTS / "disagreement.html").read_text()
    changes = [("hidden-slope-missing", "target-sign"), ("41 of 60", "42 of 60"), ("-0.071284", "-0.071285"),
               ('class="edge plus disagree first"', 'class="edge plus agree first"')]  # fmt: skip
    for part, other in changes:
        assert part in text
        assert settled(text) != settled(text.replace(part, other))


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what the processor, the clock or the installed versions decide."""
    facts = {k: v for k, v in report.items() if k not in ("timing", "versions")}
    for domain in facts["domains"]:
        fraction = domain.pop("worst_fraction_of_bound")
        assert fraction is None or 0 <= fraction <= 1
        for name in ("weak_entries", "vacuous_entries"):
            assert domain.pop(name) <= domain["entries"]
        for pair in domain["pairs"]:
            assert pair.pop("equal") + sum(pair.pop("fractions")) == pair["entries"] or domain["name"] == "ball"
        precision = domain.pop("precision")
        assert precision is None or precision["outside"] == 0
    oracles, rung = facts["oracles"], facts["ladder"][-1]
    assert rung.pop("entries") == oracles["entries"]
    assert sum(bool(oracles[name]) for name in ("silent_entries", "unsure_entries")) == len(rung.pop("not_covered"))
    float64 = next(d for d in facts["domains"] if d["name"] == "float64")
    assert oracles.pop("entries") + oracles.pop("silent_entries") == float64["entries"]
    assert oracles.pop("unsure_entries") < float64["entries"] / 1000
    return facts


def _same_run(now: dict[str, Any], committed: dict[str, Any]) -> None:
    assert _facts(now) == _facts(committed)


def _same_check(now: dict[str, Any], committed: dict[str, Any]) -> None:
    assert (now["cause"], now["case"], now["sheet"]["verdicts"]) == (
        committed["cause"], committed["case"], committed["sheet"]["verdicts"],
    )  # fmt: skip


FACTS = {"agreement": _same_run, "disagreement": _same_check}


class Page(HTMLParser):
    """The text of a page, its sections' ids, and what is in it by class."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.classes: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value and tag == "section"]
        self.classes += [value for name, value in attrs if name == "class" and value]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_run_s_page_has_its_sections_and_says_the_same_as_its_json() -> None:
    text = (REPORTS / "agreement.html").read_text()
    page, report = Page(text), json.loads((REPORTS / "agreement.json").read_text())
    sections = ["ladder", "network", "agreement", "cost", "coverage", "not-covered", "reproduce"]
    assert [name for name in page.ids if name in sections] == sections
    for line in report["not_covered"]:
        assert line in page.words
    for domain in report["domains"]:
        assert domain["rests_on"][1:] in page.words
        assert f"{domain['entries']:,}" in page.words
    for counts in report["drawn"].values():
        assert all(name in page.words for name in counts)
    for cost in report["timing"]["costs"]:
        assert cost["way"] in page.words
    assert report["command"] == "backprove run --seed 20261122"
    assert report["command"] in page.words
    assert len(text) < 1_500_000


def test_a_disagreement_is_drawn() -> None:
    text = (REPORTS / "disagreement.html").read_text()
    page = Page(text)
    assert "edge plus disagree first" in page.classes
    assert "edge plus agree" in page.classes
    assert page.classes.count("grid") == 2 * 4
    assert page.classes.count("grid difference") == 2
    for said in ("hidden-slope-missing", "delta^l = f'(z^l) ∘ (W^{l+1})ᵀ delta^{l+1}", "--case 40d497e0b9",
                 "The gradients, layers from the output backwards"):  # fmt: skip
        assert said in page.words


@pytest.fixture(scope="module")
def differing() -> Report:
    """Two networks, on which one engine has a wrong entry; and in a field."""
    cases = [network((2, 2, 1), ("square", "identity")), network((1, 2), ("relu",))]
    again = [Recorded(case, domain, ()) for case in cases for domain in ("float64", "rational")]
    return replay(again, {**ENGINES, "mine": plus_one(1, 1, 1)})


def test_every_disagreement_of_a_run_is_drawn(differing: Report) -> None:
    page = Page(html.write(differing))
    assert page.classes.count("disagreement") == len(differing.disagreements) > 1
    for found in differing.disagreements:
        assert found.replay in page.words
    marked = [name for name in page.classes if name.startswith("edge") and "first" in name.split()]
    assert len(marked) == 2


def test_the_same_in_another_domain_is_not_drawn_twice(differing: Report) -> None:
    text = html.write(differing)
    assert text.count("The same as in float64, on the same smallest network") == 2
    assert text.count('<svg class="network judged"') == 2


def test_an_interruption_is_said_where_the_verdict_is(differing: Report) -> None:
    said = "Interrupted: this is what was found up to then."
    head, _, rest = html.write(structs.replace(differing, interrupted=True)).partition("</header>")
    assert (said in head, said in rest, said in html.write(differing)) == (True, False, False)


def test_an_engine_that_gives_nothing_is_drawn_too() -> None:
    silent = replay([Recorded(network((1, 1), ("relu",)), "float64", ())], {**ENGINES, "silent": lambda c, d: None})
    page = Page(html.write(silent))
    assert "silent returned None" in page.words
    assert "silent gave no gradient" in page.words
    assert page.classes.count("grid") == 2 * 3
    assert "silent" not in [g.title for _, grids in heat(_sheet(silent)) for g in grids]


def _sheet(report: Report) -> Sheet:
    sheet = report.disagreements[0].sheet
    assert sheet is not None
    return sheet


def test_what_agreement_rests_on_is_not_said_of_a_disagreement(differing: Report) -> None:
    line = "every difference is within the derived rounding bound"
    for text in (Page(html.write(differing)).words, markdown.write(differing)):
        assert text.count(line) == text.count(f"greement would mean: {line}") == 1


def test_the_gallery_of_a_run_is_in_its_report_and_not_in_its_verdict(differing: Report) -> None:
    found = gallery(chosen("local-error"), domains=("float64",), networks=1)
    whole = structs.replace(differing, verdict="AGREE", gallery=found)
    page, text = Page(html.write(whole)), markdown.write(whole)
    assert {"gallery", "questions"} <= set(page.ids)
    assert not {"gallery", "questions"} & set(Page(html.write(differing)).ids)
    for said in (found.rows[0].title, found.rows[0].fault):
        assert said in page.words
    assert "## Formulations of the literature" in text
    assert "**AGREE**" in text.splitlines()[2]
    assert found.verdict == "DISAGREE"


def test_markdown_says_how_close_the_engines_are(differing: Report) -> None:
    text = markdown.write(differing)
    for said in ("## How close the engines are", "| neuron / mine |", "of these undecided | of these disagree |"):
        assert said in text
    for row in re.findall(r"^\| neuron / matrix \|.*$", text, re.MULTILINE):
        assert row.endswith("| 0 | 0 |")


def test_costs_are_measured_as_networks_grow_until_they_would_take_too_long() -> None:
    found = {c.way: c for c in costs()}
    assert list(found) == [*ENGINES, "forward differences", "central differences", "complex step"]
    for cost in found.values():
        entries = [p.entries for p in cost.points]
        assert entries == sorted(entries)
        assert entries[:2] == [18, 60]
        assert all(p.seconds > 0 for p in cost.points)
        assert bool(cost.stopped) == (len(cost.points) < 7)
    assert "paths, of at most" in found["paths"].stopped or "too long" in found["paths"].stopped
