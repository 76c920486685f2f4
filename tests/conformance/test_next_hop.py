"""Next hops against those that Network Watcher answered."""

from __future__ import annotations

from pathlib import Path

from simulator.azure.resource import ResourceId
from simulator.network.effective_routes import NextHop, next_hop
from tests.conformance.conftest import Record
from tests.conformance.truth import Question, nic_of, questions

KIND = "next hop"
#: Network Watcher of 2017 said VnetLocal where it later says VirtualNetwork.
OLD_SPELLING = {"VnetLocal": "VirtualNetwork"}


def recorded(question: Question) -> NextHop:
    answer = question.answer
    table = answer.get("routeTableId")
    kind: str = answer["nextHopType"]
    return NextHop(
        OLD_SPELLING.get(kind, kind),
        answer.get("nextHopIpAddress") or None,
        ResourceId(table) if table and table != "System Route" else None,
    )


def test_next_hops_equal_the_recorded_ones(shared: Path, record: Record) -> None:
    wrong = []
    for question in questions(shared, "next_hop"):
        nic, destination = nic_of(question), question.text.get("destinationIPAddress")
        if question.why_not or nic is None or destination is None:
            record(KIND, "not askable", f"{question.name}: {question.why_not or 'no interface or destination'}")
        elif next_hop(question.network, nic, destination) == recorded(question):
            record(KIND, "right", question.name)
        else:
            record(KIND, "wrong", question.name)
            wrong.append(question.name)
    assert wrong == []
