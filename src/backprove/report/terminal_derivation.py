"""A derivation on a terminal: three columns side by side, one below the other where it is narrow."""

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from backprove.findings import Derivation, Route, Step, Table
from backprove.report import derivations as words
from backprove.report.terminal import verdict
from backprove.report.words import network, number, numbers, safe

WIDE = 120  # characters, from which on columns stand side by side
GAP = 2
NEURON, PATHS = 38, 44  # characters that a column needs at least
MOST_ROWS, MOST_FITTING = 6, 10  # rows and columns of a matrix that are shown
MOST_COLUMNS = 6  # that three columns side by side make room for
MOST_SAID = 600  # characters of a title or source
MOST_SHOWN = 1200  # characters of a network's numbers
Lines = list[Text]


def show_derivation(found: Derivation, console: Console, *, quiet: bool = False) -> None:
    """The network, the three columns, what they come to and how they are judged."""
    if not quiet:
        _show_network(found, console)
        builders = (_neuron, _matrix, _chain_rule)
        if widths := _widths(found, console.width):
            grid = Grid.grid(padding=(0, GAP, 0, 0), pad_edge=False)
            for width in widths:
                grid.add_column(width=width, no_wrap=True)
            columns = zip(builders, widths, strict=True)
            grid.add_row(*(Text("\n").join(build(found, width)) for build, width in columns))
            _print(console, grid)
        else:
            for build in builders:
                for part in build(found, console.width):
                    console.print(part, soft_wrap=True)
                console.print()
    _show_values(found, console)
    if quiet:
        return
    for line in found.remarks:
        write_wrapped(console, f"· {line}", 2)
    lines = list(words.slope_lines(found))
    if lines:
        console.print(Text("slopes, in the paths as in textbooks", style="dim"))
        for line in lines:
            write_wrapped(console, line, 4 + 2 * line.startswith(" "), indent=2)
    for line in found.not_covered:
        write_wrapped(console, f"not covered: {line}", 2, style="dim")


