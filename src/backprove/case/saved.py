"""A trained network from files: weights and biases by their names, inputs, targets.

Names say which is which: `0.weight` and `0.bias` (a state_dict), `layers.0.weight`, `W1` and `b1`, `weights0` and
`biases0`; or `arr_0`, `arr_1`, … in the order of `np.savez(W1, b1, W2, b2)`. Nothing is guessed: what is left of a name
without weight or bias may differ from another layer's in its numbers alone, which are the order of the layers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case.arrays import Named, listed, read_array, read_weights
from backprove.case.classes import one_hot
from backprove.case.numbers import FloatArray, fraction, one_of
from backprove.case.problem import ACTIVATIONS, LOSSES, REDUCTIONS, Case, Layer, Loss
from backprove.errors import BackproveError, CaseError

LAYOUTS = ("out,in", "in,out")
FITTING = {  # output activation → the losses that are usual with it
    "softmax": "categorical_cross_entropy", "sigmoid": "binary_cross_entropy, or squared_error",
}  # fmt: skip
_KIND = re.compile(r"(?<![A-Za-z])(weights?|W|w|biases|bias|b)(?![A-Za-z])")
_ORDER = re.compile(r"arr_(\d+)")
_KNOWN = "known are 0.weight and 0.bias, W1 and b1, weights0 and biases0, arr_0, arr_1, …"


@dataclass(frozen=True)
class _Found:
    """Weights (n_l, n_{l-1}) once the layout is known, bias (n_l,) or None, of one layer, and what they are called."""

    name: str
    weights: FloatArray
    bias: FloatArray | None

    def units(self, layout: str) -> tuple[int, int]:
        """(n_{l-1}, n_l)"""
        to, from_ = self.weights.shape if layout == "out,in" else self.weights.shape[::-1]
        return from_, to


def read_network(
    weights: Path,
    inputs: Path,
    targets: Path,
    *,
    activations: str | Sequence[str],
    loss: str | None,
    loss_scale: Fraction | float | str = 1,
    reduction: str = "sum",
    layout: str = "out,in",
    title: str = "",
) -> Case:
    """The case of a saved network.

    `activations`: one name for all layers, two for hidden layers and output, or one a layer. Inputs are (N, n_0);
    targets (N, n_L), or (N,): whole numbers are classes where there are several outputs, others are those of the one
    output. `layout` in,out: weights are stored as (n_{l-1}, n_l). Raises BackproveError (CaseError) with the file and
    the place.
    """
    for name, value, known in (("layout", layout, LAYOUTS), ("reduction", reduction, REDUCTIONS)):
        one_of(value, name, known)
    layers = _layers(read_weights(weights), str(weights))
    names = _activations(activations, len(layers))
    if loss is None:
        fits = FITTING.get(names[-1], "squared_error")
        raise CaseError("loss", f"is not given; one of {', '.join(LOSSES)} (with {names[-1]} outputs usually {fits})")
    one_of(loss, "loss", LOSSES)
    scale = fraction(loss_scale, "loss_scale")
    if scale == 0:
        raise CaseError("loss_scale", "0 times a loss has no gradient to compare; give what multiplies it")
    x = _numbers(read_array(inputs), str(inputs))
    _check_sizes(layers, x, layout, str(weights), str(inputs))
    N, n_L = len(x), layers[-1].units(layout)[1]
    t = _targets(read_array(targets), (N, n_L), str(targets), str(inputs))
    try:
        return Case(
            tuple(
                Layer(found.weights if layout == "out,in" else found.weights.T, found.bias, name)
                for found, name in zip(layers, names, strict=True)
            ),
            x,
            t,
            Loss(loss, scale),
            reduction,
            title=title or weights.name,
        )
    except CaseError as error:
        raise BackproveError(f"{weights}: {error}") from None


def _layers(arrays: Named, file: str) -> list[_Found]:
    """The layers in the order of their names."""
    parts: dict[tuple[Any, ...], dict[str, str]] = {}
    ordered = [name for name in arrays if _ORDER.fullmatch(name)]
    if len(ordered) == len(arrays):
        parts = _in_order(sorted(ordered, key=_natural), arrays, file)
    else:
        rests: dict[str, str] = {}
        for name in arrays:
            kind, rest = _read_name(name, file)
            here = parts.setdefault(_natural(rest), {})
            if kind in here:
                raise CaseError(file, f"{_cut(name)} and {_cut(here[kind])}: two {kind} for one layer")
            here[kind] = name
            rests.setdefault(re.sub(r"\d+", "#", rest), name)
        if len(rests) > 1:
            first, second = list(rests.values())[:2]
            said = f"{_cut(first)} and {_cut(second)} differ by more than a number: which layer comes first is not said"
            raise CaseError(file, f"{said}; rename them ({_KNOWN})")
    found = []
    for key in sorted(parts):
        here = parts[key]
        if "weights" not in here:
            raise CaseError(file, f"{_cut(here['bias'])}: a bias {arrays[here['bias']].shape} without weights")
        W, b = (
            _checked(arrays[here[k]], f"{file}: {_cut(here[k])}", k) if k in here else None for k in ("weights", "bias")
        )
        assert W is not None
        found.append(_Found(_cut(here["weights"]), W, b))
    return found


def _in_order(names: list[str], arrays: Named, file: str) -> dict[tuple[Any, ...], dict[str, str]]:
    """np.savez's own names: weights, each with the bias that follows it."""
    parts: dict[tuple[Any, ...], dict[str, str]] = {}
    for name in names:
        dims = arrays[name].ndim
        if dims == 2:
            parts[(len(parts),)] = {"weights": name}
        elif dims != 1:
            raise CaseError(file, f"{name}: shape {arrays[name].shape}; weights have two dimensions, a bias has one")
        elif not parts:
            raise CaseError(file, f"{name}: a bias {arrays[name].shape} without weights; the order is W1, b1, W2, b2 …")
        elif "bias" in (last := parts[(len(parts) - 1,)]):
            raise CaseError(
                file, f"{last['bias']} and {name}: two biases after {last['weights']}; the order is W1, b1 …"
            )
        else:
            last["bias"] = name
    return parts


