"""Mistakes in what weights are credited with: rows 13, 14, 18 to 20 and 23 of the observed mistakes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backprove.mistakes.backward import Pass, output
from backprove.mistakes.bounded import Bounded, of
from backprove.mistakes.mistake import WHERE, Chosen, Mistake, Replacement, Right, at

_RIGHT = "dC/dW^l = delta^l (a^{l-1})ᵀ"
_ALL = "dC/dW^l and dC/db^l for l = 1 … L"


@dataclass(frozen=True)
class Factor:
    """constant · N^samples · K^outputs, K = n_L."""

    constant: float = 1.0
    samples: int = 0
    outputs: int = 0
    off: float = 0.0
    """What the constant may be off by, where it was inferred."""

    def of(self, N: int, K: int) -> float:
        return float(self.constant * float(N) ** self.samples * float(K) ** self.outputs)

    def __str__(self) -> str:
        powers = (("N", self.samples), ("K", self.outputs))
        over = [name for name, power in powers if power > 0]
        under = [name for name, power in powers if power < 0]
        number = _said(self.constant)
        if number.startswith(("1/", "-1/")) and over:
            under, number = [number.split("/")[1], *under], number.split("/")[0]
        if number in ("1", "-1") and over:
            over, number = [number.replace("1", "") + over[0], *over[1:]], ""
        top = " ".join([*([number] if number else []), *over])
        return f"{top}/{under[0]}" if len(under) == 1 else f"{top}/({' '.join(under)})" if under else top


def _said(x: float) -> str:
    if x == round(x) and abs(x) < 1e6:
        return str(round(x))
    for below in range(2, 65):
        if x * below == round(x * below):
            return f"{round(x * below)}/{below}"
    return repr(float(x))


def _weight(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("weight_delta", l).sum(axis=0)[:, None] * P.W(l)


def _incoming(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    layer = {"a^l": l, "a^0": 0, "a^{l-2}": l - 2}[c["activation"]]
    return output(P, layer) if layer >= 0 and layer != l - 1 and P.n(layer) == P.n(l - 1) else right()


def _net_input(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("net_input", l - 1) if l > 1 and P.activation(l - 1) != "identity" else right()


def _delta(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return P("weight_delta", l).sum(axis=0)[:, None].spread((P.n(l), P.n(l - 1)))


def _zero(*blocks: str) -> Replacement:
    def step(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
        zero = {"everywhere": True, "in layer 1": l == 1, "in layer L": l == P.L, "in the weights": "weights" in blocks}
        return right().keep(False) if zero[c["zero"]] else right()

    return step


def _one_layer(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return right() if l == (P.L if c["layer"] == "L" else 1) else right().keep(False)


def _times(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if not at(c["where"], P, l):
        return right()
    factor = c["factor"] if isinstance(c["factor"], Factor) else Factor(float(c["factor"]))
    x = of(factor.of(*P.case.targets.shape), P.problem.held.u)
    off = (2 * x.u + (abs(factor.off / factor.constant) if factor.off else 0)) * x.size
    return right() * Bounded(x.value, x.size + off, off, x.u)


def _largest_unit(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if c["kept"] != "one unit of each layer":
        return right()
    delta = right()
    largest = np.abs(delta.value).argmax(axis=1)
    return delta.keep(np.arange(P.n(l)) == largest[:, None])


def _largest_weight(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if c["kept"] != "one weight of the network":
        return right()
    tops = [float(np.abs(P("dW", i).value).max()) for i in range(1, P.L + 1)]
    top = int(np.nanargmax(tops)) + 1 if not np.isnan(tops).all() else 1
    dW = right()
    if l != top:
        return dW.keep(False)
    place = np.zeros(dW.value.size, dtype=bool)
    place[np.abs(dW.value).argmax()] = True
    return dW.keep(place.reshape(dW.shape))


def _largest_bias(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    return right().keep(False) if c["kept"] == "one weight of the network" else right()


_SAMPLES: dict[str, Callable[[int], slice]] = {
    "the last": lambda N: slice(N - 1, N),
    "the first": lambda N: slice(0, 1),
    "all but the last": lambda N: slice(0, max(N - 1, 1)),
}


def _some(block: str) -> Replacement:
    def step(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
        N = len(P.case.inputs)
        if N == 1 or c["in"] not in (block, "all gradients"):
            return right()
        kept = np.zeros((N, 1), dtype=bool)
        kept[_SAMPLES[c["samples"]](N)] = True
        return right().keep(kept)

    return step


def _both(step: Replacement) -> dict[str, Replacement]:
    return {"weights": step, "bias": step}


GRADIENTS = (
    Mistake(
        "weight-for-activation",
        {"dW": _weight},
        "dC/dw^l_jk = delta^l_j w^l_jk",
        "dC/dw^l_jk = delta^l_j a^{l-1}_k",
        "The delta is multiplied by the weight instead of by the activation that the weight is applied to: the "
        "derivative of w a by w is a.",
        "in 2 programs with the other wrong factors",
        "nothing",
    ),
    Mistake(
        "wrong-incoming-activation",
        {"incoming": _incoming},
        "dC/dW^l = delta^l (⟨activation⟩)ᵀ",
        _RIGHT,
        "The delta is paired with the activations of another layer. W^l is applied to a^{l-1}, so that is what its "
        "gradient takes.",
        "in 2 programs with the other wrong factors",
        "layers of different widths, where it does not run",
        "two layers of the same width",
        {"activation": ("a^l", "a^0", "a^{l-2}")},
    ),
    Mistake(
        "net-input-for-activation",
        {"incoming": _net_input},
        "dC/dW^l = delta^l (z^{l-1})ᵀ",
        _RIGHT,
        "The net input of the layer below is used where its activation belongs: W^l multiplies f(z^{l-1}).",
        "in 2 programs with the other wrong factors",
        "linear hidden units; a network without hidden layers",
        "a hidden layer whose activation is not identity",
    ),
    Mistake(
        "delta-for-gradient",
        {"dW": _delta},
        "dC/dw^l_jk = delta^l_j",
        "dC/dw^l_jk = delta^l_j a^{l-1}_k",
        "delta^l is dC/dz^l, the gradient of a bias. A weight's gradient has one more factor, the activation that it "
        "is applied to.",
        "not in these programs; learners ask about it",
        "incoming activations of 1",
    ),
    Mistake(
        "sign",
        _both(lambda P, l, right, c: -right()),
        "-dC/dW^l, -dC/db^l",
        "dC/dW^l, dC/db^l, which the update subtracts",
        "Everything is the negative of the gradient: the direction of t - a, which belongs with an update that adds. "
        "With one that subtracts, the loss goes up.",
        "1 program; where a sign looks odd, the update mostly makes up for it",
        "an update that adds",
    ),
    Mistake(
        "factor",
        _both(_times),
        "⟨factor⟩ dC/dW^l, ⟨factor⟩ dC/db^l (⟨where⟩)",
        "dC/dW^l, dC/db^l, with the factors that C itself has",
        "The gradient is a constant multiple of the true one: a sum where C has a mean or the reverse, the 2 of the "
        "square, or a mean over outputs. The learning rate absorbs it, but then it means something else.",
        "8 programs",
        "a batch of one sample, one output, two outputs",
        parameters={
            "factor": (
                Factor(2),
                Factor(0.5),
                Factor(1, 1),
                Factor(1, -1),
                Factor(1, 0, 1),
                Factor(1, 0, -1),
                Factor(0.5, 0, 1),
                Factor(1, 1, 1),
                Factor(1, -1, -1),
            ),
            "where": WHERE,
        },
        inferred="factor",
    ),
    Mistake(
        "zero-gradient",
        {"weights": _zero("weights"), "bias": _zero("bias")},
        "dC/dW^l = 0, dC/db^l = 0 (⟨zero⟩)",
        _ALL,
        "What is handed back was never filled in: an array that is read before it is set, or one that nothing writes "
        "to.",
        "in 4 programs with only-last-layer",
        "units that are off, whose gradient is 0 anyway",
        parameters={"zero": ("everywhere", "in the weights", "in layer 1", "in layer L")},
    ),
    Mistake(
        "only-last-layer",
        _both(_one_layer),
        "dC/dW^l = 0, dC/db^l = 0 for all layers but l = ⟨layer⟩",
        _ALL,
        "Only one layer gets its gradient: the line that stores it stands after the loop over the layers instead of in "
        "it.",
        "in 4 programs with zero-gradient",
        "a network without hidden layers",
        "a hidden layer",
        {"layer": ("L", "1")},
    ),
    Mistake(
        "only-largest-delta",
        {"weight_delta": _largest_unit, "bias_delta": _largest_unit, "weights": _largest_weight, "bias": _largest_bias},
        {
            "one unit of each layer": "dC/dw^l_jk = delta^l_j a^{l-1}_k for the unit j of the largest |delta^l_j|, "
            "else 0",
            "one weight of the network": "dC/dw^l_jk for the largest of them, else 0",
        },
        _RIGHT,
        "Only the unit or weight with the largest delta is changed. The gradient is the direction in which all weights "
        "move together.",
        "not in these programs; learners ask about it",
        "one unit a layer",
        parameters={"kept": ("one unit of each layer", "one weight of the network")},
    ),
    Mistake(
        "only-some-samples",
        {"weight_delta": _some("weights"), "bias_delta": _some("biases")},
        "Σ over ⟨samples⟩ of the samples only (⟨in⟩)",
        "Σ over all N samples",
        "Some samples of the batch leave no trace: the gradient is overwritten by each sample instead of added up, or "
        "a loop ends too early.",
        "not counted",
        "a batch of one sample",
        "a batch of several samples",
        {"samples": tuple(_SAMPLES), "in": ("all gradients", "biases", "weights")},
    ),
)
