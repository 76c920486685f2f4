"""Sessions of the question files: what a change does to one that stands, and to one that begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import simulator as sim
from simulator.azure.snapshot import Snapshot
from simulator.flows.points import invented_mac
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.network.model import Network
from simulator.walk.predictions import Observation
from simulator.walk.trace import Trace
from simulator.whatif.change import Change
from tests.scenarios.question_files import Session

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class OtherTopology:
    """A step that change files do not have: the network of another file takes the place of this one."""

    path: Path
    position: None = None

    def apply(self, snapshot: Snapshot) -> Snapshot:
        return sim.load_snapshot(self.path)


def change_of(folder: Path, session: Session) -> Change:
    if session.after is None:
        return sim.load_change(folder / str(session.change))
    return Change(session.after, (OtherTopology(folder / session.after),))  # type: ignore[arg-type]


def kinds_of_impact(network: Network, change: Change, trace: Trace, *, new_flows_only: bool) -> str:
    """How the session of `trace` fares: the kind of its row in the impact, ``unchanged`` where it has none."""
    impact = sim.what_if(network, change, flows=begun(trace), new_flows_only=new_flows_only)
    return " ".join(row.kind for row in impact) or "unchanged"


def begun(trace: Trace) -> FlowRecords:
    """A log of one session that has begun and not ended, as the NICs on its way wrote it."""
    seen = [held for held in trace.prediction.observations if held.endpoint.kind == "nic"]
    return FlowRecords.of(_begin(trace, held) for held in seen)


def _begin(trace: Trace, seen: Observation) -> FlowRecord:
    rule, question = seen.rule, trace.question
    return FlowRecord(
        time=NOON,
        mac=invented_mac(seen.endpoint),
        direction=seen.direction,
        source=question.source,
        destination=question.destination,
        source_port=question.source_port,
        destination_port=question.destination_port,
        protocol=question.protocol,
        state="B",
        acl=str(rule.acl) if rule else "",
        rule=("DefaultRule_" if rule.is_default else "UserRule_") + rule.name if rule else "",
    )
