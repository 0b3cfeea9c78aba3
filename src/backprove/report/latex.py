"""A derivation as a LaTeX document that compiles as it stands; its body can be cut out between the two comments."""

import re
from collections.abc import Sequence

from backprove.findings import Derivation, Factor, Route, Step, Table
from backprove.report import derivations as words
from backprove.report.words import network, number, safe

MOST_ROWS, MOST_COLUMNS = 8, 6
MOST_NUMBERS = 150
NAME = r"(?P<kind>delta|[Wbazt])(?P<layer>\d*)(?:\[(?P<at>[^\]]*)\])?(?P<sample>⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)?(?P<power>[²³⁴])?"
TOKEN = re.compile(
    r"(?P<quotient>dC/d(?=[Wbaz])|∂)|(?P<number>\d+(?:\.\d+)?(?:e[+-]\d+)?)(?P<raised>[²³⁴])?"
    rf"|(?P<name>(?:(?<=C/d)|(?<![A-Za-z])){NAME}(?![A-Za-z]))"
    r"|(?P<letter>\b[a-z]\d(?![A-Za-z0-9]))|(?P<word>[A-Za-z]{2,}\b(?:[ ,]+[A-Za-z]{2,}\b(?!\[))*)|(?P<other>.)"
)
SIGNS = {
    "·": r"\cdot ", "²": "^{2}", "³": "^{3}", "⁴": "^{4}", "∘": r"\circ ", "ᵀ": r"^{\top}", "√": r"\sqrt",
    "½": r"{1/2}", "π": r"\pi ", "Φ": r"\Phi ", "φ": r"\varphi ", "…": r"\dots ", "∂": r"\partial ", "∞": r"\infty ",
    "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "$": r"\$", "~": r"\sim ",
}  # fmt: skip
FUNCTIONS = {"exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "erf": r"\operatorname{erf}"}
TEXT = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "Σ": r"$\Sigma$", "½": r"$\frac12$", "²": r"$^2$", "³": r"$^3$", "·": r"$\cdot$",
    "≤": r"$\le$", "≥": r"$\ge$", "∂": r"$\partial$", "δ": r"$\delta$", "≠": r"$\ne$", "×": r"$\times$",
    "…": r"\dots{}", "–": "--", "—": "---",
    "‘": "`", "’": "'", "“": "``", "”": "''", "√": r"$\surd$", "Φ": r"$\Phi$",
    "φ": r"$\varphi$", "/": r"/\allowbreak{}", "'": "'", '"': "''", "`": "`",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


BEGIN, END = "% the derivation begins", "% the derivation ends"
# What is too wide for the line is made smaller.
FIT = r"\newcommand{\fit}[1]{\[\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{$\displaystyle #1$}\]}"
ROWS = 8  # of an equation before it is broken, so that pages can be


def write(found: Derivation) -> str:
    """The whole document."""
    lines = [r"\documentclass{article}", r"\usepackage{amsmath}", r"\usepackage{graphicx}", FIT]
    lines += [r"\setcounter{MaxMatrixCols}{20}", r"\begin{document}", r"\raggedright", BEGIN]
    lines += [rf"\section*{{${math(found.what)}$}}"]
    if found.index:
        lines += [rf"In Python \texttt{{{text(found.index)}}}.\par"]
    said = (found.title, found.source, network(found.case), f"{words.of_samples(found)}.")
    lines += [rf"{text(part)}\par" for part in said if part]
    lines += _numbers(found)
    lines += [rf"\subsection*{{{text(words.NAMES['neuron'])}}}", *_steps(found.neuron.steps)]
    lines += _summed(found, found.neuron.samples, "neuron")
    lines += [rf"\subsection*{{{text(words.NAMES['matrix'])}}}", *_steps(found.matrix.start)]
    for table in found.matrix.tables:
        lines += _table(table)
    lines += _steps([found.matrix.end] if found.matrix.end else [])
    lines += [rf"\subsection*{{{text(words.NAMES['chain_rule'])}}}", *_chain_rule(found)]
    lines += [r"\subsection*{The three values}", *_values(found)]
    lines += [rf"{text(line)}.\par" for line in found.remarks]
    lines += _slopes(found)
    lines += [rf"{text(f'not covered: {line}')}\par" for line in found.not_covered]
    return "\n".join([*lines, END, r"\end{document}"]) + "\n"


def _numbers(found: Derivation) -> list[str]:
    """The numbers of the network, where there are few."""
    layers = found.case["layers"]
    if sum(len(layer["weights"]) * len(layer["weights"][0]) for layer in layers) > MOST_NUMBERS:
        return []
    blocks = []
    for l, layer in enumerate(layers, 1):
        blocks.append((f"W^{{{l}}}", layer["weights"]))
        blocks += [(f"b^{{{l}}}", [[x] for x in layer["bias"]])] if layer["bias"] is not None else []
    blocks += [(r"\text{inputs}", found.case["inputs"]), (r"\text{targets}", found.case["targets"])]
    shown = ((symbol, [[math(words.brief(x)) for x in row] for row in rows]) for symbol, rows in blocks)
    return [rf"\fit{{{symbol} = {_pmatrix(rows)}}}" for symbol, rows in shown]


def _pmatrix(rows: Sequence[Sequence[str]]) -> str:
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def text(plain: str) -> str:
    """Text from outside; what LaTeX's fonts do not have becomes a question mark."""
    return "".join(TEXT.get(c, c if c.isascii() or "À" <= c <= "ÿ" else "?") for c in safe(plain))


def math(formula: str) -> str:
    """A formula of a derivation in LaTeX's words."""
    made = "".join(_token(m) for m in TOKEN.finditer(formula))
    made = re.sub(r"\\partial (\(.*?\)|\S+)/\\partial (\S+)", r"\\frac{\\partial \1}{\\partial \2}", made)
    return re.sub(r"\\sqrt\((.*?)\)", r"\\sqrt{\1}", made)


def _token(m: re.Match[str]) -> str:
    if m["quotient"]:
        return r"\partial " if m["quotient"] == "∂" else r"\partial C/\partial "
    if m["number"]:
        number = _number(m["number"])
        return number if not m["raised"] else f"({number}){SIGNS[m['raised']]}"
    if m["name"]:
        return _name(m)
    if m["letter"]:
        return f"{m['letter'][0]}_{{{m['letter'][1]}}}"
    if m["word"]:
        word = m["word"]
        return FUNCTIONS[word] if word in FUNCTIONS else rf"\text{{ {text(word.strip())} }}"
    return SIGNS.get(m["other"], m["other"] if m["other"].isascii() else "?")


def _number(digits: str) -> str:
    mantissa, _, exponent = digits.partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _name(m: re.Match[str]) -> str:
    """`W2[1,3]` as w^{2}_{1,3}; a whole matrix W2 as W^{2}; what belongs to a sample says so."""
    kind = {"delta": r"\delta"}.get(m["kind"], m["kind"])
    if m["kind"] == "W" and m["at"]:
        kind = "w"
    sample = f"({m['sample'][1:-1].translate(_RAISED)})" if m["sample"] else ""
    raised = ",".join(part for part in (m["layer"], sample) if part)
    lowered = (m["at"] or "").replace("·", r"\cdot ")
    made = kind + (f"^{{{raised}}}" if raised else "") + (f"_{{{lowered}}}" if lowered else "")
    return f"({made}){SIGNS[m['power']]}" if m["power"] else made


def _aligned(rows: Sequence[str]) -> list[str]:
    """Rows aligned at their &, in parts that a page has room for."""
    parts = [" \\\\\n".join(rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)]
    return [rf"\fit{{\begin{{aligned}} {part} \end{{aligned}}}}" for part in parts]


def _steps(steps: Sequence[Step]) -> list[str]:
    rows: list[str] = []
    for step in steps:
        value, symbol = math(words.brief(step.value)), math(step.symbol)
        note = rf"\quad \text{{{text(step.note)}}}" if step.note else ""
        if not step.formula:
            rows.append(rf"{symbol} &= {value}{note}")
            continue
        rows.append(rf"{symbol} &= {math(step.formula)}{note}")
        rows += [rf"&= {math(step.numbers)}"] if step.numbers else []
        rows += [rf"&\phantom{{=}} \quad {math(line)}" for line in words.wheres(step.parts)]
        rows += [rf"&= {value}"] if words.brief(step.value) != step.formula else []
    return _aligned(rows)


def _summed(found: Derivation, values: Sequence[float | str], engine: str) -> list[str]:
    start, _, numbers = words.summed(found, values, engine).partition(": ")
    return [rf"{text(start)}:\par", rf"\fit{{{math(numbers)}}}"] if numbers else []


def _table(table: Table) -> list[str]:
    """A matrix, its marked entries in bold; cut where it is large."""
    rows = words.window(len(table.values), table.rows, MOST_ROWS)
    columns = words.window(len(table.values[0]), table.columns, MOST_COLUMNS)
    shown = []
    for r in rows:
        cells = [(math(words.brief(table.values[r][c])), words.marked(table, r, c)) for c in columns]
        shown.append([rf"\mathbf{{{value}}}" if marked else value for value, marked in cells])
    formula = "" if table.formula in ("", "a row a sample") else f" = {math(table.formula)}"
    part = words.part(table, rows, columns)
    cut = rf"\quad\text{{({text(part)})}}" if ";" in part else ""
    return [rf"\fit{{{math(table.symbol)}{formula} = {_pmatrix(shown)}{cut}}}"]


def _chain_rule(found: Derivation) -> list[str]:
    chain = found.chain_rule
    symbols = [math(symbol) for symbol in chain.symbols]
    rows = [r" \cdot ".join(symbols[i : i + 6]) for i in range(0, len(symbols), 6)]
    lines = _aligned([f"&{row}" if i == 0 else rf"&{{}}\cdot {row}" for i, row in enumerate(rows)])
    lines += [rf"{text(words.paths(found))}\par"]
    for i, route in enumerate(chain.shown, 1):
        lines += _route(route, i if len(chain.shown) > 1 else 0)
    if told := words.others(found):
        lines.append(rf"{text(told)}\par")
    if told := words.total(found):
        lines.append(rf"\fit{{\text{{sum}} = {math(told)}}}")
    return lines + _summed(found, chain.samples, "paths")


def _route(route: Route, place: int) -> list[str]:
    rows = [_factor(factor) for factor in route.factors]
    rows += [rf"\text{{product}} &= {math(words.brief(route.product))}"]
    where = [rf"${math(line)}$\par" for factor in route.factors for line in words.wheres(factor.parts)]
    number = f"{place}. " if place else ""
    passed = ", ".join(f"${math(unit)}$" for unit in route.through)
    term = f", in the term ${math(route.term)}$ of $C$" if route.term else ""
    known = ", ".join(f"${math(part.letter)} = {math(words.brief(part.value))}$" for part in route.known)
    lines = [rf"{number}through {passed}{term}:\par", *_aligned(rows), *dict.fromkeys(where)]
    return lines + ([rf"with {known}\par"] if known else [])


def _slopes(found: Derivation) -> list[str]:
    """How each engine works out the slopes."""
    lines = [r"\subsection*{Slopes}"] if found.slopes else []
    for forms in found.slopes:
        lines += [rf"{text(forms.activation)}, unit {text(forms.unit)}:\par"]
        rows = [rf"\text{{in textbooks}} &\quad {math(forms.textbook)}"]
        for name, step in forms.engines.items():
            where = "".join(rf",\quad {p.letter} = {math(p.formula)}" for p in step.parts)
            rows.append(rf"\text{{{text(name)}}} &\quad {math(step.formula)}{where}")
        lines += _aligned(rows)
    return lines


def _factor(factor: Factor) -> str:
    formula, value = math(factor.formula), math(words.brief(factor.value))
    return rf"{math(factor.symbol)} &= {formula}" + ("" if formula == value else f" = {value}")


def _values(found: Derivation) -> list[str]:
    rows = [rf"\text{{{text(name)}}} &\quad {math(number(value))}" for name, value in found.values.items()]
    lines = _aligned(rows)
    if found.enclosure:
        lines.append(rf"Exactly {text(found.enclosure)}.\par")
    return [*lines, rf"{found.verdict}: {text(words.judged(found))}.\par"]
