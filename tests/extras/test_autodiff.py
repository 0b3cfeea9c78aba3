"""The engines torch, jax and autograd beside the three: they agree but for what REMARKS says of them, refuse what they
have no numbers for, leave the caller's settings alone, and are imported only where asked for.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT64, LOG_LOSSES, changed, covering, kinked, network, values
from hypothesis import given, settings

from backprove.autodiff import AUTODIFF, REMARKS
from backprove.campaign import look
from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS, Case, Layer, Loss, case_to
from backprove.cli import main
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS, Domain
from backprove.engines import ENGINES, Engine
from backprove.errors import NotInDomain
from backprove.generate import cases, losses_for
from backprove.verdict import Verdict

AGREE, DISAGREE, UNDECIDED = Verdict.AGREE, Verdict.DISAGREE, Verdict.UNDECIDED
FLOATS = ("float64", "float32")
each = pytest.mark.parametrize("name", AUTODIFF)
# JAX compiles each operation anew for each shape and precision.
jax_slow = [pytest.param(n, marks=[pytest.mark.slow] * (n == "jax")) for n in AUTODIFF]


def engine(name: str) -> Engine:
    """The engine, or a skip that says why."""
    for module in (name, "scipy")[: 1 + (name == "autograd")]:
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'backprove[{name}]'")
    return AUTODIFF[name]()


def beside(name: str, case: Case, domain: Domain = FLOAT64) -> Comparison:
    return compare(case, domain, {**ENGINES, name: engine(name)})


def posed() -> list[Case]:
    """Every activation, hidden and as output, with every loss that it may stand before and every reduction."""
    found = [
        network((2, 3, 3), (name, name), batch=3, bias=i % 2 == 0, loss=Loss(loss, "3/4"), reduction=reduction)
        for name in ACTIVATIONS
        for loss in losses_for(name, 3, LOSSES, FLOAT64)
        for i, reduction in enumerate(REDUCTIONS)
    ]
    assert len(found) == (2 * 9 + 4 * 2) * 3
    return found


@pytest.mark.parametrize("domain", FLOATS)
@pytest.mark.parametrize("name", jax_slow)
def test_it_agrees_on_every_activation_loss_and_reduction(name: str, domain: str) -> None:
    for case in posed():
        found = beside(name, case, DOMAINS[domain])
        assert found.verdict is AGREE, (case, found.first_difference())
        assert found.shared[name] == case.entries


def test_jax_agrees_on_some_of_them() -> None:
    for case in posed()[::19]:
        found = beside("jax", case)
        assert found.verdict is AGREE, (case, found.first_difference())


@pytest.mark.parametrize("name", jax_slow)
def test_it_agrees_on_other_shapes_and_targets(name: str) -> None:
    """Above JAX's first filled-up shapes; targets that sum to anything; logarithms that are not counted."""
    of_softmax = [network((2, 3), ("softmax",), loss=Loss(loss)) for loss in LOG_LOSSES]
    certain = [replace(case, targets=[[0, 1, 0], [1, 1, 0.5]]) for case in of_softmax]
    of_sigmoid = [network((2, 3), ("sigmoid",), loss=Loss(loss)) for loss in LOG_LOSSES]
    wide = network((9, 17, 2), ("tanh", "softmax"), batch=9, reduction="mean")
    alone = network((2, 1), ("softmax",), loss=Loss("binary_cross_entropy"))
    plain = [c for c in covering() if c.entries > 2]  # not those at a kink
    for case in [*certain, *of_sigmoid, wide, replace(alone, targets=[[1.0], [1.0]]), *plain]:
        found = beside(name, case)
        assert found.verdict is AGREE, (case, found.first_difference(), found.failures)


@pytest.mark.parametrize("name", jax_slow)
def test_it_agrees_on_random_networks_but_at_kinks(name: str) -> None:
    own = engine(name)
    known = [a for a in ACTIVATIONS if not (name == "torch" and a == "softplus")]  # see REMARKS

    @given(case=cases(activations=known))
    @settings(max_examples=60)
    def check(case: Case) -> None:
        found = compare(case, FLOAT64, {"matrix": ENGINES["matrix"], name: own})
        assert found.verdict is AGREE or (found.verdict is UNDECIDED and set(found.reasons) == {"kink"})

    check()


@each
def test_what_it_hands_back_is_arrays_of_the_domain(name: str) -> None:
    case = network((2, 3, 2), ("relu", "sigmoid"))
    case = replace(case, layers=(case.layers[0], replace(case.layers[1], bias=None)))
    for domain in FLOATS:
        found = engine(name)(case, DOMAINS[domain])
        assert found.biases[1] is None
        for array in (*found.weights, found.biases[0]):
            assert type(array) is np.ndarray
            assert array.dtype == domain


