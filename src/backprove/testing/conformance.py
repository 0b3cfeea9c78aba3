"""A conformance suite for the authors of engines: networks of every kind first, then random ones in every domain."""

import contextlib
import copy
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from msgspec import structs

from backprove.campaign import Settings, search
from backprove.campaign.replay import FOLDER, Recorded, record, replay
from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS, Case, Gradient, Layer, Loss
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.errors import BackproveError
from backprove.findings import Disagreement, Report
from backprove.generate import losses_for, supported
from backprove.outcome import run
from backprove.report.terminal import show_disagreement
from backprove.report.words import agreement
from backprove.report.words import undecided as undecided_in_words
from backprove.testing.screen import plain_console, spec_of, text_of
from backprove.testing.tally import ASKED, TALLY, Tally

NETWORKS = 100
SHOWN = 3
SHAPES: tuple[tuple[int, ...], ...] = ((1, 1), (3, 1, 2), (2, 3, 3))


class EngineMismatch(AssertionError):
    """Its text is the report of the networks on which the engine failed, or what it should not do."""

    __module__ = "backprove.testing"


def check_engine(
    engine: Engine,
    *,
    name: str = "",
    domains: Sequence[str] = tuple(DOMAINS),
    activations: Sequence[str] = ACTIVATIONS,
    losses: Sequence[str] = LOSSES,
    networks: int | None = None,
    seed: int | None = None,
    undecided: Sequence[str] = (),
) -> Report:
    """Assert that an engine `(case, domain) -> Gradient` keeps to the contract, and agrees with the three built in.

    On `networks` random networks in every domain (100, or what `--backprove-networks` says), and on some of every kind:
    each activation hidden and as output, each loss behind it, each reduction, layers with and without bias, one sample
    and several, one unit and several, units at a kink. On the way: the engine leaves the case and the global state of
    NumPy and `random` alone, and answers the same when it is asked again.

    activations, losses: what it is meant for. What it cannot do in a domain it says with NotInDomain, and that is "not
    covered" in the Report that comes back. `undecided`: reasons for UNDECIDED that are accepted, such as "kink" for an
    engine with a relu'(0) of its own.

    Raises EngineMismatch (an AssertionError) with the report of what differs, or of what was not decided; ValueError,
    in one line, for a domain, an activation or a loss that is none.
    """
    __tracebackhide__ = True
    _check_words({"domains": (domains, DOMAINS), "activations": (activations, ACTIVATIONS), "losses": (losses, LOSSES)})
    name = name or spec_of(engine)
    watched = _Watched(engine)
    engines: dict[str, Engine] = {**ENGINES, name: watched}
    kinds = {d: list(_kinds(activations, losses, DOMAINS[d])) for d in domains}
    usable = _usable(watched, domains, kinds)
    if not usable:
        raise EngineMismatch(f"✗ {name} refuses everything in {', '.join(domains)}")
    settings = Settings(
        networks=networks or ASKED.networks or NETWORKS,
        seed=seed if seed is not None else ASKED.seed or 0,
        activations=tuple(activations),
        losses=tuple(losses),
        domains=tuple(usable),
    )
    of_every_kind = replay([Recorded(case, d, ()) for d in usable for case in kinds[d]], engines)
    _count(of_every_kind)
    if wrong := [d.name for d in of_every_kind.domains if d.verdict == "DISAGREE"]:
        settings = replace(settings, domains=(wrong[0],))  # shrinking in one says enough
    found, shows = search(settings, engines), "smallest network that shows it"
    _count(found)
    if wrong and found.verdict != "DISAGREE":
        found, shows = of_every_kind, "a network that shows it"
    if why := _why(found, watched, engines, shows, undecided):
        raise EngineMismatch(why)
    return found


def _check_words(given: Mapping[str, tuple[Sequence[str], Iterable[str]]]) -> None:
    for where, (words, known) in given.items():
        for word in [words] if isinstance(words, str) else words:
            if isinstance(words, str) or word not in known:
                raise ValueError(f"{where}: expected some of {', '.join(known)}, got {word!r}")


def _count(found: Report) -> None:
    worst = max((d.worst_fraction_of_bound or 0.0 for d in found.domains), default=0.0)
    TALLY.add(Tally(networks=found.networks, entries=found.entries, worst=worst))


