"""A `gradients` function made of a program that has none: one that only updates its weights, or a class.

w, b    a weight, a bias before the step; "weights" and "biases" hold one array a layer (None: no bias)
η       the learning rate: a step leaves w - η dC/dw, and (w - what it left) / η is its gradient again, rounded
"""

import functools
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Layers = Sequence[Array | None]
Gradients = Callable[[Any, Any, Any, Any], Any]


class Recovered(tuple[list[Any], list[Any]]):
    """(weight gradients, bias gradients) worked out from an update, which took digits from them."""

    learning_rate: float = math.nan


def from_update(step: Callable[..., Any], *, learning_rate: float) -> Gradients:
    """The gradients that one training step goes by: `gradients(weights, biases, inputs, targets)`.

    `step(weights, biases, inputs, targets)` gets copies: weights[l] (n_l, n_{l-1}) in the declared layout, biases[l]
    (n_l,) or None. It subtracts η times the gradient once from every entry, and either returns (new weights, new
    biases) or None, having changed the arrays or put others into the lists. Where it has a parameter `learning_rate` or
    `lr`, it gets η there. Raises ValueError where η is no positive, finite number; `gradients` raises TypeError or
    ValueError, in one line that names the step, where what is left are no weights and biases.

    >>> import numpy as np
    >>> from backprove import from_update
    >>> def step(weights, biases, inputs, targets):  # one linear layer, squared error
    ...     error = inputs @ weights[0].T - targets
    ...     weights[0] -= 0.5 * 2 * error.T @ inputs
    >>> gradients = from_update(step, learning_rate=0.5)
    >>> dW, db = gradients([np.array([[2.0]])], [None], np.array([[3.0]]), np.array([[5.0]]))
    >>> dW[0].tolist(), db
    ([[6.0]], [None])
    """
    rate, name = _rate(learning_rate), _name(step)

    @functools.wraps(step, ("__module__",), ())
    def gradients(weights: Layers, biases: Layers, inputs: Array, targets: Array) -> Recovered:
        left = (_copies(weights), _copies(biases))
        result = step(*left, np.array(inputs), np.array(targets), **_told(step, rate))
        if result is not None:
            left = _pair(result, f"{name} returned", "(new weights, new biases), nor None after an update in place")
        return _recovered((weights, biases), left, rate, name)

    return gradients


def from_class(
    build: Callable[[list[int]], Any],
    train: Callable[..., Any] | str,
    *,
    weights: str = "weights",
    biases: str = "biases",
    weight_gradients: str | None = None,
    bias_gradients: str | None = None,
    learning_rate: float | None = None,
) -> Gradients:
    """The gradients that an object works out: `gradients(weights, biases, inputs, targets)`.

    `build([n_0, …, n_L])` makes the object anew for every call. `weights` and `biases` name an attribute that holds a
    list of one array a layer, or are patterns with one {} for the layer, from 1: "W{}" is obj.W1, obj.W2, … They are
    set to copies of what `gradients` gets, weights[l] (n_l, n_{l-1}) in the declared layout, biases[l] (n_l,) or None;
    lists stay lists, float32 stays float32, and biases keep axes of length 1 that they were built with. Then
    `train(obj, inputs, targets)` runs, or the method of that name. The gradients are

        weight_gradients, bias_gradients    attributes, named in the same way; else
        learning_rate                       what the weights and biases have changed by, as in `from_update`; else
                                            what `train` returned: (weight gradients, bias gradients)

    Raises ValueError where these contradict one another or are no names; `gradients` raises AttributeError, TypeError
    or ValueError, in one line that names the class, where the object is not as was said.

    >>> import numpy as np
    >>> from backprove import from_class
    >>> class Network:  # one linear layer, squared error
    ...     def __init__(self, sizes):
    ...         self.W1 = np.zeros((sizes[1], sizes[0]))
    ...
    ...     def backward(self, inputs, targets):
    ...         self.dW1 = 2 * (inputs @ self.W1.T - targets).T @ inputs
    >>> gradients = from_class(Network, "backward", weights="W{}", biases="b{}", weight_gradients="dW{}")
    >>> dW, db = gradients([np.array([[2.0]])], [None], np.array([[3.0]]), np.array([[5.0]]))
    >>> dW[0].tolist(), db
    ([[6.0]], [None])
    """
    rate = None if learning_rate is None else _rate(learning_rate)
    _agree_on_source(rate, weight_gradients, bias_gradients)
    for name in (weights, biases, weight_gradients, bias_gradients):
        if name is not None and not (isinstance(name, str) and name.replace("{}", "1", 1).isidentifier()):
            raise ValueError(f'an attribute or a pattern such as "W{{}}" is needed, not {name!r}')

    @functools.wraps(build, ("__module__",), ())
    def gradients(W: Layers, b: Layers, inputs: Array, targets: Array) -> Any:
        made = _built(build, (weights, W), (biases, b), (inputs, targets))
        run = _attribute(made, train) if isinstance(train, str) else functools.partial(train, made)
        told = {} if rate is None else _told(run, rate)
        result = run(np.array(inputs), np.array(targets), **told)
        if rate is not None:
            return _recovered((W, b), (_read(made, weights, W), _read(made, biases, b)), rate, type(made).__name__)
        if weight_gradients is None:
            called = train if isinstance(train, str) else _name(train)
            wanted = "(weight gradients, bias gradients); name their attributes, or give the learning rate of an update"
            return _pair(result, f"{type(made).__name__}: {called} returned", wanted)
        if bias_gradients is None and any(x is not None for x in b):
            raise ValueError(f"{type(made).__name__}: the network has biases; name bias_gradients too")
        return _read(made, weight_gradients, W), _read(made, bias_gradients or "", b)

    gradients.__qualname__ = f"{_name(build)}.{train if isinstance(train, str) else _name(train)}"
    return gradients


