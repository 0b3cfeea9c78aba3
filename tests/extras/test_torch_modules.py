"""PyTorch modules as cases: PyTorch's own gradient of its own loss is that of the case."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprove.case import REDUCTIONS, Case, Gradient, Loss
from backprove.compare import Comparison, compare
from backprove.domains import DOMAINS
from backprove.engines import ENGINES
from backprove.errors import CaseError
from backprove.verdict import Verdict

torch = pytest.importorskip("torch", reason="needs torch: pip install 'backprove[torch]'")
nn = torch.nn

HIDDEN: dict[str, Callable[[], Any]] = {
    "Identity": nn.Identity, "Sigmoid": nn.Sigmoid, "Tanh": nn.Tanh, "ReLU": lambda: nn.ReLU(inplace=True),
    "LeakyReLU": nn.LeakyReLU, "ELU": nn.ELU, "Softplus": nn.Softplus, "SiLU": nn.SiLU, "GELU": nn.GELU,
    "Softmax": lambda: nn.Softmax(dim=-1), "none": lambda: nn.Dropout().eval(),
}  # fmt: skip
CLASSES = torch.tensor([2, 0, 1, 2, 2])
ENDINGS: dict[str, tuple[Callable[[], list[Any]], Callable[..., Any], str]] = {
    "MSELoss": (list, nn.MSELoss, "rows"),
    "MSELoss softmax": (lambda: [nn.Softmax(1)], nn.MSELoss, "shares"),
    "BCELoss": (lambda: [nn.Sigmoid()], nn.BCELoss, "shares"),
    "BCELoss softmax": (lambda: [nn.Softmax(1)], nn.BCELoss, "shares"),
    "BCEWithLogitsLoss": (lambda: [nn.Identity()], nn.BCEWithLogitsLoss, "shares"),
    "CrossEntropyLoss": (list, nn.CrossEntropyLoss, "classes"),
    "CrossEntropyLoss shares": (list, nn.CrossEntropyLoss, "shares"),
    "NLLLoss": (lambda: [nn.LogSoftmax(dim=1)], nn.NLLLoss, "classes"),
}


def chain(hidden: Callable[[], Any], end: list[Any], seed: int = 0, dtype: Any = torch.float64) -> Any:
    """4-5-3-3, nested, the middle layer without a bias."""
    torch.manual_seed(seed)
    inner = nn.Sequential(nn.Linear(5, 3, bias=False), nn.Tanh(), nn.Linear(3, 3))
    return nn.Sequential(nn.Linear(4, 5), hidden(), inner, *end).to(dtype)


def samples(kind: str, dtype: Any = torch.float64) -> tuple[Any, Any]:
    random = torch.Generator().manual_seed(7)
    x = torch.randn(5, 4, generator=random, dtype=dtype)
    rows = torch.randn(5, 3, generator=random, dtype=dtype)
    return x, {"rows": rows, "shares": rows.softmax(dim=1), "classes": CLASSES}[kind]


def of_torch(module: Any, x: Any, t: Any, loss: Any) -> Any:
    """An engine that has PyTorch's numbers for an answer, whatever it is asked."""
    linear = [m for m in module.modules() if type(m) is nn.Linear]

    def engine(case: Case, domain: Any) -> Gradient:
        module.zero_grad()
        loss(module(x), t).backward()
        biases = [None if m.bias is None else m.bias.grad.numpy() for m in linear]
        return Gradient([m.weight.grad.numpy() for m in linear], biases)

    return engine


