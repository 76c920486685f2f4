"""Next hops against those that Network Watcher answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.azure.resource import ResourceId
from simulator.network.effective_routes import NextHop, next_hop
from tests.conformance.answers import Answer, judged, not_askable
from tests.conformance.truth import Question, nic_of, questions

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


def next_hops(shared: Path) -> Iterator[Answer]:
    for question in questions(shared, "next_hop"):
        nic, destination = nic_of(question), question.text.get("destinationIPAddress")
        if question.why_not or nic is None or destination is None:
            yield not_askable(question.name, question.why_not or "no interface or destination")
            continue
        ours, theirs = next_hop(question.network, nic, destination), recorded(question)
        yield judged(question.name, ours == theirs, f"Azure {theirs}, we {ours}")
