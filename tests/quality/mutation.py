"""Mutation score: the catalogue of known mistakes judges the comparator.

Every mistake with every choice of its parameters, and every pair of them that makes sense, stands as an engine beside
the three built-in ones; the comparator must find it, in float64, on at least one network of the ordinary ones and on at
least one of those whose gradients are small.

    makes sense  two different mistakes that each replace something and do not cancel: the numbers of both are not
                 the truth's on every ordinary network, as far as rounding lets anybody tell

    python -m quality.mutation (in tests/)    every pair; prints the score and what is found only rarely
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

import numpy as np

from backprove.case import Case, Gradient, blocks
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES, Engine
from backprove.mistakes import CATALOGUE, Planted
from backprove.mistakes.backward import Pass, Problem
from backprove.mistakes.mistake import ordered
from backprove.mistakes.network import Network
from quality.networks import network

FLOAT64 = DOMAINS["float64"]
SIZES = {"ordinary": 1.0, "small gradients": 0.05}
"""Of the weights."""
RARE = 0.5
"""Found on less than this share of the networks that it touches: rarely."""

TIMES = 2
"""Networks of every shape."""

Explanation = tuple[Planted, ...]
# sizes, activations, loss, reduction, batch
SHAPES = (
    ((3, 3, 3, 3), ("sigmoid", "tanh", "sigmoid"), "squared_error", "sum", 3),
    ((2, 3, 2, 3), ("tanh", "sigmoid", "softmax"), "categorical_cross_entropy", "mean", 4),
    ((3, 2, 3, 1), ("relu", "sigmoid", "tanh"), "squared_error", "mean", 2),
    ((2, 4, 3), ("gelu", "sigmoid"), "binary_cross_entropy", "mean_all", 3),
    ((3, 3, 3), ("silu", "softmax"), "squared_error", "mean_all", 4),
    ((2, 2, 2, 2), ("softplus", "softmax", "tanh"), "squared_error", "sum", 2),
    ((4, 3, 3, 2), ("elu", "square", "identity"), "squared_error", "mean", 5),
    ((2, 3, 3, 2), ("leaky_relu", "tanh", "softmax"), "binary_cross_entropy", "sum", 3),
    ((3, 2), ("sigmoid",), "squared_error", "sum", 1),
    ((1, 1, 1), ("tanh", "sigmoid"), "squared_error", "sum", 1),
    ((2, 3, 3, 1), ("sigmoid", "sigmoid", "sigmoid"), "binary_cross_entropy", "mean", 6),
    ((3, 4, 4, 2), ("tanh", "relu", "identity"), "output", "sum", 3),
)


class Posed:
    """A network, what the built-in engines say to it, and the passes of its mistakes, each worked out once."""

    def __init__(self, case: Case) -> None:
        self.case, self.truth = case, Pass(Problem(case))
        self.network = Network(case, self.truth.flat()[0], FLOAT64)
        answers = {name: engine(case, FLOAT64) for name, engine in ENGINES.items()}
        self.engines = {name: _saying(answer) for name, answer in answers.items()}

    def touched_by(self, planted: Planted) -> bool:
        """Whether a mistake replaces anything here."""
        P = self.network.passed((planted,))
        if not P.touched:
            P.flat()
        return bool(P.touched)

    def finds(self, planted: Explanation) -> bool:
        """Whether the comparator sets the mistaken engine apart from the others, which agree."""
        comparison = compare(self.case, FLOAT64, {**self.engines, "mistaken": _saying(self._mistaken(planted))})
        return comparison.groups == [list(ENGINES), ["mistaken"]]

    def _mistaken(self, planted: Explanation) -> Gradient:
        flat = self.network.passed(planted).flat()[0]
        spots = blocks(self.case)
        parts = {(l, kind): flat[at : at + int(np.prod(shape))].reshape(shape) for l, kind, shape, at in spots}
        layers = range(1, len(self.case.layers) + 1)
        return Gradient([parts[l, "W"] for l in layers], [parts.get((l, "b")) for l in layers])


def _saying(answer: Gradient) -> Engine:
    return lambda case, domain: answer


@cache
def networks(kind: str) -> tuple[Posed, ...]:
    """The networks of one kind, the same ones every time."""
    random = np.random.default_rng(1)
    return tuple(
        Posed(network(random, sizes, names, batch=batch, weights=SIZES[kind], loss=loss, reduction=reduction))
        for _ in range(TIMES)
        for sizes, names, loss, reduction, batch in SHAPES
    )


@cache
def touched(kind: str, planted: Planted) -> tuple[Posed, ...]:
    """The networks in which a mistake replaces anything."""
    return tuple(posed for posed in networks(kind) if posed.touched_by(planted))


def singles() -> list[Planted]:
    return [p for mistake in CATALOGUE.values() for p in mistake.variants()]


@cache
def pairs() -> tuple[Explanation, ...]:
    """Every two mistakes that meet in some network."""
    both = combinations(singles(), 2)
    return tuple(ordered((p, q)) for p, q in both if p.mistake is not q.mistake and _shared("ordinary", p, q))


def _shared(kind: str, *planted: Planted) -> list[Posed]:
    first, *rest = (touched(kind, p) for p in planted)
    return [posed for posed in first if all(posed in other for other in rest)]


def cancels(planted: Explanation) -> bool:
    """Whether the numbers are the truth's on every ordinary network, within rounding."""
    return not any(posed.network.telling(planted) for posed in networks("ordinary"))


