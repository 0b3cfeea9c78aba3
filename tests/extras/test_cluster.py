"""A campaign on a cluster of dask workers: the report is that of one process, also where workers are lost meanwhile."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backprove.cli import main

distributed = pytest.importorskip("distributed", reason="needs distributed: pip install 'backprove[distributed]'")

RUN = ["run", "--networks", "600", "--domains", "float64,modular", "--max-layers", "2", "--json"]
# Of dask's own making, on their way out.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as own:
        yield own


def report(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    code = main([*RUN, *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code in (0, 1)
    return {key: value for key, value in found.items() if key not in ("timing", "command")}


def test_a_worker_lost_in_between_changes_nothing(cluster: Any, capsys: pytest.CaptureFixture[str]) -> None:
    alone = report(capsys)
    with distributed.Client(cluster, set_as_default=False) as client:
        before = client.run(os.getpid)

        def kill() -> None:
            while not any(client.processing().values()):
                time.sleep(0.01)
            time.sleep(0.5)
            os.kill(next(iter(before.values())), signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        assert report(capsys, "--executor", f"dask:{cluster.scheduler_address}") == alone
        killer.join()
        assert set(client.run(os.getpid).values()) != set(before.values())


def test_an_engine_from_a_file_and_its_disagreement_come_through(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Shrinking ends by the clock, and would not be the same twice.
    monkeypatch.setattr("backprove.campaign.run.smallest", lambda *arguments, **rest: None)
    file = tmp_path / "mine.py"
    file.write_text(
        "from backprove.engines import matrix\n\n\n"
        "def engine(case, domain):\n"
        "    found = matrix.engine(case, domain)\n"
        "    return [W + W for W in found.weights], found.biases\n"
    )
    options = ["--engine", f"{file}:engine", "--fail-fast"]
    alone = report(capsys, *options)
    assert alone["verdict"] == "DISAGREE"
    assert report(capsys, *options, "--executor", f"dask:{cluster.scheduler_address}") == alone


def test_where_no_scheduler_answers_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--executor", "dask:tcp://127.0.0.1:9"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--executor: no scheduler answers at tcp://127.0.0.1:9" in err
