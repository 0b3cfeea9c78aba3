"""Other libraries' gradient checkers beside backprove, on the same networks: right gradients, and every known mistake.

Each checker is handed a function whose value is the loss, as its own library computes it, and whose derivative is the
gradient in question: the right one, or that of a mistake of the catalogue in every variant. Tolerances and steps are
the checkers' own defaults, as a user has them.

    shows   a mistake shows on a network where an entry of its gradient differs from the right one by more than 1e-9 of
            the largest entry; only there is it to be found

    python -m quality.gradcheckers [NETWORKS] (in tests/)    the table, and what each does not find
"""

import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import autograd.numpy as anp
import jax
import numpy as np
import torch
from autograd.extend import defvjp, primitive
from autograd.test_util import check_grads as autograd_check_grads
from jax.test_util import check_grads as jax_check_grads

from backprove.autodiff import autograd as in_autograd
from backprove.autodiff import jax as in_jax
from backprove.autodiff import torch as in_torch
from backprove.campaign import explore
from backprove.case import Case, Gradient, blocks
from backprove.compare import compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.generate import cases
from backprove.mistakes import CATALOGUE
from backprove.mistakes.mistake import gradient as mistaken
from backprove.verdict import Verdict

FLOAT64 = DOMAINS["float64"]
NETWORKS, SEED = 500, 7
SHOWS = 1e-9
FOR_EACH = 20  # networks on which a mistake shows that the checkers are asked about, the first of all

Flat = np.ndarray[Any, np.dtype[np.float64]]
Checker = Callable[[Case, Flat], bool]
"""(case, flat gradient) -> whether it objects."""


def _parts(case: Case, flat: Any) -> tuple[list[Any], list[Any]]:
    """The weights and biases of a flat vector, in whatever array it is."""
    found = {(l, kind): flat[at : at + int(np.prod(s))].reshape(s) for l, kind, s, at in blocks(case)}
    layers = range(1, len(case.layers) + 1)
    return [found[l, "W"] for l in layers], [found.get((l, "b")) for l in layers]


def _at(case: Case) -> Flat:
    """The weights and biases of the case, flat."""
    parts = [x.ravel() for layer in case.layers for x in (layer.weights, layer.bias) if x is not None]
    return np.concatenate(parts)


def backprove_objects(case: Case, flat: Flat) -> bool:
    answer = Gradient(*_parts(case, flat))
    return compare(case, FLOAT64, {**ENGINES, "mine": lambda case, domain: answer}).verdict is Verdict.DISAGREE


def gradcheck_objects(case: Case, flat: Flat, *, fast: bool) -> bool:
    x, t = torch.from_numpy(case.inputs.copy()), torch.from_numpy(case.targets.copy())

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, theta: torch.Tensor) -> torch.Tensor:
            return in_torch.loss(case, *_parts(case, theta), x, t)

        @staticmethod
        def backward(context: Any, slope: torch.Tensor) -> torch.Tensor:
            return slope * torch.from_numpy(flat.copy())

    theta = torch.from_numpy(_at(case)).requires_grad_()
    return not torch.autograd.gradcheck(Loss.apply, (theta,), fast_mode=fast, raise_exception=False)


def jax_objects(case: Case, flat: Flat) -> bool:
    P, B = [in_jax._filled(n) for n in case.sizes], in_jax._filled(len(case.inputs))
    again = np.arange(B) % len(case.inputs)
    with jax.enable_x64(True):

        def filled(weights: list[Any], biases: list[Any]) -> Any:
            W = [in_jax._fill(W, P[l + 1], P[l]) for l, W in enumerate(weights)]
            return W, [None if b is None else in_jax._fill(b, P[l + 1]) for l, b in enumerate(biases)]

        x, t = in_jax._fill(case.inputs[again], B, P[0]), in_jax._fill(case.targets[again], B, P[-1])
        slopes = filled(*_parts(case, flat))

        @jax.custom_vjp
        def loss(parameters: Any) -> Any:
            return in_jax.loss(parameters, case, x, t)

        loss.defvjp(
            lambda parameters: (loss(parameters), None),
            lambda _, slope: (jax.tree_util.tree_map(lambda d: slope * d, slopes),),
        )
        return _raises(lambda: jax_check_grads(loss, (filled(*_parts(case, _at(case))),), order=1, modes=("rev",)))


