"""What comes from outside stays text in every format: titles, sources, file names, what a stranger's code says.

Pages are read by a parser of HTML and Markdown by one of Markdown, which say what became markup; each checker is shown
to catch a writer that lets something through.
"""

import base64
import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import network
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from backprove.bench import growth
from backprove.case import Address, Case, case_to
from backprove.check import examine, finding, shrink, survey, together
from backprove.cli import main
from backprove.contrast import contrast
from backprove.contrast import finding as compared
from backprove.derivation import default, derive, tour
from backprove.engines import ENGINES
from backprove.findings import AnyReport, CheckReport, ComparisonReport, Derivation, Report, Tour
from backprove.report import html, latex, markdown, markdown_checks, markdown_comparison, markup, terminal, words
from backprove.report import json as json_report

PIECES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "' onmouseover='alert(1)",
    "</title><script>", "</style>", "</pre>", "</code>", "<!--", "-->", "]]>", "&lt;b&gt;", "&#60;b>", "{{ 7*7 }}",
    "{% include 'x' %}", "{#", "#}", "[x](javascript:alert(1))", "![x](y)", "<javascript:alert(1)>", "| a | b |", "`",
    "```", "\n```\n", "~~~", "\n", "\r\n", "\n\n# x\n", "- ", "> ", "1. ", "---", "    ", "\t", "\\", "$", "$x$", "%",
    "_a_", "*b*", "\\input{x}", "\\end{document}", "[red]x[/]", "\x1b[31mred\x1b]0;title\x07", "\0", "\x7f", "\x9b31m",
    "\u202e", "\u2028", "\u2066", "\u200b", "\ufeff", "\udcff", "💥", "é", "e\u0301", "日本", "#010203",
)  # fmt: skip
HOSTILE = " ".join(piece for piece in PIECES if piece != "\udcff")
LONG = "<b>" + 3333 * "x& " + "`"
KEPT = ("💥", "é", "e\u0301", "日本", "alert(1)", "{{ 7*7 }}")
# A path with `</title><script>` in it, as names of folders allow; its last part is no UTF-8.
FOLDER = "<i>/</title><script>alert(1)<"
NAME = "script>{{ 7*7 }} | `$x_{$ [x](y) & \\ \x1b[31m\u202e\r\n```\n 💥e\u0301日本 \udcff.py"
TEXT = (
    st.lists(
        st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=("Cs", "Cf")), max_size=4),
        min_size=1,
        max_size=8,
    )
    .map("".join)
    .filter(str.strip)
)
FEW = settings(max_examples=15, phases=[Phase.explicit, Phase.generate])  # pages take too long to shrink
SIZES = ["--networks", "2", "--max-layers", "2", "--max-width", "2"]
QUICK = ["run", "--networks", "2", "--domains", "float64"]
EACH = ["--report", "x.html", "--report", "x.md", "--report", "x.json"]
DATA = case_to(network((2, 2, 1), ("sigmoid", "sigmoid"), batch=1))
RAISING = "def {name}(*given):\n    print({said!a}, flush=True)\n    raise ValueError({said!a})\n"
MARK = "marked"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(survey, "PROBED", 0)
    monkeypatch.setattr(shrink, "SECONDS", 0.2)
    monkeypatch.setattr(growth, "WIDTHS", (2, 4))


# What is looked for


def unseen(text: str) -> list[str]:
    """Control, formatting and bidirectional characters, and odd blanks, that stand in a text raw; newlines may."""
    wanted = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [ascii(c) for c in sorted(set(text)) if c != "\n" and unicodedata.category(c) in wanted]


