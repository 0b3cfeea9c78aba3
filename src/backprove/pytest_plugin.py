"""The pytest plugin: an option, properties of the tests that compare networks, and a line at the end.

It is loaded into every pytest run where backprove is installed, so it imports next to nothing and, where no test
compares anything, says nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backprove.testing.tally import ASKED, TALLY, Tally

PREFIX = "backprove_"
MARK = "backprove_cases("  # in the repr of the strategies of `backprove.testing.cases`


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("backprove").addoption(
        "--backprove-networks",
        type=_count,
        metavar="N",
        help="networks that a test draws by @given(cases(...)), or by backprove.testing itself, whatever its settings",
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise ValueError(text)  # which argparse words
    return int(text)


_count.__name__ = "number of networks"


def pytest_configure(config: pytest.Config) -> None:
    ASKED.networks = config.getoption("--backprove-networks", None)
    seed = config.getoption("--hypothesis-seed", None)
    ASKED.seed = int(seed) if seed is not None and str(seed).lstrip("-").isdigit() else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Where a number of networks is asked for, have Hypothesis draw as many."""
    if ASKED.networks is None:
        return
    test = getattr(item, "obj", None)
    strategies = getattr(getattr(test, "hypothesis", None), "_given_kwargs", {})
    if any(MARK in repr(strategy) for strategy in strategies.values()):
        import hypothesis

        own = test._hypothesis_internal_use_settings  # type: ignore[union-attr]
        wanted = hypothesis.settings(own, max_examples=ASKED.networks)
        function = getattr(test, "__func__", test)
        function._hypothesis_internal_use_settings = wanted  # type: ignore[union-attr]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note what a test has compared: for JUnit XML, and for the line at the end, across processes too."""
    before, TALLY.worst = replace(TALLY), 0.0
    try:
        return (yield)
    finally:
        if TALLY.networks > before.networks:
            for name, value in vars(TALLY).items():
                done = value if name == "worst" else value - getattr(before, name)
                item.user_properties.append((PREFIX + name, done))
        TALLY.worst = max(TALLY.worst, before.worst)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    total, tests = Tally(), 0
    for reports in terminalreporter.stats.values():
        for report in reports:
            told = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", "") == "call" and PREFIX + "networks" in told:
                total.add(Tally(**{name: told[PREFIX + name] for name in vars(total)}))
                tests += 1
    if tests:
        terminalreporter.write_line(f"backprove: {total.said()} ({tests} {'test' if tests == 1 else 'tests'})")
