"""Every scenario's expected*.csv: what an Azure engineer expects of each flow, derived by hand from Azure's rules.

Adding a case is adding a row; a folder may hold stages or variants in folders of their own. `rule` is the deciding rule
as ``filter/rule``: the denying one, or, of an allowed flow, the last filter rule that let it pass; empty where no rule
decided. ``expected.csv`` asks the topology, ``expected-after-x.csv`` asks it after ``change-x.yaml``.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from simulator.network.model import Network
from tests.scenarios.questions import Question, ask, network_of

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(SCENARIOS.rglob("expected*.csv"))
TOPOLOGIES = sorted({path.with_name("topology.yaml") for path in FILES})
CHANGES = sorted(path for topology in TOPOLOGIES for path in topology.parent.glob("change-*.yaml"))
COLUMNS = ["source", "destination", "protocol", "port", "verdict", "reason", "rule", "why"]
AFTER = "expected-after-"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def question_of(row: dict[str, str]) -> Question:
    return Question(row["source"], row["destination"], row["protocol"], int(row["port"] or 0))


def network_asked(path: Path) -> Network:
    _, after, change = path.stem.partition(AFTER)
    return network_of(path.with_name("topology.yaml"), path.with_name(f"change-{change}.yaml") if after else None)


def name_of(path: Path) -> str:
    """``learn-erp/stage-5``, ``hub-spoke-after-lock-down-sql``."""
    folder = path.parent.relative_to(SCENARIOS).as_posix()
    return folder if path.stem in ("expected", "topology") else f"{folder}-{path.stem.removeprefix('expected-')}"


CASES = [
    pytest.param(path, at, id=f"{name_of(path)}-{question_of(row)}")
    for path in FILES
    for at, row in enumerate(rows_of(path))
]


@cache
def answers_of(path: Path) -> list[tuple[str, str, str]]:
    """(verdict, reason, rule) of every row, walked as one batch."""
    predictions = ask(network_asked(path), [question_of(row) for row in rows_of(path)])
    return [(found.verdict.name, found.reason, str(found.rule or "")) for found in predictions]


@pytest.mark.parametrize(("path", "at"), CASES)
def test_the_answer_is_the_expected_one(path: Path, at: int) -> None:
    row = rows_of(path)[at]
    assert answers_of(path)[at] == (row["verdict"], row["reason"], row["rule"]), row["why"]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_file_has_the_columns_and_no_question_twice(path: Path) -> None:
    rows = rows_of(path)
    assert list(rows[0]) == COLUMNS
    questions = [question_of(row) for row in rows]
    assert len(questions) == len(set(questions))
    assert all(row["why"] for row in rows)


@pytest.mark.parametrize("path", TOPOLOGIES, ids=name_of)
def test_the_topology_loads_without_errors_and_has_a_guide(path: Path) -> None:
    assert [issue for issue in network_of(path).issues if issue.severity == "error"] == []
    assert any((folder / "README.md").is_file() for folder in (path.parent, path.parent.parent))


@pytest.mark.parametrize("path", CHANGES, ids=name_of)
def test_every_change_fits_its_topology_and_has_expectations(path: Path) -> None:
    network_of(path.with_name("topology.yaml"), path)
    assert path.with_name(f"{AFTER}{path.stem.removeprefix('change-')}.csv") in FILES
