"""One problem as data: a network, samples, targets and what is minimised. Frozen; no arithmetic.

L, n_l   number of weight layers; units of layer l (n_0 inputs … n_L outputs)
W^l      weights of layer l, shape (n_l, n_{l-1}); W^l[j, k] runs to unit j from unit k
b^l      bias of layer l, shape (n_l,), or None
inputs   shape (N, n_0); targets shape (N, n_L); N samples in rows
"""

import re
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from backprove.case.numbers import MODULUS, FloatArray, check_number, fraction, integer, kind, numbers, one_of
from backprove.display import Shown
from backprove.errors import CaseError

# Simplest first: this is the order in which a failing case is simplified.
ACTIVATIONS = (
    "identity", "square", "relu", "leaky_relu", "sigmoid", "tanh", "softmax", "softplus", "elu", "silu", "gelu",
)  # fmt: skip
LOSSES = ("squared_error", "output", "binary_cross_entropy", "categorical_cross_entropy")
REDUCTIONS = ("sum", "mean", "mean_all")
LEAKY_SLOPE = 0.01  # of leaky_relu, for z < 0: the value PyTorch uses

# Which elementary functions the value and slope of an activation are made of; a domain that lacks one refuses.
NEEDS = {
    "sigmoid": "exp", "tanh": "tanh", "softmax": "exp", "softplus": "log1pexp", "elu": "expm1", "silu": "exp",
    "gelu": "erf",
}  # fmt: skip

MAX_UNITS = 100_000
MAX_WEIGHTS = 20_000_000

_PER_UNIT = {"z", "a", "delta", "loss_gradient", "a_after"}
_PER_WEIGHT = {"weights_gradient", "weights_after"}
_PER_BIAS = {"bias_gradient", "bias_after"}
_AFTER = {"weights_after", "bias_after", "a_after", "loss_after"}
WHATS = ("loss", *sorted(_PER_UNIT | _PER_WEIGHT | _PER_BIAS), "loss_after")
MAX_STEPS = 100_000
_DECIMAL = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")


class _Data:
    """Value semantics for frozen data that holds arrays; a repr that is code and leaves out what is default."""

    def __repr__(self) -> str:
        shown = []
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                value = value.tolist()
            if f.default is f.default_factory or not isinstance(value, type(f.default)) or value != f.default:
                shown.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _key(self) -> tuple[Any, ...]:
        values = (getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]
        return tuple((v.shape, v.tobytes()) if isinstance(v, np.ndarray) else v for v in values)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


@dataclass(frozen=True, eq=False, repr=False)
class Layer(_Data):
    """Weights (n_l, n_{l-1}), bias (n_l,) or None, and the name of the activation of one weight layer.

    Nested lists will do; what is kept is a read-only float64 array. Activations: identity, square, relu, leaky_relu
    (0.01 z below 0), sigmoid, tanh, softmax, softplus, elu, silu, gelu. Raises CaseError where they make no layer.

    >>> from backprove import Layer
    >>> Layer([[1, 2], [3, 4]], bias=[0, 1], activation="relu")
    Layer(weights=[[1.0, 2.0], [3.0, 4.0]], bias=[0.0, 1.0], activation='relu')
    """

    weights: FloatArray
    bias: FloatArray | None = None
    activation: str = "identity"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", numbers(self.weights, "weights", 2))
        if self.bias is not None:
            object.__setattr__(self, "bias", numbers(self.bias, "bias", 1))
            if len(self.bias) != len(self.weights):
                raise CaseError("bias", f"{len(self.bias)} numbers, but the layer has {len(self.weights)} units")
        one_of(self.activation, "activation", ACTIVATIONS)
        if max(self.weights.shape) > MAX_UNITS:
            raise CaseError("weights", f"{max(self.weights.shape):,} units; at most {MAX_UNITS:,}: compare a part")


@dataclass(frozen=True)
class Loss:
    """A loss by name, times `scale`; per sample, over the outputs k,

        squared_error              Σ (a_k - t_k)²
        output                     Σ a_k
        binary_cross_entropy       -Σ (t_k log a_k + (1 - t_k) log(1 - a_k))
        categorical_cross_entropy  -Σ t_k log a_k

    `scale` may be given as a Fraction, a number or text. Raises CaseError for another name, or what is no number.

    >>> from backprove import Loss
    >>> Loss("squared_error", "1/2")
    Loss(name='squared_error', scale=Fraction(1, 2))
    """

    name: str = "squared_error"
    scale: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        one_of(self.name, "name", LOSSES)
        object.__setattr__(self, "scale", fraction(self.scale, "scale"))


