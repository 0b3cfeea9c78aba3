"""A PyTorch module as a case. PyTorch is not imported: whoever has a module has done so.

Only what a case can say exactly is taken: a chain of Linear layers with their activations. A layer is known by its
exact class, since a subclass may compute anything; whatever else stands in the chain is refused by its name and place.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from backprove.case.classes import one_hot
from backprove.case.numbers import kind
from backprove.case.problem import LEAKY_SLOPE, LOSSES, Case, Layer, Loss
from backprove.errors import CaseError

# log_softmax is no activation of a case: it is softmax, once NLLLoss has taken the logarithm.
ACTIVATION = {
    "Sigmoid": "sigmoid", "Tanh": "tanh", "ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu",
    "Softplus": "softplus", "SiLU": "silu", "GELU": "gelu", "Softmax": "softmax", "LogSoftmax": "log_softmax",
}  # fmt: skip
DROPOUTS = ("Dropout", "AlphaDropout")
BOTH = {"reduction": ("mean", "sum"), "weight": (None,)}
# What a layer or a loss must be set to, where it can be set to something that a case cannot say.
SETTINGS: dict[str, dict[str, tuple[Any, ...]]] = {
    "LeakyReLU": {"negative_slope": (LEAKY_SLOPE,)},
    "ELU": {"alpha": (1,)},
    "Softplus": {"beta": (1,), "threshold": (20,)},
    "GELU": {"approximate": ("none",)},
    "Softmax": {"dim": (1, -1)},
    "LogSoftmax": {"dim": (1, -1)},
    "Flatten": {"start_dim": (1,), "end_dim": (-1,)},
    "MSELoss": {"reduction": ("mean", "sum")},
    "BCELoss": BOTH,
    "BCEWithLogitsLoss": BOTH | {"pos_weight": (None,)},
    "CrossEntropyLoss": BOTH | {"label_smoothing": (0,)},
    "NLLLoss": BOTH,
}
GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)
TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
CLIPPED = "BCELoss without PyTorch's limit: it cuts logarithms off at -100, where outputs are saturated"
THRESHOLD = "softplus without PyTorch's threshold: above 20 PyTorch's is linear, its slope off by up to 2.1e-9"
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
FLOATS = ("float64", "float32", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")


@dataclass(frozen=True)
class _Judge:
    """A loss of PyTorch: ours, what its mean divides by, behind which activations (none named: any), and what they
    become with it.

    CrossEntropyLoss divides by the samples, MSELoss and the BCE losses by samples times outputs.
    """

    loss: str
    mean: str
    behind: tuple[str, ...] = ()
    becomes: str = ""


JUDGES = {
    "MSELoss": _Judge("squared_error", "mean_all"),
    "BCELoss": _Judge("binary_cross_entropy", "mean_all", ("sigmoid", "softmax")),
    "BCEWithLogitsLoss": _Judge("binary_cross_entropy", "mean_all", ("identity",), "sigmoid"),
    "CrossEntropyLoss": _Judge("categorical_cross_entropy", "mean", ("identity",), "softmax"),
    "NLLLoss": _Judge("categorical_cross_entropy", "mean", ("log_softmax",), "softmax"),
}


def _check_hooks(chain: list["_Dense"]) -> None:
    """Refuse hooks on parameters, and those that PyTorch runs for every module."""
    home = sys.modules.get("torch.nn.modules.module")
    if any(getattr(home, hooks, None) for hooks in GLOBAL_HOOKS):
        raise CaseError("module", "PyTorch has hooks for all modules, which may compute anything; remove them")
    for dense in chain:
        for name in ("weight", "bias"):
            if any(getattr(getattr(dense.linear, name), hooks, None) for hooks in TENSOR_HOOKS):
                raise CaseError(f"{dense.where}.{name}", "has a hook, which may change its gradient; remove it")


def case_of(module: Any, x: Any, t: Any, loss: Any, *, loss_scale: Any, reduction: Any, title: str) -> Case:
    """What `Case.from_torch` says. Raises CaseError with the place: `module[3]: Conv2d is not dense: …`."""
    chain, flattens = _chain(module)
    name, ending, own = _judged(loss, chain[-1].activation)
    chain[-1] = replace(chain[-1], activation=ending)
    if own is not None and reduction is not None:
        raise CaseError("reduction", f"{type(loss).__name__} has its own, {loss.reduction}; leave this one out")
    layers = [_layer(dense) for dense in chain]
    inputs = _array(x, "inputs")
    if flattens and inputs.ndim > 2:
        inputs = inputs.reshape(len(inputs), -1)
    if inputs.ndim != 2:
        raise CaseError("inputs", f"shape {inputs.shape}; expected (N, {layers[0].weights.shape[1]})")
    notes = [THRESHOLD] if any(layer.activation == "softplus" for layer in layers) else []
    return Case(
        tuple(layers),
        inputs,
        _targets(t, (len(inputs), len(layers[-1].weights)), loss, name),
        Loss(name) if loss_scale is None else Loss(name, loss_scale),
        own or reduction or "sum",
        title=title,
        source="; ".join([*notes, CLIPPED] if _own(loss) == "BCELoss" else notes),
    )


def _own(thing: Any) -> str | None:
    """The name of its class where that is PyTorch's own, exactly."""
    cls = type(thing)
    home = sys.modules.get(cls.__module__)
    own = cls.__module__.startswith("torch.nn.modules.") and getattr(home, cls.__name__, None) is cls
    return cls.__name__ if own else None


