"""Mistakes about the outputs and the forward pass: rows 16, 17, 21 and 22 of the observed mistakes."""

from dataclasses import replace
from fractions import Fraction

from backprove.case import Case, Loss
from backprove.mistakes.backward import Pass, softly
from backprove.mistakes.bounded import Bounded
from backprove.mistakes.mistake import Chosen, Mistake, Right
from backprove.mistakes.propagation import scaled

_JACOBIAN = "delta_i = a_i (g_i - Σ_k a_k g_k) with g = dC/da: the Jacobian of softmax is diag(a) - a aᵀ"
_Z_FED_ON, _LINEAR = "z is fed on", "output is left linear"


def _diagonal(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if P.activation(l) != "softmax":
        return right()
    A = P("activation", l)
    return A * (1 - A) * P("error", l)


def _row_sums(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if P.activation(l) != "softmax":
        return right()
    A = P("activation", l)
    return A * (1 - A.sum(axis=1, keepdims=True)) * P("error", l)


def _over_batch(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if P.activation(l) != "softmax":
        return right()
    Z = P("net_input", l)
    return softly(P, Z.each(lambda x: x.reshape(1, -1))).each(lambda x: x.reshape(Z.shape))


def _fused(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    if l < P.L or P.case.loss.name == "output":
        return right()
    return scaled(P, P("activation", l) - P.problem.held.T)


def _z_fed(P: Pass, l: int, right: Right, c: Chosen) -> Bounded:
    on = c["what"] == _Z_FED_ON and l > 1 and P.activation(l - 1) != "identity"
    return P("net_input", l - 1) if on else right()


def _other_problem(case: Case, c: Chosen) -> Case:
    output = case.layers[-1]
    if c["what"] == _LINEAR:
        linear = replace(output, activation="identity")
        logarithm = case.loss.name.endswith("cross_entropy")
        same = logarithm or output.activation == "identity"
        return case if same else replace(case, layers=(*case.layers[:-1], linear), published=())
    loss = c["what"].removesuffix(" is differentiated")
    if loss in (_Z_FED_ON, case.loss.name):
        return case
    # A logarithm has values behind outputs between 0 and 1 only; a single softmax output is always 1.
    valued = output.activation == "sigmoid" or (output.activation == "softmax" and len(output.weights) > 1)
    if not valued and loss != "squared_error":
        return case
    # ½ of squared error and 1 of a logarithm are what these losses mostly have.
    to, from_ = (Fraction(1, 2) if name == "squared_error" else Fraction(1) for name in (loss, case.loss.name))
    return replace(case, loss=Loss(loss, case.loss.scale * to / from_))


OUTPUTS = (
    Mistake(
        "softmax-diagonal",
        {"through": _diagonal},
        "delta_i = a_i (1 - a_i) dC/da_i",
        _JACOBIAN,
        "Softmax is treated like sigmoid, unit by unit. But all its outputs share one denominator: each z_i moves "
        "every a_k, and the terms -a_i a_k beside the diagonal are missing.",
        "in 5 programs with softmax-row-sums",
        "a loss that is wrong in the same way, binary cross-entropy above all, cancels it to a - t",
        "a softmax layer",
    ),
    Mistake(
        "softmax-row-sums",
        {"through": _row_sums},
        "delta_i = dC/da_i Σ_k da_i/dz_k",
        _JACOBIAN,
        "The Jacobian of softmax is summed along its rows before the error is applied. Its rows sum to 0, because the "
        "outputs always sum to 1, so nothing but rounding is left.",
        "in 5 programs with softmax-diagonal",
        "a falling loss of the layers that are not behind it",
        "a softmax layer",
    ),
    Mistake(
        "unmatched-fused-delta",
        {"delta": _fused},
        "delta^L = a^L - t, scaled as the loss is",
        "delta^L = f'(z^L) ∘ dC/da^L",
        "a - t is delta^L only where loss and output activation match: squared error with identity, binary "
        "cross-entropy with sigmoid, categorical cross-entropy with softmax (and targets that sum to 1). Here they do "
        "not.",
        "common",
        "pairs that match",
        "a loss with targets",
    ),
    Mistake(
        "softmax-over-batch",
        {"activation": _over_batch},
        "a_i of sample n = exp(z_i) / Σ_samples Σ_k exp(z_k)",
        "a_i = exp(z_i) / Σ_k exp(z_k) in each sample",
        "Softmax is normalised over the whole batch (a sum without an axis), so that the outputs of all samples "
        "together sum to 1, not those of each.",
        "1 program",
        "a batch of one sample",
        "a softmax layer, and a batch of several samples",
    ),
    Mistake(
        "forward-mismatch",
        {"fed": _z_fed},
        {
            _Z_FED_ON: "z^l = W^l z^{l-1} + b^l",
            _LINEAR: "a^L = z^L, and the gradient of that network",
            "squared_error is differentiated": "the gradient of squared error",
            "binary_cross_entropy is differentiated": "the gradient of binary cross-entropy",
            "categorical_cross_entropy is differentiated": "the gradient of categorical cross-entropy",
        },
        "z^l = W^l a^{l-1} + b^l, a^l = f(z^l), and the C that is reported",
        "The gradient is that of another forward pass or loss than the one that is said to be trained.",
        "3 programs",
        "linear units; losses whose gradients are multiples of one another",
        "an activation, or a loss, that has another in its place",
        {
            "what": (
                _Z_FED_ON,
                _LINEAR,
                *(
                    f"{name} is differentiated"
                    for name in ("squared_error", "binary_cross_entropy", "categorical_cross_entropy")
                ),
            )
        },
        poses=_other_problem,
    ),
)
