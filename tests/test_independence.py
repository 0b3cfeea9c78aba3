"""The three engines share the case and the domain, nothing else: by imports (test_rooms.py), by what runs, and by
sabotage. The oracles share nothing with them but the case.

Without this, agreement proves nothing: a slope that two engines share would be wrong twice, and one that an oracle has
from an engine would be its own witness.
"""

import gc
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FunctionType

import numpy as np
import pytest
from helpers import FLOAT64, covering

import backprove
from backprove.case import ACTIVATIONS, LOSSES, REDUCTIONS, Case
from backprove.domains import Domain
from backprove.engines import ENGINES, Engine, matrix, neuron
from backprove.errors import NotInDomain
from backprove.oracles import ORACLES, functions, loss

SRC = Path(backprove.__file__).parent
CASES = covering()


def all_oracles(case: Case, domain: Domain) -> None:
    """The oracles as one party: what they share among themselves is theirs."""
    loss._places.cache_clear()  # what is remembered does not run
    for oracle in ORACLES.values():
        with suppress(NotInDomain), np.errstate(all="ignore"):
            oracle(case)


PARTIES: dict[str, Engine] = {**ENGINES, "oracles": all_oracles}  # type: ignore[dict-item]


def test_the_cases_cover_everything() -> None:
    assert {layer.activation for case in CASES for layer in case.layers[:-1]} == set(ACTIVATIONS)
    assert {case.layers[-1].activation for case in CASES} == set(ACTIVATIONS)
    assert {case.loss.name for case in CASES} == set(LOSSES)
    assert {case.reduction for case in CASES} == set(REDUCTIONS)
    assert {layer.bias is None for case in CASES for layer in case.layers} == {True, False}


def _private(file: Path) -> bool:
    """Whether code in this file belongs to one engine alone: the project's, but not the case's or the domain's."""
    return file.is_relative_to(SRC) and file.relative_to(SRC).parts[0] not in ("case", "domains")


def executed(engine: Engine) -> set[CodeType]:
    """The project's code objects that an engine runs on all cases, other than those of the case and the domain."""
    seen: set[CodeType] = set()

    def profile(frame: object, event: str, _: object) -> None:
        if event == "call":
            seen.add(frame.f_code)  # type: ignore[attr-defined]

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        for case in CASES:
            engine(case, FLOAT64)
    finally:
        sys.setprofile(before)
    return {code for code in seen if _private(Path(code.co_filename))}


def shared(engines: Mapping[str, Engine]) -> set[str]:
    """The names of the functions that more than one engine runs."""
    ran = [executed(engine) for engine in engines.values()]
    return {code.co_qualname for i, one in enumerate(ran) for other in ran[i + 1 :] for code in one & other}


def test_no_two_engines_nor_an_oracle_execute_a_common_function() -> None:
    assert all(len(executed(party)) > 5 for party in PARTIES.values())
    assert shared(PARTIES) == set()


def test_an_engine_that_borrows_one_slope_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(neuron.SLOPES, "tanh", lambda D, z, kink: matrix._slope(D, "tanh", z, D.tanh(z), kink))
    assert shared(PARTIES) == {"_slope"}


def test_an_oracle_that_borrows_one_value_of_an_engine_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(functions._FUNCTIONS, "square", lambda z: matrix._forward(FLOAT64, "square", z))
    assert shared(PARTIES) == {"_forward"}


def test_an_engine_that_borrows_one_value_of_an_oracle_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(neuron.VALUES, "softplus", lambda D, z, kink: functions.softplus(np.array(z)).item())
    assert shared(PARTIES) == {"softplus"}


def broken_code(free: int, generator: bool) -> CodeType:
    """Code that takes anything and raises; `free` variables are closed over, as in the code that it replaces."""
    names = [f"free_{i}" for i in range(free)]
    lines = [
        "def factory():",
        *(f"    {name} = None" for name in names),
        "    def broken(*args, **keywords):",
        f"        raise RuntimeError('sabotaged', {', '.join(names)})",
        *(["        yield"] if generator else []),  # Python minds code of another sort
        "    return broken",
    ]
    space: dict[str, object] = {}
    exec("\n".join(lines), space)
    code: CodeType = space["factory"]().__code__  # type: ignore[operator]
    return code


@contextmanager
def sabotaged(function: FunctionType) -> Iterator[None]:
    whole = function.__code__
    function.__code__ = broken_code(len(whole.co_freevars), bool(whole.co_flags & inspect.CO_GENERATOR))
    try:
        yield
    finally:
        function.__code__ = whole


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def fails(engine: Engine) -> bool:
    for case in CASES:
        try:
            engine(case, FLOAT64)
        except RuntimeError:
            return True
    return False


def owners(codes: set[CodeType]) -> list[FunctionType]:
    """The function objects, lambdas in tables included, that run these code objects."""
    return [f for f in gc.get_objects() if type(f) is FunctionType and f.__code__ in codes]  # no proxy of one


def victims(function: FunctionType, engines: Mapping[str, Engine]) -> list[str]:
    """The engines that fail when the function is broken."""
    with sabotaged(function):
        return [name for name, engine in engines.items() if fails(engine)]


def test_breaking_any_one_function_breaks_one_engine_or_the_oracles() -> None:
    reached = set().union(*(executed(party) for party in PARTIES.values()))
    found = owners(reached)
    assert reached <= {part for f in found for part in nested(f.__code__)}  # nothing that ran is left unbroken
    assert {f.__qualname__: names for f in found if len(names := victims(f, PARTIES)) != 1} == {}
    assert not any(fails(party) for party in PARTIES.values())  # all is whole again


def test_breaking_a_planted_shared_function_breaks_two() -> None:
    def slip(x: object) -> object:
        return x

    planted = {name: lambda case, D, party=party: slip(party(case, D)) for name, party in PARTIES.items()}
    assert victims(slip, planted | {"matrix": ENGINES["matrix"]}) == ["neuron", "paths", "oracles"]


def test_sabotage_reaches_lambdas_and_closures() -> None:
    inner = 1
    closure = lambda: inner  # noqa: E731
    with sabotaged(closure), pytest.raises(RuntimeError, match="sabotaged"):
        closure()
    assert closure() == 1
    assert neuron.SLOPES["square"] in owners(executed(ENGINES["neuron"]))
