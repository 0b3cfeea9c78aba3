"""A campaign in parts: whoever draws them, in whatever order, stopped and gone on with, the report is the same."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from helpers import plus_one

from backprove.campaign import Settings, State, Survey, conclude, explore, look, search, shard_seed, shards
from backprove.campaign.settings import strategy
from backprove.campaign.shards import Shard
from backprove.campaign.state import survey_from, survey_to
from backprove.case import Case
from backprove.cli import main
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, Engine
from backprove.errors import BackproveError
from backprove.findings import Report

WRONG: dict[str, Engine] = {**ENGINES, "wrong": plus_one(2, 1, 1)}
SMALL = Settings(networks=25, max_layers=2, max_width=2, max_batch=2, domains=("float64", "rational", "modular"))


@pytest.fixture(autouse=True)
def _small_shards_and_no_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 20)
    # Shrinking is looked at elsewhere, and takes its time.
    monkeypatch.setattr("backprove.campaign.run.smallest", lambda *arguments, **rest: None)


def plain(report: Report) -> dict[str, Any]:
    """The report without what time decides."""
    data = msgspec.to_builtins(report)
    data.pop("timing")
    return data


class Backwards(Executor):
    """Draws what it was given last first, when the first result is waited for."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.drawn = 0

    def submit(self, work: Any, /, *arguments: Any, **rest: Any) -> Any:
        future = _Lazy(self)

        def run() -> None:
            self.drawn += 1
            future.set_result(work(*arguments, **rest))

        self.waiting.append(run)
        return future


class _Lazy(Future):  # type: ignore[type-arg]
    def __init__(self, executor: Backwards) -> None:
        super().__init__()
        self.executor = executor

    def result(self, timeout: float | None = None) -> Any:
        while self.executor.waiting:
            self.executor.waiting.pop()()
        return super().result(timeout)


def counted_at_once(settings: Settings, engines: dict[str, Engine]) -> Iterator[Survey]:
    """Every domain's networks counted by a single survey, none added up."""
    for name in settings.domains:
        survey = Survey(DOMAINS[name])
        for index, start in enumerate(range(0, settings.networks, 20)):

            def visit(case: Any, survey: Survey = survey, index: int = index, start: int = start) -> None:
                repeat = survey.networks == start
                survey.count(look(case, survey.domain, engines, repeat=repeat), index)

            networks = min(20, settings.networks - start)
            explore(strategy(settings, name), shard_seed(settings.seed, name, index), networks, visit, shrink=False)
        yield survey


@pytest.mark.parametrize("engines", [ENGINES, WRONG], ids=("right", "wrong"))
def test_surveys_added_up_are_one_survey(engines: dict[str, Engine]) -> None:
    def concluded(surveys: list[Survey]) -> dict[str, Any]:
        rest: dict[str, Any] = {"seed": 0, "settings": {}, "not_covered": [], "interrupted": False, "timing": {}}
        return plain(conclude(surveys, [], engines=engines, **rest))

    whole = list(counted_at_once(SMALL, engines))
    parts = {name: Survey(DOMAINS[name]) for name in SMALL.domains}
    for shard in shards.plan(SMALL, list(SMALL.domains)):
        parts[shard.domain].add(shards.surveyed(SMALL, shard, engines))
    assert concluded(list(parts.values())) == concluded(whole)
    for name, survey in zip(SMALL.domains, whole, strict=True):
        assert survey_to(parts[name]) | {"seconds": 0} == survey_to(survey) | {"seconds": 0}


@pytest.mark.parametrize("engines", [ENGINES, WRONG], ids=("right", "wrong"))
def test_the_order_in_which_shards_are_drawn_does_not_matter(engines: dict[str, Engine]) -> None:
    executor = Backwards()
    seen: list[tuple[str, int]] = []
    elsewhere = search(
        SMALL, engines, executor=executor, load=Loaded(engines), progress=lambda name, done: seen.append((name, done))
    )
    assert executor.drawn == 6
    assert plain(elsewhere) == plain(search(SMALL, engines))
    assert ("float64", 25) in seen


class Loaded:
    """Engines that cannot be pickled, for an executor that does not leave this process."""

    kept: ClassVar[dict[str, Engine]] = {}

    def __init__(self, engines: dict[str, Engine]) -> None:
        type(self).kept = engines
        shards._loaded.cache_clear()

    def __reduce__(self) -> Any:
        return (_kept, ())

    def __call__(self) -> dict[str, Engine]:
        return self.kept


