"""One function a question: what it notes as found or lacking, and its answer of two sentences with the evidence."""

from collections.abc import Iterable, Mapping

from backprove.case import Address
from backprove.derivation import default, derive
from backprove.findings import Evidence
from backprove.formulations import FORMULATIONS
from backprove.gallery import training
from backprove.gallery.differences import Measured, measured
from backprove.gallery.facts import Facts, small, written

Answer = tuple[str, list[Evidence]]

RATE = 8.0
STEPS = (1, 10, 100, 300, 500)


def same_formulas(facts: Facts) -> Answer:
    both = ("bias-trick/as-it-is", "neuron-dictionaries/printed")
    facts.agrees(*both)
    facts.holds(facts.chance(*both) < 1, "both were judged in a field")
    made = {}
    for name, case in zip(both, (small(True, False), small(True, True)), strict=True):
        made[name] = [written(FORMULATIONS[name], case, 1, 1, quantity) for quantity in ("loss_gradient", "delta")]
        error = made[name][0]
        facts.holds("W2[1,1]" in error and "W1" not in error, f"{name}: dC/da1[1] is made of W2 and not of W1: {error}")
    answer = (
        f"They are equivalent: on {facts.networks(*both):,} networks both give the gradient of the three engines, "
        "and at the random points of a finite field two that differ would have agreed with a probability of at "
        f"most {facts.chance(*both):.1e}. Both send the error back through the weights that lead out of the hidden "
        "layer, W^{l+1}: the first article calls that matrix by the layer where it starts, the second by the "
        "one where it ends."
    )
    recorded = Evidence(
        says="what each made of unit 1 of layer 1 in a 2-2-2 network, as recorded",
        head=["formulation", "dC/da1[1]", "delta1[1]"],
        rows=[[name, *texts] for name, texts in made.items()],
    )
    return answer, [recorded, facts.verdicts("both against the engines", *both)]


def only_one(facts: Facts) -> Answer:
    facts.agrees("error-signal/printed", "derivative-notation/printed")
    right = [r for row in facts.rows.values() for r in row.readings if r.verdict == "AGREE"]
    printed = [r.name for r in right if r.kind == "as printed"]
    answer = (
        f"There is one gradient and there are many ways to write it: {len(right)} readings of {len(facts.rows)} "
        f"formulations agree with the three engines, {len(printed)} of them just as printed. The two courses' "
        "variants are among these: what the one calls the error of a unit is what the other calls dE/dz."
    )
    rows = []
    for kind in dict.fromkeys(r.kind for row in facts.rows.values() for r in row.readings):
        verdicts = [r.verdict for row in facts.rows.values() for r in row.readings if r.kind == kind]
        rows.append([kind, str(verdicts.count("AGREE")), str(len(verdicts))])
    counted = Evidence(says="readings that agree with the engines", head=["kind", "agree", "of"], rows=rows)
    return answer, [counted, facts.verdicts("what agrees as printed", *printed)]


def error_or_gradient(facts: Facts) -> Answer:
    matched, others = facts.of_kind("matched-pairs", "as printed"), facts.of_kind("matched-pairs", "in contrast")
    facts.agrees(*matched)
    facts.disagrees(*others)
    answer = (
        f"It is the gradient of the error; in {len(matched)} pairs of output and loss that gradient, dC/dz, "
        f"happens to be y - t, so that the plain error seems to travel. In {len(others)} other settings y - t is "
        f"not the gradient: it is found wrong on {facts.disagreeing(*others):,} of {facts.networks(*others):,} "
        "networks."
    )
    return answer, [facts.verdicts("the way back started with y - t", *matched, *others)]


def together(facts: Facts) -> Answer:
    facts.agrees("simultaneous/simultaneous")
    facts.disagrees("simultaneous/layer-by-layer", "simultaneous/largest-delta")
    rules = {
        "all, from the old weights": training.full_batch,
        "a layer at a time": training.layer_by_layer,
        "only the largest": training.largest_only,
    }
    losses = _descents(rules)
    whole, _, alone = (found[-1] for found in losses.values())
    (share, tenth), apart = _apart("a layer at a time", training.layer_by_layer)
    facts.holds(0 < tenth < share < 1, "going layer by layer comes nearer with a smaller learning rate")
    facts.holds(alone > whole, "changing all lessens the loss more than changing one")
    answer = (
        "All deltas are worked out from the old weights, a layer at a time from the output back, and only then "
        "every weight is changed. Updating a layer before the error goes through it is another step, here by "
        f"{share:.1%} ({tenth:.1%} at a tenth of the learning rate), and changing only the largest leaves the loss "
        f"at {alone:.3f} after {STEPS[-1]} steps, where changing all reaches {whole:.3f}."
    )
    return answer, [_start(), _losses(losses), apart, facts.row("simultaneous", "as gradients")]


