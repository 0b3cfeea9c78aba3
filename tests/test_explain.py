"""`backprove explain` as a user meets it: what it prints in terminals of any width, its formats, and bad input."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import covering, network

from backprove.case import Address, Case, Loss, case_to
from backprove.cli import main
from backprove.derivation import default, derive, derive_delta
from backprove.report import latex, markdown

EXAMPLES = Path(__file__).parent / "worked_examples"
MAZUR = str(EXAMPLES / "mazur-2015.json")
HOSTILE = "\x1b[31mred\x1b[0m <b>&amp; \\input{x} $x$ %~^_#{}| [link](http://a) `code` \u202e\u2028 é Ж 💥"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def explained(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["explain", *arguments]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def written(case: Case, name: str = "case.json") -> str:
    Path(name).write_text(json.dumps(case_to(case)), encoding="utf-8")
    return name


def test_three_columns_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(capsys, "--weight", "2,1,1")
    head = next(line for line in out.splitlines() if line.startswith("neuron:"))
    assert re.fullmatch(r"neuron: unit by unit +matrix: whole layers +paths: the chain rule", head)
    for factor in ("a3[1] - t[1]", "a3[1]·(1 - a3[1])", "W3[1,1]", "a2[1]·(1 - a2[1])", "a1[1]"):
        assert factor in out
    assert "AGREE neuron = matrix = paths" in out


def test_stacked_where_it_is_narrow(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    wide = explained(capsys, "--weight", "1,1,1")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = explained(capsys, "--weight", "1,1,1")
    heads = [line for line in narrow.splitlines() if re.match(r"(neuron|matrix|paths): ", line)]
    assert heads == ["neuron: unit by unit", "matrix: whole layers", "paths: the chain rule"]
    for out in (wide, narrow):
        assert [f"{i}. through" in out for i in (1, 2, 3, 4)] == [True, True, True, False]
        assert "3 paths to the loss" in out
        assert "'Just two more factors' is one path" in " ".join(out.split())


def _numbers(text: str) -> list[str]:
    return sorted(set(re.findall(r"-?\d+\.\d{4,}(?:e-?\d+)?", text)))


@pytest.mark.parametrize("case", covering()[::2], ids=lambda c: "-".join(layer.activation for layer in c.layers))
def test_nothing_is_cut_off_or_too_wide(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, shown = written(case), {}
    for width in (60, 80, 119, 120, 140, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        main(["explain", file, "--weight", "1,1,1"])
        out = capsys.readouterr().out
        assert [line for line in out.splitlines() if len(line) > width or line != line.rstrip()] == []
        shown[width] = out
    # every number of the steps and paths, of whatever width
    wanted = set(_numbers(" ".join(s.numbers for s in derive(case, Address(1, 1, 1)).neuron.steps)))
    for out in shown.values():
        assert wanted <= set(_numbers(" ".join(out.split())))


def test_colours_only_where_they_are_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = explained(capsys)
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    monkeypatch.delenv("FORCE_COLOR")
    assert explained(capsys) == plain
    assert "‹" in plain  # what matters is marked without colours too


def test_mazur_s_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert "neuron  0.0821670405" in explained(capsys, MAZUR, "--weight", "2,1,1")
    assert "neuron  0.0004385677" in explained(capsys, MAZUR, "--weight", "1,1,1")


def test_a_batch_shows_one_sample_and_the_sum(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = written(network((2, 3, 2), ("sigmoid", "sigmoid"), batch=3, reduction="mean"))
    out = explained(capsys, file, "--weight", "1,2,1", "--sample", "2")
    assert "the steps are those of sample 2 of 3" in out
    assert len(re.findall(r"\[this one's\]: \S+ \+ \[\S+\] \+ \S+ = \S+", " ".join(out.split()))) == 2
    assert "delta1[2]⁽³⁾·a0[1]⁽³⁾" in out


def test_biases_deltas_and_the_default_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert "dC/db2[1]" in explained(capsys, MAZUR, "--bias", "2,1")
    out = explained(capsys, MAZUR, "--delta", "1,2")
    assert "delta1[2]" in out
    assert "∂b" not in out
    for case in (network((2, 3, 2), ("tanh", "sigmoid"), batch=3, reduction="mean"), *covering()[:2]):
        file = written(case)
        for form in ("text", "markdown", "latex"):
            out = explained(capsys, file, "--delta", "1,1", "--sample", str(len(case.inputs)), "--format", form)
            assert f"sample {len(case.inputs)}" in out
    assert "dC/dW2[1,1]" in explained(capsys)
    assert "dC/dW1[1,1]" in explained(capsys, MAZUR)


def test_quiet_says_the_values_and_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys, "--quiet").splitlines()
    assert lines[0] == "dC/dW2[1,1] (weights[1][0, 0])"
    assert lines[-1].startswith("AGREE")
    assert len(lines) <= 6


def test_json_is_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explained(capsys, "--weight", "1,1,1", "--json"))
    assert found["format"] == "backprove.derivation/1"
    assert found["verdict"] == "AGREE"
    assert len(found["chain_rule"]["shown"]) == 3
    again = json.loads(explained(capsys, "--weight", "1,1,1", "--json"))
    assert again == found


def test_reports(capsys: pytest.CaptureFixture[str]) -> None:
    printed = explained(capsys, "--format", "markdown", "--report", "x.md", "--report", "x.json")
    assert Path("x.md").read_text(encoding="utf-8") == printed
    assert json.loads(Path("x.json").read_text())["entry"] == "W2[1,1]"
    tables = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(tables) > 20
    cells = {line: len(re.findall(r"(?<!\\)\|", line)) for line in tables}
    assert all(count >= 3 for count in cells.values())


def test_hostile_titles_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    case = replace(default(), title=HOSTILE, source=HOSTILE)
    file = written(case)
    for form in ("text", "markdown", "latex"):
        out = explained(capsys, file, "--format", form)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", out)
        if form == "markdown":
            assert "<b>" not in out
            assert "\\[link\\]" in out
        if form == "latex":
            assert "\\input" not in out
            compiled(out)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--weight", "4,1,1"], "--weight 4,1,1: layer: 4 is not in 1 … 3"),
        (["--weight", "0,1,1"], "--weight 0,1,1: layer: 0 is not in 1 … 3"),
        (["--weight", "2,4,1"], "--weight 2,4,1: to: 4 is not in 1 … 3"),
        (["--weight", "2,1,0"], "--weight 2,1,0: from: 0 is not in 1 … 3"),
        (["--weight", "2,1"], "--weight: '2,1' is not layer,to,from such as 2,1,3"),
        (["--weight", "-1,1,1"], "--weight: '-1,1,1' is not layer,to,from"),
        (["--weight", "a,b,c"], "--weight: 'a,b,c' is not layer,to,from"),
        (["--weight", "1,1,1,1"], "is not layer,to,from"),
        (["--weight", "2,1,99999999999999"], "is not layer,to,from"),
        (["--weight", ""], "is not layer,to,from"),
        (["--bias", "2,1"], "--bias 2,1: layer: layer 2 has no bias"),
        (["--delta", "1"], "--delta: '1' is not layer,unit such as 2,1"),
        (["--delta", "9,1"], "--delta 9,1: layer: 9 is not in 1 … 3"),
        (["--delta", "1,9"], "--delta 1,9: to: 9 is not in 1 … 3"),
        (["--weight", "1,1,1", "--bias", "1,1"], "--weight and --bias: one entry at a time"),
        (["--sample", "2"], "--sample: 2 is not in 1 … 1"),
        (["--sample", "0", "--delta", "1,1"], "--sample: 0 is not in 1 … 1"),
        (["--format", "pdf"], "--format: 'pdf' is not one of text, markdown, latex, html"),
        (["--html", "--format", "latex"], "--html and --format latex: one format at a time"),
        (["--html", "--json"], "--json and --format: machine output has a form of its own"),
        (["page.html", "--html"], "page.html: --html writes to standard output; name a file with --report page.html"),
        (["missing.json"], "missing.json: cannot be read"),
        (["--report", "x.pdf"], "x.pdf: reports are written as"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


def test_a_large_network_is_refused_and_many_paths_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    file = written(network((600, 500), ("relu",), batch=1))
    assert main(["explain", file]) == 2
    assert "of at most 120,000" in capsys.readouterr().err
    deep = written(network((2, *(8,) * 10, 2), ("sigmoid",) * 11, batch=1))
    out = explained(capsys, deep, "--weight", "1,1,1", "--all-paths")
    assert "268,435,456 paths to the loss" in out
    assert "too many even to multiply out" in " ".join(out.split())
    assert "AGREE neuron = matrix:" in out


needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="pdflatex is not installed: apt-get install texlive-latex-base",
)


def compiled(text: str) -> None:
    """Compile, or fail with what LaTeX says; nothing where it is not installed."""
    if shutil.which("pdflatex") is None:
        return
    Path("a.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"],
        capture_output=True,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-1500:]
    log = Path("a.log").read_text(errors="replace")
    assert "Missing character" not in log
    assert "Overfull" not in log, log[log.index("Overfull") :][:500]


@needs_latex
def test_latex_compiles() -> None:
    """All activations and losses between them, weights, biases and deltas, in one document."""
    documents = []
    for case in covering():
        last = len(case.layers)
        documents += [derive(case, Address(l, 1, 1), sample=len(case.inputs)) for l in (1, last)]
        documents.append(derive_delta(case, 1, 1))
    many = network((2, *(8,) * 10, 2), ("sigmoid",) * 11, batch=1, loss=Loss("output"))
    documents.append(derive(many, Address(1, 1, 1)))
    far = "https://example.org/" + "a-long-address/" * 12
    documents.append(derive(replace(default(), source=far), Address(1, 1, 1)))
    texts = [latex.write(found) for found in documents]
    start, end = texts[0].index("% the derivation begins"), "% the derivation ends"
    bodies = [text[text.index("% the derivation begins") : text.index(end)] for text in texts]
    compiled(texts[0][:start] + "\\newpage\n".join(bodies) + "\\end{document}\n")


@needs_latex
def test_latex_that_is_broken_is_noticed() -> None:
    with pytest.raises(AssertionError):
        compiled(latex.write(derive(default(), Address(1, 1, 1))).replace(r"\end{aligned}", "", 1))


def test_latex_knows_every_sign_of_the_formulas() -> None:
    """No sign of a formula is lost: what the writer does not know becomes a question mark."""
    for case in covering():
        found = derive(case, Address(1, 1, 1))
        assert "?" not in latex.write(replace_title(found))
        assert markdown.write(found).startswith("# dC/dW1")
    assert latex.math("a ♥ b") == "a ? b"


def replace_title(found):  # type: ignore[no-untyped-def]
    from msgspec import structs

    return structs.replace(found, title="", source="")
