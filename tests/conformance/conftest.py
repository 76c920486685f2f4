"""The conformance summary at the end of a test run; docs/reference/conformance.md holds every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.answers import counts
from tests.conformance.registry import FAMILIES, answers_of

_SHARED = pytest.StashKey[Path]()


@pytest.fixture(scope="session", autouse=True)
def _remember(request: pytest.FixtureRequest, shared: Path) -> None:
    request.config.stash[_SHARED] = shared


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    shared = config.stash.get(_SHARED, None)
    if shared is None:
        return
    write = terminalreporter.write_line
    terminalreporter.section("conformance to recorded Azure answers")
    write(f"{'':30}{'held':>6}{'asked':>7}{'right':>7}{'wrong':>7}  not askable")
    for family in FAMILIES:
        found = counts(answers_of(family, shared))
        asked = found["right"] + found["wrong"]
        numbers = f"{found.total():6}{asked:7}{found['right']:7}{found['wrong']:7}{found['not askable']:13}"
        write(f"{family.name:30}{numbers}")
    write("every wrong and not askable answer, with its reason: docs/reference/conformance.md")