def _agree_on_source(rate: float | None, weight_gradients: str | None, bias_gradients: str | None) -> None:
    if rate is not None and (weight_gradients or bias_gradients):
        raise ValueError("gradients are read off attributes or worked out from the learning rate; give one of the two")
    if bias_gradients and not weight_gradients:
        raise ValueError("bias_gradients are named, but no weight_gradients")


def _rate(given: Any) -> float:
    """η. Below the normal numbers 1/η overflows."""
    try:
        rate = math.nan if isinstance(given, (str, bool)) else float(given)
    except (TypeError, ValueError, OverflowError):
        rate = math.nan
    if not sys.float_info.min <= rate < math.inf:
        raise ValueError(f"learning_rate: a positive, finite number is needed, not {given!r}")
    return rate


def _told(step: Callable[..., Any], rate: float) -> dict[str, float]:
    """The learning rate for who has a parameter for it."""
    try:
        known = inspect.signature(step).parameters
    except (TypeError, ValueError):
        return {}
    names = [
        n for n in ("learning_rate", "lr") if n in known and known[n].kind is not inspect.Parameter.POSITIONAL_ONLY
    ]
    return {names[0]: rate} if names else {}


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", None) or type(function).__name__)


def _copies(arrays: Layers) -> list[Array | None]:
    return [None if x is None else np.array(x) for x in arrays]


