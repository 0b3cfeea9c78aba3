"""Engine `neuron`: unit by unit, sample by sample, in plain loops, as in a first textbook.

    forward    z_j = b_j + Σ_k w_jk a_k;  a_j = f(z_j)
    output     delta_j = f'(z_j) dC/da_j
    hidden     error_j = Σ_i w_ij delta_i over the units i of the next layer;  delta_j = f'(z_j) error_j
    gradient   dC/dw_jk = Σ over the samples of delta_j a_k;  dC/db_j = Σ delta_j

Its own choices: slopes from the net input z; the softmax Jacobian written out entry by entry; a logarithmic loss
on sigmoid or softmax outputs as the full product dC/da · da/dz with the factors a and 1 - a cancelled before they
can round to 0.
"""

from collections.abc import Callable
from typing import Any

from backprove.case import LEAKY_SLOPE, Case, Gradient, Trace
from backprove.domains import Domain

Number = Any
Unit = Callable[[Domain, Number, Number], Number]


def _sigmoid(D: Domain, z: Number, kink: Number) -> Number:
    if D.leans(z):
        return 1 / (1 + D.exp(-z))
    e = D.exp(z)
    return e / (1 + e)


def _sigmoid_slope(D: Domain, z: Number, kink: Number) -> Number:
    e = D.exp(-z if D.leans(z) else z)
    d = 1 + e
    return e / (d * d)


def _tanh_slope(D: Domain, z: Number, kink: Number) -> Number:
    e = D.exp(-z if D.leans(z) else z)
    sech = (e + e) / (1 + e * e)
    return sech * sech


def _relu_slope(D: Domain, z: Number, kink: Number) -> Number:
    if D.positive(z):
        return D.number(1)
    return kink if D.zero(z) else D.number(0)


def _leaky_slope(D: Domain, z: Number, kink: Number) -> Number:
    if D.positive(z):
        return D.number(1)
    left = D.number(LEAKY_SLOPE)
    return left + kink * (1 - left) if D.zero(z) else left


def _silu_slope(D: Domain, z: Number, kink: Number) -> Number:
    return _sigmoid(D, z, kink) * (1 + z * _sigmoid(D, -z, kink))


def _half(D: Domain) -> Number:
    return D.number(0.5)


def _normal_cdf(D: Domain, z: Number) -> Number:
    return _half(D) * (1 + D.erf(z * D.sqrt_half))


def _gelu_slope(D: Domain, z: Number, kink: Number) -> Number:
    density = D.exp(-(z * z) * _half(D)) * (D.sqrt_half * D.inv_sqrt_pi)
    return _normal_cdf(D, z) + z * density


VALUES: dict[str, Unit] = {
    "identity": lambda D, z, kink: z,
    "square": lambda D, z, kink: z * z,
    "relu": lambda D, z, kink: z if D.positive(z) else D.number(0),
    "leaky_relu": lambda D, z, kink: z if D.positive(z) else D.number(LEAKY_SLOPE) * z,
    "sigmoid": _sigmoid,
    "tanh": lambda D, z, kink: D.tanh(z),
    "softplus": lambda D, z, kink: D.log1pexp(z),
    "elu": lambda D, z, kink: z if D.positive(z) else D.expm1(z),
    "silu": lambda D, z, kink: z * _sigmoid(D, z, kink),
    "gelu": lambda D, z, kink: z * _normal_cdf(D, z),
}

SLOPES: dict[str, Unit] = {
    "identity": lambda D, z, kink: D.number(1),
    "square": lambda D, z, kink: z + z,
    "relu": _relu_slope,
    "leaky_relu": _leaky_slope,
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "softplus": _sigmoid,
    "elu": lambda D, z, kink: D.number(1) if D.positive(z) else D.exp(z),
    "silu": _silu_slope,
    "gelu": _gelu_slope,
}


def _softmax(D: Domain, z: list[Number]) -> list[Number]:
    top = D.peak(z)
    e = [D.exp(x - top) for x in z]
    total = e[0]
    for x in e[1:]:
        total = total + x
    return [x / total for x in e]


def _activate(D: Domain, name: str, z: list[Number], kink: Number) -> list[Number]:
    if name == "softmax":
        return _softmax(D, z)
    value = VALUES[name]
    return [value(D, x, kink) for x in z]


def _through(D: Domain, name: str, z: list[Number], a: list[Number], error: list[Number], kink: Number) -> list[Number]:
    """delta_j = Σ_i da_i/dz_j · error_i: one slope a unit, but for softmax a whole row of the Jacobian."""
    if name != "softmax":
        slope = SLOPES[name]
        return [slope(D, x, kink) * e for x, e in zip(z, error, strict=True)]
    delta = []
    for j, a_j in enumerate(a):
        total = D.number(0)
        for i, (a_i, error_i) in enumerate(zip(a, error, strict=True)):
            slope_ij = a_i * (1 - a_j) if i == j else -(a_i * a_j)
            total = total + slope_ij * error_i
        delta.append(total)
    return delta


def _loss_gradient(D: Domain, case: Case, a: list[Number], t: list[Number], factor: Number) -> list[Number]:
    """dC/da of one sample."""
    name = case.loss.name
    if name == "output":
        return [factor for _ in a]
    if name == "squared_error":
        return [factor * 2 * (a_k - t_k) for a_k, t_k in zip(a, t, strict=True)]
    binary, gradient = name == "binary_cross_entropy", []
    for a_k, t_k in zip(a, t, strict=True):
        # a logarithm that counts 0 times has no slope, whatever it is taken of
        total = D.number(0) if D.zero(t_k) else -t_k / a_k
        if binary and not D.zero(1 - t_k):
            total = total + (1 - t_k) / (1 - a_k)
        gradient.append(factor * total)
    return gradient


