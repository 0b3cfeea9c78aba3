"""The command line as a user meets it: exit codes, one clear line for every trouble, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backprove.campaign import Settings, search
from backprove.cli import main
from backprove.engines import ENGINES
from backprove.errors import BackproveError

EXAMPLES = Path(__file__).parent / "worked_examples"
QUICK = ["--networks", "12"]
SMALL = ["--domains", "float64", "--networks", "30"]

RIGHT = "from backprove.engines.matrix import engine\n"
WRONG = """
from dataclasses import replace
from backprove.engines.matrix import engine as right

def engine(case, domain):
    g = right(case, domain)
    return replace(g, weights=[w + w for w in g.weights])
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def _write(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def test_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *QUICK]) == 0
    out, err = capsys.readouterr()
    assert "AGREE neuron = matrix = paths on" in out
    assert err == ""
    assert not Path(".backprove").exists()


def test_the_same_seed_gives_the_same_json(capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for seed in ("7", "7", "8"):
        assert main(["run", *QUICK, "--seed", seed, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report.pop("timing")["seconds"] > 0
        reports.append(report)
    assert reports[0] == reports[1]
    assert reports[0]["domains"] != reports[2]["domains"]


def test_disagreement_is_recorded_and_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    spec = _write("wrong.py", WRONG) + ":engine"
    assert main(["run", *SMALL, "--engine", spec, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["groups"] == [["neuron", "matrix", "paths"], [spec]]
    found = report["disagreements"][0]
    assert found["address"] == "W1[1,1]"
    assert found["case"]["layers"] == [{"activation": "identity", "weights": [[1.0]], "bias": None}]
    assert main(["replay", found["id"], "--json"]) == 1
    again = json.loads(capsys.readouterr().out)
    assert again["disagreements"][0] | {"networks": 0} == found | {"networks": 0}
    # mended, the same case agrees
    _write("wrong.py", RIGHT)
    assert main(["replay", found["id"], "--quiet"]) == 0


def test_replay_of_report_and_case_files(capsys: pytest.CaptureFixture[str]) -> None:
    spec = _write("wrong.py", WRONG) + ":engine"
    assert main(["run", *SMALL, "--engine", spec, "--report", "r.json", "--report", "r.md", "--quiet"]) == 1
    assert main(["replay", "r.json", "--quiet"]) == 1
    assert main(["replay", str(EXAMPLES / "hmkcode-linear.json"), "--domains", "rational,float32"]) == 0
    assert "rational" in capsys.readouterr().out
    assert "W1\\[1,1\\]" in Path("r.md").read_text() or "W1[1,1]" in Path("r.md").read_text()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('no such layer')", "raised ValueError: no such layer (odd.py:2)"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("return None", "returned None"),
        ("return 42", "returned int, not a Gradient"),
        ("return [], []", "returned 0 weights for"),
        ("return [0.0] * len(case.layers), [None] * len(case.layers)", "returned weights[0] of shape ()"),
        (
            "return ['x'] * len(case.layers), [None] * len(case.layers)",
            "returned weights[0] as <U1 numbers; float64 is needed",
        ),
        ("return [w.weights * float('nan') for w in case.layers], [w.bias for w in case.layers]", "nan"),
    ],
)
def test_an_engine_that_misbehaves_has_disagreed(body: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    _write("odd.py", f"def engine(case, domain):\n    {body}\n")
    assert main(["run", *SMALL, "--engine", "odd.py:engine"]) == 1
    out, err = capsys.readouterr()
    assert said in " ".join(out.split())
    assert "≠ odd.py:engine" in out
    assert ('File "' in out) == body.startswith("raise")  # its own traceback, and nobody else's
    assert "outcome.py" not in out
    assert err == ""


TROUBLE = [
    (["run", "--networks", "0"], "--networks"),
    (["run", "--networks", "many"], "--networks"),
    (["run", "--nonsense"], "--nonsense"),
    (["nonsense"], "nonsense"),
    (["run", "--activations", "sigmoid,swish"], "--activations: 'swish' is not one of identity"),
    (["run", "--losses", ""], "--losses: is empty"),
    (["run", "--domains", "float16"], "--domains: 'float16' is not one of float64"),
    (["run", "--engines", "neuron"], "one engine alone agrees with nobody"),
    (["run", "--for", "soon"], "--for: 'soon' is not a time"),
    (["run", "--for", "-3s"], "--for"),
    (["run", "--activations", "sigmoid", "--domains", "rational"], "nothing to compare: rational"),
    (["run", "--engine", "tensorflow"], "--engine: 'tensorflow' is none of torch, jax, autograd, FILE.py:FUNCTION"),
    (["run", "--report", "x.pdf"], "x.pdf: reports are written as .json, .md, .html"),
    (["run", "--report", "none/x.md"], "none: no such folder"),
    (["run", "--engine", "engine.py"], "expected FILE.py:FUNCTION"),
    (["run", "--engine", "none.py:engine"], "none.py: no such file"),
    (["run", "--engine", ".:engine"], ".: is a folder"),
    (["run", "--engine", "lacks.py:engine"], "lacks.py: no function engine; it has other"),
    (["run", "--engine", "syntax.py:engine"], "syntax.py:2: does not import: SyntaxError"),
    (["run", "--engine", "raises.py:engine"], "raises.py:3: does not import: ZeroDivisionError"),
    (["run", "--engine", "quits.py:engine"], "quits.py:1: does not import: SystemExit"),
    (["run", "--engine", "lacks.py:number"], "lacks.py: number is int, not a function"),
    (["replay", "0123456789"], "no such file and no recorded case"),
    (["replay", "bad.json"], "bad.json:1:12: not valid JSON"),
    (["replay", "list.json"], "list.json: not a failure, report or case file"),
    (["replay", "damaged.json"], "damaged.json: is damaged"),
    (["compare"], "CASE.json"),
    (["compare", "none.json"], "none.json: cannot be read: No such file"),
    (["compare", "."], ".: is a folder"),
    (["compare", "bad.json"], "bad.json:1:12: not valid JSON"),
    (["compare", "list.json"], "list.json: expected an object"),
    (["compare", "nan.json"], "nan.json: inputs[0][1]: is nan; only finite numbers make a case"),
    (["compare", "latin.json"], "latin.json: not valid JSON"),
]


@pytest.mark.parametrize(("arguments", "said"), TROUBLE, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_trouble_is_one_clear_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    _write("lacks.py", "number = 3\ndef other(): ...\n")
    _write("syntax.py", "\ndef engine(:\n")
    _write("raises.py", "def f():\n    return 1 / 0\nf()\n".replace("f()\n", "1 / 0\n"))
    _write("quits.py", "raise SystemExit('bye')\n")
    _write("bad.json", '{"format": ')
    _write("list.json", "[1, 2]")
    good = (EXAMPLES / "hmkcode-linear.json").read_text()
    _write("nan.json", json.dumps(json.loads(good) | {"inputs": [[2.0, float("nan")]]}))
    _write("damaged.json", '{"format": "backprove.failure/1", "engines": 3}')
    Path("latin.json").write_bytes(b'{"title": "\xe9"}')
    before = sorted(os.listdir())
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert err.startswith("backprove: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    assert sorted(set(os.listdir()) - {"__pycache__"}) == before


def test_trouble_shows_its_traceback_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    _write("raises.py", "1 / 0\n")
    assert main(["run", "--engine", "raises.py:engine", "--debug"]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err.split("Traceback", 1)[1]


def test_a_bug_of_ours_is_trouble_not_a_disagreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("backprove.campaign.run._Campaign.counted", lambda *rest: 1 / 0)
    assert main(["run", *QUICK]) == 2
    assert "a bug of backprove: ZeroDivisionError" in capsys.readouterr().err


def test_undecided_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((EXAMPLES / "hmkcode-linear.json").read_text())
    case |= {
        "published": [],
        "loss": {"name": "categorical_cross_entropy"},
        "targets": [[1.0]],
        "inputs": [[-1.0, 0.0]],
    }
    _write("minus.json", json.dumps(case))
    assert main(["compare", "minus.json"]) == 3
    assert "categorical_cross_entropy has no value at a2[1] = -0.0334 of sample 1" in capsys.readouterr().out


def test_engines_that_are_not_asked_for_are_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *QUICK, "--engines", "paths,neuron", "--domains", "float64"]) == 0
    out = capsys.readouterr().out
    assert "neuron = paths" in out
    assert "left out: float32, rational, ball, modular" in " ".join(out.split())


def test_limits_and_choices_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", *SMALL, "--max-layers", "2", "--max-width", "3", "--max-batch", "1", "--json"]
    assert main([*arguments, "--activations", "tanh,relu", "--losses", "output"]) == 0
    drawn = json.loads(capsys.readouterr().out)["drawn"]
    assert set(drawn["layers"]) <= {"1", "2"}
    assert set(drawn["widest layer"]) <= {"1", "2", "3"}
    assert set(drawn["batch"]) == {"1"}
    assert set(drawn["activation"]) == {"relu", "tanh"}
    assert set(drawn["loss"]) == {"output"}


def test_a_time_limit_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    since = time.perf_counter()
    assert main(["run", "--for", "1s", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["networks"] > 0
    assert time.perf_counter() - since < 20


def test_output_is_plain_where_it_is_not_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(EXAMPLES / "mazur-2015.json")]) == 1
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "0.291027924" in out
    assert "0.29102777369" in out


def test_hostile_text_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((EXAMPLES / "hmkcode-linear.json").read_text())
    case["title"] = "[red]\x1b[2Jtitle\x07[/red]\u202e"
    _write("hostile.json", json.dumps(case))
    _write("shout.py", "def engine(case, domain):\n    raise ValueError('\\x1b[31mred[bold]\\x00')\n")
    assert main(["compare", "hostile.json", "--engine", "shout.py:engine"]) == 1
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(out)
    assert "[red]\\x1b[2Jtitle\\x07[/red]\\u202e" in out


def test_version_and_module() -> None:
    command = [sys.executable, "-m", "backprove", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("backprove 0.")


def test_interruption_shows_what_was_found() -> None:
    command = [sys.executable, "-m", "backprove", "run", "--for", "10m"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "Interrupted: this is what was found up to then." in out
    assert "networks," in out
    assert "Traceback" not in out + err


def test_a_domain_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BackproveError, match="domains: 'nope' is not one of float64, float32, "):
        search(Settings(domains=("nope",)), ENGINES)


# --- engines that have no manners ---


def _engine(body: str) -> str:
    _write("manners.py", f"import os\nfrom backprove import NotInDomain\n{WRONG.replace('w + w', 'w')}\n{body}\n")
    return "manners.py:mine"


def _groups(capsys: pytest.CaptureFixture[str], body: str) -> tuple[int, list[list[str]], dict[str, object]]:
    code = main(["run", *SMALL, "--engine", _engine(body), "--json"])
    report = json.loads(capsys.readouterr().out)
    return code, report["groups"], report


def test_an_engine_that_was_compared_with_nobody_does_not_agree(capsys: pytest.CaptureFixture[str]) -> None:
    code, groups, report = _groups(capsys, "def mine(case, domain):\n    raise NotInDomain(domain.name, 'exp')")
    assert (code, groups) == (3, [["neuron", "matrix", "paths"]])
    line = "float64: manners.py:mine, which was compared with nobody (the domain float64 has no exp)"
    assert line in report["not_covered"]


def test_an_engine_of_one_domain_is_not_covered_in_others(capsys: pytest.CaptureFixture[str]) -> None:
    body = "def mine(case, domain):\n    if domain.name != 'float64': raise NotInDomain(domain.name, 'this')\n"
    engine = _engine(body + "    return engine(case, domain)")
    code = main(["run", "--networks", "5", "--domains", "float64,rational", "--engine", engine, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (code, report["groups"]) == (0, [["neuron", "matrix", "paths", "manners.py:mine"]])
    assert [d["verdict"] for d in report["domains"]] == ["AGREE", "AGREE"]
    line = "rational: manners.py:mine, which was compared with nobody (the domain rational has no this)"
    assert line in report["not_covered"]


def test_what_an_engine_refuses_is_counted_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    body = "def mine(case, domain):\n    if len(case.layers) > 2: raise NotInDomain(domain.name, 'depth')\n"
    code, groups, report = _groups(capsys, body + "    return engine(case, domain)")
    assert (code, groups) == (0, [["neuron", "matrix", "paths", "manners.py:mine"]])
    assert any(
        "of 30 networks by manners.py:mine (the domain float64 has no depth)" in s for s in report["not_covered"]
    )


@pytest.mark.parametrize(
    "manners",
    [
        "print('noise')",
        "os.chdir('/')",
        "case.layers[0].weights[:] = 7; case.inputs[:] = 3",
    ],
)
def test_bad_manners_hurt_nobody(manners: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, groups, _ = _groups(
        capsys, f"def mine(case, domain):\n    g = engine(case, domain)\n    {manners}\n    return g"
    )
    assert (code, groups) == (0, [["neuron", "matrix", "paths", "manners.py:mine"]])


def test_failing_cases_are_recorded_where_the_command_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, report = _groups(capsys, "def mine(case, domain):\n    os.chdir('/')\n    return None")
    assert code == 1
    assert (tmp_path / ".backprove" / "failures" / f"{report['disagreements'][0]['id']}.json").exists()


def test_an_engine_that_differs_from_itself_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    body = "calls = []\ndef mine(case, domain):\n    calls.append(1)\n    g = engine(case, domain)\n"
    body += "    return replace(g, weights=[w + 1 for w in g.weights]) if len(calls) % 2 == 0 else g"
    code, groups, report = _groups(capsys, body)
    assert (code, groups) == (1, [["neuron", "matrix", "paths"], ["manners.py:mine"]])
    assert report["disagreements"][0]["unstable"] == ["manners.py:mine"]


def test_one_bad_file_does_not_hide_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "none.json", str(EXAMPLES / "hmkcode-linear.json"), "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert "14 of 14 published numbers reproduced" in out
    assert err == "backprove: none.json: cannot be read: No such file or directory\n"


def test_training_that_diverges_is_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((EXAMPLES / "hmkcode-linear.json").read_text())
    case["training"]["learning_rate"] = 1e200
    case["published"] = [{"what": "loss_after", "steps": 50, "value": "1"}]
    _write("wild.json", json.dumps(case))
    assert main(["compare", "wild.json"]) == 2
    assert "wild.json: training: diverges" in capsys.readouterr().err


def test_what_could_not_be_read_does_not_agree_in_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(EXAMPLES / "hmkcode-linear.json"), "none.json"]
    assert main(["compare", *files, "--report", "x.json", "--report", "x.md"]) == 2
    found = json.loads(Path("x.json").read_text())
    assert found["verdict"] == "UNDECIDED"
    assert found["troubles"] == ["none.json: cannot be read: No such file or directory"]
    assert "- not compared: none.json: cannot be read" in Path("x.md").read_text()
    assert "1 could not be compared" in capsys.readouterr().out
    assert main(["compare", files[0], "--report", "y.json"]) == 0
    assert json.loads(Path("y.json").read_text())["troubles"] == []


@pytest.mark.parametrize(
    "arguments",
    [["compare", "case.json", "--report", "case.json"], ["compare", "case.json", "--report", "./link.json"],
     ["explain", "case.json", "--report", "case.json"], ["replay", "case.json", "--report", "case.json"]],
)  # fmt: skip
def test_a_report_is_not_written_over_what_is_read(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = (EXAMPLES / "hmkcode-linear.json").read_text()
    _write("case.json", before)
    Path("link.json").symlink_to("case.json")
    assert main(arguments) == 2
    assert "is what is read here; name another place for the report" in capsys.readouterr().err
    assert Path("case.json").read_text() == before


def test_a_report_goes_where_a_link_points_and_suffixes_may_shout() -> None:
    _write("target.md", "old")
    Path("link.md").symlink_to("target.md")
    assert main(["explain", "--quiet", "--report", "link.md", "--report", "X.JSON"]) == 0
    assert Path("link.md").is_symlink()
    assert Path("target.md").read_text().startswith("# dC/dW2")
    assert json.loads(Path("X.JSON").read_text())["entry"] == "W2[1,1]"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["run", *SMALL, "--quiet"], "backprove run --networks 30 --domains float64"),
        (["explain", "--weight", "1,1,1", "--all-paths"], "backprove explain --weight 1,1,1 --all-paths"),
        (["compare", str(EXAMPLES / "hmkcode-linear.json")], f"backprove compare {EXAMPLES / 'hmkcode-linear.json'}"),
        (["run", "--networks", "9", "--domains", "rational", "--engine", "a b.py:engine"],
         "backprove run --networks 9 --domains rational --engine 'a b.py:engine'"),
    ],
)  # fmt: skip
def test_a_report_says_the_command_that_finds_it_again(arguments: list[str], command: str) -> None:
    _write("a b.py", RIGHT)
    assert main([*arguments, "--report", "x.json"]) == 0
    assert json.loads(Path("x.json").read_text())["command"] == command