def _pair(result: Any, said: str, wanted: str) -> Any:
    """The result, if it is a pair."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return result
    what = f"{len(result)} things" if isinstance(result, (tuple, list)) else type(result).__name__
    raise TypeError(f"{said} {'None' if result is None else what}, not {wanted}")


# From what a step left to its gradient


def _recovered(old: tuple[Layers, Layers], left: Sequence[Any], rate: float, name: str) -> Recovered:
    parts: list[list[Any]] = []
    for what, before, after in zip(("weights", "biases"), old, left, strict=True):
        if after is None and all(x is None for x in before):
            after = before
        if not isinstance(after, (tuple, list, np.ndarray)):
            raise TypeError(f"{name} left {type(after).__name__} as {what}, not a list of one array a layer")
        if len(after) != len(before):
            raise ValueError(f"{name} left {len(after)} {what} for {len(before)} layers")
        pairs = enumerate(zip(before, after, strict=True))
        parts.append([None if x is None else _entries(x, y, rate, f"{name} left {what}[{l}]") for l, (x, y) in pairs])
    found = Recovered(parts)
    found.learning_rate = rate
    return found


def _entries(old: Array, left: Any, rate: float, where: str) -> Array:
    """(old - left) / η, of the shape of the old and in the precision of what was left."""
    try:
        new = np.asarray(left)
    except ValueError:
        raise ValueError(f"{where} as ragged lists") from None
    if new.dtype.kind not in "fiu":
        raise TypeError(f"{where} as {'None' if left is None else f'{new.dtype} numbers'}")
    if _long(new) != _long(old):
        raise ValueError(f"{where} of shape {new.shape}, not {np.shape(old)}")
    narrow = new.dtype.kind == "f" and new.dtype.itemsize < 8
    # A step in float32 has rounded the old weights to it before it subtracts: that is no part of its gradient.
    held = np.asarray(old, dtype=new.dtype if narrow else np.float64)
    found: Array = (held.astype(np.float64) - new.reshape(held.shape)) / rate
    return found.astype(new.dtype) if narrow else found


def _long(x: Any) -> tuple[int, ...]:
    """The shape without its axes of length 1."""
    return tuple(n for n in np.shape(x) if n != 1)


# An object and its attributes


def _built(
    build: Callable[[list[int]], Any],
    weights: tuple[str, Layers],
    biases: tuple[str, Layers],
    ends: tuple[Array, Array],
) -> Any:
    """The object for these weights and biases (attribute, arrays), with them in it."""
    wrong: ValueError | None = None
    for sizes in _sizes(weights[1], biases[1], ends):
        made = build(list(sizes))
        try:
            _put(made, *weights, axes=False)
            _put(made, *biases, axes=True)
        except ValueError as error:
            wrong = wrong or error
        else:
            return made
    raise wrong or ValueError("these weights, biases, inputs and targets are no network's")


def _sizes(weights: Layers, biases: Layers, ends: tuple[Array, Array]) -> Iterator[list[int]]:
    """n_0, …, n_L, read off shapes in either layout. Both may fit, rarely: the object then tells."""
    for n_in, n_out in ((1, 0), (0, 1)):
        shapes = [np.shape(W) for W in weights if W is not None]
        sizes = [shapes[0][n_in], *(shape[n_out] for shape in shapes)]
        fits = [shape[n_in] for shape in shapes] == sizes[:-1]
        fits &= all(b is None or len(b) == n for b, n in zip(biases, sizes[1:], strict=True))
        if fits and all(n in np.shape(x) for n, x in zip((sizes[0], sizes[-1]), ends, strict=True)):
            yield sizes


def _put(made: Any, name: str, arrays: Layers, *, axes: bool) -> None:
    """Set an attribute, or those of a pattern, to copies of the arrays. `axes`: those of length 1 stay as built."""

    def like(built: Any, x: Array | None, l: int) -> Any:
        if x is None:
            return None
        where = f"{type(made).__name__}.{name.format(l) if '{}' in name else f'{name}[{l - 1}]'}"
        return _as_built(built, np.array(x), where, axes)

    if "{}" in name:
        for l, x in enumerate(arrays, 1):
            if x is not None or hasattr(made, name.format(l)):
                setattr(made, name.format(l), like(_attribute(made, name.format(l)), x, l))
    elif any(x is not None for x in arrays) or hasattr(made, name):
        built = _listed(made, name, len(arrays))
        setattr(made, name, [like(one, x, l) for l, (one, x) in enumerate(zip(built, arrays, strict=True), 1)])


def _as_built(built: Any, x: Array, where: str, axes: bool) -> Any:
    """The numbers x in the form of what was built: lists, float32, axes of length 1."""
    shape = np.shape(built)
    if shape:
        if shape != x.shape and not (axes and _long(built) == _long(x)):
            raise ValueError(f'{where} is built as {shape}, for {x.shape} to be put there; which "layout" is declared?')
        x = x.reshape(shape)
    if isinstance(built, np.ndarray) and built.dtype == np.float32:
        x = x.astype(np.float32)
    return x.tolist() if isinstance(built, (list, tuple)) else x


def _read(made: Any, name: str, layers: Layers) -> list[Any]:
    """What an attribute holds, or those of a pattern do, for each of the layers; None for those that are None."""
    if all(x is None for x in layers):
        return [None] * len(layers)
    if "{}" in name:
        return [None if x is None else _attribute(made, name.format(l)) for l, x in enumerate(layers, 1)]
    found = _listed(made, name, len(layers))
    return [None if x is None else one for x, one in zip(layers, found, strict=True)]


def _listed(made: Any, name: str, L: int) -> list[Any]:
    found = _attribute(made, name)
    if not isinstance(found, (tuple, list, np.ndarray)):
        raise TypeError(f"{type(made).__name__}.{name} is {type(found).__name__}, not a list of one array a layer")
    if len(found) != L:
        raise ValueError(f"{type(made).__name__}.{name} has {len(found)} members for {L} layers")
    return list(found)


def _attribute(made: Any, name: str) -> Any:
    try:
        return getattr(made, name)
    except AttributeError:
        have = ", ".join(list(getattr(made, "__dict__", {}))[:8])
        line = f"{type(made).__name__} has no attribute {name}" + (f"; it has {have}" if have else "")
        raise AttributeError(line) from None