def _log_sigmoid_delta(D: Domain, binary: bool, z: list[Number], t: list[Number], factor: Number) -> list[Number]:
    """(-t/a + (1-t)/(1-a)) · a (1-a) = -t (1-a) + (1-t) a, with 1 - a = sigmoid(-z)."""
    zero, delta = D.number(0), []
    for z_k, t_k in zip(z, t, strict=True):
        rest = (1 - t_k) * _sigmoid(D, z_k, zero) if binary else zero
        delta.append(factor * (rest - t_k * _sigmoid(D, -z_k, zero)))
    return delta


def _log_softmax_delta(
    D: Domain, binary: bool, z: list[Number], a: list[Number], t: list[Number], factor: Number
) -> list[Number]:
    """Σ_i -t_i (1/a_i) da_i/dz_j = Σ_i -t_i ([i=j] - a_j); and, for 1 - a_i, the same with the units other than i."""
    delta = []
    for j, a_j in enumerate(a):
        total = D.number(0)
        for i, t_i in enumerate(t):
            total = total - t_i * ((1 if i == j else 0) - a_j)
        delta.append(total)
    if binary:
        for i, (a_i, t_i) in enumerate(zip(a, t, strict=True)):
            others = z[:i] + z[i + 1 :]
            shares = _softmax(D, others) if others else []  # a_j / (1 - a_i) for j ≠ i
            shares.insert(i, D.number(-1))
            for j, share in enumerate(shares):
                delta[j] = delta[j] - (1 - t_i) * a_i * share
    return [factor * d for d in delta]


def _output_delta(
    D: Domain, case: Case, z: list[Number], a: list[Number], t: list[Number], factor: Number, kink: Number
) -> tuple[list[Number] | None, list[Number]]:
    """(dC/da, delta) of the output units of one sample; dC/da is None where it is cancelled against the slope."""
    name, binary = case.layers[-1].activation, case.loss.name == "binary_cross_entropy"
    if case.loss.name.endswith("cross_entropy") and name == "sigmoid":
        return None, _log_sigmoid_delta(D, binary, z, t, factor)
    if case.loss.name.endswith("cross_entropy") and name == "softmax":
        return None, _log_softmax_delta(D, binary, z, a, t, factor)
    error = _loss_gradient(D, case, a, t, factor)
    return error, _through(D, name, z, a, error, kink)


def _weighted_sums(rows: list[list[Number]], start: list[Number], values: list[Number]) -> list[Number]:
    """start_j + Σ_k rows_jk values_k."""
    sums = []
    for row, total in zip(rows, start, strict=True):
        for w, x in zip(row, values, strict=True):
            total = total + w * x
        sums.append(total)
    return sums


def engine(case: Case, domain: Domain) -> Gradient:
    """dC/dW^l as lists (n_l)(n_{l-1}) and dC/db^l as lists (n_l), summed over the samples one at a time.

    Raises NotInDomain where the domain lacks a function that an activation needs.
    """
    D, L = domain, len(case.layers)
    zero, kink, factor = D.number(0), D.number(case.kink), D.number(case.factor)
    names = [layer.activation for layer in case.layers]
    W = [D.numbers(layer.weights) for layer in case.layers]
    outgoing = [[list(column) for column in zip(*W_l, strict=True)] for W_l in W]
    b = [[zero] * len(layer.weights) if layer.bias is None else D.numbers(layer.bias) for layer in case.layers]
    nothing = [[zero] * layer.weights.shape[1] for layer in case.layers]
    dW = [[[zero] * len(row) for row in W_l] for W_l in W]
    db = [[zero] * len(W_l) for W_l in W]
    zs: list[list[Any]] = [[] for _ in W]
    outs: list[list[Any]] = [[] for _ in W]
    errors: list[list[Any]] = [[] for _ in W]
    deltas: list[list[Any]] = [[] for _ in W]
    for x, t in zip(D.numbers(case.inputs), D.numbers(case.targets), strict=True):
        a = [x]
        for l in range(L):
            zs[l].append(_weighted_sums(W[l], b[l], a[l]))
            a.append(_activate(D, names[l], zs[l][-1], kink))
            outs[l].append(a[-1])
        error, delta = _output_delta(D, case, zs[-1][-1], a[-1], t, factor, kink)
        for l in reversed(range(L)):
            if l < L - 1:
                error = _weighted_sums(outgoing[l + 1], nothing[l + 1], delta)
                delta = _through(D, names[l], zs[l][-1], a[l + 1], error, kink)
            errors[l].append(error)
            deltas[l].append(delta)
            db[l] = [total + d for total, d in zip(db[l], delta, strict=True)]
            dW[l] = [
                [total + d * a_k for total, a_k in zip(row, a[l], strict=True)]
                for row, d in zip(dW[l], delta, strict=True)
            ]
    biases = [None if layer.bias is None else db_l for layer, db_l in zip(case.layers, db, strict=True)]
    dC_da = [None if errors_l[0] is None else errors_l for errors_l in errors]
    return Gradient(dW, biases, Trace(zs, outs, dC_da, deltas))
