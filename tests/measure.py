"""What the checks are worth, measured: python tests/measure.py [faults|ladder|mistakes|bound|…]; all, if none is named

alarms       networks on which right engines must not be called different
bound        how far the rounding bound lies above actual errors and below the entries
sensitivity  runs in which a relative error of 1e-11 in one weight's gradient is found
cost         time against the barest code that does the same arithmetic
differences  error and cost of finite differences, as networks grow
faults       what every planted fault shrinks to
ladder       which rung of the ladder of evidence catches which planted fault, as recorded
mistakes     how many of the known mistakes, and of their pairs, are found; and what they are
evidence     the same as alarms for the newer rungs: oracles, enclosures, field
kinks        how much of whole-number relu networks is left undecided
autodiff     what PyTorch, JAX and autograd say and cost beside the three engines
gradcheckers what other libraries' gradient checkers say and cost beside backprove (needs torch, jax and autograd)
common       how small an error of a slope in all engines may be that the oracles still object to
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # so that other work on the machine disturbs less

import numpy as np
from quality import evidence as newer
from quality import mutation, mutation_table
from quality.exact import errors, exact_gradient
from quality.faults import FAULTS, NAMED
from quality.hunt import draw, look_for, said
from quality.ladder_table import table
from quality.networks import converged, network, ordinary
from quality.record import MINIMA
from quality.record_ladder import LADDER

from backprove.autodiff import AUTODIFF
from backprove.campaign import Settings, explore, look, search, shard_seed
from backprove.case import ACTIVATIONS, Case, Gradient
from backprove.compare import compare
from backprove.compare import run as compare_run
from backprove.domains import DOMAINS, Ball, Domain
from backprove.engines import ENGINES, Engine, matrix, neuron, paths
from backprove.generate import cases
from backprove.oracles import central, complex_step
from backprove.oracles.differences import forward
from backprove.rounding import analyse
from backprove.verdict import Verdict

FLOAT64 = DOMAINS["float64"]


def alarms(networks: int = 20_000) -> None:
    for name in ("float64", "float32"):
        report = search(Settings(networks=networks, seed=5, domains=(name,)), ENGINES)
        found = report.domains[0]
        print(
            f"alarms {name}: {found.networks:,} networks, {found.entries:,} entries, "
            f"largest fraction of the bound {found.worst_fraction_of_bound:.3f}, "
            f"undecided entries {found.undecided_entries} {found.undecided}, "
            f"false alarms {found.disagreeing_networks}"
        )
    random = np.random.default_rng(5)
    _alarms("whole-number relu, zero biases", (newer.whole(random) for _ in range(networks // 4)))
    near = (converged(ordinary(random), 10.0 ** -random.integers(6, 17)) for _ in range(networks // 4))
    _alarms("nearly converged", near)


def _alarms(label: str, drawn: Iterable[Case]) -> None:
    compared = [compare(case, FLOAT64, ENGINES) for case in drawn]
    print(
        f"alarms {label}: {len(compared):,} networks, {sum(c.case.entries for c in compared):,} entries, "
        f"largest fraction of the bound {max(c.worst_fraction for c in compared):.3f}, "
        f"undecided {sum(c.verdict is Verdict.UNDECIDED for c in compared)}, "
        f"false alarms {sum(c.verdict is Verdict.DISAGREE for c in compared)}"
    )


def bound(networks: int = 300) -> None:
    """Over the entries that are not 0, and whose error is not 0: the largest of the three engines."""
    random, to_error, to_entry = np.random.default_rng(6), [], []
    for _ in range(networks):
        case = ordinary(random)
        exact, radius = exact_gradient(case, "float64"), analyse(case, FLOAT64).radii()
        off = np.max([errors(case, "float64", engine, exact) for engine in ENGINES.values()], axis=0)
        to_error += (radius[off > 0] / off[off > 0]).tolist()
        to_entry += [float(r / abs(x)) for r, x in zip(radius, exact, strict=True) if x]
    print(f"bound: median bound/error {np.median(to_error):.1f} over {len(to_error):,} entries in error")
    print(f"bound: median bound/|entry| {np.median(to_entry):.2e} over {len(to_entry):,} entries")


def sensitivity(runs: int = 100) -> None:
    fault = NAMED["one-weight-off-1e-11"]._replace(within=200)
    found = sum(look_for(fault, seed=seed).verdict == "DISAGREE" for seed in range(1000, 1000 + runs))
    print(f"sensitivity: relative error 1e-11 in one weight's gradient found in {found} of {runs} runs of 200 networks")


def best(run: Callable[[], Any], repeats: int = 5) -> float:
    """The least time of several repeats, in seconds."""
    times = []
    for _ in range(repeats):
        since = time.perf_counter()
        run()
        times.append(time.perf_counter() - since)
    return min(times)


def cost() -> None:
    random = np.random.default_rng(0)
    for width in (256, 1024):
        case = network(random, [width] * 4, ["sigmoid"] * 3, batch=64, weights=width**-0.5)
        bare, whole = best(_bare_products(case), 20), best(lambda case=case: matrix.engine(case, FLOAT64), 20)
        print(f"cost: matrix at width {width}: {whole / bare:.2f} of its matrix products alone ({whole * 1e3:.2f} ms)")
    case = network(random, [16, 32, 32, 8], ["sigmoid"] * 3, batch=4)
    bare, whole = best(_bare_loops(case), 20), best(lambda: neuron.engine(case, FLOAT64), 20)
    print(f"cost: neuron on 16-32-32-8: {whole / bare:.2f} of the barest loops ({whole * 1e3:.2f} ms)")
    for width in (18, 32, 56):
        case = network(random, [width] * 4, ["sigmoid"] * 3, batch=1)
        count = width**4 + width**3 + (width**3 + width**2) + (width**2 + width)
        seconds = best(lambda case=case: paths.engine(case, FLOAT64))
        print(f"cost: paths on {count:,} paths: {count / seconds / 1e6:.0f} million a second")
    settings = Settings(networks=200, domains=("float64",))
    alone = best(lambda: [draw(cases(), 100, seed) for seed in (1, 2)], 5)
    whole = best(lambda: search(settings, ENGINES), 5)
    print(f"cost: search {whole / alone:.2f} of drawing the same cases ({whole / 200 * 1e3:.2f} ms a network)")


def _bare_products(case: Case) -> Callable[[], None]:
    W, A, Delta = [layer.weights for layer in case.layers], case.inputs.copy(), case.inputs + 1

    def products() -> None:
        for W_l in W:
            A @ W_l.T
        for W_l in W[1:]:
            Delta @ W_l
        for _ in W:
            Delta.T @ A  # not A.T @ A, which NumPy does at half the price

    return products


def _bare_loops(case: Case) -> Callable[[], None]:
    W = [layer.weights.tolist() for layer in case.layers]
    columns = [[list(c) for c in zip(*W_l, strict=True)] for W_l in W]
    samples = case.inputs.tolist()

    def sums(rows: list[list[float]], x: list[float]) -> list[float]:
        y = []
        for row in rows:
            total = 0.0
            for w, x_k in zip(row, x):  # noqa: B905
                total = total + w * x_k
            y.append(total)
        return y

    def loops() -> None:
        dW = [[[0.0] * len(row) for row in W_l] for W_l in W]
        for x in samples:
            a = [x]
            for W_l in W:
                a.append(sums(W_l, a[-1]))
            delta = a[-1]
            for l in (2, 1, 0):
                dW[l] = [[t + d * x_k for t, x_k in zip(row, a[l])] for row, d in zip(dW[l], delta)]  # noqa: B905
                delta = sums(columns[l], delta) if l else delta

    return loops


def differences(widths: Iterable[int] = (2, 4, 8, 16, 32)) -> None:
    """Are finite differences slow or inaccurate? Error and cost of each way, sigmoid networks n-n-n-n, one sample.

    The error is the largest of all entries, over the largest entry.
    """
    random = np.random.default_rng(7)
    print("| network | weights | " + " | ".join(WAYS) + " |")
    print("| --- " * (2 + len(WAYS)) + "|")
    for width in widths:
        case = network(random, [width] * 4, ["sigmoid"] * 3, batch=1)
        ball = Ball(300)
        exact = compare_run(neuron.engine, case, ball).values
        cells = []
        for way in WAYS.values():
            values = way(case)
            with ball.context():
                off = max(abs(float(x - e)) for x, e in zip(values.tolist(), exact, strict=True))
                largest = max(abs(float(e)) for e in exact)
            cells.append(f"{off / largest:.1e}, {best(lambda way=way, case=case: way(case), 3) * 1e3:.3g} ms")
        print(f"| {'-'.join([str(width)] * 4)} | {case.entries:,} | " + " | ".join(cells) + " |")


def _flat(engine: Callable[[Case, Any], Any]) -> Callable[[Case], Any]:
    return lambda case: compare_run(engine, case, FLOAT64).values


WAYS: dict[str, Callable[[Case], Any]] = {
    "forward differences, √u": forward,
    "central differences, best step": lambda case: central(case).values,
    "complex step": lambda case: complex_step(case).values,
    "neuron": _flat(neuron.engine),
    "matrix": _flat(matrix.engine),
    "paths": _flat(paths.engine),
}


def faults() -> None:
    minima = json.loads(MINIMA.read_text())
    for fault in FAULTS:
        found = minima[fault.name]
        print(f"fault {fault.name} in {fault.engine}: {found['address']} of {said(found['case'])}")


def ladder() -> None:
    for line in table(json.loads(LADDER.read_text())):
        print(line)


def mistakes() -> None:
    for line in mutation_table.page(mutation.of_singles(), mutation.of_pairs()):
        print(line)


def evidence(networks: int = 20_000) -> None:
    for name, count in (("float64", networks), ("ball", networks // 4), ("modular", networks // 4)):
        print(f"evidence {name}: {newer.counted(newer.drawn(name, count, 10_000), name).said()}")


def kinks(networks: int = 5_000) -> None:
    """The engines with one convention for relu'(0), and with two."""
    for name in ("float64", "rational", "ball"):
        for label, engines in (("one convention", ENGINES), ("one engine with relu'(0) = 1", newer.other_convention())):
            random = np.random.default_rng(5)
            found = newer.counted((newer.whole(random) for _ in range(networks)), name, engines)
            share = found.undecided_entries / found.entries
            print(f"kinks {name}, {label}: {share:.2%} of the entries undecided; {found.said()}")


