"""From a case to a candidate's arguments in its layout, and from what it returned to a flat gradient.

n_l      units of layer l; n_0 inputs, n_L outputs; N samples
W^l      weights, (n_l, n_{l-1}) in the layout "out,in", (n_{l-1}, n_l) in "in,out"
b^l      bias, (n_l,) in every layout, or None
flat     W^1, b^1, W^2, b^2, … one after the other in the layout "out,in", row by row, as `blocks` counts
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from backprove.candidate.wrap import Recovered

if TYPE_CHECKING:  # for the host; a worker, which knows shapes only, starts without them
    from backprove.candidate.contract import Declaration
    from backprove.case import Case

Numbers = npt.NDArray[np.float64]
Arguments = tuple[list[Numbers], list[Numbers | None], Numbers, Numbers]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """The shapes of one call: sizes (n_0, …, n_L), which layers have a bias, how many samples, and the layout."""

    sizes: tuple[int, ...]
    biased: tuple[bool, ...]
    batch: int
    layout: str = "out,in"
    samples: str = "rows"

    @property
    def shapes(self) -> list[Shape]:
        """(n_l, n_{l-1}) of every layer, whatever the layout."""
        return list(zip(self.sizes[1:], self.sizes, strict=False))


def form_of(case: "Case", declaration: "Declaration") -> Form:
    """The shapes of a call on this case, in the layout that is declared."""
    return Form(
        case.sizes,
        tuple(layer.bias is not None for layer in case.layers),
        len(case.inputs),
        declaration.layout or "out,in",
        declaration.samples or "rows",
    )


def pack(case: "Case") -> Numbers:
    """All numbers of a case in a row: its weights and biases (flat), inputs, targets. Raises ValueError on residues."""
    if case.modulus is not None:
        raise ValueError("a candidate computes in float64; the numbers of this case are residues")
    parts = [part for layer in case.layers for part in (layer.weights, layer.bias) if part is not None]
    return np.concatenate([part.ravel() for part in (*parts, case.inputs, case.targets)])


def arguments(form: Form, packed: Numbers) -> Arguments:
    """(weights, biases, inputs, targets) as the candidate takes them: fresh, writable, contiguous float64 arrays.

    Weights per layer (n_l, n_{l-1}) or, "in,out", transposed; biases (n_l,) or None; inputs (N, n_0) and targets
    (N, n_L) or, with samples in columns, transposed.
    """
    at = 0

    def take(rows: int, columns: int, transposed: bool) -> Numbers:
        nonlocal at
        block = packed[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns
        return np.array(block.T if transposed else block, order="C")

    weights: list[Numbers] = []
    biases: list[Numbers | None] = []
    for (n_out, n_in), biased in zip(form.shapes, form.biased, strict=True):
        weights.append(take(n_out, n_in, form.layout == "in,out"))
        biases.append(take(1, n_out, False)[0].copy() if biased else None)
    columns = form.samples == "columns"
    return weights, biases, take(form.batch, form.sizes[0], columns), take(form.batch, form.sizes[-1], columns)


class Refused(Exception):
    """What was returned is no gradient: one line, and the sort of failure."""

    def __init__(self, failure: str, kind: str) -> None:
        super().__init__(failure)
        self.failure, self.kind = failure, kind


@dataclass
class Reading:
    """A gradient as read: flat values, their precision, what was odd (hygiene id → a line), the arrays themselves.

    `learning_rate`: of the update that the gradient was worked out from, if it was.
    """

    values: Numbers = field(default_factory=lambda: np.empty(0))
    precision: str = "float64"
    odd: dict[str, str] = field(default_factory=dict)
    arrays: list[npt.NDArray[Any]] = field(default_factory=list)
    learning_rate: float | None = None

    def note(self, name: str, line: str) -> None:
        self.odd.setdefault(name, line)


def read(result: Any, form: Form) -> Reading:
    """The flat gradient in what a candidate returned: (weight gradients, bias gradients), shaped as its arguments.

    Raises Refused where it is none; whatever foreign arrays raise when they are looked at passes through.
    """
    found = Reading(learning_rate=result.learning_rate if isinstance(result, Recovered) else None)
    weights, biases = _parts(result, form, found)
    L = len(form.shapes)
    raw_W = [_array(weights[l], f"weights[{l}]", found) for l in range(L)]
    if form.layout == "in,out":
        raw_W = [W.T for W in raw_W]
    blocks: list[Numbers] = []
    for l, W in enumerate(_weights(raw_W, form, found)):
        blocks.append(W.astype(np.float64).ravel())
        if not form.biased[l]:
            if biases[l] is not None:
                raise Refused(f"returned a gradient for biases[{l}], which the network does not have", "layers")
            continue
        b = _array(biases[l], f"biases[{l}]", found)
        blocks.append(_bias(b, l, form, found).astype(np.float64).ravel())
    found.values = np.concatenate(blocks)
    return found


def _parts(result: Any, form: Form, found: Reading) -> tuple[Sequence[Any], Sequence[Any]]:
    """Weights and biases, a sequence with L members each."""
    L = len(form.shapes)
    if result is None:
        raise Refused("returned None; a return at the end may be missing", "None")
    wanted = "(weight gradients, bias gradients)"
    if not isinstance(result, (tuple, list)) and not (isinstance(result, np.ndarray) and result.ndim):
        raise Refused(f"returned {type(result).__name__}, not {wanted}", "type")
    if _is_pairs(result, L):
        found.note("pairs", "returns one (weights, bias) pair a layer, not (weight gradients, bias gradients)")
        result = tuple(zip(*result, strict=True))
    if len(result) != 2:
        raise Refused(f"returned {len(result)} things in a {type(result).__name__}, not {wanted}", "type")
    parts = list(result)
    biased = any(form.biased)
    if parts[1] is None and not biased:
        parts[1] = [None] * L
    for i, name in enumerate(("weights", "biases")):
        part = parts[i]
        if part is None:
            raise Refused(f"returned None for the {name}", "None")
        array = isinstance(part, np.ndarray)
        if L == 1 and array and part.dtype != object and part.ndim == 2 - i:
            found.note("bare-array", f"returns one array for its {name}, not a list of one a layer")
            parts[i] = [part]
        elif not isinstance(part, (tuple, list)) and not (array and part.ndim):
            raise Refused(f"returned {type(part).__name__} for the {name}, not a list of one array a layer", "layers")
        elif i == 1 and not biased and len(part) == 0:
            parts[1] = [None] * L
        elif len(part) != L:
            raise Refused(f"returned {len(part)} {name} for {L} layers", "layers")
    return parts[0], parts[1]


def _is_pairs(result: Any, L: int) -> bool:
    """Whether it is [(dW, db), …], a matrix and a vector a layer."""
    if len(result) != L or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in result):
        return False
    return all(_dimensions(W) == 2 and (b is None or _dimensions(b) == 1) for W, b in result)


def _dimensions(block: Any) -> int:
    try:
        return np.ndim(block)
    except ValueError:  # ragged
        return -1


def _array(block: Any, where: str, found: Reading) -> npt.NDArray[Any]:
    """The block as an array of floats, or of integers."""
    if block is None:
        raise Refused(f"returned None for {where}", "None")
    try:
        array = np.asarray(block)
    except ValueError:
        raise Refused(f"returned {where} as ragged lists", "shape") from None
    kind, name = array.dtype.kind, str(array.dtype)
    if kind == "O":
        inner = type(array.ravel()[0]).__name__ if array.size else "nothing"
        raise Refused(f"returned {where} as an array of objects ({inner}), not of numbers", "numbers")
    if kind not in "fiu" or array.dtype.itemsize < (4 if kind == "f" else 1):
        what = "text" if kind in "US" else f"{name} numbers"
        raise Refused(f"returned {where} as {what}; float64 or float32 is needed", "numbers")
    if kind in "iu":
        found.note("returns-integers", f"returns integers: {where} is {name}")
    elif array.dtype.itemsize > 8:
        found.note("returns-long-double", f"returns {name}: {where}, rounded to float64 here")
    elif array.dtype.itemsize == 4:
        found.precision = "float32"
        found.note("returns-float32", f"returns float32: {where}; judged with float32's rounding")
    found.arrays.append(array)
    return array


def _weights(raw: list[npt.NDArray[Any]], form: Form, found: Reading) -> list[npt.NDArray[Any]]:
    """Every layer's weights as (n_l, n_{l-1}), shapes that can only mean one thing put right."""
    shapes = form.shapes
    oblong = [l for l, (n_out, n_in) in enumerate(shapes) if n_out != n_in]
    turned = [l for l in oblong if raw[l].shape == shapes[l][::-1]]
    if turned:
        # Square layers do not show it; they are taken as those are that do.
        square = [l for l in range(len(shapes)) if l not in oblong] if turned == oblong else []
        places = ", ".join(f"weights[{l}]" for l in sorted(turned + square))
        found.note("weights-transposed", f"returns weights transposed: {places}")
        raw = [W.T if l in turned or l in square else W for l, W in enumerate(raw)]
    return [_weight(W, l, form, found) for l, W in enumerate(raw)]


