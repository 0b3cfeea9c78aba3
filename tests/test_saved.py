"""Networks from files: read by their names, refused by name and place; the command `compare --weights`."""

import io
import json
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import FLOAT64, changed

from backprove.case import Case, Layer, Loss, case_to, read_network
from backprove.case.problem import MAX_WEIGHTS
from backprove.cli import main
from backprove.contrast import finding
from backprove.engines import ENGINES
from backprove.errors import BackproveError

RANDOM = np.random.default_rng(5)
W1, b1, W2, b2 = (RANDOM.standard_normal(shape) for shape in ((4, 3), (4,), (2, 4), (2,)))
X, T = RANDOM.standard_normal((5, 3)), RANDOM.random((5, 2))
STATE = {"0.weight": W1, "0.bias": b1, "2.weight": W2, "2.bias": b2}
CASE = Case((Layer(W1, b1, "relu"), Layer(W2, b2, "softmax")), X, T, Loss("categorical_cross_entropy"), title="net.npz")
COMMAND = [
    "compare",
    "--weights",
    "net.npz",
    "--inputs",
    "x.npy",
    "--targets",
    "t.npy",
    "--activations",
    "relu,softmax",
]
LOSS = ["--loss", "categorical_cross_entropy"]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", **STATE)
    np.save("x.npy", X)
    np.save("t.npy", T)


def read(arrays: dict[str, Any] | None = None, x: Any = None, t: Any = None, **options: Any) -> Case:
    for file, array in (("x.npy", x), ("t.npy", t)):
        if array is not None:
            np.save(file, array)
    if arrays is not None:
        np.savez("net.npz", **arrays)
    options = {"activations": "relu,softmax", "loss": "categorical_cross_entropy"} | options
    return read_network(Path("net.npz"), Path("x.npy"), Path("t.npy"), **options)


@pytest.mark.parametrize(
    "names",
    [
        ["0.weight", "0.bias", "2.weight", "2.bias"],
        ["layers.9.weight", "layers.9.bias", "layers.10.weight", "layers.10.bias"],
        ["W1", "b1", "W2", "b2"], ["weights0", "biases0", "weights1", "biases1"], ["w_1", "b_1", "w_2", "b_2"],
        ["arr_0", "arr_1", "arr_2", "arr_3"],
    ],
)  # fmt: skip
def test_names_say_which_is_which(names: list[str]) -> None:
    arrays = dict(zip(names, STATE.values(), strict=True))
    assert read(dict(reversed(arrays.items()))) == CASE


def test_layers_without_biases() -> None:
    assert [layer.bias is None for layer in read({"arr_0": W1, "arr_1": W2, "arr_2": b2}).layers] == [True, False]
    assert [layer.bias is None for layer in read({"W1": W1, "b1": b1, "W2": W2}).layers] == [False, True]


def test_the_other_layout_and_what_is_minimised() -> None:
    arrays = {name: array.T.astype(np.float16) for name, array in STATE.items()}
    case = read(arrays, activations=["tanh", "sigmoid"], loss="squared_error", loss_scale="1/2", reduction="mean_all",
                layout="in,out", title="ours")  # fmt: skip
    assert case.layers[0] == Layer(W1.astype(np.float16).astype(float), b1.astype(np.float16).astype(float), "tanh")
    assert (case.layers[1].activation, case.loss, case.reduction) == (
        "sigmoid", Loss("squared_error", Fraction(1, 2)), "mean_all",
    )  # fmt: skip
    assert case.title == "ours"


@pytest.mark.parametrize("type_", [np.int64, np.uint8])
def test_whole_numbers_are_classes(type_: Any) -> None:
    assert read(t=np.array([1, 0, 0, 1, 1], dtype=type_)).targets.tolist() == np.eye(2)[[1, 0, 0, 1, 1]].tolist()


@pytest.mark.parametrize("type_", [int, float])
def test_behind_one_output_targets_are_its_own(type_: Any) -> None:
    t = np.array([1, 0, 0, 1, 1], dtype=type_)
    case = read({"W1": W1[:1], "b1": b1[:1]}, t=t, activations="sigmoid", loss="binary_cross_entropy")
    assert case.targets.tolist() == [[1], [0], [0], [1], [1]]


