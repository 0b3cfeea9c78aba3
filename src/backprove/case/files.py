"""Case files (`backprove.case/1`, JSON), read with the path of every fault."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from backprove.case.problem import Case, Layer, Loss, Published, Training
from backprove.errors import BackproveError, CaseError
from backprove.files import read_json

FORMAT = "backprove.case/1"

_Built = TypeVar("_Built")
_REQUIRED = {"format", "layers", "loss", "inputs", "targets"}
_OPTIONAL = {"title", "source", "reduction", "kink", "training", "published", "modulus"}


def read_case(path: Path) -> Case:
    """The case in a file (`backprove.case/1`, JSON). Raises BackproveError: `file: path in the file: reason`.

    >>> import json
    >>> from pathlib import Path
    >>> from backprove import read_case
    >>> network = {
    ...     "format": "backprove.case/1",
    ...     "layers": [{"activation": "sigmoid", "weights": [[0.5, -1]], "bias": [0.25]}],
    ...     "loss": {"name": "squared_error", "scale": "1/2"},
    ...     "inputs": [[1, 2]],
    ...     "targets": [[1]],
    ... }
    >>> path = Path("network.json")
    >>> size = path.write_text(json.dumps(network))
    >>> read_case(path).layers[0]
    Layer(weights=[[0.5, -1.0]], bias=[0.25], activation='sigmoid')
    """
    data = read_json(path)
    try:
        return case_from(data)
    except CaseError as error:
        raise BackproveError(f"{path}: {error}") from None


def case_from(data: Any) -> Case:
    """A case from decoded JSON. Raises CaseError with the path of the fault; unknown keys are refused by name."""
    _keys(data, "", _REQUIRED, _OPTIONAL)
    if data["format"] != FORMAT:
        raise CaseError("format", f'{repr(data["format"])[:60]} is not "{FORMAT}"')
    if not isinstance(data["layers"], list):
        raise CaseError("layers", "expected a list of layers")
    layers = []
    for i, layer in enumerate(data["layers"]):
        where = f"layers[{i}]"
        _keys(layer, where, {"activation", "weights", "bias"}, set())
        layers.append(_built(where, Layer, layer))
    _keys(data["loss"], "loss", {"name"}, {"scale"})
    published = []
    if not isinstance(data.get("published", []), list):
        raise CaseError("published", "expected a list")
    for i, entry in enumerate(data.get("published", [])):
        _keys(entry, f"published[{i}]", {"what", "value"}, {"layer", "to", "from", "sample", "steps", "sign"})
        published.append(Published(**{"from_" if k == "from" else k: v for k, v in entry.items()}))
    training = data.get("training")
    if training is not None:
        _keys(training, "training", {"learning_rate"}, {"update_bias"})
        training = _built("training", Training, training)
    rest = {k: data[k] for k in ("title", "source", "reduction", "kink", "modulus") if k in data}
    return Case(
        tuple(layers),
        data["inputs"],
        data["targets"],
        _built("loss", Loss, data["loss"]),
        training=training,
        published=tuple(published),
        **rest,
    )


def case_to(case: Case) -> dict[str, Any]:
    """The case as the plain data of a case file; `case_from` gives it back."""
    data: dict[str, Any] = {"format": FORMAT}
    data |= {k: getattr(case, k) for k in ("title", "source") if getattr(case, k)}
    data["layers"] = [
        {
            "activation": layer.activation,
            "weights": layer.weights.tolist(),
            "bias": None if layer.bias is None else layer.bias.tolist(),
        }
        for layer in case.layers
    ]
    data["loss"] = {"name": case.loss.name, "scale": str(case.loss.scale)}
    data["reduction"] = case.reduction
    if case.kink:
        data["kink"] = str(case.kink)
    if case.modulus:
        data["modulus"] = case.modulus
    data["inputs"], data["targets"] = case.inputs.tolist(), case.targets.tolist()
    if case.training:
        data["training"] = {
            "learning_rate": case.training.learning_rate,
            "update_bias": case.training.update_bias,
        }
    if case.published:
        data["published"] = [_published_to(p) for p in case.published]
    return data


def _published_to(p: Published) -> dict[str, Any]:
    data: dict[str, Any] = {
        "what": p.what,
        "layer": p.layer,
        "sample": p.sample,
        "to": p.to,
        "from": p.from_,
        "steps": p.steps,
    }
    data = {k: v for k, v in data.items() if v is not None} | {"value": p.value}
    return data | ({"sign": p.sign} if p.sign != 1 else {})


def _keys(data: Any, where: str, required: set[str], optional: set[str]) -> None:
    if not isinstance(data, dict):
        raise CaseError(where, f"expected an object with {', '.join(sorted(required))}")
    here = f"{where}." if where else ""
    for key in data:
        if key not in required | optional:
            raise CaseError(f"{here}{key[:60]}", f"unknown key; known here: {', '.join(sorted(required | optional))}")
    for key in sorted(required):
        if key not in data:
            raise CaseError(f"{here}{key}", "is missing")


def _built(where: str, make: Callable[..., _Built], data: Mapping[str, Any]) -> _Built:
    try:
        return make(**data)
    except CaseError as error:
        raise CaseError(f"{where}.{error.where}", error.reason) from None