def autograd_objects(case: Case, flat: Flat) -> bool:
    @primitive
    def loss(theta: Any) -> Any:
        weights, biases = _parts(case, theta)
        layers = [{"W": W} | ({} if b is None else {"b": b}) for W, b in zip(weights, biases, strict=True)]
        return anp.float64(in_autograd.loss(layers, case, case.inputs, case.targets))

    defvjp(loss, lambda value, theta: lambda slope: slope * flat)
    return _raises(lambda: autograd_check_grads(loss, modes=["rev"], order=1)(_at(case)))


def _raises(check: Callable[[], object]) -> bool:
    try:
        check()
    except AssertionError:
        return True
    return False


CHECKERS: dict[str, Checker] = {
    "backprove": backprove_objects,
    "torch gradcheck": lambda case, flat: gradcheck_objects(case, flat, fast=False),
    "torch gradcheck, fast mode": lambda case, flat: gradcheck_objects(case, flat, fast=True),
    "jax check_grads": jax_objects,
    "autograd check_grads": autograd_objects,
}


@dataclass
class Told:
    """What one checker said, and how long it took."""

    alarms: int = 0
    found: dict[str, list[bool]] = field(default_factory=dict)
    """Mistake → whether it was found, network by network."""
    seconds: float = 0.0
    asked: int = 0

    def ask(self, checker: Checker, case: Case, flat: Flat) -> bool:
        started = time.perf_counter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            objects = checker(case, flat)
        self.seconds += time.perf_counter() - started
        self.asked += 1
        return objects


def drawn(networks: int) -> list[Case]:
    """Networks as `backprove run` draws them, with relu'(0) = 0, as all of these libraries but autograd have it."""
    found: list[Case] = []
    explore(cases(), SEED, networks, found.append, shrink=False)
    return [replace(case, kink=0) for case in found]


def right(case: Case) -> Flat:
    return mistaken(case)


def showing(networks: list[Case]) -> Iterator[tuple[str, Case, Flat]]:
    """(mistake, network, gradient) wherever a mistake shows, FOR_EACH networks each."""
    for planted in (p for mistake in CATALOGUE.values() for p in mistake.variants()):
        shown = 0
        for case in networks:
            with np.errstate(all="ignore"):
                flat, truth = mistaken(case, [planted]), right(case)
                differs = np.abs(flat - truth).max() > SHOWS * np.abs(truth).max()
            if differs and np.isfinite(flat).all():
                shown += 1
                yield planted.label, case, flat
            if shown == FOR_EACH:
                break


def study(networks: int = NETWORKS) -> dict[str, Told]:
    """Every checker on the same networks."""
    told = {name: Told() for name in CHECKERS}
    every = drawn(networks)
    for checker in CHECKERS.values():  # what compiles or imports at first is not counted
        Told().ask(checker, every[-1], right(every[-1]))
    for case in every:
        for name, checker in CHECKERS.items():
            told[name].alarms += told[name].ask(checker, case, right(case))
    for mistake, case, flat in showing(every):
        for name, checker in CHECKERS.items():
            told[name].found.setdefault(mistake, []).append(told[name].ask(checker, case, flat))
    return told


def main(networks: int = NETWORKS) -> None:
    """Print the table."""
    told = study(networks)
    shows = told["backprove"].found
    tools = ", ".join(f"{name} {version(name)}" for name in ("torch", "jax", "autograd", "numpy"))
    print(f"{networks} networks, {len(shows)} mistakes, {sum(map(len, shows.values()))} times shown; {tools}, ", end="")
    print(f"Python {platform.python_version()}")
    print("| checker | right gradients called wrong | mistakes found | on every network | time of a check |")
    print("|---|---:|---:|---:|---:|")
    for name, said in told.items():
        once = sum(any(hits) for hits in said.found.values())
        hits, of = sum(map(sum, said.found.values())), sum(map(len, said.found.values()))
        print(
            f"| {name} | {said.alarms} of {networks} | {once} of {len(said.found)} | {100 * hits / of:.1f} % "
            f"| {1000 * said.seconds / said.asked:.1f} ms |"
        )
    for name, said in told.items():
        missed = sorted((sum(hits) / len(hits), mistake) for mistake, hits in said.found.items() if not all(hits))
        print(f"{name}: " + ", ".join(f"{mistake} {share:.0%}" for share, mistake in missed))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