def test_inputs_may_be_the_one_array_of_an_archive() -> None:
    np.savez_compressed("x.npz", X)
    case = read_network(Path("net.npz"), Path("x.npz"), Path("t.npy"), activations="relu,softmax", loss=CASE.loss.name)
    assert case == CASE


NAMES: list[tuple[dict[str, Any], str]] = [
    ({}, "net.npz: has no arrays"),
    (STATE | {"1.running_mean": b1}, "net.npz: 1.running_mean is neither weights nor a bias by its name"),
    (STATE | {"1.weight": b1}, r"net.npz: 1.weight: shape \(4,\); weights have two dimensions"),
    (STATE | {"1.weight": np.ones((4, 4, 1))}, r"net.npz: 1.weight: shape \(4, 4, 1\); weights have two"),
    (STATE | {"2.bias": b2[None]}, r"net.npz: 2.bias: shape \(1, 2\); a bias has one dimension"),
    (STATE | {"4.bias": b2}, r"net.npz: 4.bias: a bias \(2,\) without weights"),
    (STATE | {"2.w": W2}, "net.npz: 2.w and 2.weight: two weights for one layer"),
    (STATE | {"02.weight": W2}, "net.npz: 02.weight and 2.weight: two weights for one layer"),
    ({"encoder.0.weight": W1, "decoder.0.weight": W2}, "net.npz: encoder.0.weight and decoder.0.weight differ by more"),
    ({"arr_0": b1, "arr_1": W1}, r"net.npz: arr_0: a bias \(4,\) without weights; the order is W1, b1"),
    ({"arr_0": W1, "arr_1": W2, "arr_2": b1, "arr_3": b2}, "net.npz: arr_2 and arr_3: two biases after arr_1"),
    ({"arr_0": W1, "arr_1": np.ones((2, 4, 1))}, r"net.npz: arr_1: shape \(2, 4, 1\)"),
    (STATE | {"2.weight": W2[:, :3]}, "net.npz: 2.weight takes 3 numbers, but 0.weight gives 4; found .*shapes"),
    (STATE | {"2.bias": b1}, r"net.npz: 2.weight gives 2 numbers, but its bias has 4; found 0.weight \(4, 3\)"),
    ({k: v.T for k, v in STATE.items()}, "net.npz: 0.weight gives 3 .*; they chain with --layout in,out"),
    (STATE | {"0.weight": W1.astype(int)}, "net.npz: 0.weight: numbers of type int64; weights are float64"),
    (STATE | {"0.weight": W1 + 0j}, "net.npz: 0.weight.npy: numbers of type complex128"),
    (STATE | {"0.weight": W1.astype(object)}, "net.npz: 0.weight.npy: holds Python objects, which are pickles"),
    (STATE | {"2.bias": [1, np.inf]}, r"net.npz: 2.bias: \[1\]: is inf; only finite numbers"),
    ({"W1": np.ones((0, 3))}, r"net.npz: W1: shape \(0, 3\): is empty"),
]
if np.dtype(np.longdouble).itemsize > 8:
    NAMES.append((STATE | {"0.weight": W1.astype(np.longdouble)}, "net.npz: 0.weight.npy: numbers of type float"))