def beside(module: Any, x: Any, t: Any, loss: Any, case: Case, domain: str = "float64") -> Comparison:
    return compare(case, DOMAINS[domain], {**ENGINES, "torch": of_torch(module, x, t, loss)})


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_gradient_of_the_case_is_that_of_the_module(hidden: str, ending: str) -> None:
    end, judge, kind = ENDINGS[ending]
    module, loss = chain(HIDDEN[hidden], end()), judge()
    x, t = samples(kind)
    found = beside(module, x, t, loss, Case.from_torch(module, x, t, loss))
    assert found.verdict is Verdict.AGREE
    assert found.shared["torch"] == 4 * 5 + 5 + 5 * 3 + 3 * 3 + 3


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_with_any_other_reduction_it_is_not(ending: str, reduction: str) -> None:
    end, judge, kind = ENDINGS[ending]
    module, loss = chain(nn.Sigmoid, end()), judge(reduction=reduction)
    x, t = samples(kind)
    case = Case.from_torch(module, x, t, loss)
    cases = {name: replace(case, reduction=name) for name in REDUCTIONS}
    right = [name for name, one in cases.items() if beside(module, x, t, loss, one).verdict is Verdict.AGREE]
    assert right == [case.reduction]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_numbers_of_any_precision_are_taken_exactly(dtype: str) -> None:
    module = nn.Linear(4, 3).to(getattr(torch, dtype))
    x, t = (part.to(getattr(torch, dtype)) for part in samples("rows"))
    case = Case.from_torch(module, x, t, "squared_error", loss_scale="1/2", reduction="mean", title="one layer")
    assert case.layers[0].weights.tolist() == module.weight.tolist()
    assert case.inputs.tolist() == x.tolist()
    assert case.targets.tolist() == t.tolist()
    assert (case.loss, case.reduction, case.title) == (Loss("squared_error", Fraction(1, 2)), "mean", "one layer")


def test_a_module_of_float32_is_judged_in_float32() -> None:
    module, loss = chain(nn.ReLU, [], dtype=torch.float32), nn.CrossEntropyLoss()
    x, t = samples("classes", torch.float32)
    case = Case.from_torch(module, x, t, loss)
    assert beside(module, x, t, loss, case, "float32").verdict is Verdict.AGREE
    with torch.no_grad():
        module[0].weight[0, 0] += 2**-10
    assert beside(module, x, t, loss, case, "float32").verdict is Verdict.DISAGREE


def test_a_case_keeps_its_numbers_when_the_module_learns() -> None:
    module = nn.Linear(4, 3)
    x, t = samples("rows")
    case = Case.from_torch(module, x, t, nn.MSELoss())
    before = case.layers[0].weights.tolist()
    with torch.no_grad():
        module.weight += 1
        x += 1
    assert case.layers[0].weights.tolist() == before
    assert (case.inputs != x.numpy()).all()


def test_images_go_through_a_flatten_at_the_start() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    x, t = samples("rows")
    assert Case.from_torch(module, x.reshape(5, 2, 2), t.numpy(), nn.MSELoss()).inputs.tolist() == x.tolist()
    with pytest.raises(CaseError, match=r"inputs: shape \(5, 2, 2\); expected \(N, 4\)"):
        Case.from_torch(module[1], x.reshape(5, 2, 2), t, nn.MSELoss())


def test_classes_may_be_named_without_a_loss_of_torch() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
    x, _ = samples("rows")
    case = Case.from_torch(module, x.numpy(), CLASSES.numpy(), "categorical_cross_entropy")
    assert case.targets.tolist() == np.eye(3)[CLASSES].tolist()


def test_softplus_says_what_its_case_leaves_out() -> None:
    x, t = samples("rows")
    assert "threshold" in Case.from_torch(nn.Sequential(nn.Linear(4, 3), nn.Softplus()), x, t, nn.MSELoss()).source
    assert Case.from_torch(nn.Linear(4, 3), x, t, nn.MSELoss()).source == ""


class Own(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * 2


Impostor = type("Linear", (Own,), {"__module__": "torch.nn.modules.linear"})


def hooked() -> Any:
    linear = nn.Linear(4, 3)
    linear.register_forward_hook(lambda module, args, out: out * 2)
    return linear


def overwritten() -> Any:
    linear = nn.Linear(4, 3)
    linear.forward = lambda x: x
    return linear


def tied() -> Any:
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second, nn.Linear(4, 3))


def twice() -> Any:
    linear = nn.Linear(4, 4)
    return nn.Sequential(linear, linear, nn.Linear(4, 3))


def spoiled() -> Any:
    linear = nn.Linear(4, 3)
    with torch.no_grad():
        linear.weight[1, 2] = float("nan")
    return linear