@dataclass
class Score:
    """What was found on every kind of network, what was not on one, and what cancels."""

    found: list[Explanation] = field(default_factory=list)
    missed: list[tuple[Explanation, str]] = field(default_factory=list)
    cancelling: list[Explanation] = field(default_factory=list)

    @property
    def share(self) -> float:
        """1 where nothing was missed."""
        return len(self.found) / max(len(self.found) + len(self.missed), 1)


def score(some: Iterable[Explanation]) -> Score:
    """Each is looked for until it is found, on each kind of network."""
    result = Score()
    for planted in some:
        missed = [kind for kind in SIZES if not any(posed.finds(planted) for posed in _shared(kind, *planted))]
        if not missed:
            result.found.append(planted)
        elif cancels(planted):
            result.cancelling.append(planted)
        else:
            result.missed += [(planted, kind) for kind in missed]
    return result


@cache
def of_singles() -> Score:
    """The score of every mistake with every choice of its parameters."""
    return score((p,) for p in singles())


@cache
def of_pairs() -> Score:
    """The score of every pair; that takes a minute or two."""
    return score(pairs())


def shares() -> dict[tuple[str, str], tuple[int, int]]:
    """(mistake, kind of network) → on how many networks it is found, of how many that it touches."""
    return {
        (planted.label, kind): (
            sum(posed.finds((planted,)) for posed in touched(kind, planted)),
            len(touched(kind, planted)),
        )
        for planted in singles()
        for kind in SIZES
    }


def sample(count: int, seed: int = 0) -> list[Explanation]:
    """Some of all pairs, spread over the catalogue."""
    every = pairs()
    chosen = np.random.default_rng(seed).permutation(len(every))[:count]
    return [every[i] for i in sorted(chosen)]


def main() -> None:
    """Print the score of all."""
    for what, result in (("single mistakes", of_singles()), ("pairs", of_pairs())):
        print(f"{what}: {len(result.found)} found, {len(result.missed)} missed, {100 * result.share:.4g} %")
        print(f"  {len(result.cancelling)} cancel")
        for planted, kind in result.missed:
            print(f"  MISSED {_said(planted)} ({kind})")
        for planted in result.cancelling:
            print(f"  cancels: {_said(planted)}")
    for (label, kind), (count, of) in sorted(shares().items(), key=lambda item: item[1][0] / item[1][1]):
        if count < of * RARE:
            print(f"  found on {count} of {of} networks: {label} ({kind})")


def _said(planted: Explanation) -> str:
    return " + ".join(p.label for p in planted)


if __name__ == "__main__":
    main()