@pytest.mark.parametrize(("arrays", "said"), NAMES, ids=[said for _, said in NAMES])
def test_weights_are_refused_by_name(arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(BackproveError, match=f"^{said.replace('.*shapes', '')}"):
        read(arrays)


SAMPLES: list[tuple[dict[str, Any], str]] = [
    ({"x": X[:, :2]}, "x.npy: 2 numbers a sample, but 0.weight of net.npz takes 3"),
    ({"x": X[0]}, r"x.npy: shape \(3,\); expected \(N, 3\): a row a sample"),
    ({"x": X[None]}, r"x.npy: shape \(1, 5, 3\); expected"),
    ({"x": X[:4]}, r"t.npy: shape \(5, 2\), but x.npy has 4 samples"),
    ({"x": X * np.nan}, r"x.npy: \[0\]\[0\]: is nan"),
    ({"x": X > 0}, "x.npy: numbers of type bool"),
    ({"x": np.array([["1", "2", "3"]] * 5)}, "x.npy: numbers of type <U1"),
    ({"x": np.full((5, 3), 2**63 - 1)}, r"x.npy: has integers beyond 2\^53"),
    ({"t": T[:, :1]}, r"t.npy: shape \(5, 1\) of float64, but 5 samples of 2 outputs need \(5, 2\)"),
    ({"t": T[:, 0]}, r"t.npy: shape \(5,\) of float64, .* or \(N,\) whole numbers: classes"),
    ({"t": np.array([0, 1, 0, 2, -1])}, r"t.npy\[3\]: the class 2 is not in 0 … 1"),
    ({"t": np.array([0, -1, 0, 1, 1])}, r"t.npy\[1\]: the class -1 is not in 0 … 1"),
    ({"t": np.array(1.0)}, r"t.npy: shape \(\), but x.npy has 5 samples"),
    ({"loss": None}, r"loss: is not given; one of .* \(with softmax outputs usually categorical_cross_entropy\)"),
    ({"loss": None, "activations": "tanh"}, r"loss: is not given; .* usually squared_error\)"),
    ({"loss": "mse"}, "loss: str 'mse' is not one of squared_error"),
    ({"loss_scale": "half"}, "loss_scale: expected a fraction"),
    ({"loss_scale": 0}, "loss_scale: 0 times a loss has no gradient to compare"),
    ({"reduction": "none"}, "reduction: str 'none' is not one of sum, mean, mean_all"),
    ({"layout": "out"}, "layout: str 'out' is not one of out,in, in,out"),
    ({"activations": "relu,tanh,softmax"}, "activations: 3 for 2 layers; give one"),
    ({"activations": "relu,logits"}, "activations: str 'logits' is not one of identity"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), SAMPLES, ids=[said for _, said in SAMPLES])
def test_samples_and_options_are_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BackproveError, match=f"^{said}"):
        read(**given)