@each
def test_it_has_no_other_numbers(name: str) -> None:
    case = network((1, 1), ("identity",))
    residues = replace(case, layers=(Layer([[1.0]]),), inputs=[[2.0]], targets=[[3.0]], modulus=2**61 - 1)
    for asked, domain in [(case, d) for d in ("rational", "ball", "modular")] + [(residues, "float64")]:
        with pytest.raises(NotInDomain, match=f"the domain {domain} has no "):
            engine(name)(asked, DOMAINS[domain])
    found = beside(name, case, DOMAINS["rational"])
    assert found.verdict is AGREE
    assert found.shared[name] == 0


@each
def test_a_fault_planted_into_it_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(name)
    module = import_module(f"backprove.autodiff.{name}")
    case = network((2, 2, 2), ("sigmoid", "tanh"))
    assert beside(name, case).verdict is AGREE
    for table, key in (("ACTIVATIONS", "sigmoid"), ("FROM_A", "squared_error")):
        right = getattr(module, table)[key]
        with monkeypatch.context() as patch:
            patch.setitem(getattr(module, table), key, lambda *args, right=right: right(*args) * 1.0001)
            found = beside(name, case)
        assert found.groups == [list(ENGINES), [name]]
        assert found.verdict is DISAGREE


# --- what is known of each: REMARKS ---


def test_every_remark_names_its_engine_first() -> None:
    assert REMARKS.keys() == AUTODIFF.keys()
    assert all(line.startswith(f"{name}: ") for name, lines in REMARKS.items() for line in lines)


@pytest.mark.parametrize(("name", "relu", "leaky_relu"), [("torch", 0, 0.01), ("jax", 0, 1), ("autograd", 0.5, 0.505)])
def test_its_slope_at_kinks_is_its_own_and_undecided(name: str, relu: float, leaky_relu: float) -> None:
    for unit, slope in (("relu", relu), ("leaky_relu", leaky_relu)):
        for kink in (0, 1):
            case = kinked(unit, kink)
            assert values(engine(name), case, FLOAT64)[0] == slope
            found = beside(name, case)
            asked = values(ENGINES["matrix"], case, FLOAT64)[0]
            assert found.verdict is (AGREE if asked == slope else UNDECIDED)
            assert found.reasons == ({} if asked == slope else {"kink": 1})


def softplus_at(z: float) -> Case:
    """1-1 with C = softplus(w · 1), w = z."""
    return Case((Layer([[z]], None, "softplus"),), [[1.0]], [[0.0]], Loss("output"))


@pytest.mark.parametrize(("z", "verdict"), [(20.0, AGREE), (20.25, DISAGREE), (30.0, DISAGREE), (40.0, AGREE)])
def test_the_softplus_of_torch_is_the_identity_above_20(z: float, verdict: Verdict) -> None:
    found = beside("torch", softplus_at(z))
    own = values(engine("torch"), softplus_at(z), FLOAT64)[0]
    assert found.verdict is verdict
    assert bool(own == 1) is (z > 20)
    assert 0 <= own - 1 / (1 + np.exp(-z)) < 2.1e-9
    assert beside("torch", softplus_at(z), DOMAINS["float32"]).verdict is AGREE


@pytest.mark.parametrize("name", ["jax", "autograd"])
def test_the_softplus_of_the_others_loses_digits(name: str) -> None:
    for z in (10.25, 15.5, 36.25, 800.0, -20.25, -800.0):
        assert beside(name, softplus_at(z)).verdict is AGREE
    case, own = softplus_at(20.25), values(engine(name), softplus_at(20.25), FLOAT64)[0]
    assert own == np.exp(20.25 - np.logaddexp(0, 20.25))
    found = beside(name, case)
    fraction = max(pair.fraction[0] for pair in found.pairs)
    assert (found.verdict, 1 < fraction < 2) == (DISAGREE, True)
    seen = look(case, FLOAT64, {**ENGINES, name: engine(name)})
    assert (seen.disagrees, seen.comparison.verdict) == (False, UNDECIDED)
    assert [reason for reason in seen.comparison.reasons if reason.startswith("digits lost")]


def test_the_default_gelu_of_jax_is_another_function(monkeypatch: pytest.MonkeyPatch) -> None:
    engine("jax")
    import jax

    case = network((1, 1), ("gelu",), batch=1)
    assert beside("jax", case).verdict is AGREE
    monkeypatch.setitem(import_module("backprove.autodiff.jax").ACTIVATIONS, "gelu", jax.nn.gelu)
    assert beside("jax", case).verdict is DISAGREE


# --- the caller's settings ---


def _torch_state() -> Any:
    import torch

    flags = torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    return *flags, torch.get_num_threads(), torch.get_rng_state().tolist()


def _jax_state() -> Any:
    import jax

    return jax.numpy.ones(1).dtype, jax.config.jax_enable_x64, jax.config.jax_default_device, jax.config.jax_disable_jit


STATES: dict[str, Callable[[], Any]] = {"torch": _torch_state, "jax": _jax_state, "autograd": lambda: None}


