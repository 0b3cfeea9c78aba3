"""The slopes of activations as textbooks print them, in the names of one unit. Tests hold them against the engines."""

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


def slope(activation: str, z: str, a: str, value: float) -> str:
    """f'(z) of a unit whose net input has that value, with the side of the kink that it is on."""
    if activation not in BENT:
        return SLOPES[activation].format(z=z, a=a)
    if value == 0 and activation != "elu":
        return side(activation, z, value)
    above, below = BENT[activation]
    return f"{above if value > 0 else below.format(z=z)} {side(activation, z, value)}"


def side(activation: str, z: str, value: float) -> str:
    """On which side of its kink a net input lies; "" where there is none."""
    if activation not in BENT:
        return ""
    if value == 0:
        return f"since {z} = 0" if activation == "elu" else f"by convention, at the kink {z} = 0"
    return f"since {z} {'>' if value > 0 else '<'} 0"


def softmax(to: str, of: str) -> str:
    """∂a_i/∂z_j of two units of one layer, by their activations a_i and a_j."""
    return f"{to}·(1 - {to})" if to == of else f"-{to}·{of}"