def npy(shape: str, data: bytes = b"", *, version: int = 1, length: int | None = None) -> bytes:
    """A .npy file by hand."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    size = struct.pack("<H" if version == 1 else "<I", len(header) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def flipped() -> bytes:
    """An archive whose first array has a wrong checksum."""
    data = bytearray(Path("net.npz").read_bytes())
    data[200] ^= 1
    return bytes(data)


BROKEN: list[tuple[str, Callable[[], bytes], str]] = [
    ("net.npz", lambda: b"", "net.npz: is no .npz file"),
    ("net.npz", lambda: b"PK\x03\x04" + bytes(99), "net.npz: is no .npz file"),
    ("net.npz", lambda: Path("net.npz").read_bytes()[:-30], "net.npz: is no .npz file"),
    ("net.npz", flipped, "net.npz: 0.weight.npy: .*CRC"),
    ("net.npz", lambda: zipped(("a.txt", b"")), "net.npz: a.txt: is no array"),
    ("net.npz", lambda: zipped(("W.npy", npy("(9999999999, 9999)"))), "net.npz: W.npy: more than 20,000,000 numbers"),
    ("net.npz", lambda: zipped(("W.npy", npy("(2, 2)", bytes(2**20)))), r"net.npz: W.npy: is not \(2, 2\) num"),
    ("net.npz", lambda: zipped(("W.npy", npy("(-1, 2)"))), r"net.npz: W.npy: is not \(-1, 2\) numbers"),
    ("x.npy", lambda: b"", "x.npy: is empty"),
    ("x.npy", lambda: b"\x80\x04K\x01." + bytes(20), "x.npy: is no NumPy array: its first bytes are others"),
    ("x.npy", lambda: Path("x.npy").read_bytes()[:-1], r"x.npy: is not \(5, 3\) numbers of float64, as it says"),
    ("x.npy", lambda: Path("x.npy").read_bytes() * 2, r"x.npy: is not \(5, 3\) numbers"),
    ("x.npy", lambda: npy("(1, 1)", version=2, length=2**32 - 1), "x.npy: its header claims 4,294,967,295 bytes"),
    ("x.npy", lambda: npy("(1, 1)", length=9000), "x.npy: is no NumPy array: EOF"),
    ("x.npy", lambda: npy("(" * 900), "x.npy: is no NumPy array"),
    ("x.npy", lambda: npy("__import__('os').abort()"), "x.npy: is no NumPy array"),
    ("x.npy", lambda: npy("(1, 1)", version=7), "x.npy: is no NumPy array"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "make", "said"), BROKEN, ids=[f"{i}" for i in range(len(BROKEN))])
def test_broken_files_are_refused_in_one_line(file: str, make: Callable[[], bytes], said: str) -> None:
    Path(file).write_bytes(make())
    with pytest.raises(BackproveError, match=f"^{said}") as refused:
        read()
    assert "\n" not in str(refused.value)


def test_what_an_archive_would_unpack_to_is_known_before_it_is_unpacked() -> None:
    data = bytearray(zipped(("W1.npy", npy("(1, 3)", bytes(24))), ("W2.npy", b"never looked at")))
    size = data.rindex(b"PK\x01\x02") + 24
    data[size : size + 4] = struct.pack("<I", 8 * MAX_WEIGHTS * 2)
    Path("net.npz").write_bytes(data)
    with pytest.raises(BackproveError, match=r"^net.npz: unpacks to more than 154 MiB"):
        read()


@pytest.mark.parametrize("name", ["net.pt", "net.pkl", "net"])
def test_pickles_are_never_opened(name: str) -> None:
    with pytest.raises(BackproveError, match=f"^{name}: weights are read from .npz and .safetensors"):
        read_network(Path(name), Path("x.npy"), Path("t.npy"), activations="relu", loss="squared_error")


@pytest.mark.parametrize(
    ("file", "said"), [("none.npz", "none.npz: no such file"), ("folder.npz", "folder.npz: is a folder")]
)
def test_files_that_are_none(file: str, said: str) -> None:
    Path("folder.npz").mkdir()
    with pytest.raises(BackproveError, match=f"^{said}"):
        read_network(Path(file), Path("x.npy"), Path("t.npy"), activations="relu", loss="squared_error")


def test_several_arrays_are_no_inputs() -> None:
    with pytest.raises(BackproveError, match=r"^net.npz: has 4 arrays \(0.weight, 0.bias, 2.weight, 2.bias\)"):
        read_network(Path("net.npz"), Path("net.npz"), Path("t.npy"), activations="relu", loss="squared_error")


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(BackproveError, match=r"safetensors is not installed: pip install 'backprove\[models\]'"):
        read_network(Path("n.safetensors"), Path("x.npy"), Path("t.npy"), activations="relu", loss="squared_error")


def test_libraries_that_only_some_need_are_not_imported() -> None:
    code = "import sys, backprove.case.modules, backprove.case.saved; print({'torch', 'safetensors'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_compare_takes_a_trained_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, *LOSS, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["file"], one["verdict"]) for one in found["cases"]] == [("net.npz", "AGREE")]
    assert found["cases"][0]["case"] == case_to(CASE)
    assert found["command"] == " ".join(
        ["backprove", *COMMAND[:3], "--inputs", "x.npy", "--targets", "t.npy", *COMMAND[7:], *LOSS]
    )


def test_compare_takes_case_files_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("case.json").write_text(json.dumps(case_to(CASE)))
    assert main(["compare", "case.json", *COMMAND[1:], *LOSS, "--json"]) == 0
    assert [one["file"] for one in json.loads(capsys.readouterr().out)["cases"]] == ["case.json", "net.npz"]


def test_a_wrong_engine_is_seen_on_a_trained_network(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.py").write_text(
        "from backprove.engines import ENGINES\nfrom dataclasses import replace\n\n\n"
        "def engine(case, domain):\n    return ENGINES['matrix'](replace(case, reduction='mean'), domain)\n"
    )
    assert main([*COMMAND, *LOSS, "--engine", "wrong.py:engine"]) == 1
    assert "neuron = matrix = paths ≠ wrong.py:engine" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "quiet", "shown"), [(Terminal, [], True), (Terminal, ["--quiet"], False),
                                                        (io.StringIO, [], False)])  # fmt: skip
def test_a_terminal_is_told_which_engine_is_at_work(
    stream: type[io.StringIO], quiet: list[str], shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", "xterm")
    assert main([*COMMAND, *LOSS, *quiet]) == 0
    written = sys.stderr.getvalue()
    assert [name in written for name in ENGINES] == [shown] * 3
    assert shown or not written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare"], "compare: name a case file (CASE.json), or a trained network with --weights FILE"),
        (COMMAND[:3], "--weights: needs --inputs, --targets, --activations as well"),
        (["compare", "case.json", "--loss-scale", "2"], "--loss-scale: belongs to --weights FILE, which is not given"),
        (COMMAND, "loss: is not given"),
        ([*COMMAND, *LOSS, "--report", "x.json", "--weights", "x.json"], "x.json: weights are read from"),
        ([*COMMAND, *LOSS, "--targets", "none.npy"], "none.npy: no such file"),
    ],
)
def test_mistakes_in_the_command_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"backprove: {said}")
    assert error.count("\n") == 1


def wide() -> Case:
    """More paths than the budget: 120-64-10, 40 samples."""
    random = np.random.default_rng(0)
    W, V = random.standard_normal((64, 120)) / 11, random.standard_normal((10, 64)) / 8
    x, t = random.standard_normal((40, 120)), np.eye(10)[random.integers(0, 10, 40)]
    return Case((Layer(W, None, "relu"), Layer(V, None, "softmax")), x, t, Loss("categorical_cross_entropy"))


def test_what_paths_left_to_the_others_is_said_layer_by_layer() -> None:
    told: list[str] = []
    found = finding("net", wide(), ENGINES, tell=told.append)
    line = next(line for line in found.not_covered if line.startswith("paths: "))
    listed = [x for row in found.gradients["paths"]["weights"][0] for x in row]
    left = listed.count(None)
    assert 0 < left < 64 * 120
    assert f"expanded {64 * 120 + 640 - left:,} of 8,320 weights" in line
    assert line.endswith(f"; {left:,} of 7,680 of layer 1 were compared by neuron and matrix alone")
    assert told == ["neuron", "matrix", "paths", "what was found"]


def test_what_paths_left_is_still_compared() -> None:
    """An error in an entry that no path was expanded for is seen all the same."""

    def change(weights: list[np.ndarray], biases: list[Any]) -> None:
        weights[0][tuple(at)] += 1

    listed = finding("net", wide(), ENGINES).gradients["paths"]["weights"][0]
    at = np.argwhere(np.array(listed, dtype=object) == None)[0]  # noqa: E711
    found = finding("net", wide(), {**ENGINES, "matrix": changed(ENGINES["matrix"], change)})
    assert found.verdict == "DISAGREE"
    assert found.first_difference == {**(found.first_difference or {}), "address": f"W1[{at[0] + 1},{at[1] + 1}]"}


def trained(steps: int = 20) -> Case:
    """784-128-10, trained for some steps of gradient descent on patterns with noise, by an engine itself."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 10, 64)
    x = random.random((10, 784))[classes] * (random.random((64, 784)) > 0.6)
    W = [random.standard_normal(shape) / shape[1] ** 0.5 for shape in ((128, 784), (10, 128))]
    b = [np.zeros(128), np.zeros(10)]
    for _ in range(steps):
        layers = tuple(Layer(*parts) for parts in zip(W, b, ("relu", "softmax"), strict=True))
        case = Case(layers, x, np.eye(10)[classes], Loss("categorical_cross_entropy"), "mean")
        found = ENGINES["matrix"](case, FLOAT64)
        W = [w - 0.1 * d for w, d in zip(W, found.weights, strict=True)]
        b = [c - 0.1 * d for c, d in zip(b, found.biases, strict=True)]
    return case


@pytest.mark.slow
def test_a_network_of_ordinary_size_takes_less_than_a_minute_and_a_gibibyte() -> None:
    resource = pytest.importorskip("resource", reason="the system does not say how much memory a command took")
    case = trained()
    np.savez("net.npz", *(part for layer in case.layers for part in (layer.weights, layer.bias)))
    np.save("x.npy", case.inputs)
    np.save("t.npy", case.targets.argmax(axis=1))
    before = time.perf_counter()
    reports = ["--reduction", "mean", "--report", "x.json", "--report", "x.md"]
    subprocess.run([sys.executable, "-m", "backprove", *COMMAND, *LOSS, *reports], capture_output=True, check=True)
    assert time.perf_counter() - before < 60
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2**20 * (1024 if sys.platform == "darwin" else 1)
    assert "paths: expanded 4,001 of 101,770 weights; 97,769 of 100,480 of layer 1" in Path("x.md").read_text()
    assert json.loads(Path("x.json").read_text())["verdict"] == "AGREE"