L = nn.Linear
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.Sequential(L(4, 3), nn.Sequential(nn.Conv2d(3, 3, 1))), r"module\[1\]\[0\]: Conv2d is not dense"),
    (lambda: nn.Sequential(L(4, 3), nn.BatchNorm1d(3).eval()), r"module\[1\]: BatchNorm1d is not dense"),
    (lambda: nn.Sequential(L(4, 3), nn.ReLU6()), r"module\[1\]: ReLU6 is not dense"),
    (lambda: nn.Sequential(L(4, 3), nn.Dropout()), r"module\[1\]: Dropout in training mode"),
    (lambda: nn.Sequential(L(4, 3), nn.ReLU(), nn.Tanh()), r"module\[2\]: Tanh after module\[1\]: two activations"),
    (lambda: nn.Sequential(nn.Tanh(), L(4, 3)), r"module\[0\]: Tanh stands before the first Linear"),
    (lambda: nn.Sequential(L(4, 3), nn.LeakyReLU(0.2)), r"module\[1\]: LeakyReLU has negative_slope=float 0.2"),
    (lambda: nn.Sequential(L(4, 3), nn.ELU(2)), r"module\[1\]: ELU has alpha=int 2"),
    (lambda: nn.Sequential(L(4, 3), nn.Softplus(2)), r"module\[1\]: Softplus has beta=.* 2"),
    (lambda: nn.Sequential(L(4, 3), nn.Softplus(1, 1)), r"module\[1\]: Softplus has threshold=.* 1"),
    (lambda: nn.Sequential(L(4, 3), nn.GELU("tanh")), r"module\[1\]: GELU has approximate=str 'tanh'"),
    (lambda: nn.Sequential(L(4, 3), nn.Softmax(dim=0)), r"module\[1\]: Softmax has dim=int 0"),
    (lambda: nn.Sequential(L(4, 3), nn.Softmax()), r"module\[1\]: Softmax has dim=null"),
    (lambda: nn.Sequential(nn.Flatten(0), L(4, 3)), r"module\[0\]: Flatten has start_dim=int 0"),
    (lambda: nn.Sequential(L(4, 3), nn.LogSoftmax(1)), r"module\[1\]: LogSoftmax goes with NLLLoss"),
    (lambda: nn.Sequential(Own(4, 3)), r"module\[0\]: Own is not a layer of torch.nn itself"),
    (lambda: Impostor(4, 3), "module: Linear is not a layer of torch.nn itself"),
    (lambda: nn.Linear, "module: the class Linear is not"),
    (lambda: "model.pt", "module: str 'model.pt' is not"),
    (lambda: nn.Sequential(hooked()), r"module\[0\]: Linear has hooks"),
    (lambda: nn.Sequential(overwritten()), r"module\[0\]: this Linear has a forward of its own"),
    (lambda: nn.utils.parametrizations.weight_norm(L(4, 3)), "module: ParametrizedLinear is not"),
    (lambda: nn.Bilinear(4, 4, 3), "module: Bilinear is not dense"),
    (lambda: nn.Sequential(), "module: has no Linear layer"),
    (tied, r"module\[2\].weight: is shared with module\[0\].weight"),
    (twice, r"module\[1\].weight: is shared with module\[0\].weight"),
    (lambda: nn.Sequential(spoiled()), r"module\[0\].weight\[1\]\[2\]: is nan"),
    (lambda: L(4, 3, device="meta"), "module.weight: a tensor without values"),
    (lambda: L(4, 3, dtype=torch.complex64), "module.weight: a tensor of complex64"),
    (lambda: nn.Sequential(L(4, 2), L(5, 3)), r"layers\[1\].weights: 5 columns, but layer 1 has 2 units"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_a_case_cannot_say_is_refused_by_name(make: Callable[[], Any], said: str) -> None:
    x, t = samples("rows")
    with pytest.raises(CaseError, match=f"^{said}"):
        Case.from_torch(make(), x, t, "squared_error")


LOSSES_REFUSED: list[tuple[list[Any], Any, Any, str]] = [
    ([], nn.MSELoss(reduction="none"), None, "loss: MSELoss has reduction=str 'none'"),
    ([], nn.BCELoss(), None, "loss: BCELoss after identity outputs: needs sigmoid or softmax"),
    ([nn.Sigmoid()], nn.BCELoss(weight=torch.ones(3)), None, "loss: BCELoss has weight="),
    ([nn.Sigmoid()], nn.BCEWithLogitsLoss(), None, "loss: BCEWithLogitsLoss after sigmoid outputs: it adds sigmoid"),
    ([], nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)), None, "loss: BCEWithLogitsLoss has pos_weight="),
    ([nn.Softmax(1)], nn.CrossEntropyLoss(), None, "loss: CrossEntropyLoss after softmax outputs: it adds softmax"),
    ([], nn.CrossEntropyLoss(weight=torch.ones(3)), None, "loss: CrossEntropyLoss has weight="),
    ([], nn.CrossEntropyLoss(label_smoothing=0.1), None, "loss: CrossEntropyLoss has label_smoothing=float 0.1"),
    ([], nn.CrossEntropyLoss(ignore_index=1), CLASSES, r"targets\[2\]: is ignore_index \(1\)"),
    ([], nn.CrossEntropyLoss(), CLASSES + 1, r"targets\[0\]: the class 3 is not in 0 … 2"),
    ([], nn.NLLLoss(), CLASSES, "loss: NLLLoss after identity outputs: needs log_softmax"),
    ([nn.LogSoftmax(1)], nn.NLLLoss(), None, "targets: shape .* NLLLoss takes classes"),
    ([], nn.L1Loss(), None, "loss: L1Loss is not one of squared_error"),
    ([], nn.MSELoss, None, "loss: the class MSELoss is not one of squared_error"),
    ([], nn.functional.mse_loss, None, "loss: function .* is not one of"),
    ([], "mse", None, "loss: str 'mse' is not one of squared_error"),
    ([], nn.MSELoss(), torch.ones(5), r"targets: shape \(5,\); expected \(5, 3\)"),
    ([], nn.MSELoss(), torch.ones(5, 1), r"targets: shape \(5, 1\); expected \(5, 3\)"),
    ([], nn.MSELoss(), torch.ones(5, 3, dtype=torch.bool), "targets: a tensor of bool"),
]