def _widths(found: Derivation, width: int) -> list[int]:
    """Of three columns side by side; none where the terminal, or a matrix's part, is too narrow for that."""
    room = width - 2 * GAP
    wanted = max((min(len(t.values[0]), MOST_COLUMNS) * _cell(t) for t in found.matrix.tables), default=0) + 2
    middle = max(wanted, room // 3)
    if width < WIDE or room - middle < NEURON + PATHS:
        return []
    first = (room - middle) * NEURON // (NEURON + PATHS)
    return [first, middle, room - middle - first]


def _cell(table: Table) -> int:
    """The width of a matrix's entries, marked or not."""
    return max(len(words.brief(x)) for row in table.values[:100] for x in row[:100]) + 3


def _print(console: Console, grid: Grid) -> None:
    """A grid without blanks at the ends of lines."""
    for row in console.render_lines(grid, pad=False):
        line = Text.assemble(*((segment.text, segment.style or "") for segment in row))
        line.rstrip()
        console.print(line, soft_wrap=True)
    console.print()


def _show_network(found: Derivation, console: Console) -> None:
    for part, style in ((found.title, "bold"), (found.source, "dim")):
        if part:
            cut = part if len(part) <= MOST_SAID else f"{part[:MOST_SAID]} …"
            write_wrapped(console, cut, 0, style=style)
    write_wrapped(console, network(found.case), 0)
    blocks = numbers(found.case)
    if sum(len(values) for _, values in blocks) > MOST_SHOWN:
        blocks = [("numbers", "too many to print, those of the case file")]
    for name, values in blocks:
        write_wrapped(console, f"{name} = {values}", 2 + len(name) + 3, indent=2)
    told = words.of_samples(found)
    console.print()
    for line in _wrapped(Text.assemble((words.head(found), "bold"), f"   {told}" if told else ""), console.width, 0):
        console.print(line, soft_wrap=True)
    console.print()


def _show_values(found: Derivation, console: Console) -> None:
    console.print(Text(words.head(found), style="bold"), soft_wrap=True)
    for name, value in found.values.items():
        console.print(Text(f"  {name:<8}{number(value)}"), soft_wrap=True)
    if found.enclosure:
        write_wrapped(console, f"exactly {found.enclosure}", 4, indent=2)
    line = Text.assemble(verdict(found.verdict), f" {words.judged(found)}")
    for part in _wrapped(line, console.width, 0):
        console.print(part, soft_wrap=True)


def write_wrapped(console: Console, text: str, hang: int, *, indent: int = 0, style: str = "") -> None:
    """Text from outside, wrapped at blanks, further lines indented by `hang`."""
    if not hang and not indent:  # Rich knows how wide the characters of other scripts are
        for line in Text(safe(text), style=style).wrap(console, console.width):
            line.rstrip()
            console.print(line, soft_wrap=True)
        return
    for line in _wrapped(Text(" " * indent + safe(text), style=style), console.width, hang):
        console.print(line, soft_wrap=True)


def _wrapped(text: Text, width: int, hang: int) -> Lines:
    """The text at most so wide, broken at blanks, further lines indented by `hang`; no line of nothing."""
    lines: Lines = []
    if not text:
        return lines
    while len(text) > max(width, hang + 8):
        room = max(width, hang + 8)
        cut = text.plain.rfind(" ", hang + 1 if lines else 1, room + 1)
        cut = cut if cut > 0 and text.plain[:cut].strip() else room
        first, rest = text[:cut], text[cut:]
        first.rstrip()
        lines.append(first)
        spaces = len(rest.plain) - len(rest.plain.lstrip(" "))
        text = Text.assemble(" " * hang, rest[spaces:])
    text.rstrip()
    return [*lines, text]


def _heading(text: str, width: int) -> Lines:
    return [Text(text, style="bold cyan"), Text("─" * min(width, len(text)), style="cyan")]


def _step(step: Step, width: int) -> Lines:
    """`symbol = formula`, below it the numbers, what letters are, and the value."""
    lead, hang = f"{step.symbol} = ", len(step.symbol) + 3
    if not step.formula:
        return _wrapped(Text.assemble(lead, (words.brief(step.value), "bold"), f"  {step.note}"), width, hang)
    said = [step.formula, *([step.numbers] if step.numbers else [])]
    lines = _wrapped(Text(lead + safe(said[0])), width, hang)
    for part in said[1:]:
        lines += _wrapped(Text(" " * (hang - 2) + "= " + part), width, hang)
    for line in words.wheres(step.parts):
        lines += _wrapped(Text(" " * hang + line, style="dim"), width, hang + 2)
    value = words.brief(step.value)
    if value != step.formula:
        lines.append(Text.assemble(" " * (hang - 2), "= ", (value, "bold")))
    if step.note:
        lines += _wrapped(Text(" " * hang + step.note, style="dim"), width, hang)
    return lines


def _neuron(found: Derivation, width: int) -> Lines:
    lines = _heading(words.NAMES["neuron"], width) + _failure(found, "neuron", width)
    for step in found.neuron.steps:
        lines += _step(step, width)
    return lines + _wrapped(Text(words.summed(found, found.neuron.samples, "neuron")), width, 2)


def _failure(found: Derivation, engine: str, width: int) -> Lines:
    return _wrapped(Text(safe(words.failed(found, engine)), style="red"), width, 2)


def _matrix(found: Derivation, width: int) -> Lines:
    lines, walk = _heading(words.NAMES["matrix"], width) + _failure(found, "matrix", width), found.matrix
    for step in walk.start:
        lines += _step(step, width)
    for table in walk.tables:
        lines += _table(table, width)
    return lines + (_step(walk.end, width) if walk.end else [])


def _table(table: Table, width: int) -> Lines:
    """A matrix with the rows and columns that matter marked ‹so›; cut around them where it is large."""
    rows, count = words.window(len(table.values), table.rows, MOST_ROWS), len(table.values[0])
    wide = max(len(words.brief(table.values[r][c])) for r in rows for c in range(count)) + 3
    fitting = width // wide if count <= width // wide else (width - 4) // wide
    columns = words.window(count, table.columns, max(1, min(fitting, MOST_FITTING)))
    head = Text.assemble(words.defined(table), (f"  ({words.part(table, rows, columns)})", "dim"))
    lines = _wrapped(head, width, 2)
    for r in rows:
        line = Text("… " if columns[0] else "")
        for c in columns:
            text, marked = words.brief(table.values[r][c]), words.marked(table, r, c)
            line.append(f"‹{text}›".rjust(wide) if marked else f"{text} ".rjust(wide), "bold" if marked else "")
        line.append(" …" if columns[-1] + 1 < count else "")
        line.rstrip()
        lines.append(line)
    return lines


def _chain_rule(found: Derivation, width: int) -> Lines:
    chain = found.chain_rule
    lines = _heading(words.NAMES["chain_rule"], width) + _failure(found, "paths", width)
    lines += _wrapped(Text(" · ".join(chain.symbols)), width, 2)
    lines += _wrapped(Text(words.paths(found), style="dim"), width, 2)
    for i, route in enumerate(chain.shown, 1):
        if i <= words.FULL:
            lines += _route(route, i if len(chain.shown) > 1 else 0, width)
        else:
            lines += _wrapped(Text(f"{i}. {words.through(route)}"), width, 3)
            lines += _wrapped(Text(f"   {words.product(route)}"), width, 3)
            lines.append(Text.assemble("   = ", (words.brief(route.product), "bold")))
    if told := words.others(found):
        lines += _wrapped(Text(told), width, 2)
    if told := words.total(found):
        lines.append(Text.assemble("sum = ", (told, "bold")))
    return lines + _wrapped(Text(words.summed(found, chain.samples, "paths")), width, 2)


def _route(route: Route, place: int, width: int) -> Lines:
    """A path as a list of its factors: symbol, formula, number."""
    lines = _wrapped(Text(f"{place}. {words.through(route)}"), width, 3) if place else []
    values = [words.brief(f.value) for f in route.factors]
    symbols = [f.symbol for f in route.factors]
    first, last = max(map(len, symbols)), max(map(len, values))
    formulas = [safe(f.formula) for f in route.factors]
    gap = " " * (2 if first + last + max(map(len, formulas)) + 6 <= width else 1)
    room = width - first - last - 3 * len(gap)
    for factor, formula, value in zip(route.factors, formulas, values, strict=True):
        if len(formula) <= room:
            start = f"{gap}{factor.symbol:<{first}}{gap}{formula:<{room}}{gap}"
            lines.append(Text.assemble(start, (value.rjust(last), "bold")))
        else:
            lines += _wrapped(Text(f"{gap}{factor.symbol} = {formula}"), width, 4)
            lines.append(Text.assemble(" " * (width - last), (value.rjust(last), "bold")))
        for line in words.wheres(factor.parts):
            lines += _wrapped(Text(f"      {line}", style="dim"), width, 8)
    if told := words.known(route):
        lines += _wrapped(Text(f"{gap}with {told}", style="dim"), width, len(gap) + 2)
    product = words.brief(route.product)
    lines.append(Text.assemble("  product".ljust(width - len(product)), (product, "bold")))
    return lines