@each
def test_it_leaves_settings_as_they_are(name: str) -> None:
    own = engine(name)

    def state() -> Any:
        return STATES[name](), np.geterr(), np.random.get_state()[1].tolist(), dict(os.environ)

    before = state()
    for domain in FLOATS:
        own(network((2, 2), ("tanh",)), DOMAINS[domain])
    assert state() == before


def test_torch_computes_the_same_whatever_the_caller_has_set() -> None:
    own = engine("torch")
    import torch

    case = network((2, 3, 2), ("softplus", "softmax"), loss=Loss("binary_cross_entropy"))
    plain = {d: values(own, case, DOMAINS[d]) for d in FLOATS}
    dtype = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.inference_mode(), torch.autocast("cpu"), torch.device("meta"):
            again = {d: values(own, case, DOMAINS[d]) for d in FLOATS}
            assert torch.get_default_dtype() is torch.float64
            assert torch.is_inference_mode_enabled()
    finally:
        torch.set_default_dtype(dtype)
    assert all((plain[d] == again[d]).all() for d in FLOATS)


def test_jax_computes_the_same_whatever_the_caller_has_set() -> None:
    own = engine("jax")
    import jax

    case, before = network((2, 3), ("tanh",)), jax.config.jax_enable_x64
    plain = {d: values(own, case, DOMAINS[d]) for d in FLOATS}
    try:
        jax.config.update("jax_enable_x64", not before)
        again = {d: values(own, case, DOMAINS[d]) for d in FLOATS}
        assert jax.config.jax_enable_x64 is not before
    finally:
        jax.config.update("jax_enable_x64", before)
    assert all((plain[d] == again[d]).all() for d in FLOATS)


# --- loading, and the command line ---

UNASKED = """
import sys
import backprove
from backprove.autodiff import AUTODIFF, REMARKS
from backprove.cli import main
for arguments in (["--help"], ["run", "--networks", "1", "--domains", "float64", "--max-layers", "1"]):
    main(arguments)
found = [name for name in {names} if name in sys.modules]
assert not found, found
"""


def _python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_nothing_is_imported_unasked(tmp_path: Path) -> None:
    assert _python(UNASKED.format(names=[*AUTODIFF, "scipy"])).returncode == 0
    assert "['math']" in _python(UNASKED.format(names=["math"])).stderr  # the check can fail


@pytest.mark.parametrize(("name", "module"), [*((name, name) for name in AUTODIFF), ("autograd", "scipy")])
def test_a_missing_library_is_said_at_once(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if module == "scipy":  # which autograd itself does without
        engine(name)
        monkeypatch.delitem(sys.modules, "autograd.scipy.special")
        monkeypatch.setitem(sys.modules, "scipy.special", None)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"backprove.autodiff.{name}", raising=False)
    assert main(["run", "--engine", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"backprove: {module} is not installed: pip install 'backprove[{name}]'\n"


@pytest.mark.slow
def test_jax_without_a_processor_is_said_at_once() -> None:
    engine("jax")
    code = "import sys; from backprove.cli import main; sys.exit(main(['run', '--engine', 'jax']))"
    done = _python(code, JAX_PLATFORMS="tpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("backprove: jax: cannot be used here: ")


def test_a_disagreement_of_torch_is_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("backprove.campaign.run.SHRINK_SECONDS", 1)
    Path("case.json").write_text(json.dumps(case_to(softplus_at(24.0))))
    arguments = ["--engine", "torch", "--domains", "float64"]
    reports = [part for end in ("json", "md", "html") for part in ("--report", f"found.{end}")]
    assert main(["replay", "case.json", *arguments, "--json", *reports]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["engines"] == [*ENGINES, "torch"]
    assert found["remarks"] == list(REMARKS["torch"])
    assert REMARKS["torch"][0].replace(">", "&gt;") in Path("found.html").read_text(encoding="utf-8")
    assert "- torch: F.softplus is the identity" in Path("found.md").read_text(encoding="utf-8").replace("\\", "")
    assert main(["replay", "found.json"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "neuron = matrix = paths ≠ torch" in out
    assert f"known of {REMARKS['torch'][0]}" in out
    few = ["--networks", "25", "--activations", "softplus", "--losses", "output", "--max-layers", "1"]
    assert main(["run", *arguments, *few, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["groups"] == [list(ENGINES), ["torch"]]
    assert main(["replay", report["disagreements"][0]["id"]]) == 1
    assert "≠ torch" in capsys.readouterr().out


def test_a_stranger_beside_it_is_told_apart() -> None:
    def change(weights: list[Any], biases: list[Any]) -> None:
        weights[0] *= 2

    case = network((2, 2), ("sigmoid",))
    own = engine("autograd")
    found = compare(case, FLOAT64, {"autograd": own, "wrong": changed(own, change)})
    assert found.groups == [["autograd"], ["wrong"]]
