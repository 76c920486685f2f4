"""Effective route tables against those that Azure printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.azure.resource import ResourceId
from simulator.network.effective_routes import effective_routes, routes_to_azure
from tests.conformance.conftest import Record
from tests.conformance.truth import Question, nic_of, questions

KIND = "effective routes"
#: Reserved blocks that every recording with any such block shows; the rest of that list changes from year to year.
STABLE_RESERVED = frozenset({"10.0.0.0/8", "100.64.0.0/10", "192.168.0.0/16"})
Row = tuple[str, str, frozenset[str], str, tuple[str, ...]]


def comparable(rows: list[dict[str, Any]]) -> set[Row]:
    """Rows as values, without the drifting part of the reserved list."""
    held = {
        (
            row["source"],
            row["state"],
            frozenset(row["addressPrefix"]),
            row["nextHopType"],
            tuple(row.get("nextHopIpAddress") or ()),
        )
        for row in rows
    }
    return {row for row in held if row[3] != "None" or row[0] == "User" or row[2] <= STABLE_RESERVED}


def without_ipv6_default(rows: set[Row]) -> set[Row]:
    """In 2018 Azure listed the IPv6 default on virtual networks without IPv6; later recordings of the same do not."""
    return {row for row in rows if row[2] != frozenset({"::/0"})}


def is_right(question: Question, nic: ResourceId) -> bool:
    ours = comparable(routes_to_azure(effective_routes(question.network, nic)))
    theirs = comparable(question.answer["value"])
    return ours == (without_ipv6_default(theirs) if question.recorded_at < "2019" else theirs)


def test_effective_routes_equal_the_recorded_ones(shared: Path, record: Record) -> None:
    wrong = []
    for question in questions(shared, "effective_routes"):
        nic = nic_of(question)
        if question.why_not or nic is None:
            record(KIND, "not askable", f"{question.name}: {question.why_not or 'no interface in the state'}")
        elif is_right(question, nic):
            record(KIND, "right", question.name)
        else:
            record(KIND, "wrong", question.name)
            wrong.append(question.name)
    assert wrong == []


def test_rows_have_the_keys_that_azure_prints(shared: Path) -> None:
    newest = max(questions(shared, "effective_routes"), key=lambda question: question.recorded_at)
    nic = nic_of(newest)
    assert nic is not None
    ours = routes_to_azure(effective_routes(newest.network, nic))
    assert {key for row in ours for key in row} == {key for row in newest.answer["value"] for key in row}


@pytest.mark.parametrize("trust", ["A", "B"])
def test_some_of_each_trust_were_asked(shared: Path, trust: str) -> None:
    assert any(question.trust == trust for question in questions(shared, "effective_routes"))
