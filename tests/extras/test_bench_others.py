"""What the bench measures against: other libraries do the work that is said, and object to a wrong gradient."""

from typing import Any

import numpy as np
import pytest

from backprove.bench import others
from backprove.bench.networks import network
from backprove.domains import DOMAINS
from backprove.engines import matrix

CASE = network(3, 4, 2, batch=2)
RELU = network(3, 4, 2, batch=2, activation="relu", output="identity")


def right(case: Any) -> list[np.ndarray]:
    return list(matrix.engine(case, DOMAINS["float64"]).weights)


def needs(name: str) -> None:
    pytest.importorskip(name, reason=f"needs {name}")


def test_torch_s_gradient_is_the_gradient() -> None:
    needs("torch")
    found = others.torch_gradient(CASE)()
    for own, true in zip(found, right(CASE), strict=False):
        np.testing.assert_allclose(own.numpy(), true, rtol=1e-12)


def test_micrograd_s_gradient_is_the_gradient() -> None:
    needs("micrograd")
    for own, true in zip(others.micrograd_gradient(RELU)(), right(RELU), strict=True):
        np.testing.assert_allclose(own, true, rtol=1e-12)


@pytest.mark.parametrize("name", others.CHECKERS)
def test_every_checker_finds_nothing_and_says_what_it_differentiates(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = others.WANTS[name]
    needs(library)
    others.CHECKERS[name](CASE)()
    asked: list[Any] = []
    module = __import__(f"backprove.autodiff.{library}", fromlist=["loss"])
    whole = module.loss

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(module, "loss", counted)
    others.CHECKERS[name](CASE)()
    assert len(asked) > 1  # once for the derivative, and for differences


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "WANTS", {"a": "json", "b": "no_such_library"})
    assert others.missing() == ["no_such_library"]