def _kept() -> Loaded:
    found: Loaded = object.__new__(Loaded)
    return found


def test_engines_that_cannot_be_sent_are_refused_in_a_line() -> None:
    with pytest.raises(BackproveError, match=r"an engine cannot be sent to another process: .*; say how to load it"):
        search(SMALL, WRONG, executor=Backwards())


def test_a_worker_that_dies_is_said() -> None:
    class Dying(Executor):
        def submit(self, work: Any, /, *arguments: Any, **rest: Any) -> Any:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("died"))
            return future

    with pytest.raises(BackproveError, match=r"a process that drew networks ended .* at float64, shard 0: .* --jobs 1"):
        search(SMALL, ENGINES, executor=Dying())


def test_a_worker_that_fails_is_said() -> None:
    class Failing(Executor):
        def submit(self, work: Any, /, *arguments: Any, **rest: Any) -> Any:
            future: Future[Any] = Future()
            future.set_exception(OSError("the wire was cut"))
            return future

    with pytest.raises(BackproveError, match=r"failed, at float64, shard 0: OSError: the wire was cut"):
        search(SMALL, ENGINES, executor=Failing())


def test_workers_with_other_versions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = shards.versions()
    replies = iter([own, {**own, "numpy": "1.0"}])
    monkeypatch.setattr(shards, "versions", lambda: next(replies))
    with pytest.raises(BackproveError, match=r"a worker has numpy 1\.0, not .*: install the same versions everywhere"):
        search(SMALL, ENGINES, executor=Backwards())


def test_of_all_networks_that_show_it_the_smallest_is_kept() -> None:
    def size(case: Case) -> int:
        return case.entries + case.inputs.size + case.targets.size

    seen: dict[Any, list[Case]] = {}
    engines = {**ENGINES, "wrong": plus_one(1, 1, 1)}
    surveys = [shards.surveyed(SMALL, Shard("float64", index, 20), engines) for index in range(4)]
    whole = Survey(DOMAINS["float64"])
    for survey in surveys:
        whole.add(survey)

    def visit(case: Case) -> None:
        found = look(case, DOMAINS["float64"], engines)
        if found.disagrees:
            seen.setdefault(found.signature, []).append(case)

    for index in range(4):
        explore(strategy(SMALL, "float64"), shard_seed(0, "float64", index), 20, visit, shrink=False)
    assert whole.found
    for signature, sighting in whole.found.items():
        assert size(sighting.case) == min(map(size, seen[signature]))
        assert sighting.networks == len(seen[signature])
        assert sighting.case in seen[signature]


def test_a_failure_seen_in_several_shards_is_reported_once() -> None:
    engines = {**ENGINES, "wrong": plus_one(1, 1, 1)}
    found = search(replace(SMALL, networks=60, domains=("float64",)), engines)
    assert [d.groups for d in found.disagreements] == [[["neuron", "matrix", "paths"], ["wrong"]]]
    assert found.disagreements[0].networks == found.domains[0].disagreeing_networks == 60


# --- by the clock ---


