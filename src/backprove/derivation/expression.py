"""How a recorded number was made, as a formula: in names, and with the numbers in their places.

What has a name is written by its name. What has none and stands in several places gets a letter, which is explained
beside the formula. Only such rewriting is done as leaves the value the same for certain: 0 + x is x, 1 x is x, x + x is
2 x, and constants are multiplied out.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from backprove.derivation.recorded import Recorded

FUNCTIONS = {
    "exp": "exp({})", "expm1": "(exp({}) - 1)", "log1pexp": "log(1 + exp({}))", "tanh": "tanh({})", "erf": "erf({})",
}  # fmt: skip
LETTERS = {"exp": "e", "erf": "g", "tanh": "h"}
OTHERS = "suvqr"
LONG = 14  # characters: what is longer is given a letter rather than written twice
MOST_TERMS = 8
SUPERSCRIPTS = {2: "²", 3: "³", 4: "⁴"}
SUM, PRODUCT, ATOM = range(3)  # how strongly a text holds together
Opened = Callable[[Recorded], bool]


@dataclass(frozen=True)
class Where:
    """A letter that stands for part of a formula."""

    letter: str
    text: str
    value: float


@dataclass(frozen=True)
class Formula:
    """`text` in names, `numbers` the same with values in place of names and letters, `where` what the letters are."""

    text: str
    numbers: str
    where: tuple[Where, ...]
    value: float


def formula(x: Recorded) -> Formula:
    """How a number was made, down to what has a name; a number that has a name itself is taken apart all the same."""
    seen = _Writer(x)
    seen.write()
    writer = _Writer(x, again={at for at, count in seen.met.items() if count > 1})
    text = writer.write()
    numbers = _Writer(x, values=True, letters=writer.letters).write()
    return Formula(text, numbers, tuple(writer.where), x.value)


def short(value: float) -> str:
    """A number in a formula."""
    return f"{value:.6g}"


class _Writer:
    """Writes one formula. `again`: which parts are met more than once; `letters`: those of an earlier writing."""

    def __init__(
        self, top: Recorded, *, again: Iterable[int] = (), values: bool = False, letters: dict[int, str] | None = None
    ) -> None:
        self.top, self.again, self.values = top, set(again), values
        self.letters: dict[int, str] = dict(letters or {})
        self.where: list[Where] = []
        self.met: Counter[int] = Counter()

    def write(self) -> str:
        return self._made(self.top)[0]

    def _part(self, x: Recorded) -> tuple[str, int]:
        """The text of a part, and how strongly it holds together."""
        if x.name or (id(x) in self.letters and self.values):
            return (_number(x.value) if self.values else x.name), ATOM
        if id(x) in self.letters:
            return self.letters[id(x)], ATOM
        if x.op == "":
            return _constant(Fraction(str(x.constant)))
        self.met[id(x)] += 1
        text, holds = self._made(x)
        if id(x) in self.again and not self.values and (x.op in FUNCTIONS or len(text) > LONG):
            self.letters[id(x)] = letter = self._letter(x.op)
            self.where.append(Where(letter, text, x.value))
            return letter, ATOM
        return text, holds

    def _named(self, x: Recorded) -> str:
        """The text of a part in names: different numbers that happen to be equal are to stay apart."""
        return _Writer(self.top, letters=self.letters)._part(x)[0] if self.values else ""

    def _letter(self, op: str) -> str:
        taken = set(self.letters.values())
        free = [LETTERS[op]] if op in LETTERS else list(OTHERS)
        choices = [*free, *(f"{letter}{i}" for i in range(2, len(taken) + 3) for letter in free)]
        return next(c for c in choices if c not in taken)

    def _made(self, x: Recorded) -> tuple[str, int]:
        if x.op == "":
            if x.constant is not None and not self.values:
                return _constant(Fraction(str(x.constant)))
            return x.name if x.name and not self.values else short(x.value), ATOM
        if x.op in FUNCTIONS:
            text = self._part(x.args[0])[0]
            return FUNCTIONS[x.op].format(text[1:-1] if self.values and _bracketed(text) else text), ATOM
        if x.op in "+-":
            return self._sum(x)
        return self._product(x)

    def _open(self, x: Recorded, top: Recorded) -> bool:
        """Whether a part is to be taken apart along with what it is part of."""
        return x is top or not (x.name or id(x) in self.letters or id(x) in self.again)

    def _sum(self, x: Recorded) -> tuple[str, int]:
        terms: dict[int, tuple[Recorded, int]] = {}
        for sign, term in _terms(x, lambda y: self._open(y, x)):
            if not (term.op == "" and not term.name and term.value == 0):
                terms[id(term)] = term, terms.get(id(term), (term, 0))[1] + sign
        shown = [(term, times) for term, times in terms.values() if times]
        cut = len(shown) - MOST_TERMS if len(shown) > MOST_TERMS else 0
        if cut:
            shown = [*shown[:3], *shown[-1:]]
        parts: list[str] = []
        holds = SUM
        for i, (term, times) in enumerate(shown):
            if cut and i == 3:
                parts.append("+ …")
            sign, text, holds = self._term(term, times)
            parts.append(("-" if sign < 0 else "") + text if not parts else f"{'-' if sign < 0 else '+'} {text}")
        if not parts:
            return "0", ATOM
        return " ".join(parts), holds if len(parts) == 1 and not parts[0].startswith("-") else SUM

    def _term(self, term: Recorded, times: int) -> tuple[int, str, int]:
        """(sign, text without it, how strongly that holds together) of a term that is met so many times."""
        if abs(times) == 1 and term.op in ("*", "/", "neg") and self._open(term, self.top):
            self.met[id(term)] += 1
            sign, text, holds = self._signed(term, Fraction(times))
            return sign, _held(text, holds, PRODUCT), max(holds, PRODUCT)
        text, holds = self._part(term)
        if holds == SUM and term.op:
            text, holds = f"({text})", ATOM
        if abs(times) != 1:
            return (-1 if times < 0 else 1), f"{abs(times)}·{_held(text, holds, PRODUCT)}", PRODUCT
        if text.startswith("-"):  # a constant
            return -times, text[1:], holds
        return times, text, holds

    def _product(self, x: Recorded) -> tuple[str, int]:
        sign, text, holds = self._signed(x, Fraction(1))
        return (f"-{_held(text, holds, PRODUCT)}", SUM) if sign < 0 else (text, holds)

    def _signed(self, x: Recorded, coefficient: Fraction) -> tuple[int, str, int]:
        above: list[_Part] = []
        below: list[_Part] = []
        for factor, up in _factors(x, lambda y: self._open(y, x)):
            doubled = _doubled(factor) if self._open(factor, x) else None
            if doubled is not None:
                coefficient, factor = (coefficient * 2 if up else coefficient / 2), doubled
            if factor.op == "" and not factor.name and factor.value:
                constant = Fraction(str(factor.constant))
                coefficient = coefficient * constant if up else coefficient / constant
                continue
            text, holds = self._part(factor)
            (above if up else below).append((text, holds, self._named(factor)))
        sign, coefficient = (-1 if coefficient < 0 else 1), abs(coefficient)
        if coefficient != 1 or not above:
            above.insert(0, (*_constant(coefficient), ""))
        if len(above) == 1 and not below:
            return sign, *above[0][:2]
        top, bottom = "·".join(_powers(above, PRODUCT)), _powers(below, ATOM)
        if not bottom:
            return sign, top, PRODUCT
        divisor = bottom[0] if len(bottom) == 1 else f"({'·'.join(bottom)})"
        return sign, f"{top}/{divisor}", PRODUCT


def _terms(x: Recorded, opened: Opened) -> Iterable[tuple[int, Recorded]]:
    """The terms of a sum with their signs, in order."""
    waiting = [(1, x)]
    while waiting:
        sign, y = waiting.pop()
        if y.op in ("+", "-") and y.op and opened(y):
            left, right = y.args
            waiting += [(sign if y.op == "+" else -sign, right), (sign, left)]
        elif y.op == "neg" and opened(y):
            waiting.append((-sign, y.args[0]))
        else:
            yield sign, y


def _factors(x: Recorded, opened: Opened) -> Iterable[tuple[Recorded, bool]]:
    """The factors of a product, and whether they stand above the fraction bar; signs are factors of -1."""
    waiting = [(x, True)]
    while waiting:
        y, up = waiting.pop()
        if y.op in ("*", "/") and opened(y):
            left, right = y.args
            waiting += [(right, up if y.op == "*" else not up), (left, up)]
        elif y.op == "neg" and opened(y):
            waiting.append((y.args[0], up))
            yield Recorded(-1.0, constant=Fraction(-1)), up
        else:
            yield y, up


def _doubled(x: Recorded) -> Recorded | None:
    """y, where x is y + y."""
    return x.args[0] if x.op == "+" and x.args[0] is x.args[1] else None


def _held(text: str, holds: int, wanted: int) -> str:
    return text if holds >= wanted and not text.startswith("-") else f"({text})"


_Part = tuple[str, int, str]
"""The text of a factor, how strongly it holds together, and what sets it apart from others of the same text."""


def _powers(factors: list[_Part], wanted: int) -> list[str]:
    """Factors in brackets where they need them, and like ones as one with an exponent."""
    shown = []
    for (text, holds, _), count in Counter(factors).items():
        if count in SUPERSCRIPTS:
            shown.append(_held(text, holds, ATOM) + SUPERSCRIPTS[count])
        else:
            shown += [_held(text, holds, wanted)] * count
    return shown


def _bracketed(text: str) -> bool:
    return text.startswith("(") and text.find(")") == len(text) - 1


def _number(value: float) -> str:
    text = short(value)
    return f"({text})" if text.startswith("-") else text


def _constant(value: Fraction) -> tuple[str, int]:
    """`2`, `1/2`, `0.01`, and how strongly it holds together."""
    decimal = repr(float(value))
    if value.denominator >= 100 and Fraction(decimal) == value:
        return decimal, ATOM if value > 0 else SUM
    if value.denominator == 1:
        return str(value.numerator), ATOM if value >= 0 else SUM
    return f"{value.numerator}/{value.denominator}", PRODUCT if value > 0 else SUM