@dataclass(frozen=True)
class Training:
    """Plain gradient descent, for the numbers a source prints after some steps. Raises CaseError for what is none."""

    learning_rate: float
    update_bias: bool = True

    def __post_init__(self) -> None:
        check_number(self.learning_rate, "learning_rate")
        if not isinstance(self.update_bias, bool):
            raise CaseError("update_bias", f"expected true or false, got {kind(self.update_bias)}")


@dataclass(frozen=True)
class Published:
    """One number as a source printed it. Positions are 1-based; `sign` -1: the source prints the negative."""

    what: str
    value: str
    layer: int | None = None
    to: int | None = None
    from_: int | None = None
    sample: int | None = None
    steps: int | None = None
    sign: int = 1


@dataclass(frozen=True, eq=False, repr=False)
class Case(Shown, _Data):
    """One problem: a network, N samples, their targets, and what is minimised.

    Frozen, compared by value; its `repr` is code that rebuilds it.

    `inputs` (N, n_0) and `targets` (N, n_L) have a sample a row; nested lists will do. `reduction` adds up the samples'
    losses: sum; mean, divided by N; mean_all, divided by N·n_L. `kink` is the slope that relu has at exactly 0 (0: the
    usual convention); leaky_relu's slope there is its left slope plus `kink` times the jump. `published` are numbers
    that a source printed, and `training` is what it trained by. A case with a `modulus` has residues for numbers.
    Raises CaseError where the parts do not make a network.

    >>> from backprove import Case, Layer
    >>> case = Case([Layer([[0.5, -1.0]], [0.25], "sigmoid")], inputs=[[1.0, 2.0]], targets=[[1.0]])
    >>> case.sizes, case.entries, case.divisor
    ((2, 1), 3, 1)
    >>> Case(case.layers, inputs=[[1.0]], targets=[[1.0]])
    Traceback (most recent call last):
        ...
    backprove.errors.CaseError: inputs: 1 numbers a sample, but layers[0].weights has 2 columns
    """

    layers: tuple[Layer, ...]
    inputs: FloatArray
    targets: FloatArray
    loss: Loss = field(default=Loss())
    reduction: str = "sum"
    kink: Fraction = Fraction(0)
    title: str = ""
    source: str = ""
    training: Training | None = None
    published: tuple[Published, ...] = ()
    modulus: int | None = None

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("layers", tuple(self.layers))
        if not self.layers or not all(isinstance(layer, Layer) for layer in self.layers):
            raise CaseError("layers", "expected at least one layer")
        put("inputs", numbers(self.inputs, "inputs", 2))
        put("targets", numbers(self.targets, "targets", 2))
        for l in range(1, len(self.layers)):
            have, units = self.layers[l].weights.shape[1], self.layers[l - 1].weights.shape[0]
            if have != units:
                raise CaseError(f"layers[{l}].weights", f"{have} columns, but layer {l} has {units} units")
        (N, n_0), wanted, n_L = self.inputs.shape, self.layers[0].weights.shape[1], self.sizes[-1]
        if n_0 != wanted:
            raise CaseError("inputs", f"{n_0} numbers a sample, but layers[0].weights has {wanted} columns")
        if self.targets.shape != (N, n_L):
            raise CaseError("targets", f"shape {self.targets.shape}, but {N} samples of {n_L} outputs need {(N, n_L)}")
        if sum(layer.weights.size for layer in self.layers) > MAX_WEIGHTS:
            raise CaseError("layers", f"more than {MAX_WEIGHTS:,} weights: compare a part of the network")
        self._check_modulus()
        one_of(self.reduction, "reduction", REDUCTIONS)
        put("kink", fraction(self.kink, "kink"))
        if not 0 <= self.kink <= 1:
            raise CaseError("kink", f"{self.kink} is not in 0 … 1")
        for name in ("title", "source"):
            if not isinstance(getattr(self, name), str):
                raise CaseError(name, f"expected text, got {kind(getattr(self, name))}")
            if any("\ud800" <= c <= "\udfff" for c in getattr(self, name)):
                raise CaseError(name, "has a lone surrogate, which is no character")
        put("published", tuple(self.published))
        for i, published in enumerate(self.published):
            self._check_published(published, f"published[{i}]")

    @classmethod
    def from_torch(
        cls,
        module: Any,
        x: Any,
        t: Any,
        loss: Any,
        *,
        loss_scale: Fraction | float | str | None = None,
        reduction: str | None = None,
        title: str = "",
    ) -> "Case":
        """A Sequential of Linear layers and activations (nested too, or one Linear) on x (N, n_0) and targets t.

        `loss` is a name of LOSSES, with `reduction` ("sum" where not given), or one of PyTorch's losses, which has its
        own: MSELoss, BCELoss, BCEWithLogitsLoss (adds sigmoid), CrossEntropyLoss (adds softmax), NLLLoss. t is
        (N, n_L), or for categorical cross-entropy (N,) whole numbers: classes. Numbers of any precision are taken
        exactly, as float64. Raises CaseError by name and place for whatever a case cannot say.

        >>> import torch
        >>> from backprove import Case
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
        >>> case = Case.from_torch(model, torch.ones(4, 3), torch.zeros(4, 1), torch.nn.MSELoss())
        >>> case.sizes, [layer.activation for layer in case.layers], case.reduction
        ((3, 2, 1), ['tanh', 'identity'], 'mean_all')
        """
        from backprove.case.modules import case_of

        return case_of(module, x, t, loss, loss_scale=loss_scale, reduction=reduction, title=title)

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, …, n_L)."""
        return (self.layers[0].weights.shape[1], *(layer.weights.shape[0] for layer in self.layers))

    @property
    def entries(self) -> int:
        """How many numbers the gradient has."""
        return sum(layer.weights.size + (0 if layer.bias is None else layer.bias.size) for layer in self.layers)

    @property
    def divisor(self) -> int:
        """What the reduction divides the summed loss by: 1, N or N·n_L."""
        N, n_L = self.targets.shape
        divisors: dict[str, int] = {"sum": 1, "mean": N, "mean_all": N * n_L}
        return divisors[self.reduction]

    @cached_property
    def factor(self) -> Fraction:
        """What the summed terms of the loss are multiplied by: its scale, divided as the reduction says."""
        return self.loss.scale / self.divisor

    def _check_modulus(self) -> None:
        if self.modulus not in (None, MODULUS):
            raise CaseError("modulus", f"expected {MODULUS} (2^61 - 1), got {kind(self.modulus)}")
        arrays = {"inputs": self.inputs, "targets": self.targets}
        for l, layer in enumerate(self.layers):
            arrays[f"layers[{l}].weights"] = layer.weights
            if layer.bias is not None:
                arrays[f"layers[{l}].bias"] = layer.bias
        for where, array in arrays.items():
            if self.modulus is None and array.dtype != np.float64:
                for at, x in np.ndenumerate(array):
                    check_number(int(x), where + "".join(f"[{i}]" for i in at))
            elif self.modulus and not ((array >= 0) & (array % 1 == 0) & (array < self.modulus)).all():
                raise CaseError(where, "with a modulus, numbers are whole, from 0 to the modulus less 1")

    def _check_published(self, p: Published, where: str) -> None:
        one_of(p.what, f"{where}.what", WHATS)
        if not isinstance(p.value, str) or not _DECIMAL.fullmatch(p.value):
            raise CaseError(
                f"{where}.value", f'expected the digits as printed, such as "0.082167041", got {kind(p.value)}'
            )
        per_unit, per_weight = p.what in _PER_UNIT, p.what in _PER_WEIGHT
        needs = {
            "layer": per_unit or per_weight or p.what in _PER_BIAS,
            "to": per_unit or per_weight or p.what in _PER_BIAS,
            "from_": per_weight,
        }
        may = needs | {"sample": per_unit, "steps": p.what in _AFTER}
        for name, allowed in may.items():
            value, label = getattr(p, name), name.rstrip("_")
            if value is not None and not allowed:
                raise CaseError(f"{where}.{label}", f"{p.what} has no {label}")
            if value is None and needs.get(name):
                raise CaseError(f"{where}.{label}", f"is missing; {p.what} needs it")
        if p.layer is not None:
            integer(p.layer, f"{where}.layer", 1, len(self.layers), "layers of this network")
            n_to, n_from = self.layers[p.layer - 1].weights.shape
            integer(p.to, f"{where}.to", 1, n_to, f"units of layer {p.layer}")
            if p.from_ is not None:
                integer(p.from_, f"{where}.from", 1, n_from, f"units of layer {p.layer - 1}")
            if p.what in _PER_BIAS and self.layers[p.layer - 1].bias is None:
                raise CaseError(f"{where}.what", f"layer {p.layer} has no bias")
        if p.sample is not None:
            integer(p.sample, f"{where}.sample", 1, len(self.inputs), "samples")
        if p.steps is not None:
            integer(p.steps, f"{where}.steps", 1, MAX_STEPS, "training steps")
        if isinstance(p.sign, bool) or p.sign not in (1, -1):
            raise CaseError(f"{where}.sign", f"expected 1 or -1, got {kind(p.sign)}")
        if p.what in _AFTER and self.training is None:
            raise CaseError(f"{where}.what", f'{p.what} needs "training" with a learning_rate')
