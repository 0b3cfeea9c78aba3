"""What a candidate says it minimises, and on which networks: the module-level dict BACKPROVE, and options."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS, Case
from backprove.errors import BackproveError

NAME = "BACKPROVE"
LAYOUTS = ("out,in", "in,out")
SAMPLES = ("rows", "columns")
MOST = 100_000  # layers, units, samples: what is beyond is a slip of the pen


@dataclass(frozen=True)
class Declaration:
    """What a candidate declares. None is "not declared" throughout.

    `activations`: one name stands for all layers, two for hidden layers and output, more for one layer each.
    `layers`: "any", the number of weight layers, or the sizes (n_0, …, n_L). `batch`: "any" or the number of samples.
    `biases`: True: every layer has one; False: none has. `layout` of the weights and `samples` of inputs and targets
    are "out,in" and "rows" where they are not declared.
    """

    activations: tuple[str, ...] | None = None
    loss: str | None = None
    loss_scale: Fraction | None = None
    reduction: str | None = None
    layers: Literal["any"] | int | tuple[int, ...] = "any"
    batch: Literal["any"] | int = "any"
    biases: bool | None = None
    layout: str | None = None
    samples: str | None = None

    @property
    def depth(self) -> int | None:
        """L, where it is declared."""
        if isinstance(self.layers, tuple):
            return len(self.layers) - 1
        return self.layers if isinstance(self.layers, int) else None

    def activations_of(self, L: int) -> tuple[str, ...] | None:
        """The activation of each of L layers, layers 1 … L in order, or None where they are not declared.

        Raises ValueError where more than two are declared, and not L.
        """
        if self.activations is None:
            return None
        if len(self.activations) <= 2:
            return (self.activations[0],) * (L - 1) + (self.activations[-1],)
        if len(self.activations) != L:
            raise ValueError(f"{len(self.activations)} activations for {L} layers")
        return self.activations

    def unfit(self, case: Case) -> str:
        """Why the case is none that the candidate says it takes ("takes 2 layers, not 3"), or ""."""
        L, (N, _) = len(case.layers), case.inputs.shape
        if isinstance(self.layers, tuple) and self.layers != case.sizes:
            return f"takes a {_sizes(self.layers)} network, not {_sizes(case.sizes)}"
        if self.depth not in (None, L):
            return f"takes {self.depth} weight layers, not {L}"
        if self.batch not in ("any", N):
            return f"takes a batch of {self.batch}, not {N}"
        biased = sum(layer.bias is not None for layer in case.layers)
        if self.biases is True and biased < L:
            return f"takes networks whose layers all have biases; {L - biased} of {L} layers have none"
        if self.biases is False and biased:
            return f"takes networks without biases; {biased} of {L} layers have one"
        return ""


def declared(
    namespace: Mapping[str, object], options: Mapping[str, object], *, file: str = "", function: str = ""
) -> Declaration:
    """The declaration in `namespace["BACKPROVE"]` (a module's namespace), overridden by command-line options.

    A key of BACKPROVE that is the name of a function holds a dict for that function alone, which overrides the rest.
    Options may be text, as typed: "sigmoid,tanh", "3-2-1", "no"; None there and in BACKPROVE is "not given". `file`
    names the place in messages. Raises BackproveError in one line: the place, what is wrong and what may stand there.
    """
    prefix = f"{file}: " if file else ""
    given: dict[str, tuple[Any, str]] = {}
    own = namespace.get(NAME)
    if own is not None:
        own = _table(own, f"{prefix}{NAME}", namespace)
        sections = [(own, f"{prefix}{NAME}")]
        if isinstance(own.get(function), Mapping):
            where = f'{prefix}{NAME}["{function}"]'
            sections.append((_table(own[function], where, None), where))
        for section, where in sections:
            given |= {k: (v, f'{where}["{k}"]') for k, v in section.items() if k in _READ and v is not None}
    for key, value in options.items():
        where = "--" + key.replace("_", "-")
        if key not in _READ:
            raise BackproveError(f"{where}: unknown option; known here: {', '.join(_READ)}")
        if value is not None:
            given[key] = (_typed(key, value, where), where)
    read = {key: _READ[key](value, where) for key, (value, where) in given.items()}
    names = read.get("activations", ())
    if len(names) > 2:
        depth = Declaration(layers=read.get("layers", "any")).depth
        if depth is None:
            read["layers"] = len(names)
        elif depth != len(names):
            raise BackproveError(
                f"{given['activations'][1]}: {len(names)} activations for {depth} weight layers; give one (for all), "
                f"two (hidden layers, output) or {depth}"
            )
    return Declaration(**read)


def _table(value: object, where: str, namespace: Mapping[str, object] | None) -> dict[str, Any]:
    """The dict at that place, its keys known. A namespace: of a whole file, where functions may have their own dict."""
    if not isinstance(value, Mapping):
        raise BackproveError(f'{where}: expected a dict such as {{"loss": "squared_error"}}, got {_shown(value)}')
    for key, inner in value.items():
        if key in _READ:
            continue
        if namespace is not None and isinstance(inner, Mapping):
            if key not in namespace:
                raise BackproveError(f"{where}[{_shown(key)}]: the file has no function of that name")
            continue
        close = difflib.get_close_matches(str(key), _READ, 1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(_READ)}"
        raise BackproveError(f"{where}[{_shown(key)}]: unknown key; {hint}")
    return dict(value)


def _typed(key: str, value: Any, where: str) -> Any:
    """What text on the command line means; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if key == "biases":
        words = {"true": True, "yes": True, "false": False, "no": False}
        if text.lower() not in words:
            raise BackproveError(f"{where}: {_shown(value)} is not one of {_quoted(words)}")
        return words[text.lower()]
    if key in ("layers", "batch") and text != "any":
        parts = text.split("-") if key == "layers" else [text]
        if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
            return value
        return [int(part) for part in parts] if len(parts) > 1 else int(text)
    return text


def _one_of(known: tuple[str, ...]) -> Callable[[Any, str], str]:
    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in known:
            raise BackproveError(f"{where}: {_shown(value)} is not one of {_quoted(known)}")
        return value

    return read


def _activations(value: Any, where: str) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names:
        raise BackproveError(f'{where}: expected names such as ["tanh", "sigmoid"], got {_shown(value)}')
    return tuple(_one_of(ACTIVATIONS)(name, where) for name in names)


def _scale(value: Any, where: str) -> Fraction:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)) or len(str(value)) > 800:
            raise TypeError
        scale = Fraction(value)
        float(scale)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise BackproveError(f'{where}: expected a fraction such as "1/2", got {_shown(value)}') from None
    if scale == 0:
        raise BackproveError(f"{where}: 0 times a loss has no gradient to check; give what multiplies it")
    return scale


def _layers(value: Any, where: str) -> Literal["any"] | int | tuple[int, ...]:
    if value == "any" or _count(value):
        found: Literal["any"] | int = value
        return found
    if isinstance(value, (list, tuple)) and len(value) > 1 and all(_count(n) for n in value):
        return tuple(value)
    raise BackproveError(
        f'{where}: expected "any", how many weight layers, or the sizes such as [3, 2, 1], got {_shown(value)}'
    )


def _batch(value: Any, where: str) -> Literal["any"] | int:
    if value == "any" or _count(value):
        found: Literal["any"] | int = value
        return found
    raise BackproveError(f'{where}: expected "any" or how many samples, got {_shown(value)}')


def _biases(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise BackproveError(f"{where}: expected True or False, got {_shown(value)}")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST


_READ: dict[str, Callable[[Any, str], Any]] = {
    "activations": _activations,
    "loss": _one_of(LOSSES),
    "loss_scale": _scale,
    "reduction": _one_of(REDUCTIONS),
    "layers": _layers,
    "batch": _batch,
    "biases": _biases,
    "layout": _one_of(LAYOUTS),
    "samples": _one_of(SAMPLES),
}


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _quoted(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _sizes(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))
