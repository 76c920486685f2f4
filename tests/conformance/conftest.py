"""The conformance report: every recorded answer that was asked for, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

import pytest

Outcome = Literal["right", "wrong", "not askable"]
Record = Callable[[str, Outcome, str], None]
_ROWS = pytest.StashKey[list[tuple[str, Outcome, str]]]()


@pytest.fixture(scope="session")
def record(request: pytest.FixtureRequest) -> Record:
    """``record(kind, outcome, why)``: one row. `why` names the case, and the reason unless it is right."""
    rows = request.config.stash.setdefault(_ROWS, [])

    def add(kind: str, outcome: Outcome, why: str) -> None:
        rows.append((kind, outcome, why))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(_ROWS, [])
    if not rows:
        return
    write = terminalreporter.write_line
    terminalreporter.section("conformance to recorded Azure answers")
    write(f"{'question':42}{'held':>6}{'asked':>7}{'right':>7}{'wrong':>7}  not askable")
    for kind in dict.fromkeys(kind for kind, _, _ in rows):
        count = Counter(outcome for held, outcome, _ in rows if held == kind)
        asked = count["right"] + count["wrong"]
        line = f"{kind:42}{count.total():6}{asked:7}{count['right']:7}{count['wrong']:7}{count['not askable']:13}"
        write(line)
    for (kind, outcome, why), times in Counter(row for row in rows if row[1] != "right").items():
        write(f"  {outcome}: {kind}: {why}" + (f" ({times}×)" if times > 1 else ""))