def differences(facts: Facts) -> Answer:
    facts.disagrees("finite-differences/forward", "finite-differences/central")
    facts.agrees("finite-differences/limit")
    rows = list(measured(facts.seed))
    last = rows[-1]
    facts.holds(
        all(r.forward > r.central > r.engine for r in rows), "forward is worse than central, central than engines"
    )
    facts.timing = {f"{r.network}, forward differences one by one": r.seconds_ratio for r in rows}
    answer = (
        f"Both: a gradient of {last.weights:,} entries takes {last.forward_evaluations:,} evaluations of the loss "
        f"by forward and {last.central_evaluations:,} by central differences, where backpropagation takes one pass "
        f"there and one back; and its largest error was {last.forward:.0e} of the largest entry by forward and "
        f"{last.central:.0e} by central differences, against {last.engine:.0e} between engines. Taken to the "
        "limit, with an h whose square is 0, the difference is the gradient itself."
    )
    head = ["network", "entries", "evaluations", "forward", "central", "complex step", "matrix"]
    says = "evaluations (forward, central), and largest error as a share of the largest entry; sigmoid networks"
    table = Evidence(says=says, head=head, rows=[_measured(r) for r in rows])
    return answer, [table, facts.row("finite-differences", "as gradients")]


def _measured(r: Measured) -> list[str]:
    errors = (r.forward, r.central, r.complex_step, r.engine)
    evaluations = f"{r.forward_evaluations:,}, {r.central_evaluations:,}"
    return [r.network, f"{r.weights:,}", evaluations, *(f"{x:.0e}" for x in errors)]


def total(facts: Facts) -> Answer:
    facts.agrees("sum-over-samples/printed")
    facts.disagrees("sum-over-samples/online")
    (share, tenth), apart = _apart("an update after each sample", training.online)
    facts.holds(0 < tenth < share, "online and full batch come nearer with a smaller learning rate")
    answer = (
        "Yes: the derivative of a sum is the sum of the derivatives, so that the gradient of the total error is "
        "that of the observations, added up. To update after each observation is another thing, since all but the "
        f"first are then taken at weights that have moved: over one pass the two steps differ by {share:.1%} here, "
        f"and by {tenth:.1%} at a tenth of the learning rate."
    )
    rules = {"all samples, then one update": training.full_batch, "an update after each sample": training.online}
    return answer, [_start(), _losses(_descents(rules)), apart, facts.row("sum-over-samples", "as gradients")]


def _apart(what: str, rule: training.Rule) -> tuple[list[float], Evidence]:
    """How far one step by a rule is from that of all weights and samples together, at two learning rates."""
    case, rates = training.exclusive_or(), (RATE, RATE / 10)
    shares = [training.apart(case, training.full_batch, rule, rate) for rate in rates]
    rows = [[f"{rate:g}", f"{share:.2%}"] for rate, share in zip(rates, shares, strict=True)]
    says = "the same network: how far the first step is from that of all together, as a share of it"
    return shares, Evidence(says=says, head=["learning rate", what], rows=rows)


def _start() -> Evidence:
    """The network that is trained."""
    rows = []
    for l, layer in enumerate(training.exclusive_or().layers, 1):
        for j, (w, b) in enumerate(zip(layer.weights, layer.bias if layer.bias is not None else (), strict=True), 1):
            rows.append([f"unit {l}[{j}]", ", ".join(f"{x:.4f}" for x in w), f"{b:.4f}"])
    return Evidence(says="the exclusive or, 2-3-1: the weights at first", head=["to", "from", "bias"], rows=rows)


def _descents(rules: Mapping[str, training.Rule]) -> dict[str, list[float]]:
    case = training.exclusive_or()
    return {name: list(training.descend(case, rule, RATE, STEPS)) for name, rule in rules.items()}