@pytest.mark.parametrize(("end", "loss", "t", "said"), LOSSES_REFUSED, ids=[said for *_, said in LOSSES_REFUSED])
def test_what_a_loss_cannot_say_is_refused_by_name(end: list[Any], loss: Any, t: Any, said: str) -> None:
    x, rows = samples("rows")
    with pytest.raises(CaseError, match=f"^{said}"):
        Case.from_torch(nn.Sequential(nn.Linear(4, 3), *end), x, rows if t is None else t, loss)


def test_a_loss_of_torch_has_its_own_reduction() -> None:
    x, t = samples("rows")
    with pytest.raises(CaseError, match="reduction: MSELoss has its own, mean"):
        Case.from_torch(nn.Linear(4, 3), x, t, nn.MSELoss(), reduction="sum")


@pytest.mark.parametrize("register", ["register_hook", "register_post_accumulate_grad_hook"])
@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_hook_on_a_parameter_is_refused_by_its_place(name: str, register: str) -> None:
    module = nn.Sequential(nn.Linear(2, 1))
    x, t = torch.ones(1, 2), torch.ones(1, 1)
    Case.from_torch(module, x, t, nn.MSELoss())
    getattr(getattr(module[0], name), register)(lambda gradient: None)
    with pytest.raises(CaseError, match=rf"module\[0\]\.{name}: has a hook, which may change its gradient"):
        Case.from_torch(module, x, t, nn.MSELoss())


def test_hooks_for_all_modules_are_refused() -> None:
    module, x, t = nn.Sequential(nn.Linear(2, 1)), torch.ones(1, 2), torch.ones(1, 1)
    hook = nn.modules.module.register_module_forward_hook(lambda module, x, y: y)
    try:
        with pytest.raises(CaseError, match="module: PyTorch has hooks for all modules"):
            Case.from_torch(module, x, t, nn.MSELoss())
    finally:
        hook.remove()
    Case.from_torch(module, x, t, nn.MSELoss())


def test_bce_takes_targets_from_0_to_1_and_says_its_limit() -> None:
    module, x = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), torch.ones(1, 2)
    assert "cuts logarithms off at -100" in Case.from_torch(module, x, torch.ones(1, 1), nn.BCELoss()).source
    with pytest.raises(CaseError, match="targets: BCELoss takes targets from 0 to 1"):
        Case.from_torch(module, x, 1.5 * torch.ones(1, 1), nn.BCELoss())