TAGS = {
    "a", "article", "b", "body", "br", "button", "caption", "circle", "clippath", "code", "dd", "defs", "details",
    "div", "dl", "dt", "figcaption", "figure", "footer", "g", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header",
    "html", "i", "input", "label", "li", "line", "main", "meta", "nav", "noscript", "ol", "output", "p", "path",
    "pre", "rect", "script", "section", "span", "strong", "style", "summary", "svg", "table", "tbody", "td", "text",
    "th", "thead", "title", "tr", "tspan", "ul", "use",
}  # fmt: skip
ATTRIBUTES = {
    "aria-controls", "aria-current", "aria-hidden", "aria-label", "aria-labelledby", "aria-live", "aria-pressed",
    "aria-valuetext", "charset", "class", "clip-path", "content", "cx", "cy", "d", "data-delta", "data-engine",
    "data-entry", "data-lit", "data-more", "data-name", "data-quantity", "data-softmax", "data-step", "data-total",
    "data-tour", "data-z", "focusable", "height", "hidden", "href",
    "http-equiv", "id", "lang", "max", "min", "name", "open", "r", "role", "scope", "stroke-width", "style", "tabindex",
    "title", "transform", "type", "value", "version", "viewbox", "width", "x", "x1", "x2", "xlink:href", "xmlns",
    "xmlns:xlink", "y", "y1", "y2",
}  # fmt: skip


class Page(HTMLParser):
    """A page as a browser takes it apart: its tags, attributes, scripts and the text that is seen."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.comments: list[str] = []
        self.policy = self.seen = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._inside = tag if tag in ("script", "style") else ""
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.seen += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page_faults(text: str) -> list[str]:
    """What of a page is markup, or is obeyed, that must not be."""
    page, found = Page(text), [f"raw {c}" for c in unseen(text)]
    found += [f"<{tag}>" for tag in set(page.tags) if tag.removeprefix("/") not in TAGS]
    # matplotlib says beside a power of ten what it is
    powers = re.compile(r" \$\\mathdefault\{(?:[0-9{}^.−-]|\\times)*\}\$ ")
    found += [f"a comment {line[:60]!r}" for line in page.comments if not powers.fullmatch(line)]
    for name, value in page.attributes:
        if name not in ATTRIBUTES or name.startswith("on"):
            found.append(f"the attribute {name[:40]}")
        if name in ("href", "xlink:href") and not re.fullmatch(r"#[a-z0-9-]+", value):
            found.append(f"a link to {value[:40]}")
        if name == "style" and re.search(r"url\((?!#)|expression|javascript:", value):
            found.append(f"the style {value[:40]}")
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.scripts]
    if page.tags.count("script") != 1 or [f"'sha256-{d}'" for d in digests] != re.findall(r"'sha\S+'", page.policy):
        found.append(f"{page.tags.count('script')} scripts")
    return found


ALLOWED = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "strong_open",
    "strong_close", "fence", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "table_open",
    "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open",
    "th_close", "td_open", "td_close",
}  # fmt: skip


def tokens(text: str) -> list[Any]:
    """What Markdown makes of a text, and what it makes of the lines in it."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        found += [token, *(token.children or [])]
    return found


def markdown_faults(text: str) -> list[str]:
    """What of a Markdown text is markup that must not be."""
    found = [f"raw {c}" for c in unseen(text)] + [token.type for token in tokens(text) if token.type not in ALLOWED]
    fence, pipes = "", 0
    for line in text.split("\n"):
        if run := re.fullmatch(r" {0,3}(`{3,})\s*", line):
            fence = "" if fence and len(run[1]) >= len(fence) else fence or run[1]
            continue
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
        if not fence and re.search(r"[<`]|\]\(|~~~", bare):
            found.append(f"outside of code: {line[:60]}")
        wanted, pipes = pipes, bare.count("|") if line.startswith("|") and not fence else 0
        if wanted and pipes and wanted != pipes:
            found.append(f"a row of {pipes} for {wanted} pipes: {line[:60]}")
    return found + (["a fence that is not closed"] if fence else [])


def kinds(text: str) -> list[str]:
    """The blocks of a Markdown text and what is in their lines."""
    return [token.type for token in tokens(text)]