def _plain(thing: Any, where: str, wanted: str) -> str:
    """The name of PyTorch's own class that it is and behaves as, in its settings too."""
    name = _own(thing)
    if name is None:
        what = type(thing).__name__ if hasattr(thing, "forward") else kind(thing)
        if isinstance(thing, type):
            what = f"the class {thing.__name__}"
        raise CaseError(where, f"{what} is not {wanted}")
    if "forward" in vars(thing):
        raise CaseError(where, f"this {name} has a forward of its own")
    if any(getattr(thing, hooks, None) for hooks in HOOKS):
        raise CaseError(where, f"{name} has hooks, which may compute anything (weight_norm, pruning …); remove them")
    for setting, allowed in SETTINGS.get(name, {}).items():
        value = getattr(thing, setting)
        if not (value is None or type(value) in (int, float, str)) or value not in allowed:
            needed = " or ".join(map(repr, allowed))
            raise CaseError(where, f"{name} has {setting}={kind(value)}; a case can say {setting}={needed} alone")
    return name


def _walk(module: Any, where: str) -> Iterator[tuple[str, str, Any]]:
    """(place, name of the class, module) of everything in nested Sequentials, in order."""
    name = _plain(module, where, "a layer of torch.nn itself; a case takes Linear layers in a Sequential")
    if name != "Sequential":
        yield where, name, module
        return
    for i, inner in enumerate(module):
        yield from _walk(inner, f"{where}[{i}]")


@dataclass(frozen=True)
class _Dense:
    """A Linear layer, the activation behind it, and the places of both in the module."""

    where: str
    linear: Any
    activation: str = "identity"
    behind: str = ""


def _chain(module: Any) -> tuple[list[_Dense], bool]:
    """The Linear layers with their activations, and whether the module flattens its inputs first."""
    chain: list[_Dense] = []
    flattens = False
    for where, name, one in _walk(module, "module"):
        if name == "Linear":
            chain.append(_Dense(where, one))
        elif name in ACTIVATION:
            if not chain:
                raise CaseError(where, f"{name} stands before the first Linear; in a case, weights come first")
            if before := chain[-1].behind:
                raise CaseError(where, f"{name} after {before}: two activations in a row; a layer has one")
            chain[-1] = replace(chain[-1], activation=ACTIVATION[name], behind=where)
        elif name == "Flatten":
            flattens = flattens or not chain
        elif name in DROPOUTS:
            if one.training and one.p:
                raise CaseError(where, f"{name} in training mode is random; call module.eval() first")
        elif name != "Identity":
            raise CaseError(where, f"{name} is not dense; a case takes Linear, {', '.join(ACTIVATION)}")
    if not chain:
        raise CaseError("module", "has no Linear layer")
    _check_shared(chain)
    _check_hooks(chain)
    return chain, flattens


