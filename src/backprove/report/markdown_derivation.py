"""A derivation as Markdown."""

from collections.abc import Iterable, Sequence

from backprove.findings import Derivation, Step, Table
from backprove.report import derivations as words
from backprove.report.markup import escaped, table
from backprove.report.words import network, number, numbers

MOST_ROWS, MOST_COLUMNS = 8, 8


def write(found: Derivation) -> str:
    """The whole derivation."""
    lines = [f"# {escaped(words.head(found))}", ""]
    lines += [f"{escaped(part)}\n" for part in (found.title, found.source) if part]
    lines += [f"{escaped(network(found.case))}", "", "```"]
    lines += [*(f"{name} = {values}" for name, values in numbers(found.case)), "```", ""]
    told = words.of_samples(found)
    lines += [f"{told[0].upper()}{told[1:]}.", ""]
    lines += [f"## {words.NAMES['neuron']}", "", *_steps(found.neuron.steps)]
    lines += _said(words.summed(found, found.neuron.samples, "neuron"))
    lines += ["", f"## {words.NAMES['matrix']}", "", *_steps(found.matrix.start), ""]
    for matrix in found.matrix.tables:
        lines += [*_matrix(matrix), ""]
    lines += [*_steps([found.matrix.end] if found.matrix.end else [])]
    lines += ["", f"## {words.NAMES['chain_rule']}", "", *_chain_rule(found)]
    lines += ["", "## The three values", ""]
    lines += table(["engine", "value"], ([name, number(value)] for name, value in found.values.items()))
    lines += ["", *([f"Exactly {escaped(found.enclosure)}.", ""] if found.enclosure else [])]
    lines += [f"**{found.verdict}**: {escaped(words.judged(found))}.", ""]
    lines += [f"- {escaped(line)}" for line in found.remarks]
    lines += [f"- not covered: {escaped(line)}" for line in found.not_covered]
    if found.slopes:
        lines += ["", "## Slopes", "", "```", *words.slope_lines(found), "```"]
    return "\n".join(lines) + "\n"


def _steps(steps: Sequence[Step]) -> list[str]:
    rows = []
    for step in steps:
        notes = [*words.wheres(step.parts), *([step.note] if step.note else [])]
        cells = (step.symbol, step.formula, step.numbers, words.brief(step.value), "; ".join(notes))
        rows.append([escaped(cell) for cell in cells])
    return [] if not rows else table(["quantity", "formula", "numbers", "value", ""], rows)


def _said(text: str) -> list[str]:
    return ["", f"{escaped(text)}."] if text else []


def _matrix(found: Table) -> Iterable[str]:
    """A matrix with its marked entries in bold; cut where it is large."""
    columns = words.window(len(found.values[0]), found.columns, MOST_COLUMNS)
    shown = words.window(len(found.values), found.rows, MOST_ROWS)
    rows = []
    for r in shown:
        cells = [(escaped(words.brief(found.values[r][c])), words.marked(found, r, c)) for c in columns]
        rows.append([str(r + 1), *(f"**{cell}**" if marked else cell for cell, marked in cells)])
    head = f"{escaped(words.defined(found))} ({words.part(found, shown, columns)})"
    return [head, "", *table(["", *(str(c + 1) for c in columns)], rows)]


def _chain_rule(found: Derivation) -> list[str]:
    chain = found.chain_rule
    lines = [escaped(" · ".join(chain.symbols)), "", f"{words.paths(found)}.", ""]
    for i, route in enumerate(chain.shown, 1):
        lines += [f"{i}\\. {escaped(words.through(route))}", ""] if len(chain.shown) > 1 else []
        rows = [[f.symbol, f.formula, words.brief(f.value), "; ".join(words.wheres(f.parts))] for f in route.factors]
        rows.append(["product", "", words.brief(route.product), ""])
        lines += [*table(["factor", "formula", "value", ""], ([escaped(c) for c in row] for row in rows)), ""]
        lines += [f"With {escaped(words.known(route))}.", ""] if route.known else []
    if told := words.others(found):
        lines += [f"{escaped(told)}.", ""]
    if told := words.total(found):
        lines += [f"Sum: {escaped(told)}"]
    return lines + _said(words.summed(found, chain.samples, "paths"))