def common(networks: int = 200) -> None:
    offs = [10.0**-k for k in range(2, 13)]
    print(f"| slope off in all engines, {networks} networks each | " + " | ".join(f"{off:.0e}" for off in offs) + " |")
    print("| --- " + "| ---: " * len(offs) + "|")
    for name in ACTIVATIONS:
        found = newer.sharpness(name, offs, networks)
        print(f"| {name} | " + " | ".join(str(found[off]) for off in offs) + " |", flush=True)


def autodiff(networks: int = 500) -> None:
    """What other people's automatic differentiation says beside the three engines, on the same networks."""
    print(f"| engine | numbers | of {networks} networks AGREE | UNDECIDED | DISAGREE | milliseconds a gradient |")
    print("|---|---|---:|---|---:|---:|")
    for name, load in AUTODIFF.items():
        engine = load()
        for domain in (DOMAINS["float64"], DOMAINS["float32"]):
            seen: Counter[str] = Counter()
            times: list[float] = []

            def timed(case: Case, domain: Domain, engine: Engine = engine, times: list[float] = times) -> Gradient:
                started = time.perf_counter()
                gradient = engine(case, domain)
                times.append(time.perf_counter() - started)
                return gradient

            def visit(case: Case, domain: Domain = domain, seen: Counter[str] = seen, timed: Engine = timed) -> None:
                found = look(case, domain, {**ENGINES, "library": timed})
                verdict = "DISAGREE" if found.disagrees else found.comparison.verdict.name
                seen[verdict] += 1
                seen.update(f"{reason}: " for reason in found.comparison.reasons if verdict == "UNDECIDED")

            for shard in range(networks // 100):  # those of `backprove run`
                explore(cases(domain=domain.name), shard_seed(0, domain.name, shard), 100, visit, shrink=False)
            reasons = ", ".join(f"{reason}{count}" for reason, count in seen.items() if reason.endswith(": "))
            undecided = f"{seen['UNDECIDED']}{f' ({reasons})' if reasons else ''}"
            print(
                f"| {name} | {domain.name} | {seen['AGREE']} | {undecided} | {seen['DISAGREE']} "
                f"| {1000 * float(np.median(times)):.1f} |"
            )


def gradcheckers() -> None:
    from quality.gradcheckers import main  # which imports all these libraries

    main()


WHAT = {
    f.__name__: f
    for f in (
        *(faults, ladder, mistakes, bound, cost, differences, sensitivity, alarms, evidence, kinks, common),
        *(autodiff, gradcheckers),
    )
}

if __name__ == "__main__":
    for what in sys.argv[1:] or WHAT:
        WHAT[what]()