def _check_shared(chain: list[_Dense]) -> None:
    """A parameter in two places has one gradient there, the sum of what are two in a case."""
    seen: dict[int, str] = {}
    for dense in chain:
        for name in ("weight", "bias"):
            parameter, place = getattr(dense.linear, name), f"{dense.where}.{name}"
            if parameter is not None and id(parameter) in seen:
                raise CaseError(place, f"is shared with {seen[id(parameter)]}; in a case every layer has its own")
            seen[id(parameter)] = place


def _layer(dense: _Dense) -> Layer:
    where, linear = dense.where, dense.linear
    if dense.activation == "log_softmax":
        raise CaseError(dense.behind, "LogSoftmax goes with NLLLoss, at the outputs, and there alone")
    weights = _array(linear.weight, f"{where}.weight")
    bias = None if linear.bias is None else _array(linear.bias, f"{where}.bias")
    try:
        return Layer(weights, bias, dense.activation)
    except CaseError as error:
        raise CaseError(f"{where}.{error.where.replace('weights', 'weight')}", error.reason) from None


def _judged(loss: Any, activation: str) -> tuple[str, str, str | None]:
    """(our loss, the activation of the outputs with it, its own reduction or None)."""
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise CaseError("loss", f"{kind(loss)} is not one of {', '.join(LOSSES)}")
        return loss, activation, None
    wanted = f"one of {', '.join(LOSSES)}, or an instance of torch.nn's {', '.join(JUDGES)}"
    name = _plain(loss, "loss", wanted)
    if name not in JUDGES:
        raise CaseError("loss", f"{name} is not {wanted}")
    judge = JUDGES[name]
    if judge.behind and activation not in judge.behind:
        does = f"it adds {judge.becomes} itself and " * (name in ("BCEWithLogitsLoss", "CrossEntropyLoss"))
        raise CaseError("loss", f"{name} after {activation} outputs: {does}needs {' or '.join(judge.behind)} outputs")
    return judge.loss, judge.becomes or activation, judge.mean if loss.reduction == "mean" else "sum"


def _targets(t: Any, shape: tuple[int, int], loss: Any, name: str) -> npt.NDArray[Any]:
    targets = _array(t, "targets")
    if targets.ndim == 1 and targets.dtype.kind in "iu" and name == "categorical_cross_entropy":
        left_out = getattr(loss, "ignore_index", None)
        if left_out is not None and (hits := np.flatnonzero(targets == left_out)).size:
            raise CaseError(f"targets[{hits[0]}]", f"is ignore_index ({left_out}); leave such samples out")
        targets = one_hot(targets, shape[1], "targets")
    elif _own(loss) == "NLLLoss":
        raise CaseError("targets", f"shape {targets.shape} of {targets.dtype}; NLLLoss takes classes, (N,) integers")
    if _own(loss) == "BCELoss" and not ((targets >= 0) & (targets <= 1)).all():
        raise CaseError("targets", "BCELoss takes targets from 0 to 1")
    if targets.shape != shape:  # nor what PyTorch would broadcast
        raise CaseError("targets", f"shape {targets.shape}; expected {shape}")
    return targets


def _array(values: Any, where: str) -> npt.NDArray[Any]:
    """A tensor or array as float64 (or whole numbers as they are), every number exactly as it is."""
    if hasattr(values, "detach"):
        dtype = str(values.dtype).removeprefix("torch.")
        if dtype not in FLOATS + INTEGERS or str(values.layout) != "torch.strided" or values.is_meta:
            sort = "without values" if values.is_meta else f"of {dtype}, {str(values.layout).removeprefix('torch.')}"
            raise CaseError(where, f"a tensor {sort}; expected numbers such as float32")
        values = values.detach().cpu()
        return np.asarray((values.double() if dtype in FLOATS else values).numpy(force=True))
    try:
        array = np.asarray(values)
    except ValueError:
        raise CaseError(where, "ragged; expected a tensor or an array") from None
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise CaseError(where, f"numbers of type {array.dtype}; expected numbers such as float32")
    return array.astype(np.float64) if array.dtype.kind == "f" else array
