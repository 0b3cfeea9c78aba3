"""Engine `torch`: the forward pass and the loss as a user of PyTorch writes them; autograd differentiates.

Every function is PyTorch's own with its own defaults, so that softplus is the identity above 20, as F.softplus is.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backprove.case import LEAKY_SLOPE, Case, Gradient
from backprove.domains import Domain
from backprove.errors import NotInDomain

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "square": torch.square,
    "relu": F.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, negative_slope=LEAKY_SLOPE),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda z: F.softmax(z, dim=-1),
    "softplus": F.softplus,
    "elu": F.elu,
    "silu": F.silu,
    "gelu": F.gelu,
}


def _counted(t: Tensor, log: Callable[[Tensor], Tensor], a: Tensor) -> Tensor:
    """t log(a), and 0 where t is 0, whatever a is."""
    return t * log(torch.where(t == 0, 0.5, a))


def _logsumexp(z: Tensor) -> Tensor:
    """Along the last axis, which stays; shifted by hand, since the slope of PyTorch's loses digits far from 0."""
    top = z.detach().amax(dim=-1, keepdim=True)
    return (z - top).logsumexp(dim=-1, keepdim=True) + top


def _binary_of_softmax(z: Tensor, t: Tensor) -> Tensor:
    """log(1 - a_i) = logsumexp of the units other than i - logsumexp of all, so that no a_i rounds to 1."""
    itself = torch.eye(z.shape[-1], dtype=torch.bool, device=z.device) & (t != 1)[:, :, None]
    others = _logsumexp(z[:, None, :].masked_fill(itself, -torch.inf)).squeeze(-1)
    return -(t * F.log_softmax(z, dim=-1) + (1 - t) * (others - _logsumexp(z))).sum()


# (loss, output activation): the loss summed over samples and outputs, from the net input z where digits would be lost
FROM_Z: dict[tuple[str, str], Callable[[Tensor, Tensor], Tensor]] = {
    ("binary_cross_entropy", "sigmoid"): lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="sum"),
    ("binary_cross_entropy", "softmax"): _binary_of_softmax,
    ("categorical_cross_entropy", "sigmoid"): lambda z, t: -(t * F.logsigmoid(z)).sum(),
    ("categorical_cross_entropy", "softmax"): lambda z, t: F.cross_entropy(z, t, reduction="sum"),
}
# F.binary_cross_entropy would refuse outputs beyond 0 … 1 and cut logarithms off at -100
FROM_A: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared_error": lambda a, t: F.mse_loss(a, t, reduction="sum"),
    "output": lambda a, t: a.sum(),
    "binary_cross_entropy": lambda a, t: (
        -(_counted(t, torch.log, a) + _counted(1 - t, lambda x: torch.log1p(-x), a)).sum()
    ),
    "categorical_cross_entropy": lambda a, t: -_counted(t, torch.log, a).sum(),
}


def loss(case: Case, weights: list[Tensor], biases: list[Tensor | None], a: Tensor, t: Tensor) -> Tensor:
    names = [layer.activation for layer in case.layers]
    for name, W, b in zip(names, weights, biases, strict=True):
        z = F.linear(a, W, b)
        a = ACTIVATIONS[name](z)
    from_z = FROM_Z.get((case.loss.name, names[-1]))
    total = FROM_A[case.loss.name](a, t) if from_z is None else from_z(z, t)
    divide = {"sum": 1, "mean": len(t), "mean_all": t.numel()}
    return total * float(case.loss.scale) / divide[case.reduction]


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^l as NumPy arrays (n_l, n_{l-1}) and dC/db^l as (n_l,) or None, on the CPU.

    Raises NotInDomain outside float64 and float32.
    """
    if domain.name not in ("float64", "float32"):
        raise NotInDomain(domain.name, "tensors in PyTorch")
    if case.modulus:
        raise NotInDomain(domain.name, "residues, which the numbers of this case are")

    def leaf(values: object) -> Tensor:
        return torch.from_numpy(domain.array(values).copy()).requires_grad_()

    # A caller's own no_grad or inference_mode would leave nothing to differentiate, and autocast few digits.
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
        W = [leaf(layer.weights) for layer in case.layers]
        b = [None if layer.bias is None else leaf(layer.bias) for layer in case.layers]
        x, t = (torch.from_numpy(domain.array(values).copy()) for values in (case.inputs, case.targets))
        loss(case, W, b, x, t).backward()
        return Gradient([_slope(w) for w in W], [None if c is None else _slope(c) for c in b])


def _slope(leaf: Tensor) -> np.ndarray:
    """What `backward` left in a leaf, on which the loss always depends."""
    assert leaf.grad is not None
    return leaf.grad.numpy()