def _read_name(name: str, file: str) -> tuple[str, str]:
    """("weights" or "bias", the rest of the name)."""
    hits = list(_KIND.finditer(name))
    if not hits:
        raise CaseError(file, f"{_cut(name)} is neither weights nor a bias by its name; {_KNOWN}")
    hit = hits[-1]
    rest = (name[: hit.start()] + "." + name[hit.end() :]).strip("._-/ ")
    return "weights" if hit[0][0] in "Ww" else "bias", rest


def _natural(name: str) -> tuple[Any, ...]:
    """A key that sorts 2 before 10; text and numbers alternate."""
    return tuple(int(part) if i % 2 else part for i, part in enumerate(re.split(r"(\d{1,18})", name)))


def _checked(array: npt.NDArray[Any], where: str, kind: str) -> FloatArray:
    dims = 2 if kind == "weights" else 1
    if array.dtype.kind != "f":
        raise CaseError(where, f"numbers of type {array.dtype}; {kind} are float64, float32, float16 or bfloat16")
    if array.ndim != dims:
        wanted = "weights have two dimensions" if dims == 2 else "a bias has one dimension"
        raise CaseError(where, f"shape {array.shape}; {wanted} (no dense layer is of another sort)")
    return _numbers(array, where)


def _numbers(array: npt.NDArray[Any], where: str) -> FloatArray:
    if not array.size:
        raise CaseError(where, f"shape {array.shape}: is empty")
    found = array.astype(np.float64)
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        at = "".join(f"[{i}]" for i in bad[0])
        raise CaseError(f"{where}: {at}", f"is {found[tuple(bad[0])]}; only finite numbers make a case")
    if array.dtype.kind in "iu" and ((array > 2**53) | (array < -(2**53))).any():
        raise CaseError(where, "has integers beyond 2^53, which a float64 need not hold")
    return found


def _activations(given: str | Sequence[str], L: int) -> list[str]:
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
    for name in names:
        one_of(name, "activations", ACTIVATIONS)
    if not names or (len(names) > 2 and len(names) != L):
        raise CaseError(
            "activations",
            f"{len(names)} for {L} layers; give one (for all), two (hidden layers, output) or one a layer",
        )
    return names if len(names) > 2 else [names[0]] * (L - 1) + [names[-1]]


def _check_sizes(layers: list[_Found], x: FloatArray, layout: str, file: str, inputs: str) -> None:
    """Refuse what does not chain, with the shapes found; say so where it does in the other layout."""
    if x.ndim != 2:
        raise CaseError(inputs, f"shape {x.shape}; expected (N, {layers[0].units(layout)[0]}): a row a sample")
    wrong = _unchained(layers, layout, file, x.shape[1], inputs)
    if wrong is None:
        return
    other = next(name for name in LAYOUTS if name != layout)
    hint = "" if _unchained(layers, other, file, x.shape[1], inputs) else f"; they chain with --layout {other}"
    shapes = listed([f"{f.name} {f.weights.shape}{'' if f.bias is None else f' + {f.bias.shape}'}" for f in layers])
    raise CaseError(wrong[0], f"{wrong[1]}; found {shapes}{hint}")


def _unchained(layers: list[_Found], layout: str, file: str, n_0: int, inputs: str) -> tuple[str, str] | None:
    """(place, what does not fit what) or None."""
    for i, found in enumerate(layers):
        from_, to = found.units(layout)
        if i and from_ != (before := layers[i - 1].units(layout)[1]):
            return file, f"{found.name} takes {from_} numbers, but {layers[i - 1].name} gives {before}"
        if found.bias is not None and len(found.bias) != to:
            return file, f"{found.name} gives {to} numbers, but its bias has {len(found.bias)}"
    takes = layers[0].units(layout)[0]
    return (inputs, f"{n_0} numbers a sample, but {layers[0].name} of {file} takes {takes}") if n_0 != takes else None


def _targets(t: npt.NDArray[Any], shape: tuple[int, int], file: str, inputs: str) -> FloatArray:
    N, n_L = shape
    if t.ndim == 0 or len(t) != N:
        raise CaseError(file, f"shape {t.shape}, but {inputs} has {N} samples")
    if t.ndim == 1 and n_L == 1:  # one-hot over a single output would make every target 1
        t = t[:, None]
    elif t.ndim == 1 and t.dtype.kind in "iu":
        return one_hot(t, n_L, file)
    if t.shape != shape:
        classes = ", or (N,) whole numbers: classes" if t.ndim == 1 else ""
        raise CaseError(file, f"shape {t.shape} of {t.dtype}, but {N} samples of {n_L} outputs need {shape}{classes}")
    return _numbers(t, file)


def _cut(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:57]}..."
