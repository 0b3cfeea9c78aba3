"""Case files that are refused, each with the path of the fault and its reason; and files in and out, whole or not."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from backprove.case import MODULUS, case_from, read_case
from backprove.errors import BackproveError, CaseError
from backprove.files import read_json, write_whole

Data = dict[str, Any]
GOOD: Data = {
    "format": "backprove.case/1",
    "layers": [
        {"activation": "sigmoid", "weights": [[0.15, 0.2], [0.25, 0.3]], "bias": [0.35, 0.35]},
        {"activation": "sigmoid", "weights": [[0.4, 0.45]], "bias": None},
    ],
    "loss": {"name": "squared_error", "scale": "1/2"},
    "inputs": [[0.05, 0.1]],
    "targets": [[0.01]],
    "training": {"learning_rate": 0.5, "update_bias": False},
    "published": [{"what": "weights_gradient", "layer": 2, "to": 1, "from": 2, "value": "0.082167041"}],
}


def at(path: str, value: Any) -> Callable[[Data], None]:
    """What puts a value at a path such as `layers.1.weights`."""
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]

    def change(data: Any) -> None:
        for part in way:
            data = data[part]
        data[last] = value

    return change


def without(path: str) -> Callable[[Data], None]:
    *way, last = path.split(".")

    def change(data: Any) -> None:
        for part in way:
            data = data[int(part) if part.isdecimal() else part]
        del data[last]

    return change


LOSSES = "squared_error, output, binary_cross_entropy, categorical_cross_entropy"
FRACTION = 'expected a fraction such as "1/2", got'
DIGITS = 'expected the digits as printed, such as "0.082167041", got'
WHOLE = "with a modulus, numbers are whole, from 0 to the modulus less 1"
PLACES = "from, layer, sample, sign, steps, to"
TOP = "format, inputs, kink, layers, loss, modulus, published, reduction, source, targets, title, training"
W0, W1, B0, P0 = "layers.0.weights", "layers.1.weights", "layers.0.bias", "published.0"


def printed(what: str, **rest: Any) -> Callable[[Data], None]:
    return at(P0, {"what": what, "value": "1", **rest})


def residues(change: Callable[[Data], None]) -> Callable[[Data], None]:
    """A change to the good case in residues."""

    def both(data: Data) -> None:
        layers = [
            {"activation": "sigmoid", "weights": [[MODULUS - 1, 2], [3, 2**53 + 1]], "bias": [0, 1]},
            {"activation": "sigmoid", "weights": [[4, 5]], "bias": None},
        ]
        data |= {"modulus": MODULUS, "layers": layers, "inputs": [[MODULUS - 1, 7]], "targets": [[1]]}
        change(data)

    return both


FAULTS: list[tuple[Callable[[Data], None], str]] = [
    (at(W1, [[1, 2, 3]]), "layers[1].weights: 3 columns, but layer 1 has 2 units"),
    (at(W0, [[1, 2], [3]]), "layers[0].weights: ragged: row 2 has 1 numbers, row 1 has 2"),
    (at(W0, [[1, 2], 3]), "layers[0].weights[1]: expected a list of numbers, got int 3"),
    (at(W0, [[[1], [2]], [[3], [4]]]), "layers[0].weights[0][0]: expected a number, got list [1]"),
    (at(W0, []), "layers[0].weights: is empty; at least one is needed"),
    (at(W0, [[]]), "layers[0].weights: its rows are empty; at least one number is needed in each"),
    (at(W0, None), "layers[0].weights: expected a list of lists of numbers, got null"),
    (at(W0, "[[1]]"), "layers[0].weights: expected a list of lists of numbers, got str '[[1]]'"),
    (at(W0 + ".1.0", "0.25"), "layers[0].weights[1][0]: expected a number, got str '0.25'"),
    (at(W0 + ".1.0", True), "layers[0].weights[1][0]: expected a number, got bool True"),
    (at(W0 + ".1.0", None), "layers[0].weights[1][0]: expected a number, got null"),
    (at(W0 + ".1.0", float("nan")), "layers[0].weights[1][0]: is nan; only finite numbers make a case"),
    (at(W0 + ".1.0", float("inf")), "layers[0].weights[1][0]: is inf; only finite numbers make a case"),
    (at(W0 + ".1.0", 10**400), "layers[0].weights[1][0]: is too large for a float64"),
    (at(B0, [0.35]), "layers[0].bias: 1 numbers, but the layer has 2 units"),
    (at(B0, [[0.35, 0.35]]), "layers[0].bias[0]: expected a number, got list [0.35, 0.35]"),
    (at(B0, 0.35), "layers[0].bias: expected a list of numbers, got float 0.35"),
    (at(B0, [0, {}]), "layers[0].bias[1]: expected a number, got dict {}"),
    (at(B0, []), "layers[0].bias: is empty; at least one is needed"),
    (at("inputs", [[0.05]]), "inputs: 1 numbers a sample, but layers[0].weights has 2 columns"),
    (at("inputs", []), "inputs: is empty; at least one is needed"),
    (at("inputs.0.1", "x"), "inputs[0][1]: expected a number, got str 'x'"),
    (at("targets", [[1], [2]]), "targets: shape (2, 1), but 1 samples of 1 outputs need (1, 1)"),
    (at("targets", [[1, 2]]), "targets: shape (1, 2), but 1 samples of 1 outputs need (1, 1)"),
    (at("format", "backprove.case/2"), "format: 'backprove.case/2' is not \"backprove.case/1\""),
    (at("format", None), 'format: None is not "backprove.case/1"'),
    (at("layers", []), "layers: expected at least one layer"),
    (at("layers", {}), "layers: expected a list of layers"),
    (at("layers.1", 7), "layers[1]: expected an object with activation, bias, weights"),
    (at("loss.name", "mse"), f"loss.name: str 'mse' is not one of {LOSSES}"),
    (at("loss.name", ["output"]), f"loss.name: list ['output'] is not one of {LOSSES}"),
    (at("loss.scale", "half"), f"loss.scale: {FRACTION} str 'half'"),
    (at("loss.scale", "1/0"), f"loss.scale: {FRACTION} str '1/0'"),
    (at("loss.scale", True), f"loss.scale: {FRACTION} bool True"),
    (at("loss.scale", None), f"loss.scale: {FRACTION} null"),
    (at("loss", "output"), "loss: expected an object with name"),
    (at("reduction", "none"), "reduction: str 'none' is not one of sum, mean, mean_all"),
    (at("kink", "3/2"), "kink: 3/2 is not in 0 … 1"),
    (at("kink", -1), "kink: -1 is not in 0 … 1"),
    (at("kink", []), f"kink: {FRACTION} list []"),
    (at("modulus", 7), f"modulus: expected {MODULUS} (2^61 - 1), got int 7"),
    (at("modulus", float(MODULUS)), f"modulus: expected {MODULUS} (2^61 - 1), got float 2.305843009213694e+18"),
    (at("modulus", "2^61-1"), f"modulus: expected {MODULUS} (2^61 - 1), got str '2^61-1'"),
    (at("modulus", MODULUS), f"inputs: {WHOLE}"),
    (residues(at("layers.1.weights.0.1", 0.5)), f"layers[1].weights: {WHOLE}"),
    (residues(at("layers.1.weights.0.0", -1)), f"layers[1].weights: {WHOLE}"),
    (residues(at(B0 + ".1", MODULUS)), f"layers[0].bias[1]: the integer {MODULUS} is not exactly a float64"),
    (residues(at("targets.0.0", MODULUS + 1)), f"targets: {WHOLE}"),
    (residues(at("modulus", None)), f"inputs[0][0]: the integer {MODULUS - 1} is not exactly a float64"),
    (at("title", 7), "title: expected text, got int 7"),
    (at("source", None), "source: expected text, got null"),
    (at("training.learning_rate", "0.5"), "training.learning_rate: expected a number, got str '0.5'"),
    (at("training.update_bias", 0), "training.update_bias: expected true or false, got int 0"),
    (at("training", []), "training: expected an object with learning_rate"),
    (at("published", {}), "published: expected a list"),
    (at(P0, "0.5"), "published[0]: expected an object with value, what"),
    (at(P0 + ".layer", 3), "published[0].layer: 3 is not in 1 … 2 (layers of this network)"),
    (at(P0 + ".layer", 0), "published[0].layer: 0 is not in 1 … 2 (layers of this network)"),
    (at(P0 + ".to", 2), "published[0].to: 2 is not in 1 … 1 (units of layer 2)"),
    (at(P0 + ".from", 3), "published[0].from: 3 is not in 1 … 2 (units of layer 1)"),
    (at(P0 + ".from", 1.0), "published[0].from: expected a whole number, got float 1.0"),
    (at(P0 + ".sample", 1), "published[0].sample: weights_gradient has no sample"),
    (at(P0 + ".steps", 1), "published[0].steps: weights_gradient has no steps"),
    (at(P0 + ".sign", 2), "published[0].sign: expected 1 or -1, got int 2"),
    (at(P0 + ".sign", True), "published[0].sign: expected 1 or -1, got bool True"),
    (at(P0 + ".value", 0.5), f"published[0].value: {DIGITS} float 0.5"),
    (at(P0 + ".value", "0,5"), f"published[0].value: {DIGITS} str '0,5'"),
    (at(P0 + ".value", "nan"), f"published[0].value: {DIGITS} str 'nan'"),
    (at(P0 + ".what", "bias_gradient"), "published[0].from: bias_gradient has no from"),
    (printed("bias_gradient", layer=2, to=1), "published[0].what: layer 2 has no bias"),
    (printed("z", layer=2), "published[0].to: is missing; z needs it"),
    (printed("z", layer=2, to=1, sample=2), "published[0].sample: 2 is not in 1 … 1 (samples)"),
    (printed("loss_after", steps=0), "published[0].steps: 0 is not in 1 … 100000 (training steps)"),
    (at("unit", 1), f"unit: unknown key; known here: {TOP}"),
    (at("layers.0.name", 1), "layers[0].name: unknown key; known here: activation, bias, weights"),
    (at("loss.factor", 1), "loss.factor: unknown key; known here: name, scale"),
    (at("training.momentum", 1), "training.momentum: unknown key; known here: learning_rate, update_bias"),
    (at(P0 + ".from_", 1), f"published[0].from_: unknown key; known here: {PLACES}, value, what"),
    (without("format"), "format: is missing"),
    (without("targets"), "targets: is missing"),
    (without("layers.1.bias"), "layers[1].bias: is missing"),
    (without("loss.name"), "loss.name: is missing"),
    (without("training.learning_rate"), "training.learning_rate: is missing"),
    (without("published.0.value"), "published[0].value: is missing"),
]  # fmt: skip


def spoiled(change: Callable[[Data], None]) -> Data:
    data = deepcopy(GOOD)
    change(data)
    return data


def test_the_good_case_is_one() -> None:
    assert case_from(GOOD).sizes == (2, 2, 1)
    assert case_from(spoiled(residues(lambda data: None))).modulus == MODULUS


@pytest.mark.parametrize(("change", "said"), FAULTS, ids=[said.partition(":")[0] for _, said in FAULTS])
def test_a_fault_is_refused_with_its_path(change: Callable[[Data], None], said: str) -> None:
    with pytest.raises(CaseError) as error:
        case_from(spoiled(change))
    assert str(error.value) == said


def test_the_activations_are_listed() -> None:
    with pytest.raises(CaseError, match=r"^layers\[0\]\.activation: str 'Sigmoid' is not one of identity, square"):
        case_from(spoiled(at("layers.0.activation", "Sigmoid")))


def test_numbers_after_training_need_training() -> None:
    data = spoiled(printed("loss_after"))
    assert case_from(data)
    del data["training"]
    with pytest.raises(CaseError, match=r'^published\[0\]\.what: loss_after needs "training" with a learning_rate'):
        case_from(data)


def test_a_network_too_large_to_compare_is_refused() -> None:
    huge = spoiled(at(B0, None)) | {"layers": [{"activation": "relu", "weights": [[1.0]] * 100_001, "bias": None}]}
    with pytest.raises(CaseError, match=r"^layers\[0\]\.weights: 100,001 units; at most 100,000: compare a part"):
        case_from(huge)


@pytest.mark.parametrize("data", [None, 7, "case", [], [GOOD]])
def test_what_is_no_object_is_no_case(data: Any) -> None:
    with pytest.raises(CaseError, match=r"^expected an object with format, inputs, layers, loss, targets"):
        case_from(data)


# --- files ---

BYTES = {
    "not UTF-8": (b'{"format": "\xff"}', "not valid JSON"),
    "truncated": (b'{"format": ', "1:12: not valid JSON"),
    "empty": (b"", "is empty"),
    "two values": (b"{} {}", "1:4: not valid JSON"),
    "a key twice": (b'{"format": 1, "format": 1}', "not valid JSON: the key 'format' stands there twice"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "not valid JSON: not UTF-8 text"),
    "beyond float64": (json.dumps(GOOD).replace("0.05", "1e999").encode(), ""),
    "a bomb of brackets": (b"[" * 1_000_000, "not valid JSON"),
    "a bomb within": (b'{"layers": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "not valid JSON"),
}


@pytest.mark.parametrize(("content", "said"), BYTES.values(), ids=BYTES)
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "case.json"
    file.write_bytes(content)
    with pytest.raises(BackproveError) as error:
        read_case(file)
    assert said in str(error.value).removeprefix(str(file))
    assert "\n" not in str(error.value)


def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BackproveError, match=r"nowhere\.json: cannot be read: No such file or directory"):
        read_json(tmp_path / "nowhere.json")
    with pytest.raises(BackproveError, match="is a folder, not a JSON file"):
        read_json(tmp_path)


def test_a_fault_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(spoiled(at(W1, [[1, 2, 3]]))))
    with pytest.raises(BackproveError) as error:
        read_case(file)
    assert str(error.value) == f"{file}: layers[1].weights: 3 columns, but layer 1 has 2 units"


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_whole(file, "old")
    write_whole(file, "Δ\n")
    assert file.read_bytes() == "Δ\n".encode()
    assert [f.name for f in tmp_path.iterdir()] == ["report.json"]


def test_a_place_that_takes_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackproveError, match="cannot be written: No such file or directory"):
        write_whole(tmp_path / "nowhere" / "report.json", "text")
    with pytest.raises(BackproveError, match="is a folder; name a file"):
        write_whole(tmp_path, "text")
    (tmp_path / "file").write_text("a file")
    with pytest.raises(BackproveError, match="cannot be written: Not a directory"):
        write_whole(tmp_path / "file" / "report.json", "text")


@pytest.mark.parametrize(
    ("stop", "raised"),
    [(OSError(28, "No space left on device"), BackproveError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_what_stops_half_way_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException, raised: type[BaseException]
) -> None:
    def fsync(handle: int) -> None:
        raise stop

    file = tmp_path / "report.json"
    file.write_text("old")
    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(raised):
        write_whole(file, "new")
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["report.json"]


def test_text_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackproveError, match="cannot be written"):
        write_whole(tmp_path / "report.json", "\ud800")
    assert list(tmp_path.iterdir()) == []