def markdown_text(text: str) -> str:
    """What a reader of the Markdown text sees."""
    return "\n".join(t.content for t in tokens(text) if t.type in ("text", "fence"))


def latex_faults(text: str) -> list[str]:
    """Commands and environments of LaTeX that a harmless derivation has not, and what its fonts do not have."""
    known = set(re.findall(r"\\[A-Za-z]+|\\\W", latex.write(derive(default(), Address(2, 1, 1)))))
    known |= set(re.findall(r"\\[A-Za-z]+|\\\W", " ".join(latex.TEXT.values())))
    found = [f"raw {c}" for c in unseen(text)] + sorted({*re.findall(r"\\[A-Za-z]+|\\\W", text)} - known)
    bare = re.sub(r"\\\W", "", text)
    return found + [f"{c} {bare.count(c)}" for c in "$" if bare.count(c) % 2] + [
        "braces" for _ in range(bare.count("{") != bare.count("}"))
    ]  # fmt: skip


def readable(seen: str, *wanted: str) -> list[str]:
    """What of the texts wanted cannot be read where it is seen, controls spelled out."""
    flat = " ".join(seen.split())
    return [text for text in wanted if " ".join(words.safe(text).split()) not in flat]


def case_file(name: str, title: str = "", source: str = "") -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(json.dumps(DATA | {"title": title, "source": source}), encoding="utf-8")
    return name


def code_file(body: str) -> str:
    """A Python file of a hostile name, in a hostile folder."""
    Path(FOLDER).mkdir(parents=True, exist_ok=True)
    file = f"{FOLDER}/{NAME}"
    Path(file).write_text(body, encoding="utf-8")
    return file


def written() -> tuple[str, str, Any]:
    """The reports, with nothing in them that must not be there: page, Markdown, decoded JSON."""
    page, text, data = (Path(f"x.{end}").read_bytes().decode("utf-8") for end in ("html", "md", "json"))
    assert page_faults(page) == []
    assert markdown_faults(text) == []
    assert unseen(data) == []
    return Page(page).seen, markdown_text(text), json.loads(data)


# Through the command line


