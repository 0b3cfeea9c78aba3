"""Slopes of activations as textbooks print them, and the terms of losses, in the names of one unit.

Tests hold them against the engines.
"""

from fractions import Fraction

SLOPES = {
    "identity": "1",
    "square": "2·{z}",
    "sigmoid": "{a}·(1 - {a})",
    "tanh": "1 - {a}²",
    "softplus": "1/(1 + exp(-{z}))",
    "silu": "s + {z}·s·(1 - s), s = 1/(1 + exp(-{z}))",
    "gelu": "Φ({z}) + {z}·φ({z})",
}
# (above the kink, below it)
BENT = {"relu": ("1", "0"), "leaky_relu": ("1", "0.01"), "elu": ("1", "exp({z})")}


def slope(activation: str, z: str, a: str, value: float, kink: Fraction = Fraction(0)) -> str:
    """f'(z) of a unit whose net input has that value, with the side of the kink that it is on.

    `kink`: relu'(0), by the convention of the case.
    """
    if activation not in BENT:
        return SLOPES[activation].format(z=z, a=a)
    above, below = BENT[activation]
    if value == 0 and activation != "elu":
        left = Fraction(below)
        return f"{float(left + kink * (1 - left)):g} {side(activation, z, value)}"
    return f"{above if value > 0 else below.format(z=z)} {side(activation, z, value)}"


def side(activation: str, z: str, value: float) -> str:
    """On which side of its kink a net input lies; "" where there is none."""
    if activation not in BENT:
        return ""
    if value == 0:
        return f"since {z} = 0" if activation == "elu" else f"by convention, at the kink {z} = 0"
    return f"since {z} {'>' if value > 0 else '<'} 0"


def terms(activation: str, loss: str, l: int, n: int, j: int, value: float) -> list[str]:
    """The terms of a loss that depend on output unit j (1-based) of n in layer l, as engine `paths` takes it apart;
    `value`: of its net input. A loss of one term gives none.
    """
    z, t = f"z{l}[{j}]", f"t[{j}]"
    binary = loss == "binary_cross_entropy"
    if loss not in ("binary_cross_entropy", "categorical_cross_entropy"):
        return []
    if activation == "sigmoid":  # log a = -log d and log(1 - a) = -z - log d for z > 0, else z - log d and -log d
        first = f"{'(1 - ' + t + ')' if binary else '0'}·{z}" if value > 0 else f"-{t}·{z}"
        return [first, f"{t}·log d", f"{'(1 - ' + t + ')' if binary else '0'}·log d"]
    if activation == "softmax":  # log a_i = z_i - log S, log(1 - a_i) = log R_i - log S
        found = [f"-{t}·{z}", *(f"t[{i}]·log S" for i in range(1, n + 1))]
        for i in range(1, n + 1) if binary else ():
            found += [f"-(1 - t[{i}])·log R{i}", f"(1 - t[{i}])·log S"]
        return found
    a = f"a{l}[{j}]"
    return [f"-{t}·log({a})", f"-(1 - {t})·log(1 - {a})"] if binary else []


def taken_apart(activation: str, loss: str, l: int) -> str:
    """What the letters in the terms of a loss are; "" where there are none."""
    if not loss.endswith("cross_entropy"):
        return ""
    if activation == "sigmoid":
        return f"C is taken apart by log(a) = -log d or z - log d, d = 1 + exp(-|z|), z = z{l}[·] of its output"
    if activation == "softmax":
        rest = ", R_i the same without i" if loss == "binary_cross_entropy" else ""
        return f"C is taken apart by log(a_i) = z_i - log S, S = Σ exp(z_i) over the units of layer {l}{rest}"
    return ""


def softmax(to: str, of: str) -> str:
    """∂a_i/∂z_j of two units of one layer, by their activations a_i and a_j."""
    return f"{to}·(1 - {to})" if to == of else f"-{to}·{of}"
