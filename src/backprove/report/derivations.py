"""A derivation in words, for every writer."""

from collections.abc import Iterator, Sequence

from backprove.findings import Derivation, Part, Route, Step, Table
from backprove.report.words import count_of, number

NAMES = {"neuron": "neuron: unit by unit", "matrix": "matrix: whole layers", "chain_rule": "paths: the chain rule"}
DIGITS = 6  # of numbers along the way
FULL = 3  # paths that are written out with their formulas; further ones with their numbers
MOST_SAMPLES = 8
WRITTEN_OUT = 65_536  # paths
REASONS = {"range": "some numbers are beyond the range of float64, so that no bound on rounding holds"}


def brief(value: float | str) -> str:
    """A number along the way."""
    return number(value, DIGITS)


def held(value: float | str) -> str:
    """A number that is multiplied."""
    text = brief(value)
    return f"({text})" if text.startswith("-") else text


def head(found: Derivation) -> str:
    where = f" ({found.index})" if found.index else ""
    return f"{found.what}{where}"


def of_samples(found: Derivation) -> str:
    """Which sample's steps are shown, and how many digits."""
    which = "" if found.samples == 1 else f"the steps are those of sample {found.sample} of {found.samples}; "
    return f"{which}numbers along the way have {DIGITS} digits"


def summed(found: Derivation, values: Sequence[float | str], engine: str) -> str:
    """`all samples: 0.1 + [0.2] + 0.3 = 0.6`, the one that is shown in brackets; "" of one."""
    if len(values) < 2:
        return ""
    shown = found.sample
    parts = [f"[{brief(v)}]" if i == shown else held(v) for i, v in enumerate(values, 1)]
    if len(parts) > MOST_SAMPLES:
        keep = sorted({0, 1, 2, 3, shown - 1, len(parts) - 1})
        parts = [parts[i] if i in keep else "…" for i in range(len(parts)) if i in keep or i - 1 in keep]
    return f"{found.what}, the samples' shares, [this one's]: {' + '.join(parts)} = {brief(found.values[engine])}"


def wheres(parts: Sequence[Part]) -> list[str]:
    """`e = exp(-z2[1]) = 0.598136`."""
    return [f"{p.letter} = {p.formula} = {brief(p.value)}" for p in parts]


def known(route: Route) -> str:
    """`a3[1] = 0.67, t[1] = 1`: the numbers in a path's formulas."""
    return ", ".join(f"{p.letter} = {brief(p.value)}" for p in route.known)


def through(route: Route) -> str:
    """Which units a path passes, and in which term of the loss it ends."""
    term = f", in the term {route.term} of C" if route.term else ""
    return f"through {', '.join(route.through)}{term}"


def product(route: Route) -> str:
    """The numbers of a path, multiplied."""
    return " · ".join(held(f.value) for f in route.factors)


def paths(found: Derivation) -> str:
    chain = found.chain_rule
    count = count_of(chain.paths, "path") if chain.paths < 10**15 else f"about {chain.paths:.1e} paths"
    said = f"{count} to the loss"
    return f"{said}; the {len(chain.shown)} largest, in their order:" if chain.others and chain.shown else said


def others(found: Derivation) -> str:
    """What is not shown of the paths, or ""."""
    chain = found.chain_rule
    if not chain.others:
        return ""
    if chain.shown:
        return f"… and {chain.others:,} more, summing to {brief(chain.others_sum or 0.0)}"
    if "paths" in found.values:
        return f"multiplied out and summed by the engine; more than {WRITTEN_OUT:,} are not written out one by one"
    return "too many even to multiply out: this is their form"


def total(found: Derivation) -> str:
    """The sum of all paths of the sample that is shown, where it is not said already."""
    chain = found.chain_rule
    return "" if chain.total is None or len(chain.shown) == chain.paths == 1 else brief(chain.total)


def failed(found: Derivation, engine: str) -> str:
    """`matrix raised ValueError: …`, or ""."""
    return f"{engine} {found.failures[engine]}" if engine in found.failures else ""


def judged(found: Derivation) -> str:
    """The difference against the bound."""
    if found.failures:
        return "; ".join(failed(found, name) for name in found.failures)
    engines = " = ".join(found.values) if found.verdict == "AGREE" else ", ".join(found.values)
    if found.undecided:
        return f"{engines}: {'; '.join(REASONS.get(reason, reason) for reason in found.undecided)}"
    if found.difference == 0:
        return f"{engines}, to the last bit; the rounding bound is {number(found.radius, 2)}"
    return (
        f"{engines}: they differ by {number(found.difference, 2)} at most, {number(found.fraction, 2)} of the rounding "
        f"bound {number(found.radius, 2)}"
    )


def slope_lines(found: Derivation) -> Iterator[str]:
    """How each engine works out the slopes, which in the paths are written as in textbooks."""
    for forms in found.slopes:
        said = [f"{name:<8}{_form(step)}" for name, step in forms.engines.items()]
        yield f"{forms.activation}, unit {forms.unit}: in textbooks {forms.textbook}"
        yield from (f"  {line}" for line in said)


def _form(step: Step) -> str:
    where = ", ".join(f"{p.letter} = {p.formula}" for p in step.parts)
    return step.formula + (f"  with {where}" if where else "")


def window(size: int, marked: Sequence[int], most: int) -> list[int]:
    """Which of so many rows or columns are shown (0-based): those marked, and those around them."""
    if size <= most:
        return list(range(size))
    start = max(0, min((marked[0] if marked else 1) - 1 - most // 2, size - most))
    return list(range(start, start + most))


def part(table: Table, rows: Sequence[int], columns: Sequence[int]) -> str:
    """`3 × 4`, and which rows and columns (0-based) are shown where these are not all."""
    size = (len(table.values), len(table.values[0]))
    cut = [
        f"{name} {shown[0] + 1}-{shown[-1] + 1}" if len(shown) > 1 else f"{name[:-1]} {shown[0] + 1}"
        for name, shown, of in (("rows", rows, size[0]), ("columns", columns, size[1]))
        if len(shown) < of
    ]
    return f"{size[0]} × {size[1]}" + (f"; {', '.join(cut)}" if cut else "")


def defined(table: Table) -> str:
    """`delta2 = f'(z2) ∘ dC/da2`, or the symbol alone."""
    return table.symbol if table.formula in ("", "a row a sample") else f"{table.symbol} = {table.formula}"


def marked(table: Table, row: int, column: int) -> bool:
    """Whether an entry (0-based) is one that matters."""
    by_row, by_column = row + 1 in table.rows, column + 1 in table.columns
    if table.rows and table.columns:
        return by_row and by_column
    return by_row or by_column
