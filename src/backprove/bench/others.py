"""What a user would take instead: other people's gradients and gradient checkers, as they are used, where installed.

Each maker takes a case and gives what is to be timed; the library is imported when it is made, not before. Checkers
have their own defaults, but for JAX's and autograd's, which are asked for reverse mode and first derivatives alone.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from backprove.case import Case

Maker = Callable[[Case], Callable[[], object]]


def torch_gradient(case: Case) -> Callable[[], object]:
    """One pass forward and one back by PyTorch's autograd, in one thread; the tensors are there already."""
    import torch

    from backprove.autodiff import torch as ours

    W, b, x, t = _tensors(case)
    leaves = [leaf for leaf in (*W, *b) if leaf is not None]
    one_thread: Callable[[int], None] = torch.set_num_threads
    one_thread(1)
    return lambda: torch.autograd.grad(ours.loss(case, W, b, x, t), leaves)


def torch_gradcheck(case: Case, *, fast: bool = False) -> Callable[[], object]:
    """torch.autograd.gradcheck on the loss as a function of all weights and biases."""
    import torch

    from backprove.autodiff import torch as ours

    W, b, x, t = _tensors(case)
    L = len(W)
    torch.set_num_threads(1)
    return lambda: torch.autograd.gradcheck(
        lambda *leaves: ours.loss(case, list(leaves[:L]), list(leaves[L:]), x, t), (*W, *b), fast_mode=fast
    )


def torch_fast_gradcheck(case: Case) -> Callable[[], object]:
    """The same in its fast mode: one random projection."""
    return torch_gradcheck(case, fast=True)


def _tensors(case: Case) -> tuple[Any, Any, Any, Any]:
    import torch

    W = [torch.tensor(layer.weights, requires_grad=True) for layer in case.layers]
    b = [None if layer.bias is None else torch.tensor(layer.bias, requires_grad=True) for layer in case.layers]
    return W, b, torch.tensor(case.inputs), torch.tensor(case.targets)


def jax_check_grads(case: Case) -> Callable[[], object]:
    """jax.test_util.check_grads, of order 1 in reverse mode: one random projection."""
    from backprove.autodiff import load

    load("jax")  # on the CPU
    import jax
    from jax.test_util import check_grads

    from backprove.autodiff import jax as ours

    def run() -> None:
        with ours.wide():
            W = [jax.numpy.asarray(layer.weights) for layer in case.layers]
            b = [None if layer.bias is None else jax.numpy.asarray(layer.bias) for layer in case.layers]
            x, t = jax.numpy.asarray(case.inputs), jax.numpy.asarray(case.targets)
            check_grads(lambda *parameters: ours.loss(parameters, case, x, t), (W, b), order=1, modes=("rev",))

    return run


def autograd_check_grads(case: Case) -> Callable[[], object]:
    """autograd.test_util.check_grads, of order 1 in reverse mode: one random projection."""
    from autograd.test_util import check_grads

    from backprove.autodiff import autograd as ours

    layers = [{"W": c.weights} | ({} if c.bias is None else {"b": c.bias}) for c in case.layers]
    check = check_grads(lambda own: ours.loss(own, case, case.inputs, case.targets), modes=["rev"], order=1)
    return lambda: check(layers)


def micrograd_gradient(case: Case) -> Callable[[], object]:
    """Forward and backward by micrograd, number by number; of relu networks, the one activation that it has."""
    from micrograd.engine import Value

    def run() -> object:
        W = [[[Value(w) for w in row] for row in layer.weights.tolist()] for layer in case.layers]
        b = [[Value(x) for x in (0 * c.weights[:, 0] if c.bias is None else c.bias).tolist()] for c in case.layers]
        total = Value(0)
        for x, t in zip(case.inputs.tolist(), case.targets.tolist(), strict=True):
            a: list[Any] = x
            for layer, rows, start in zip(case.layers, W, b, strict=True):
                z = [
                    sum((w * a_k for w, a_k in zip(row, a, strict=True)), s) for row, s in zip(rows, start, strict=True)
                ]
                a = [z_j.relu() for z_j in z] if layer.activation == "relu" else z
            total = sum(((a_k - t_k) ** 2 for a_k, t_k in zip(a, t, strict=True)), total)
        (total * float(case.factor)).backward()
        return [[[w.grad for w in row] for row in rows] for rows in W]

    return run


CHECKERS: dict[str, Maker] = {
    "torch gradcheck": torch_gradcheck,
    "torch gradcheck, fast mode": torch_fast_gradcheck,
    "jax check_grads": jax_check_grads,
    "autograd check_grads": autograd_check_grads,
}
WANTS = {
    "torch gradient": "torch", "micrograd gradient": "micrograd", "torch gradcheck": "torch",
    "torch gradcheck, fast mode": "torch", "jax check_grads": "jax", "autograd check_grads": "autograd",
}  # fmt: skip


def missing() -> list[str]:
    """The libraries that are not installed, or cannot be used."""
    found = []
    for name in dict.fromkeys(WANTS.values()):
        try:
            import_module(name)
        except Exception:  # whatever a broken installation raises
            found.append(name)
    return found
