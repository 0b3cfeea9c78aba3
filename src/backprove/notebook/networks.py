"""A case in a notebook: its network drawn, what is minimised in words, and its numbers; cut where there are many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backprove.case import Address, Case
from backprove.report import checks, words
from backprove.report.derivations import window as around
from backprove.report.drawing import Drawing, drawing
from backprove.report.markup import escaped, escaped_rows, table

MOST_UNITS, MOST_LAYERS = 6, 6  # that are drawn
MOST_ROWS, MOST_COLUMNS, MOST_TABLES = 6, 6, 6
MOST_CHARACTERS = 300  # of a title or a line
DIGITS = 6
MORE = "…"


@dataclass(frozen=True)
class Table:
    """Numbers as text under a head; `cut` says which part of them it is, or ""."""

    title: str
    head: list[str]
    rows: list[list[str]]
    cut: str


@dataclass(frozen=True)
class Network:
    """What is shown of a case."""

    title: str
    source: str
    line: str
    """`2-3-1 (sigmoid, identity), …`."""
    facts: list[str]
    tables: list[Table]
    drawn: Drawing


def network(case: Case) -> Network:
    """What is shown of a case."""
    return Network(
        title=cut(case.title),
        source=cut(case.source),
        line=line(case),
        facts=list(_facts(case)),
        tables=list(_tables(case)),
        drawn=drawn(case),
    )


def markdown(found: Network) -> str:
    """The same as Markdown."""
    lines = [f"**{escaped(found.title)}**\n"] if found.title else []
    lines += [f"{escaped(found.source)}\n"] if found.source else []
    lines += [escaped(found.line), "", *(f"- {escaped(fact)}" for fact in found.facts)]
    for part in found.tables:
        said = f"{part.title}: {part.cut}" if part.cut else part.title
        lines += ["", escaped(said), "", *table([escaped(name) for name in part.head], escaped_rows(part.rows))]
    return "\n".join(lines) + "\n"


def line(case: Case) -> str:
    """The network in a line."""
    return cut(words.network(data(case)))


def drawn(case: Case, at: Address | None = None) -> Drawing:
    """The drawing: the first units of the first layers, or those around an entry."""
    return drawing(data(case), _window(case.sizes, at))


def data(case: Case) -> dict[str, Any]:
    """What drawings and words read of a case file, but with the arrays as they are: a large case is not copied."""
    layers = [{"activation": m.activation, "weights": m.weights, "bias": m.bias} for m in case.layers]
    loss = {"name": case.loss.name, "scale": str(case.loss.scale)}
    kink = {"kink": str(case.kink)} if case.kink else {}
    return {"layers": layers, "loss": loss, "reduction": case.reduction, "inputs": case.inputs, **kink}


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """Text of any length in a line."""
    return text if len(text) <= most else f"{text[:most]} {MORE}"


def _window(sizes: Sequence[int], at: Address | None) -> list[list[int]]:
    """Of each layer, which units (1-based) are drawn."""
    marked: dict[int, int] = {}
    if at is not None:
        marked = {at.layer: at.to} | ({} if at.from_ is None else {at.layer - 1: at.from_})
    layers = around(len(sizes), [l + 1 for l in marked], MOST_LAYERS)
    units = (around(n, [marked[l]] if l in marked else [], MOST_UNITS) for l, n in enumerate(sizes))
    return [[j + 1 for j in found] if l in layers else [] for l, found in enumerate(units)]


def _facts(case: Case) -> Iterator[str]:
    yield f"C is {checks.problem(case.loss.name, str(case.loss.scale), case.reduction, None)}"
    yield f"{words.count_of(case.entries, 'gradient entry')}, {words.count_of(len(case.inputs), 'sample')}"
    if case.kink:
        yield f"at a kink, relu'(0) is {case.kink}"
    if case.modulus:
        yield "its numbers are residues modulo 2^61 - 1"
    if case.training:
        biases = "" if case.training.update_bias else ", the biases kept"
        yield f"it is trained at a learning rate of {words.number(case.training.learning_rate)}{biases}"
    if case.published:
        yield f"its source prints {words.count_of(len(case.published), 'number')}"


def _tables(case: Case) -> Iterator[Table]:
    for l, layer in enumerate(case.layers[:MOST_TABLES], 1):
        n_to, n_from = layer.weights.shape
        title = f"Layer {l}, {layer.activation}: a row to every unit, from every {'input' if l == 1 else 'unit'}"
        blocks = [("", layer.weights)] if layer.bias is None else [("", layer.weights), ("b", layer.bias[:, None])]
        yield _table(title, f"W{l}", blocks, f"{n_to:,} × {n_from:,}")
    if len(case.layers) > MOST_TABLES:
        last = len(case.layers)
        yield Table(
            f"Layers {MOST_TABLES + 1} … {last}", ["layer", "activation", "weights"], _rest(case), "shapes only"
        )
    sizes = f"{len(case.inputs):,} samples of {case.sizes[0]:,} inputs and {case.sizes[-1]:,} targets"
    yield _table("Samples: inputs a0, targets t", "sample", [("a0", case.inputs), ("t", case.targets)], sizes)


def _rest(case: Case) -> list[list[str]]:
    rows = [
        [str(l), m.activation, f"{m.weights.shape[0]:,} × {m.weights.shape[1]:,}"]
        for l, m in enumerate(case.layers, 1)
        if l > MOST_TABLES
    ]
    return rows if len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS - 1], [MORE] * 3, rows[-1]]


def _table(title: str, corner: str, blocks: Sequence[tuple[str, Any]], size: str) -> Table:
    """Arrays of as many rows side by side; of each the first rows and columns."""
    head, rows = [corner], [[str(j + 1)] for j in range(min(len(blocks[0][1]), MOST_ROWS))]
    wide = False
    for letter, values in blocks:
        n = values.shape[1]
        names = [letter if letter == "b" else f"{letter}[{k + 1}]" if letter else str(k + 1) for k in range(n)]
        more = n > MOST_COLUMNS
        head += names[:MOST_COLUMNS] + [MORE] * more
        for row, numbers in zip(rows, values[:MOST_ROWS, :MOST_COLUMNS].tolist(), strict=True):
            row += [words.number(x, DIGITS) for x in numbers] + [MORE] * more
        wide |= more
    tall = len(blocks[0][1]) > MOST_ROWS
    if tall:
        rows.append([MORE] * len(head))
    parts = [f"{MOST_ROWS} rows"] * tall + [f"{MOST_COLUMNS} columns"] * wide
    return Table(title, head, rows, f"the first {' and '.join(parts)} of {size}" if parts else "")