class Slow:
    """An engine that takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, case: Case, domain: Any) -> Any:
        time.sleep(self.seconds)
        return ENGINES["matrix"](case, domain)


@pytest.mark.parametrize("threads", [0, 1])
def test_a_campaign_keeps_to_its_time(threads: int) -> None:
    engines = {**ENGINES, "slow": Slow(0.02)}
    with ThreadPoolExecutor(1) as pool:
        started = time.perf_counter()
        executor = pool if threads else None
        found = search(replace(SMALL, seconds=1.0), engines, executor=executor, load=Loaded(engines))
    assert 0.8 < time.perf_counter() - started < 10  # on a busy machine; it would never end by itself
    assert found.networks > 5
    assert found.verdict == "AGREE"


def test_machines_with_other_clocks_draw_what_they_have_begun_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MANY", 1)
    found = search(replace(SMALL, seconds=0.05), ENGINES, executor=Backwards(), load=Loaded(ENGINES))
    assert found.networks == 4 * 5  # the four shards in its hands


def test_part_of_the_time_is_for_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def shrinking(*arguments: Any, seconds: float, **rest: Any) -> None:
        given.append(seconds)

    monkeypatch.setattr("backprove.campaign.run.smallest", shrinking)
    search(replace(SMALL, seconds=2.0, domains=("float64",)), {**ENGINES, "wrong": plus_one(1, 1, 1)})
    assert len(given) == 1
    assert 0 < given[0] <= 0.5


def test_time_that_is_gone_counts() -> None:
    started = time.perf_counter()
    search(replace(SMALL, seconds=30.0), ENGINES, used=29.7)
    assert time.perf_counter() - started < 15


def test_fail_fast_ends_with_the_first_network_that_disagrees() -> None:
    found = search(SMALL, WRONG, fail_fast=True)
    assert (found.verdict, found.domains[0].disagreeing_networks) == ("DISAGREE", 1)
    assert found.networks < 20
    executor = Backwards()
    again = search(SMALL, WRONG, fail_fast=True, executor=executor, load=Loaded(WRONG))
    assert plain(again) == plain(found)
    assert search(SMALL, ENGINES, fail_fast=True).networks == 75


# --- a state ---

DIGESTS = dict.fromkeys(ENGINES, "own")


def kept(folder: Path, settings: Settings = SMALL) -> State:
    return State(folder, settings, DIGESTS)


@pytest.mark.parametrize("engines", [ENGINES, WRONG], ids=("right", "wrong"))
@pytest.mark.parametrize("done", [0, 1, 4, 6])
def test_a_campaign_goes_on_to_the_same_report(tmp_path: Path, engines: dict[str, Engine], done: int) -> None:
    undisturbed = search(SMALL, engines)
    search(SMALL, engines, state=kept(tmp_path))
    files = sorted(tmp_path.glob("*-*.json"))
    assert len(files) == 6
    for file in files[done:]:
        file.unlink()
    executor = Backwards()
    again = search(SMALL, engines, state=kept(tmp_path), executor=executor, load=Loaded(engines))
    assert executor.drawn == 6 - done
    assert plain(again) == plain(undisturbed)


def test_an_interrupted_campaign_goes_on_too(tmp_path: Path) -> None:
    def enough(name: str, done: int) -> None:
        if (name, done) == ("rational", 7):
            raise KeyboardInterrupt

    assert search(SMALL, ENGINES, state=kept(tmp_path), progress=enough).interrupted
    assert sorted(file.stem for file in tmp_path.glob("*-*.json")) == ["float64-000000-20", "float64-000001-5"]
    assert plain(search(SMALL, ENGINES, state=kept(tmp_path))) == plain(search(SMALL, ENGINES))


def test_two_campaigns_at_once_share_a_state(tmp_path: Path) -> None:
    class Overtaken(Backwards):
        """While it draws, another finishes all shards."""

        def submit(self, work: Any, /, *arguments: Any, **rest: Any) -> Any:
            if not self.waiting:
                search(SMALL, ENGINES, state=kept(tmp_path))
            return super().submit(work, *arguments, **rest)

    found = search(SMALL, ENGINES, state=kept(tmp_path), executor=Overtaken(), load=Loaded(ENGINES))
    assert plain(found) == plain(search(SMALL, ENGINES))


def damage(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["survey"].update(entries=data["survey"]["entries"] + 1),
        lambda data: data["survey"]["each"]["neuron"].update(compared=1),
        lambda data: data.update(campaign="0" * 64),
        lambda data: data.update(checksum=None),
        lambda data: data.pop("survey"),
        lambda data: data.clear(),
    ],
)
def test_a_shard_that_was_changed_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    search(SMALL, ENGINES, state=kept(tmp_path))
    damage(tmp_path / "rational-000000-20.json", change)
    with pytest.raises(
        BackproveError, match=r"rational-000000-20\.json: was changed, or is another campaign's; delete it"
    ):
        search(SMALL, ENGINES, state=kept(tmp_path))


def test_a_shard_under_another_s_name_is_refused(tmp_path: Path) -> None:
    search(SMALL, ENGINES, state=kept(tmp_path))
    shutil.copy(tmp_path / "float64-000001-5.json", tmp_path / "float64-000000-20.json")
    with pytest.raises(BackproveError, match=r"float64-000000-20\.json: was changed"):
        search(SMALL, ENGINES, state=kept(tmp_path))


def test_a_shard_cut_off_is_refused(tmp_path: Path) -> None:
    search(SMALL, ENGINES, state=kept(tmp_path))
    file = tmp_path / "float64-000000-20.json"
    file.write_text(file.read_text()[:-20])
    with pytest.raises(BackproveError, match=r"float64-000000-20\.json:1:[0-9]+: not valid JSON"):
        search(SMALL, ENGINES, state=kept(tmp_path))


def test_another_campaign_s_state_is_refused(tmp_path: Path) -> None:
    kept(tmp_path)
    with pytest.raises(BackproveError, match="is another campaign's, with seed 0, not 1; name another folder"):
        kept(tmp_path, replace(SMALL, seed=1))
    with pytest.raises(BackproveError, match=r'is another campaign\'s, with engines \{"neuron": "own"'):
        State(tmp_path, SMALL, {**DIGESTS, "mine.py:engine": "abc"})


def test_a_folder_with_other_things_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BackproveError, match=r"is no campaign's: it holds thesis\.tex; name an empty folder"):
        kept(tmp_path)


def test_more_networks_go_on_from_fewer(tmp_path: Path) -> None:
    fewer, more = replace(SMALL, networks=30), replace(SMALL, networks=65)
    assert plain(search(fewer, ENGINES, state=kept(tmp_path, fewer))) == plain(search(fewer, ENGINES))
    executor = Backwards()
    found = search(more, ENGINES, state=kept(tmp_path, more), executor=executor, load=Loaded(ENGINES))
    assert executor.drawn == 9  # of 12: the first of each domain was whole
    assert plain(found) == plain(search(more, ENGINES))


def test_a_campaign_by_the_clock_goes_on_too(tmp_path: Path) -> None:
    short = replace(SMALL, seconds=0.5)
    first = search(short, ENGINES, state=kept(tmp_path, short))
    again = search(short, ENGINES, state=kept(tmp_path, short))
    assert first.networks < again.networks
    files = [json.loads(file.read_text()) for file in tmp_path.glob("*-*.json")]
    assert {data["survey"]["networks"] for data in files} == {5}  # none that the clock cut off
    with pytest.raises(BackproveError, match="is another campaign's, with shards of 5, not 20"):
        kept(tmp_path)


def test_what_a_survey_holds_comes_back() -> None:
    for engines in (ENGINES, WRONG):
        for survey in counted_at_once(SMALL, engines):
            data = json.loads(json.dumps(survey_to(survey)))
            assert survey_to(survey_from(data)) == survey_to(survey)


# --- on the command line ---

RUN = ["run", "--networks", "300", "--domains", "float64,float32", "--max-layers", "2", "--max-width", "2", "--json"]


def told(*options: str) -> list[str]:
    return [sys.executable, "-m", "backprove", *RUN, *options]


def test_an_engine_that_ends_its_process_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import os\n\n\ndef engine(case, domain):\n    os._exit(3)\n")
    done = subprocess.run(
        told("--jobs", "2", "--engine", "ends.py:engine"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "a process that drew networks ended before its time, at float64, shard 0" in done.stderr


@pytest.mark.slow
def test_processes_and_a_kill_in_between_change_nothing(tmp_path: Path) -> None:
    def report(*options: str) -> dict[str, Any]:
        done = subprocess.run(told(*options), cwd=tmp_path, capture_output=True, text=True, check=True)
        return {k: v for k, v in json.loads(done.stdout).items() if k not in ("timing", "command")}

    undisturbed = report("--jobs", "1")
    assert report("--jobs", "3") == undisturbed
    for _ in range(2):
        process = subprocess.Popen(
            told("--jobs", "2", "--state", "state"), cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True
        )
        before = len(list((tmp_path / "state").glob("*-*.json")))
        end = time.monotonic() + 60
        while len(list((tmp_path / "state").glob("*-*.json"))) == before and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert 2 <= len(list((tmp_path / "state").glob("*-*.json"))) <= 6
    assert report("--jobs", "2", "--state", "state") == undisturbed


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--jobs", "2", "--executor", "dask:x"], "--jobs and --executor: a cluster has workers of its own"),
        (["--executor", "mpi"], "--executor: 'mpi' is not dask:ADDRESS"),
        (["--state", "file"], "file: cannot be made"),
    ],
)
def test_trouble_is_one_clear_line(
    options: list[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert main(["run", "--networks", "5", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