def _weight(W: npt.NDArray[Any], l: int, form: Form, found: Reading) -> npt.NDArray[Any]:
    shape = form.shapes[l]
    n_out, n_in = shape
    inward = form.layout == "in,out"
    where, wanted = f"weights[{l}]", shape[::-1] if inward else shape
    have = W.shape[::-1] if inward else W.shape
    if W.shape == shape:
        return W
    if _long(W.shape) == _long(shape):
        found.note("weights-axes", f"returns {where} of shape {have} for {wanted}: axes of length 1")
        return W.reshape(shape)
    if _long(W.shape) == (n_out * n_in,):
        found.note("weights-flattened", f"returns {where} flattened: shape {have} for {wanted}")
        return W.reshape(wanted).T if inward else W.reshape(shape)
    hint = ""
    if sorted(have) == sorted((*wanted, form.batch)) and W.ndim == 3:
        hint = "; one gradient for each sample, not reduced over them"
    elif W.shape == (n_out, n_in + 1):
        hint = "; is a column of it the bias?"
    raise Refused(f"returned {where} of shape {have}, not {wanted}{hint}", "shape")


def _bias(b: npt.NDArray[Any], l: int, form: Form, found: Reading) -> npt.NDArray[Any]:
    n, where = form.sizes[l + 1], f"biases[{l}]"
    if b.shape == (n,):
        return b
    if b.shape == (n, 1):
        found.note("bias-column", f"returns {where} as a column: shape {b.shape} for {(n,)}")
        return b.reshape(n)
    if b.shape == (1, n):
        found.note("bias-row", f"returns {where} as a row: shape {b.shape} for {(n,)}")
        return b.reshape(n)
    if _long(b.shape) == _long((n,)):
        found.note("bias-axes", f"returns {where} of shape {b.shape} for {(n,)}: axes of length 1")
        return b.reshape(n)
    if b.size == 1:
        line = f"returns one number for {where}, of {n} units; taken for each of them, as NumPy spreads it"
        found.note("bias-number", line)
        return np.full(n, b.ravel()[0])
    hint = ""
    if b.shape in ((form.batch, n), (n, form.batch)):
        hint = "; one gradient for each sample, not reduced over them"
    raise Refused(f"returned {where} of shape {b.shape}, not {(n,)}{hint}", "shape")


def _long(shape: Shape) -> Shape:
    """The shape without its axes of length 1."""
    return tuple(n for n in shape if n != 1)
