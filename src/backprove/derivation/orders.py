"""In which order each engine worked out what it did, read off when its recorded numbers were made.

neuron    number by number, as its loops go
matrix    array by array: all units of a layer at once
paths     forward in arrays, the slopes along with them; then path by path, weight after weight
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backprove.case import Address, Case, Gradient, Trace
from backprove.derivation import walks
from backprove.derivation.expression import formula
from backprove.derivation.recorded import Recorded
from backprove.findings import Derivation, Moment, plain

MOST = 300  # moments of paths; where there are more, a weight is one moment, whatever its paths
QUANTITIES = {"z": "z", "a": "a", "slopes": "f'(z)", "loss_gradient": "dC/da", "delta": "delta"}
PHASES = {"z": "forward", "a": "forward", "slopes": "forward", "loss_gradient": "backward", "delta": "backward"}

Window = Sequence[Sequence[int]]
"""Of each layer, the inputs first, the units (1-based) that are shown."""


@dataclass(frozen=True)
class Made:
    """A number with its name, and what it is of: a quantity of a layer's unit, or an entry of the gradient."""

    kind: str
    layer: int
    label: str
    number: Recorded
    at: float
    """When it was made."""


def neuron(gradient: Gradient, case: Case, n: int, window: Window) -> list[Moment]:
    """Number by number; of sample n (0-based), gradients summed over all."""
    trace = walks.name(gradient, case)
    found = sorted([*_of_units(trace, n, window), *_of_entries(gradient, case, window)], key=lambda x: x.at)
    moments: list[Moment] = []
    seen: dict[int, str] = {}
    for x in found:
        symbol = f"dC/d{x.label}" if x.kind in ("W", "b") else x.label
        step = walks.step(symbol, x.number, text=seen.get(id(x.number), ""))  # a = z, where the slope is 1
        seen[id(x.number)] = x.label
        text = step.formula
        if x.kind in ("W", "b") and len(case.inputs) > 1:
            text = formula(x.number).text  # which tells the samples apart
        text += "".join(f", {p.letter} = {p.formula}" for p in step.parts)
        phase, lit = PHASES.get(x.kind, "gradient"), _lit([x], window)
        moments.append(Moment(phase=phase, symbol=symbol, formula=text, value=step.value, lit=lit))
    return moments


def matrix(gradient: Gradient, case: Case, n: int, window: Window) -> list[Moment]:
    """Array by array."""
    trace = walks.name(gradient, case)
    return list(_arrays([*_of_units(trace, n, window), *_of_entries(gradient, case, window)], case, window))


def paths(gradient: Gradient, case: Case, n: int, window: Window, derived: Iterable[Derivation]) -> list[Moment]:
    """Forward in arrays, then every entry that was derived, path by path."""
    trace = walks.name(gradient, case)
    forward = list(_arrays(_of_units(trace, n, window), case, window))
    routes = {d.entry: d.chain_rule for d in derived}
    entries = [x for x in _of_entries(gradient, case, window) if x.label in routes]
    whole = sum(len(routes[x.label].shown) for x in entries) > MOST
    moments = []
    for x in sorted(entries, key=lambda x: x.at):
        chain = routes[x.label]
        for i, route in enumerate(() if whole else chain.shown, 1):
            symbol = f"path {i} of {chain.paths:,} for {x.label}" if chain.paths > 1 else f"the path of {x.label}"
            symbols = " · ".join(f.symbol for f in route.factors)
            moments.append(
                Moment(phase="gradient", symbol=symbol, formula=symbols, value=route.product, lit=route.along)
            )
        if whole or chain.paths > 1 or len(case.inputs) > 1:
            of = f"{chain.paths:,} paths" + (f" in each of {len(case.inputs)} samples" if len(case.inputs) > 1 else "")
            value = plain(x.number.value + 0.0)
            moments.append(
                Moment(phase="gradient", symbol=f"dC/d{x.label}", formula=f"sum of {of}", value=value, lit=[x.label])
            )
    return forward + moments


def _of_units(trace: Trace, n: int, window: Window) -> Iterator[Made]:
    for kind in QUANTITIES:
        for l, rows in enumerate(getattr(trace, kind) or (), 1):
            if rows is None or len(rows) <= n or getattr(rows, "ndim", 2) != 2:
                continue
            for j in window[l]:
                x = rows[n][j - 1]
                if isinstance(x, Recorded):
                    yield Made(kind, l, _label(kind, l, j), x, _when(trace, kind, l, n, j, x))