@pytest.mark.parametrize("title", [HOSTILE, LONG, *PIECES[:3], "> a", "- a", "1. a"], ids=lambda text: text[:12])
def test_titles_and_sources_of_compared_cases(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = [case_file("a.json", title, title[::-1]), case_file(f"{FOLDER}/{NAME}.json")]
    assert main(["compare", *files, *EACH]) == 0
    out, err = capsys.readouterr()
    page, text, data = written()
    assert readable(page, title, title[::-1], files[1]) == readable(text, title, title[::-1], files[1]) == []
    assert [case["title"] for case in data["cases"]] == [title, ""]
    assert [case["source"] for case in data["cases"]] == [title[::-1], ""]
    assert [case["file"] for case in data["cases"]] == files
    assert unseen(out + err) == []
    if title == HOSTILE:
        assert [seen for seen in (out, page, text) for part in KEPT if part not in seen] == []


def test_a_case_that_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    file = case_file("a.json", HOSTILE, LONG)
    assert main(["explain", file, *EACH]) == 0
    out = capsys.readouterr().out
    page, text, data = written()
    assert readable(page, HOSTILE, LONG) == readable(text, HOSTILE, LONG) == unseen(out) == []
    assert (data["title"], data["source"], data["case"]["title"]) == (HOSTILE, LONG, HOSTILE)
    assert main(["explain", file, "--html"]) == 0
    assert page_faults(capsys.readouterr().out) == []
    assert main(["explain", file, "--format", "markdown"]) == 0
    assert markdown_faults(capsys.readouterr().out) == []
    assert main(["explain", file, "--format", "latex"]) == 0
    assert latex_faults(capsys.readouterr().out) == []
    assert main(["explain", file, "--json"]) == 0
    assert unseen(said := capsys.readouterr().out) == []
    assert json.loads(said)["title"] == HOSTILE


def test_an_engine_that_raises(capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{code_file(RAISING.format(name='engine', said=f'{HOSTILE} {chr(0xDCFF)}'))}:engine"
    # what it prints itself goes to stderr as it is: it runs in this very process
    assert main([*QUICK, "--engine", spec, *EACH]) == 1
    page, text, data = written()
    assert unseen(capsys.readouterr().out) == []
    assert readable(page, spec, "<script>alert(1)</script>") == readable(text, spec) == []
    found = data["disagreements"][0]
    assert found["groups"] == [["neuron", "matrix", "paths"], [spec]]
    assert HOSTILE.split("\n")[0] in found["tracebacks"][spec]
    assert main(["replay", found["id"], *EACH]) == 1
    assert unseen(capsys.readouterr().out) == []
    page, text, data = written()
    assert data["disagreements"][0]["failures"] == found["failures"]
    assert main(["replay", "x.json", "--json"]) == 1
    assert unseen(capsys.readouterr().out) == []


@pytest.mark.slow
def test_an_engine_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    body = "from backprove.engines.matrix import engine as right\n\ndef engine(case, domain):\n"
    body += "    g = right(case, domain)\n    return [2 * w for w in g.weights], g.biases\n"
    spec = f"{code_file(body)}:engine"
    assert main([*QUICK, "--engine", spec, *EACH]) == 1
    page, text, data = written()
    assert readable(page, spec) == readable(text, spec) == []
    assert spec in data["disagreements"][0]["values"]
    assert main(["compare", case_file("a.json"), "--engine", spec, *EACH]) == 1
    page, text, data = written()
    assert readable(page, spec) == readable(text, spec) == []
    assert main(["prove", "1-1", "--activations", "identity", "--loss", "squared_error", "--engine", spec, *EACH]) == 1
    page, text, data = written()
    assert readable(page, spec) == readable(text, spec) == []
    assert data["architectures"][0]["formulations"][-1] == spec
    assert unseen("".join(capsys.readouterr())) == []


@pytest.mark.slow
def test_candidates(capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"{code_file(RAISING.format(name='gradients', said=HOSTILE))}:gradients"
    assert main(["check", spec, *SIZES, *EACH]) == 1
    page, text, data = written()
    assert readable(page, spec, "<script>alert(1)</script>") == readable(text, spec, "<script>alert(1)</script>") == []
    assert data["candidate"] == spec
    assert "<script>alert(1)</script>" in data["output"]
    Path("<b>`|.py").write_text(f"raise ValueError({HOSTILE!a})\n", encoding="utf-8")
    assert main(["check", spec, "<b>`|.py:gradients", *SIZES, *EACH]) == 1
    page, text, data = written()
    assert readable(page, spec, "<b>`|.py") == readable(text, spec, "<b>`|.py") == []
    assert len(data["troubles"]) == 1
    assert unseen("".join(capsys.readouterr())) == []


@pytest.mark.slow
def test_the_line_that_repeats_a_check_is_one_word_for_a_shell_where_it_is_one_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = "BACKPROVE = {'activations': 'sigmoid', 'loss': 'squared_error', 'loss_scale': '1', 'reduction': 'sum'}\n\n"
    body += "def gradients(weights, biases, inputs, targets):\n    return [0 * w for w in weights], "
    body += "[None if b is None else 0 * b for b in biases]\n"
    spec = f"{code_file(body)}:gradients"
    assert main(["check", spec, *SIZES, *EACH]) == 1
    page, text, data = written()
    assert readable(page, data["replay"]) == readable(text, data["replay"]) == unseen(capsys.readouterr().out) == []
    said = [sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))"]
    line = data["replay"].removeprefix("backprove")
    shell = subprocess.run(["sh", "-c", f'"$0" "$1" "$2" {line}', *said], capture_output=True, check=True)
    assert json.loads(shell.stdout)[:2] == ["check", spec]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "x.py:f", "--layers", HOSTILE], ["check", HOSTILE.replace("\0", "")],
        ["compare", "\x1b[31m\u202e.json"],
        ["run", "--domains", HOSTILE], ["explain", "--weight", HOSTILE], ["explain", "--format", HOSTILE],
        ["replay", "\x1b[2J\x9b"], ["prove", HOSTILE], ["gallery", HOSTILE], ["run", "--report", f"{HOSTILE}.md"],
        ["run", "--report", "x.\x1b[31m"], ["run", f"--{HOSTILE}"], [HOSTILE],
    ],
    ids=lambda arguments: " ".join(arguments)[:16],
)  # fmt: skip
def test_complaints(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.py").write_text("def f(*given):\n    return given\n", encoding="utf-8")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, unseen(err), err.count("\n")) == ("", [], 1)
    assert "a bug of backprove" not in err


# Through the writers alone


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[type, Any]:
    """A finding of each kind, with MARK wherever something comes from outside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("hostile"))
        patch.setattr(survey, "PROBED", 0)
        case = replace(network((1, 1), ("sigmoid",)), title=MARK, source=MARK)

        def failing(case: Case, domain: Any) -> Any:
            raise ValueError(f"{MARK}\n{MARK}")

        kinds = [contrast([compared(MARK, case, {**ENGINES, MARK: failing})], MARK), derive(case, Address(1, 1, 1))]
        Path(f"{MARK}.py").write_text(RAISING.format(name=MARK, said=f"{MARK}\n{MARK}"), encoding="utf-8")
        found = finding(examine(f"{MARK}.py:{MARK}", {}, networks=2, settings={"max_layers": 1}), 0)
        kinds.append(together([found, found], [MARK]))
        assert main([*QUICK, "--engine", f"{MARK}.py:{MARK}", "--report", f"{MARK}.json", "--quiet"]) == 1
        kinds.append(msgspec.json.decode(Path(f"{MARK}.json").read_bytes(), type=Report))
    return {type(kind): kind for kind in kinds} | {Tour: tour(case, Address(1, 1, 1))}


def planted(found: Any, text: str) -> Any:
    """The finding with another text in place of MARK, in every value and key."""

    def within(value: Any) -> Any:
        if isinstance(value, dict):
            return {within(key): within(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [within(inner) for inner in value]
        return value.replace(MARK, text) if isinstance(value, str) else value

    return msgspec.convert(within(msgspec.to_builtins(found)), type(found))


def pages(findings: dict[type, Any], kind: type, text: str) -> str:
    walked = [planted(findings[Tour], text)] if kind in (ComparisonReport, Derivation) else []
    return html.write(planted(findings[kind], text), walked)


@FEW
@given(text=TEXT)
@pytest.mark.parametrize("kind", [ComparisonReport, Derivation, CheckReport])
def test_no_text_becomes_markup_in_a_page(kind: type, findings: dict[type, Any], text: str) -> None:
    page = pages(findings, kind, text)
    assert page_faults(page) == []
    assert Page(page).tags == Page(pages(findings, kind, MARK)).tags
    assert readable(Page(page).seen, text) == []


def test_no_engine_s_name_becomes_markup_in_a_chart(findings: dict[type, Any]) -> None:
    tags = Page(pages(findings, Report, MARK)).tags
    for text in (HOSTILE, f"$x_{{$\udcff日{MARK}", f"_{LONG}"):  # a chart shows the end of a name
        page = pages(findings, Report, text)
        assert page_faults(page) == []
        assert Page(page).tags == tags


@FEW
@given(text=TEXT)
@pytest.mark.parametrize("kind", [ComparisonReport, Derivation, CheckReport, Report])
def test_no_text_becomes_markup_in_markdown(kind: type, findings: dict[type, Any], text: str) -> None:
    made = markdown.write(planted(findings[kind], text))
    assert markdown_faults(made) == []
    assert readable(markdown_text(made), text) == []
    assert kinds(made) == kinds(markdown.write(planted(findings[kind], MARK)))


@FEW
@given(text=TEXT)
@pytest.mark.parametrize("kind", [ComparisonReport, Derivation, CheckReport, Report])
def test_every_text_comes_back_from_json(kind: type, findings: dict[type, Any], text: str) -> None:
    found = planted(findings[kind], text)
    made = json_report.write(found)
    assert unseen(made) == []
    assert json.loads(made) == msgspec.to_builtins(found)


@FEW
@given(text=TEXT)
def test_no_text_becomes_a_command_of_latex(findings: dict[type, Any], text: str) -> None:
    assert latex_faults(latex.write(planted(findings[Derivation], text))) == []


def test_what_the_commands_write_is_what_the_writers_write(findings: dict[type, Any]) -> None:
    for kind in (ComparisonReport, Derivation, CheckReport, Report):
        assert isinstance(findings[kind], AnyReport)
        assert MARK in json_report.write(findings[kind])


# The checkers catch what they are there for


def _loose(**options: Any) -> Any:
    """The pages' environment, made anew with something switched off."""
    page = html._environment.__wrapped__()
    for name, value in options.items():
        setattr(page, name, value)
    return lambda: page


@pytest.mark.parametrize("text", [*PIECES[:3], "</title><script>", "</pre>"])
def test_a_page_without_escaping_is_caught(
    text: str, findings: dict[type, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = Page(pages(findings, ComparisonReport, MARK)).tags
    monkeypatch.setattr(html, "_environment", _loose(autoescape=False))
    page = pages(findings, ComparisonReport, text)
    assert page_faults(page) != [] or Page(page).tags != tags
    assert page_faults(pages(findings, ComparisonReport, HOSTILE)) != []


def test_a_page_with_raw_controls_is_caught(findings: dict[type, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_environment", _loose(finalize=None))
    faults = page_faults(pages(findings, ComparisonReport, "\x1b\u202e"))
    assert faults == ["raw '\\x1b'", "raw '\\u202e'"]


@pytest.mark.parametrize(
    "bent",
    [
        "<img src=x>", "<a href='javascript:alert(1)'>x</a>", "<a href='https://a.example'>x</a>", "<p onclick='x'>",
        "<script>x</script>", "<p style='background: url(x)'>", "<!-- x -->", "<form>", "<iframe>", "\u202e", "\x9b",
        "<use xlink:href='x.svg#a'/>",
    ],
)  # fmt: skip
def test_what_a_page_must_not_have_is_caught(bent: str, findings: dict[type, Any]) -> None:
    page = pages(findings, Derivation, MARK)
    assert page_faults(page) == []
    assert page_faults(page.replace("<footer>", f"{bent}<footer>")) != []


def test_markdown_without_escaping_is_caught(findings: dict[type, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = kinds(markdown.write(findings[ComparisonReport]))
    for module in (markdown, markdown_checks, markdown_comparison, markup):
        monkeypatch.setattr(module, "escaped", lambda text: text)
    assert markdown_faults(markdown.write(planted(findings[CheckReport], "a | b"))) != []
    for text in ("<b>", "[x](javascript:alert(1))", "`a`", "\x1b", "> a", "- a", "1. a"):
        made = markdown.write(planted(findings[ComparisonReport], text))
        assert markdown_faults(made) != [] or kinds(made) != harmless, text
    assert markdown_faults(markdown.write(planted(findings[ComparisonReport], "harmless"))) == []


def test_a_fence_that_text_can_end_is_caught(findings: dict[type, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown_checks, "fenced", lambda lines: ["```", *lines, "```"])
    assert markdown_faults(markdown.write(planted(findings[CheckReport], "\n```\n<b>"))) != []
    assert markdown_faults(markdown.write(planted(findings[CheckReport], "harmless"))) == []


def test_json_and_terminals_with_raw_controls_are_caught(
    findings: dict[type, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(json_report, "UNSEEN", re.compile("(?!)"))
    assert unseen(json_report.write(planted(findings[ComparisonReport], "\u202e\x9b"))) == ["'\\x9b'", "'\\u202e'"]
    monkeypatch.setattr(terminal, "safe", lambda text: text)
    assert main(["compare", case_file("a.json", "\x1b[31m")]) == 0
    assert unseen(capsys.readouterr().out) == ["'\\x1b'"]


# Reports that cannot be written

PIP = "pip install 'backprove[report]'"


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
@pytest.mark.parametrize(
    "command",
    [
        ["run", "--engine", "gone.py:f"], ["compare", "gone.json"], ["explain", "gone.json"], ["check", "gone.py:f"],
        ["prove", "2-1", "--engine", "gone.py:f"], ["replay", "gone"], ["gallery"],
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_without_the_extra_a_page_is_refused_before_the_work(
    command: list[str], module: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("backprove.gallery.gallery", lambda *rest, **more: pytest.fail("worked"))
    assert main([*command, "--report", "x.md", "--report", "x.html"]) == 2
    assert capsys.readouterr() == ("", f"backprove: {module} is not installed: {PIP}\n")
    assert os.listdir() == []


def test_without_the_extra_explain_refuses_a_page_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["explain", "gone.json", "--html"]) == 2
    assert capsys.readouterr() == ("", f"backprove: jinja2 is not installed: {PIP}\n")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("x.pdf", "x.pdf: reports are written as .json, .md, .html, by the end of the name"),
        ("x", "x: reports are written as .json, .md, .html, by the end of the name"),
        ("folder.md", "folder.md: is a folder; name a file"),
        ("nowhere/x.html", "nowhere: no such folder; make it first"),
        ("shut/x.json", "shut/x.json: may not be written here; name another place"),
        ("shut.md", "shut.md: may not be written here; name another place"),
    ],
)
def test_a_place_that_takes_no_report_is_refused_before_the_work(
    path: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("folder.md").mkdir()
    Path("shut").mkdir(mode=0o500)
    Path("shut.md").write_text("before", encoding="utf-8")
    Path("shut.md").chmod(0o400)
    if os.geteuid() == 0:  # to whom nothing is shut
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK or Path(path).name[:4] != "shut")
    assert main(["run", "--engine", "gone.py:f", "--report", "x.md", "--report", path]) == 2
    assert capsys.readouterr() == ("", f"backprove: {said}\n")
    assert sorted(os.listdir()) == ["folder.md", "shut", "shut.md"]
    assert os.listdir("shut") == []


@pytest.mark.parametrize("end", ["html", "md", "json"])
@pytest.mark.parametrize("before", [None, "what was there"], ids=["new", "over another"])
def test_a_full_disk_leaves_what_was_there(
    end: str, before: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Path("folder").mkdir()
    file = Path("folder", f"x.{end}")
    if before:
        file.write_text(before, encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["compare", case_file("a.json"), "--quiet", "--report", str(file)]) == 2
    assert capsys.readouterr().err == f"backprove: {file}: cannot be written: No space left on device\n"
    assert [path.read_text(encoding="utf-8") for path in Path("folder").iterdir()] == ([before] if before else [])


@pytest.fixture
def tiny() -> Iterator[Path]:
    """A file system of a few kilobytes."""
    folder = Path("tiny").absolute()
    folder.mkdir()
    try:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], capture_output=True)
    except OSError as error:
        pytest.skip(f"no mount: {error}")
    if made.returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tiny / "x.html"
    file.write_text("what was there", encoding="utf-8")
    assert main(["compare", case_file("a.json"), "--quiet", "--report", str(file)]) == 2
    assert capsys.readouterr().err == f"backprove: {file}: cannot be written: No space left on device\n"
    assert [path.read_text(encoding="utf-8") for path in tiny.iterdir()] == ["what was there"]
