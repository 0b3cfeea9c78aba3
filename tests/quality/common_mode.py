"""The same mistake planted in all three engines, so that they agree with one another and nobody but the loss objects.

off    by which share of itself a slope is too large
"""

from typing import NamedTuple

from backprove.case import ACTIVATIONS, LOSSES
from backprove.engines import ENGINES, Engine
from quality.faults import Fault, mutant

Line = tuple[str, str]


class Common(NamedTuple):
    """One mistake in the form of each engine: a line as it was and as it is now; and networks on which it shows."""

    name: str
    neuron: Line
    matrix: Line
    paths: Line
    activations: tuple[str, ...] = ACTIVATIONS
    losses: tuple[str, ...] = LOSSES


def with_common(common: Common) -> dict[str, Engine]:
    """The three engines, all with the same mistake."""
    return {name: mutant(Fault(common.name, name, *getattr(common, name))) for name in ENGINES}


def slope_off(activation: str, off: float) -> Common:
    """The slope (softmax: the Jacobian) of one activation, (1 + off) times what it is in every engine."""
    share = f"D.number(1 + {off!r} if name == {activation!r} else 1.0)"

    def scaled(function: str, result: str) -> Line:
        """The line that begins a function, preceded by one of its name that scales what it returns."""
        begins, call = f"def {function}(D: Domain, name: str", f"_right{function}(D, name, *rest)"
        body = result.format(call=call, share=share)
        return (
            begins,
            f"def {function}(D, name, *rest):\n    {body}\n\n\n{begins.replace(function, '_right' + function)}",
        )

    return Common(
        f"{activation}-slope-off-{off:g}",
        neuron=scaled("_through", "return [d * {share} for d in {call}]"),
        matrix=scaled("_backward", "return {call} * {share}"),
        paths=scaled("_local", "a, slope = {call}\n    return a, slope * {share}"),
        activations=(activation,),
    )


SLOPES_OFF = tuple(slope_off(name, 1e-3) for name in ACTIVATIONS)

# A slope that is too large here and there: on small networks all agree, on others the forms' own rounding, which the
# bound takes for that of a right slope, gives them away.
TOO_LARGE = Common(
    "tanh-slope-1-a",
    neuron=("return sech * sech", "return 1 - D.tanh(z)"),
    matrix=("return 1 - A * A", "return 1 - A"),
    paths=("(-2 / (d * d)) * (e + e) * -e", "1 - D.tanh(Z)"),
    activations=("tanh",),
)

DIVIDED = (
    "D.number(case.factor)",
    "D.number(case.factor / len(case.inputs))",
)

MISTAKES = (
    Common(
        "tanh-slope-squared",
        neuron=("return sech * sech", "return sech * sech * sech * sech"),
        matrix=("return 1 - A * A", "return (1 - A * A) * (1 - A * A)"),
        paths=("(-2 / (d * d)) * (e + e) * -e", "(4 * e * e) * (4 * e * e) / ((d * d) * (d * d))"),
        activations=("tanh",),
    ),
    Common(
        "sigmoid-slope-squared",
        neuron=('"sigmoid": _sigmoid_slope', '"sigmoid": lambda *z: _sigmoid_slope(*z) * _sigmoid_slope(*z)'),
        matrix=("S *= A\n        return S", "S *= A\n        return S * S"),
        paths=(
            '"sigmoid": _sigmoid,',
            '"sigmoid": lambda D, Z: (_sigmoid(D, Z)[0], _sigmoid(D, Z)[1] * _sigmoid(D, Z)[1]),',
        ),
        activations=("sigmoid",),
    ),
    Common(
        "leaky-slope-0-below",
        neuron=("left = D.number(LEAKY_SLOPE)", "left = D.number(0)"),
        matrix=("left = D.number(LEAKY_SLOPE)", "left = D.number(0)"),
        paths=("np.where(D.zero(Z), at_0, left)", "np.where(D.zero(Z), kink, D.number(0))"),
        activations=("leaky_relu",),
    ),
    Common(
        "softmax-diagonal",
        neuron=("if i == j else -(a_i * a_j)", "if i == j else D.number(0)"),
        matrix=("return A * (G - (A * G).sum(axis=-1, keepdims=True))", "return A * (1 - A) * G"),
        paths=("own + through_S", "np.where(np.eye(Z.shape[-1], dtype=bool), own + through_S, D.number(0))"),
        activations=("softmax",),
    ),
    Common(
        "factor-2-missing",
        neuron=("[factor * 2 * (a_k - t_k)", "[factor * (a_k - t_k)"),
        matrix=("G *= 2 * factor", "G *= factor"),
        paths=("factor * (d + d)", "factor * d"),
        losses=("squared_error",),
    ),
    Common(
        "divided-by-samples",
        neuron=DIVIDED,
        matrix=DIVIDED,
        paths=DIVIDED,
    ),
)

COMMON = (*SLOPES_OFF, TOO_LARGE, *MISTAKES)
