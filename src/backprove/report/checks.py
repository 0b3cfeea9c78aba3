"""A check in words, for every writer."""

from backprove.findings import CheckFinding, GradientOf
from backprove.report.words import count_of

NAMES = {
    "squared_error": "squared error",
    "binary_cross_entropy": "binary cross-entropy",
    "categorical_cross_entropy": "categorical cross-entropy",
    "output": "the sum of the outputs",
}
REDUCTIONS = {
    "sum": "summed over the samples",
    "mean": "mean over the samples",
    "mean_all": "mean over samples and outputs",
}


def problem(loss: str | None, scale: str | None, reduction: str | None, activations: list[str] | None) -> str:
    """`half squared error, summed over the samples, of sigmoid networks`."""
    scaled = {"1": "", "1/2": "half ", "2": "twice ", None: ""}.get(scale, f"{scale} ")
    said = scaled + NAMES.get(loss or "", "any loss")
    said += f", {REDUCTIONS[reduction]}" if reduction else ""
    if activations:
        said += f", of networks with {' and '.join(dict.fromkeys(activations))}"
    return said


def posed(found: CheckFinding) -> str:
    p = found.posed
    return problem(p["loss"], p["loss_scale"], p["reduction"], p["activations"])


def gradient_of(of: GradientOf) -> str:
    sign = "minus " if of.sign < 0 else ""
    times = "" if of.factor == "1" else f"{of.factor} times "
    return sign + times + problem(of.loss, of.loss_scale, of.reduction, of.activations)


def verdict(found: CheckFinding) -> str:
    """The verdict in a sentence."""
    named = ", ".join(name.replace("_", " ") for name in found.inferred)
    taken = f" ({named} inferred from its numbers)" if named else ""
    on = f"{found.wrong_networks} of {count_of(found.networks, 'network')}"
    if found.failure:
        return f"gives no gradient: it {found.failure}"
    if found.verdict == "AGREE":
        return f"is the gradient of {posed(found)}{taken}, on {count_of(found.networks, 'network')}"
    if found.verdict == "UNDECIDED":
        return f"is undecided as the gradient of {posed(found)}{taken}"
    return f"is not the gradient of {posed(found)}{taken}, on {on}"


def parts(found: CheckFinding, wanted: str) -> str:
    """`delta1, W1, b1`: what of the smallest network has a verdict."""
    named = []
    for m in found.layers:
        named += [f"W{m.layer}"] if m.weights == wanted else []
        named += [f"b{m.layer}"] if m.bias == wanted else []
    return ", ".join(reversed(named)) or "nothing"


def cause(found: CheckFinding) -> str:
    """The cause in a line: one, several, or that none is known."""
    if found.is_gradient_of:
        return f"it is, exactly, the gradient of {gradient_of(found.is_gradient_of)}"
    if found.causes:
        return " or ".join(" with ".join(c.ids) for c in found.causes)
    return f"no known mistake, nor a pair of them, reproduces these numbers ({found.tried:,} tried)"
