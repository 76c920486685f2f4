"""Effective route tables against those that Azure printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.network.effective_routes import effective_routes, routes_to_azure
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.truth import Question, nic_of, questions

#: Reserved blocks that every recording with any such block shows; the rest of that list changes from year to year.
STABLE_RESERVED = frozenset({"10.0.0.0/8", "100.64.0.0/10", "192.168.0.0/16"})
Row = tuple[str, str, frozenset[str], str, tuple[str, ...]]


def route_tables(shared: Path) -> Iterator[Answer]:
    for question in questions(shared, "effective_routes"):
        nic = nic_of(question)
        if question.why_not or nic is None:
            yield not_askable(question.name, question.why_not or "no interface in the state")
        else:
            yield judged(question.name, is_right(question, nic), "the tables differ")


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
