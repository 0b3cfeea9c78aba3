"""A derivation as a LaTeX document that compiles as it stands; its body can be cut out between the two comments."""

import re
from collections.abc import Sequence

from backprove.findings import Derivation, Factor, Route, Step, Table
from backprove.report import derivations as words
from backprove.report.words import network, number, safe

MOST_ROWS, MOST_COLUMNS = 8, 8
NAME = r"(?P<kind>delta|[Wbazt])(?P<layer>\d*)(?:\[(?P<at>[^\]]*)\])?(?P<sample>⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)?(?P<power>[²³⁴])?"
TOKEN = re.compile(
    r"(?P<quotient>dC/d(?=[Wbaz])|∂)|(?P<number>\d+(?:\.\d+)?(?:e[+-]\d+)?)"
    rf"|(?P<name>(?:(?<=C/d)|(?<![A-Za-z])){NAME}(?![A-Za-z]))"
    r"|(?P<letter>\b[a-z]\d\b)|(?P<word>[A-Za-z]{2,}\b(?:[ ,]+[A-Za-z]{2,}\b(?!\[))*)|(?P<other>.)"
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
    "‘": "`", "’": "'", "“": "``", "”": "''", "√": r"$\surd$", "'": "'", '"': "''", "`": "`",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def write(found: Derivation) -> str:
    """The whole document."""
    lines = [r"\documentclass{article}", r"\usepackage{amsmath}"]
    lines += [
        r"\allowdisplaybreaks",
        r"\setcounter{MaxMatrixCols}{20}",
        r"\begin{document}",
        "% begin of the derivation",
    ]
    lines += ["% begin of the derivation", rf"\section*{{{text(words.head(found))}}}"]
    lines += [rf"{text(part)}\par" for part in (found.title, found.source, network(found.case)) if part]
    if told := words.of_samples(found):
        lines += [rf"{text(told)}\par"]
    lines += [rf"\subsection*{{{text(words.NAMES['neuron'])}}}", *_steps(found.neuron.steps)]
    lines += _samples(found, found.neuron.samples)
    lines += [rf"\subsection*{{{text(words.NAMES['matrix'])}}}"]
    for table in found.matrix.tables:
        lines += _table(table)
    lines += _steps(found.matrix.steps)
    lines += [rf"\subsection*{{{text(words.NAMES['chain_rule'])}}}", *_chain_rule(found)]
    lines += [r"\subsection*{The three values}", *_values(found)]
    lines += [rf"{text(line)}\par" for line in (*found.remarks, *(f"not covered: {x}" for x in found.not_covered))]
    return "\n".join([*lines, "% end of the derivation", r"\end{document}"]) + "\n"


def text(plain: str) -> str:
    """Text from outside; what LaTeX's fonts do not have becomes a question mark."""
    return "".join(TEXT.get(c, c if c.isascii() or "À" <= c <= "ÿ" else "?") for c in safe(plain))


def math(formula: str) -> str:
    """A formula of a derivation in LaTeX's words."""
    made = "".join(_token(m) for m in TOKEN.finditer(formula))
    made = re.sub(r"\\partial (\S+)/\\partial (\S+)", r"\\frac{\\partial \1}{\\partial \2}", made)
    return re.sub(r"\\sqrt\((.*?)\)", r"\\sqrt{\1}", made)


def _token(m: re.Match[str]) -> str:
    if m["quotient"]:
        return r"\partial " if m["quotient"] == "∂" else r"\partial C/\partial "
    if m["number"]:
        return _number(m["number"])
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
    return [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"] if rows else []


def _steps(steps: Sequence[Step]) -> list[str]:
    rows: list[str] = []
    for step in steps:
        value = math(words.brief(step.value))
        note = rf"\quad \text{{{text(step.note)}}}" if step.note else ""
        if not step.formula:
            rows.append(rf"{math(step.symbol)} &= {value}{note}")
            continue
        rows.append(rf"{math(step.symbol)} &= {math(step.formula)}{note}")
        rows += [rf"&= {math(step.numbers)}"] if step.numbers else []
        rows += [rf"&\phantom{{=}} \quad {math(line)}" for line in words.wheres(step.parts)]
        rows += [rf"&= {value}"] if words.brief(step.value) != step.formula else []
    return _aligned(rows)


def _samples(found: Derivation, values: Sequence[float | str]) -> list[str]:
    told = words.samples(values, found.sample)
    return [rf"Summed over the samples: ${math(told)}$\par"] if told else []


def _table(table: Table) -> list[str]:
    """A matrix, its marked entries in bold; cut where it is large."""
    rows, columns = len(table.values), len(table.values[0])
    shown = []
    for r in words.window(rows, table.rows, MOST_ROWS):
        cells = []
        for c in words.window(columns, table.columns, MOST_COLUMNS):
            value = math(words.brief(table.values[r][c]))
            cells.append(rf"\mathbf{{{value}}}" if words.marked(table, r, c) else value)
        shown.append(" & ".join(cells))
    formula = "" if table.formula in ("", "a row a sample") else f" = {math(table.formula)}"
    cut = rf"\quad\text{{(a part of {rows} by {columns})}}" if rows > MOST_ROWS or columns > MOST_COLUMNS else ""
    body = r" \\ ".join(shown)
    return [rf"\[ {math(table.symbol)}{formula} = \begin{{pmatrix}} {body} \end{{pmatrix}}{cut} \]"]


def _chain_rule(found: Derivation) -> list[str]:
    chain = found.chain_rule
    product = r" \cdot ".join(math(symbol) for symbol in chain.symbols)
    lines = [rf"\[ {product} \]", rf"{text(words.paths(found))}\par"]
    for route in chain.shown:
        lines += _route(route)
    if told := words.others(found):
        lines.append(rf"{text(told)}\par")
    if len(chain.shown) > 1 and chain.samples:
        lines.append(rf"\[ \text{{sum}} = {math(words.brief(chain.samples[found.sample - 1]))} \]")
    return lines + _samples(found, chain.samples)


def _route(route: Route) -> list[str]:
    rows = [_factor(factor) for factor in route.factors]
    rows += [rf"\text{{product}} &= {math(words.brief(route.product))}"]
    where = [rf"${math(line)}$\par" for factor in route.factors for line in words.wheres(factor.parts)]
    return [rf"through {', '.join(f'${math(a)}$' for a in route.through)}:", *_aligned(rows), *dict.fromkeys(where)]


def _factor(factor: Factor) -> str:
    formula, value = math(factor.formula), math(words.brief(factor.value))
    return rf"{math(factor.symbol)} &= {formula}" + ("" if formula == value else f" = {value}")


def _values(found: Derivation) -> list[str]:
    rows = [rf"\text{{{text(name)}}} &\quad {math(number(value))}" for name, value in found.values.items()]
    lines = _aligned(rows)
    if found.enclosure:
        lines.append(rf"Exactly {text(found.enclosure)}.\par")
    return [*lines, rf"{found.verdict}: {text(words.judged(found))}.\par"]
