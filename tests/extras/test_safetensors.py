"""Networks from .safetensors files, written by the library itself."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprove.case import Case, read_network
from backprove.errors import BackproveError

library = pytest.importorskip("safetensors", reason="needs safetensors: pip install 'backprove[models]'")

RANDOM = np.random.default_rng(5)
STATE = {"0.weight": RANDOM.random((4, 3)), "0.bias": RANDOM.random(4), "2.weight": RANDOM.random((2, 4))}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.ones((1, 3)))
    np.save("t.npy", np.ones((1, 2)))


def read() -> Case:
    return read_network(
        Path("n.safetensors"), Path("x.npy"), Path("t.npy"), activations="tanh", loss="squared_error"
    )  # fmt: skip


def write(arrays: dict[str, Any]) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, "n.safetensors")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_every_number_is_taken_exactly(dtype: Any) -> None:
    write({name: array.astype(dtype) for name, array in STATE.items()})
    first, second = read().layers
    assert first.weights.tolist() == STATE["0.weight"].astype(dtype).tolist()
    assert first.bias is not None
    assert first.bias.tolist() == STATE["0.bias"].astype(dtype).tolist()
    assert (second.weights.tolist(), second.bias) == (STATE["2.weight"].astype(dtype).tolist(), None)


def by_hand(header: Any, data: bytes = b"", length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = struct.pack("<Q", len(text) if length is None else length)
    Path("n.safetensors").write_bytes(size + text + data)


def tensor(dtype: str, shape: list[int], size: int) -> dict[str, Any]:
    return {"W": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    numbers = np.array([[1.0, -2.5, 3.0], [0.0078125, 2.0**100, -0.0]], dtype=np.float32)
    by_hand(tensor("BF16", [2, 3], 12), (numbers.view("<u4") >> 16).astype("<u2").tobytes())
    assert read().layers[0].weights.tolist() == numbers.tolist()


def test_other_numbers_are_refused_by_name() -> None:
    write({"W": np.ones((2, 3), dtype=np.int32)})
    with pytest.raises(BackproveError, match=r"^n.safetensors: W: numbers of type I32; expected F64, F32, F16, BF16"):
        read()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Path("n.safetensors").write_bytes(b""), "is no .safetensors file"),
        (lambda: by_hand({}, length=2**40), "its header claims 1,099,511,627,776 bytes"),
        (lambda: by_hand({}, length=999_999), "is no .safetensors file"),
        (lambda: by_hand(b"[" * 9_999), "is no .safetensors file"),
        (lambda: by_hand(tensor("F64", [2, 3], 48), bytes(47)), "is no .safetensors file"),
        (lambda: by_hand(tensor("F64", [2, 3], 48), bytes(49)), "is no .safetensors file"),
        (lambda: by_hand(tensor("F64", [2**40, 2**40], 48), bytes(48)), "is no .safetensors file"),
        (
            lambda: by_hand(tensor("F16", [20_000_001, 1], 40_000_002), bytes(40_000_002)),
            "more than 20,000,000 numbers",
        ),
    ],
    ids=["empty", "huge header", "header beyond the file", "nested", "cut off", "too long", "overflow", "too many"],
)
def test_broken_files_are_refused_in_one_line(made: Any, said: str) -> None:
    made()
    with pytest.raises(BackproveError, match=f"^n.safetensors: {said}") as refused:
        read()
    assert "\n" not in str(refused.value)


def test_a_file_larger_than_any_network_is_not_opened() -> None:
    with Path("n.safetensors").open("wb") as file:
        file.truncate(2**34)
    with pytest.raises(BackproveError, match=r"^n.safetensors: larger than 154 MiB"):
        read()


@pytest.mark.parametrize(("shape", "size"), [([1] * 100, 8), ([0, 2**62], 0)])
def test_a_shape_that_no_array_has_is_refused_by_name(shape: list[int], size: int) -> None:
    by_hand(tensor("F64", shape, size), b"\0" * size)
    with pytest.raises(BackproveError, match=r"n\.safetensors: (W: |more than)") as caught:
        read()
    assert "\n" not in str(caught.value)
