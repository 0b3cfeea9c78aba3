"""A check in words, for every writer."""

from collections.abc import Iterable
from pathlib import PurePath

from backprove.findings import CauseFinding, CheckFinding, CheckReport, GradientOf
from backprove.report.words import common, count_of, network, number

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


MOST_PERHAPS = 3
MOST = 1e100  # times the bound; where the gradient is 0, its bound is next to nothing


def problem(loss: str | None, scale: str | None, reduction: str | None, activations: list[str] | None) -> str:
    """`half squared error, summed over the samples, of networks with sigmoid`."""
    scaled = {"1": "", "1/2": "half ", "2": "twice ", None: ""}.get(scale, f"{scale} times ")
    said = scaled + NAMES.get(loss or "", "any loss")
    said += f", {REDUCTIONS[reduction]}" if reduction else ""
    if activations:
        *others, last = dict.fromkeys(activations)
        said += f", of networks with {', '.join(others)}{' and ' if others else ''}{last}"
    return said


def posed(found: CheckFinding) -> str:
    """What it is taken to minimise; how it came to be known; its slope at kinks."""
    p = found.posed
    said = problem(p["loss"], p["loss_scale"], p["reduction"], p["activations"])
    for names, how in ((found.inferred, "inferred from its numbers"), (found.assumed, "not declared: assumed")):
        if names:
            said += f" ({', '.join(name.replace('_', ' ') for name in names)} {how})"
    return said + (f", with relu'(0) = {p['kink']}" if p["kink"] != "0" else "")


def gradient_of(of: GradientOf) -> str:
    sign = "minus " if of.sign < 0 else ""
    scale = of.loss_scale
    if of.factor != "1":
        scale = of.factor if scale == "1" else f"{scale} · {of.factor}"
    return sign + problem(of.loss, scale, of.reduction, of.activations)


def verdict(found: CheckFinding) -> str:
    """The verdict in a sentence."""
    if found.failure:
        return f"gives no gradient: {found.failure}"
    if not found.networks:
        return "is undecided: there was no network to check it on"
    if found.verdict == "AGREE":
        return f"is the gradient of {posed(found)}, on {_networks(found)}"
    if found.verdict == "UNDECIDED":
        return f"may or may not be the gradient of {posed(found)}"
    if found.wrong_networks:
        on = f"{found.wrong_networks} of {count_of(found.networks, 'network')}"
    else:
        on = f"{found.wrong_saturated_networks} of {found.saturated_networks} networks whose units are saturated"
    return f"is not the gradient of {posed(found)}, on {on}"


def _networks(found: CheckFinding) -> str:
    further = f" and {found.saturated_networks} with units saturated" if found.saturated_networks else ""
    return count_of(found.networks, "network") + further


def wrong(found: CheckFinding) -> str:
    """`delta1, and with it W1, b1`: what of the smallest network is wrong. A delta is, where all below it is too."""
    parts = _parts(found, "DISAGREE")
    layers = [m for m in found.layers if "DISAGREE" in (m.weights, m.bias)]
    both = bool(layers) and layers[0].weights == layers[0].bias
    below = [m for m in found.layers if layers and m.layer <= layers[0].layer]
    return f"delta{layers[0].layer}, and with it {parts}" if both and below == layers else parts


def right(found: CheckFinding) -> str:
    """What is right on all networks; and what the smallest does not show to be wrong."""
    elsewhere = f"    wrong on others: {', '.join(found.wrong_elsewhere)}" if found.wrong_elsewhere else ""
    return _parts(found, "AGREE") + elsewhere


def _parts(found: CheckFinding, wanted: str) -> str:
    named = []
    for m in found.layers:
        named += [f"W{m.layer}"] if m.weights == wanted else []
        named += [f"b{m.layer}"] if m.bias == wanted else []
    return ", ".join(name for name in named if name not in found.wrong_elsewhere) or "nothing"


def values(found: CheckFinding) -> list[tuple[str, str]]:
    """(who, value) of the first entry that differs: engines that agree in a line."""
    others = {name: value for name, value in found.values.items() if name != found.candidate}
    rows = [(" = ".join(others), common(list(others.values())))] if others else []
    if ", " in dict(rows).get(" = ".join(others), ""):
        rows = [(name, number(value)) for name, value in others.items()]
    return rows + [("yours", number(value)) for name, value in found.values.items() if name == found.candidate]


def times(found: CheckFinding) -> str:
    """How far off it is."""
    if not isinstance(found.fraction, float):
        return ""
    more = f"{found.fraction:.2g}" if found.fraction < MOST else "more than 1e+100"
    return f"{more} times what rounding explains"


def cause(found: CheckFinding) -> str:
    """The cause in a line: one, several, or that none is known."""
    if found.is_gradient_of:
        return f"it is, exactly, the gradient of {gradient_of(found.is_gradient_of)}"
    if "returns-nan" in found.hygiene and not found.tried:
        return "it returns nan"
    if found.causes:
        return " or ".join(" with ".join(c.ids) for c in found.causes)
    if found.perhaps:
        may = " or ".join(" with ".join(ids) for ids in found.perhaps[:MOST_PERHAPS])
        more = f" or {len(found.perhaps) - MOST_PERHAPS} others" if len(found.perhaps) > MOST_PERHAPS else ""
        return f"perhaps {may}{more}, which give the same numbers; {count_of(found.networks, 'network')} cannot tell"
    return f"no known mistake fits: none of {found.tried:,}, single and in pairs, reproduces these numbers"


def reproduced(cause: CauseFinding) -> str:
    """On how many networks the cause reproduces the numbers."""
    told = f"reproduces your numbers on {cause.networks} of {cause.networks + cause.left_out} networks"
    told += " (in the others units are saturated, or the loss has no value)" if cause.left_out else ""
    return f"{told}; {cause.telling} of them tell it from the truth"


def which(found: CheckFinding) -> str:
    """Which network is shown: the smallest found, or the one that was given."""
    return "on this network" if "other networks" in found.not_covered else "smallest network that shows it"


def where(found: CheckFinding) -> str:
    """The network that is shown."""
    return f"{which(found)}: {network(found.case)}" if found.case else ""


def what(found: CheckFinding) -> str:
    """A candidate in a few words, for a table."""
    if found.failure:
        return found.failure
    if found.verdict == "AGREE":
        return "right"
    if found.verdict == "UNDECIDED":
        return "open: " + "; ".join(found.undecided) if found.undecided else "open: too little to go by"
    return cause(found)


def score(report: CheckReport) -> str:
    """How many are right, of all that were given."""
    right = sum(f.verdict == "AGREE" for f in report.candidates)
    given = len(report.candidates) + len(report.troubles)
    lost = f"; {len(report.troubles)} could not be asked" if report.troubles else ""
    return f"{right} of {count_of(given, 'candidate')} right{lost}"


def rows(report: CheckReport) -> Iterable[list[str]]:
    """(candidate, verdict, networks, what it is, its habits) of every candidate."""
    for found, name in zip(report.candidates, names(report), strict=True):
        yield [name, found.verdict, str(found.networks), what(found), ", ".join(found.hygiene) or "–"]


def names(report: CheckReport) -> Iterable[str]:
    """The candidates, without the folder and the function that they all have in common."""
    specs = [f.candidate.rpartition(":") for f in report.candidates]
    folders, functions = {PurePath(file).parent for file, _, _ in specs}, {function for _, _, function in specs}
    for file, _, function in specs:
        shown = PurePath(file).name if len(folders) == 1 else file
        yield shown if len(functions) == 1 else f"{shown}:{function}"