def _label(kind: str, l: int, j: int) -> str:
    return f"f'(z{l}[{j}])" if kind == "slopes" else f"{QUANTITIES[kind]}{l}[{j}]"


def _when(trace: Trace, kind: str, l: int, n: int, j: int, x: Recorded) -> float:
    """When it was made, or used: a constant of the loss or of a slope is older than the run."""
    rank = list(QUANTITIES).index(kind) / 10
    if x.op or kind not in ("loss_gradient", "slopes"):
        return x.made + rank
    other = trace.a[l - 1] if kind == "slopes" else trace.delta[l - 1]
    return float(other[n][j - 1].made) - 0.5 if other is not None else x.made + rank


def _of_entries(gradient: Gradient, case: Case, window: Window) -> Iterator[Made]:
    # The sum of one sample's delta is that very number: when it was taken for dC/db is not to be seen. What an engine
    # takes so, it takes after the weights' gradients.
    assert gradient.trace is not None
    deltas = {id(x) for rows in gradient.trace.delta if rows is not None for row in rows for x in row}
    last = max(float(x.made) for W in gradient.weights for row in W for x in row)
    for entry in entries(case, window):
        l, j, k = entry.layer, entry.to - 1, entry.from_
        values = gradient.biases[l - 1] if k is None else gradient.weights[l - 1][j]
        x = values[j] if k is None else values[k - 1]
        at = last + l / 100 if k is None and id(x) in deltas else x.made
        yield Made("b" if k is None else "W", l, entry.label, x, at + 0.9)


def entries(case: Case, window: Window) -> Iterator[Address]:
    """The weights and biases between the units that are shown."""
    for l, layer in enumerate(case.layers, 1):
        for j in window[l]:
            yield from (Address(l, j, k) for k in window[l - 1])
            if layer.bias is not None:
                yield Address(l, j, None)


def _arrays(made: Iterable[Made], case: Case, window: Window) -> Iterator[Moment]:
    """What belongs to one array is worked out with the last of it."""
    groups: dict[tuple[str, int], list[Made]] = {}
    for x in made:
        groups.setdefault((x.kind, x.layer), []).append(x)
    for (kind, l), members in sorted(groups.items(), key=lambda item: max(x.at for x in item[1])):
        symbol, text = _formula(kind, l, case, fused=("loss_gradient", l) not in groups)
        phase = PHASES.get(kind, "gradient")
        yield Moment(phase=phase, symbol=symbol, formula=text, value=None, lit=_lit(members, window))


def _formula(kind: str, l: int, case: Case, *, fused: bool) -> tuple[str, str]:
    """`fused`: dC/da of this layer is not had apart."""
    layer, L = case.layers[l - 1], len(case.layers)
    from_loss = "from the loss and its outputs"
    back = f"J dC/da{l}, J the Jacobian of softmax" if layer.activation == "softmax" else f"f'(z{l}) ∘ dC/da{l}"
    return {
        "z": (f"z{l}", f"a{l - 1} (W{l})ᵀ" + (f" + b{l}" if layer.bias is not None else "")),
        "a": (f"a{l}", f"{layer.activation}(z{l})"),
        "slopes": (f"f'(z{l})", f"the slopes of {layer.activation}"),
        "loss_gradient": (f"dC/da{l}", from_loss if l == L else f"delta{l + 1} W{l + 1}"),
        "delta": (f"delta{l}", from_loss if fused else back),
        "W": (f"dC/dW{l}", f"(delta{l})ᵀ a{l - 1}"),
        "b": (f"dC/db{l}", f"column sums of delta{l}"),
    }[kind]


def _lit(members: Iterable[Made], window: Window) -> list[str]:
    """What is lit on the drawing: a net input with the weights that come in, dC/da with those that go out."""
    lit = []
    for x in members:
        if x.kind in ("W", "b"):
            lit.append(x.label)
            continue
        j = x.label[x.label.index("[") + 1 : x.label.index("]")]
        lit.append(f"a{x.layer}[{j}]")
        if x.kind == "z":
            lit += [f"W{x.layer}[{j},{k}]" for k in window[x.layer - 1]]
        elif x.kind == "loss_gradient" and x.layer + 1 < len(window):
            lit += [f"W{x.layer + 1}[{i},{j}]" for i in window[x.layer + 1]]
    return lit