def _losses(losses: Mapping[str, Iterable[float]]) -> Evidence:
    rows = [[name, *(f"{value:.5f}" for value in values)] for name, values in losses.items()]
    start = training.loss(training.exclusive_or())
    says = f"the same network, learning rate {RATE:g}: the loss, {start:.5f} at first, after so many steps"
    return Evidence(says=says, head=["changed", *(f"{step:,}" for step in STEPS)], rows=rows)


def two_more(facts: Facts) -> Answer:
    facts.agrees("written-out/five-factors", "written-out/sum-over-paths")
    facts.disagrees("written-out/two-more-terms")
    derived = [derive(default(), Address(l, 1, 1)) for l in (3, 2, 1)]
    facts.holds(all(d.verdict == "AGREE" for d in derived), "the engines agree on the network of the question")
    factors = [len(d.chain_rule.symbols) for d in derived]
    facts.holds(factors == [3, 5, 7], f"there are 3, 5 and 7 factors: {factors}")
    last = derived[-1]
    facts.holds(last.chain_rule.paths > 1, "there are several paths from the first layer")
    answer = (
        f"Along one path they do: {factors[0]}, {factors[1]} and {factors[2]} factors from the output back. But a "
        f"weight two layers from the output has several paths to it, {last.chain_rule.paths} in the network of the "
        f"question, and its gradient is their sum, {last.values['paths']:.4g}, of which the first path alone is "
        f"{last.chain_rule.shown[0].product:.4g}."
    )
    rows = [
        [
            d.entry,
            str(len(d.chain_rule.symbols)),
            str(d.chain_rule.paths),
            f"{d.values['paths']:.6g}",
            f"{d.chain_rule.shown[0].product:.6g}",
        ]
        for d in derived
    ]
    head = ["weight", "factors", "paths", "gradient", "first path"]
    return answer, [
        Evidence(says="the network of the question, 3-3-3-1", head=head, rows=rows),
        facts.row("written-out", "as gradients"),
    ]


def weights_or_error(facts: Facts) -> Answer:
    facts.agrees("sensitivity/added", "delta-recursion/printed")
    facts.disagrees("sensitivity/printed")
    engine = FORMULATIONS["delta-recursion/printed"]
    output = written(engine, small(True, True), 2, 1, "loss_gradient")
    hidden = written(engine, small(True, True), 1, 1)
    facts.holds("t[1]" in output and "W" not in output, f"dC/da2[1] has the target and no weights: {output}")
    facts.holds("W2[1,1]" in hidden and "t[" not in hidden, f"delta1[1] has weights and no target: {hidden}")
    answer = (
        "They are the two cases of one rule, delta = f'(net) dC/da: at the output dC/da is the error itself, at a "
        "hidden layer it comes back through the weights of the next. A network with one layer of weights needs "
        "the first case only; target - output has the other sign because that update adds, and with the sign "
        f"turned the formula agrees on all {facts.networks('sensitivity/added'):,} networks."
    )
    recorded = Evidence(
        says="what the recursion made in a 2-2-2 network, as recorded",
        head=["", "", ""],
        rows=[
            ["output", "delta2[1]", written(engine, small(True, True), 2, 1)],
            ["", "dC/da2[1]", output],
            ["hidden", "delta1[1]", hidden],
        ],
    )
    names = ("sensitivity/printed", "sensitivity/added", "delta-recursion/printed")
    return answer, [recorded, facts.verdicts("as gradients", *names)]


def hidden_targets(facts: Facts) -> Answer:
    names = facts.of_kind("two-equations", "as printed")
    facts.agrees(*names)
    error = written(FORMULATIONS[names[0]], small(False, False), 1, 1, "loss_gradient")
    facts.holds("t[" not in error and "W2[1,1]" in error, f"dC/da1[1] has weights and no target: {error}")
    answer = (
        "It needs no hidden target: what a hidden unit does to the loss is what it does to each unit of the next "
        f"layer, times what that does to the loss, summed; in a 2-2-2 network dC/da1[1] is {error}, as recorded. "
        "The two equations say just that for every layer, and agree with the engines on "
        f"{facts.networks(*names):,} networks."
    )
    recorded = Evidence(
        says="what the two equations made of unit 1 of layer 1 in a 2-2-2 network, as recorded",
        head=["", ""],
        rows=[["dC/da1[1]", error], ["delta1[1]", written(FORMULATIONS[names[0]], small(False, False), 1, 1)]],
    )
    return answer, [recorded, facts.verdicts("the two equations, and in terms of delta_j", *names)]
