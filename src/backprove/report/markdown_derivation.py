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
    if told := words.of_samples(found):
        lines += [f"{told[0].upper()}{told[1:]}.", ""]
    lines += [f"## {words.NAMES['neuron']}", "", *_steps(found.neuron.steps), *_samples(found, found.neuron.samples)]
    lines += ["", f"## {words.NAMES['matrix']}", ""]
    for matrix in found.matrix.tables:
        lines += [*_matrix(matrix), ""]
    lines += [*_steps(found.matrix.steps), "", f"## {words.NAMES['chain_rule']}", "", *_chain_rule(found)]
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


def _samples(found: Derivation, values: Sequence[float | str]) -> list[str]:
    told = words.samples(values, found.sample)
    return ["", f"Summed over the samples: {escaped(told)}"] if told else []


def _matrix(found: Table) -> Iterable[str]:
    """A matrix with its marked entries in bold; cut where it is large."""
    size = f"{len(found.values)} × {len(found.values[0])}"
    formula = f" = {escaped(found.formula)}" if found.formula not in ("", "a row a sample") else ""
    columns = words.window(len(found.values[0]), found.columns, MOST_COLUMNS)
    rows = []
    for r in words.window(len(found.values), found.rows, MOST_ROWS):
        cells = [(escaped(words.brief(found.values[r][c])), words.marked(found, r, c)) for c in columns]
        rows.append([str(r + 1), *(f"**{cell}**" if marked else cell for cell, marked in cells)])
    return [f"{escaped(found.symbol)}{formula} ({size})", "", *table(["", *(str(c + 1) for c in columns)], rows)]


def _chain_rule(found: Derivation) -> list[str]:
    chain = found.chain_rule
    lines = [escaped(" · ".join(chain.symbols)), "", f"{words.paths(found)}.", ""]
    for i, route in enumerate(chain.shown, 1):
        lines += [f"{i}\\. through {escaped(', '.join(route.through))}", ""] if len(chain.shown) > 1 else []
        rows = [[f.symbol, f.formula, words.brief(f.value), "; ".join(words.wheres(f.parts))] for f in route.factors]
        rows.append(["product", "", words.brief(route.product), ""])
        lines += [*table(["factor", "formula", "value", ""], ([escaped(c) for c in row] for row in rows)), ""]
    if told := words.others(found):
        lines += [f"{escaped(told)}.", ""]
    if len(chain.shown) > 1 and chain.samples:
        lines += [f"Sum: {words.brief(chain.samples[found.sample - 1])}"]
    return lines + _samples(found, chain.samples)