class _Watched:
    """The engine on copies of its cases; what it did that it should not, `wrong`, each with the first network."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.wrong: dict[str, Case] = {}

    def __call__(self, case: Case, domain: Domain) -> Gradient:
        given, before = copy.deepcopy(case), _global_state()
        try:
            return self.engine(given, domain)
        finally:
            if given != case:
                self.wrong.setdefault("changes the case that it is given", case)
            for name, state in _global_state().items():
                if state != before[name]:
                    self.wrong.setdefault(f"changes {name}, which is everybody's", case)


def _global_state() -> dict[str, Any]:
    generator: Any = np.random.get_state(legacy=True)
    return {
        "NumPy's error state": np.geterr(),
        "the state of NumPy's global generator": (generator[1].tobytes(), *generator[2:]),
        "the state of Python's global generator": random.getstate(),
    }


def _kinds(activations: Sequence[str], losses: Sequence[str], domain: Domain) -> Iterator[Case]:
    """Each activation hidden and as output, each loss behind it; shapes, biases, batches, reductions in turns."""
    if domain.modulus:
        yield Case(
            (Layer(np.eye(1)),), np.eye(1), np.eye(1) * 5, modulus=domain.modulus
        )  # the others are there at random
        return
    able = supported(domain, activations)
    outputs = [(SHAPES, able[0], a, loss) for a in able for loss in losses_for(a, 2, losses, domain)]
    inner = [(SHAPES[1:], a, able[0], loss) for a in able for loss in losses_for(able[0], 2, losses, domain)[:1]]
    for turn, (shapes, hidden, output, loss) in enumerate(outputs + inner):
        sizes = shapes[turn % len(shapes)]
        names = (hidden,) * (len(sizes) - 2) + (output,)
        yield _network(sizes, names, loss, turn)
        if {"relu", "leaky_relu"} & set(names):
            case = _network(sizes, names, loss, turn)  # the same, with units at the kink
            layers = tuple(Layer(np.zeros(c.weights.shape), None, c.activation) for c in case.layers)
            yield replace(case, layers=layers, kink=Fraction(turn % 3, 2))


def _network(sizes: Sequence[int], names: Sequence[str], loss: str, turn: int) -> Case:
    """Ordinary numbers, all different; targets that sum to 1, so that every loss has a value."""
    layers = []
    for l, (n_from, n_to, name) in enumerate(zip(sizes, sizes[1:], names, strict=False), 1):
        W = (np.arange(n_to * n_from).reshape(n_to, n_from) * 7 % 11 - 4) / 8 + l / 16
        layers.append(Layer(W, None if (turn + l) % 3 == 0 else (np.arange(n_to) - 1) / 4 + 1 / 32, name))
    N = (1, 3)[turn % 2]
    inputs = (np.arange(N * sizes[0]).reshape(N, -1) * 3 % 7 - 2) / 4 + 1 / 64
    targets = np.full((N, sizes[-1]), 0.25) if sizes[-1] > 1 else np.full((N, 1), 0.75)
    targets[:, 0] += 1 - targets.sum(axis=1)
    scale = (Fraction(1), Fraction(1, 2))[turn // 2 % 2]
    return Case(tuple(layers), inputs, targets, Loss(loss, scale), REDUCTIONS[turn % 3])


def _usable(engine: Engine, domains: Sequence[str], kinds: Mapping[str, Sequence[Case]]) -> list[str]:
    """The domains that are there and that the engine does not refuse throughout."""
    found = []
    for name in domains:
        domain = DOMAINS[name]
        if not domain.missing() and any(not run(engine, case, domain.anew()).refused for case in kinds[name]):
            found.append(name)
    return found


def _why(found: Report, watched: _Watched, engines: Mapping[str, Engine], shows: str, undecided: Sequence[str]) -> str:
    """Why the engine does not conform, or ""."""
    if watched.wrong:
        what, case = next(iter(watched.wrong.items()))
        return f"✗ the engine {what}: on {case!r}"
    accepted = {*undecided}
    open_ = [d for d in found.domains if d.verdict == "UNDECIDED" and not (d.undecided and {*d.undecided} <= accepted)]
    if found.verdict != "DISAGREE" and not open_:
        return ""
    distinct = {repr((one.groups, sorted(one.failures.values()))): one for one in reversed(found.disagreements)}
    shown = list(distinct.values())[::-1][:SHOWN]
    console = plain_console()
    for one in _on_record(shown, list(engines), found.seed):
        show_disagreement(one, console, None, shows=shows)
        console.print()
    console.print(f"{found.verdict} {agreement(found)}")
    for d in open_:
        console.print(f"  {d.name}: {undecided_in_words(d.undecided) or 'too little to go by'}")
    return text_of(console)


def _on_record(found: list[Disagreement], engines: list[str], seed: int | None) -> list[Disagreement]:
    """The disagreements, for `backprove replay` where it can find the engine again."""
    if ".py:" in engines[-1]:
        with contextlib.suppress(BackproveError):
            record(found, engines, FOLDER)
            return found
    again = f"check_engine(…, seed={seed or 0})"
    return [structs.replace(one, replay=again) for one in found]
