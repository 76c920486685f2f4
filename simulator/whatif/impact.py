"""What a change would do to the recorded traffic: who loses connections, who gains them, what is decided elsewhere.

Learn: azure/network-watcher/vnet-flow-logs-overview, azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, get_args

import numpy as np
from msgspec import Struct

from simulator.comparison.cases import explained
from simulator.comparison.labels import protocol_name
from simulator.flows.records import FlowRecords, Int64, moment
from simulator.flows.replay import NONE, Replay, replay
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.walk.reasons import Verdict
from simulator.whatif.change import Change
from simulator.whatif.fates import Fate, Fates
from simulator.whatif.moves import MoveVirtualNetwork
from simulator.whatif.standing import ADMIN_STEPS, is_standing, standing_fates
from simulator.whatif.traffic import Traffic, named, recorded_flows, traffic_of

#: How a conversation's fate changes, in the order in which people want to hear it.
Kind = Literal[
    "breaks", "opens", "breaks_in_part", "opens_in_part", "may_break", "may_open", "other_rule", "other_route"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_VERDICT_KINDS: dict[tuple[Verdict, Verdict], Kind] = {
    (Verdict.ALLOW, Verdict.DENY): "breaks",
    (Verdict.DENY, Verdict.ALLOW): "opens",
    (Verdict.ALLOW, Verdict.INTERMITTENT): "breaks_in_part",
    (Verdict.INTERMITTENT, Verdict.DENY): "breaks_in_part",
    (Verdict.DENY, Verdict.INTERMITTENT): "opens_in_part",
    (Verdict.INTERMITTENT, Verdict.ALLOW): "opens_in_part",
    (Verdict.ALLOW, Verdict.UNKNOWN): "may_break",
    (Verdict.INTERMITTENT, Verdict.UNKNOWN): "may_break",
    (Verdict.UNKNOWN, Verdict.INTERMITTENT): "may_open",
    (Verdict.UNKNOWN, Verdict.DENY): "may_break",
    (Verdict.DENY, Verdict.UNKNOWN): "may_open",
    (Verdict.UNKNOWN, Verdict.ALLOW): "may_open",
}
Mode = Literal["steady_state", "new_flows_only"]
#: How to read an impact of each mode.
MODE_NOTES: dict[Mode, str] = {
    "steady_state": "steady_state: every flow is decided anew. In Azure a flow that stands when a network security "
    "group changes goes on until it ends or falls idle",
    "new_flows_only": "new_flows_only: a flow that stands when the log ends is not decided anew by security groups and "
    "admin rules; changed routes apply to it, and Azure Firewall drops it if its changed rules deny it",
}

#: What Azure does not do in one step.
MOVE_NOTE = (
    "Azure moves no virtual network: it is taken as built anew in the other region with the addresses that it has, and "
    "there only those configurations of network managers apply that are deployed to that region"
)


class Witness(Struct, frozen=True, order=True):
    """One recorded packet, as `vnetsim explain` takes it."""

    source: str
    destination: str
    destination_port: int
    source_port: int
    protocol: str


class ImpactRow(Struct, frozen=True):
    """Recorded conversations that the change treats alike.

    Attributes
    ----------
    source, destination : endpoint, on-premises host or network, subnet or ``Internet``; else the address.
    port : destination port, -1 for protocols without ports.
    conversations : distinct 5-tuples; one that both its ends logged counts once.
    bytes : both ways, while the log covered them. attempts : tuples that began or denied a flow.
    """

    kind: Kind
    source: str
    destination: str
    protocol: str
    port: int
    conversations: int
    bytes: int
    attempts: int
    last_seen: datetime
    before: Fate
    after: Fate
    witness: Witness

    @property
    def text(self) -> str:
        port = f"/{self.port}" if self.port != NONE else ""
        who = f"{self.source} -> {self.destination} {self.protocol.lower()}{port}"
        if self.kind == "other_route":
            return f"{who}: {self.before.route_text} -> {self.after.route_text}"
        return f"{who}: {self.before} -> {self.after}"


class Impact(Struct, frozen=True, eq=False):
    """The recorded conversations whose verdict, deciding rule or route changes, worst first.

    `conversations` are all that were recorded, `undecided` those that neither network decides; each is in one row, or
    undecided, or unchanged. A reply that was logged as a flow of its own is none: it goes as what it answers goes.
    `surviving` are those that would be denied if they began after the change, but stand when it is made: they go on
    until they end or fall idle; none in the mode ``steady_state``. `notes` says how to read the rest.
    """

    change: Change
    before: Replay
    after: Replay
    rows: tuple[ImpactRow, ...]
    conversations: int
    undecided: int
    notes: tuple[str, ...]
    mode: Mode = "steady_state"
    surviving: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ImpactRow]:
        return iter(self.rows)

    def of(self, kind: Kind) -> tuple[ImpactRow, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if row.kind == kind)

    def summary(self) -> dict[str, int]:
        """Conversations by kind, worst first, zeros too, and those that stay as they are; `undecided` are the rest."""
        counts: dict[str, int] = {kind: sum(row.conversations for row in self.of(kind)) for kind in KINDS}
        return {**counts, "unchanged": self.conversations - self.undecided - sum(counts.values())}


def what_if(network: Network, change: Change, *, flows: FlowRecords, new_flows_only: bool = False) -> Impact:
    """Predict the recorded conversations in `network` and in the network after `change`, and compare.

    Parameters
    ----------
    new_flows_only : decide flows that stand when the log ends as Azure does when the change is made then, which is not
        anew by security groups and admin rules. Default: the steady state, in which every flow has begun anew.

    Raises
    ------
    ChangeError : the change does not fit the network.
    """
    after = build_network(change.apply(network.as_read), network.assumptions)
    return impact_of(change, replay(network, flows), replay(after, flows), new_flows_only=new_flows_only)


def impact_of(change: Change, before: Replay, after: Replay, *, new_flows_only: bool = False) -> Impact:
    """The impact from replays of the same records in two networks."""
    fates, flow = Fates(), recorded_flows(before)
    old, new = fates.of(before, flow), fates.of(after, flow)
    anew = new
    if new_flows_only:
        new = np.where(is_standing(before, flow), standing_fates(change, before, after, flow, old, fates), anew)
    alike = fates.alike
    verdicts, is_own = np.array([fate.verdict for fate in fates.all], np.uint8), ~before.is_reply
    is_undecided = (verdicts[old] == Verdict.UNKNOWN) & (verdicts[new] == Verdict.UNKNOWN)
    changed = np.flatnonzero(is_own & ~is_undecided & (alike[old] != alike[new]))
    rows = _rows(before, traffic_of(before, flow, changed), old, new, fates)
    survives = is_own & (verdicts[anew] == Verdict.DENY) & (verdicts[new] != Verdict.DENY)
    count, undecided, surviving = (len(np.unique(flow[held])) for held in (is_own, is_own & is_undecided, survives))
    mode: Mode = "new_flows_only" if new_flows_only else "steady_state"
    notes = (MODE_NOTES[mode], *_surviving(surviving), *_notes(change, before, undecided))
    return Impact(change, before, after, rows, count, undecided, notes, mode, surviving)


def _surviving(count: int) -> Iterator[str]:
    if count:
        told = "conversation that stands" if count == 1 else "conversations that stand"
        what = "it goes on until it ends or falls" if count == 1 else "they go on until they end or fall"
        yield f"{count} {told} would be denied after the change if begun anew: {what} idle"


def _notes(change: Change, before: Replay, undecided: int) -> tuple[str, ...]:
    notes = []
    if any(isinstance(step, ADMIN_STEPS) for step in change.steps):
        notes.append("admin rules reach a network only when they are deployed: the change is taken as deployed")
    if any(isinstance(step, MoveVirtualNetwork) for step in change.steps):
        notes.append(MOVE_NOTE)
    if undecided:
        told = "conversation is" if undecided == 1 else "conversations are"
        notes.append(f"{undecided} {told} not decided in either network: the export lacks what decides them")
    contradicted = explained(before).mismatches
    if contradicted:
        told = "conversation contradicts" if contradicted == 1 else "conversations contradict"
        notes.append(f"{contradicted} recorded {told} the prediction for the network as it is: see diff")
    if before.records.malformed:
        notes.append(f"{len(before.records.malformed)} pieces of the flow logs could not be read and are left out")
    return tuple(notes)


def _rows(replay: Replay, traffic: Traffic, old: Int64, new: Int64, fates: Fates) -> tuple[ImpactRow, ...]:
    """One row for each source, destination, port and change of fate."""
    rows = []
    for held in named(replay, traffic, old, new):
        before, after = fates.all[held.before], fates.all[held.after]
        row = ImpactRow(
            kind=_kind(before, after),
            source=held.source,
            destination=held.destination,
            protocol=protocol_name(held.protocol),
            port=held.port,
            conversations=held.conversations,
            bytes=held.bytes,
            attempts=held.attempts,
            last_seen=moment(held.last_time),
            before=before,
            after=after,
            witness=min(_witness(replay, at) for at in held.examples),
        )
        rows.append(row)
    return tuple(sorted(rows, key=_worst_first))


def _kind(before: Fate, after: Fate) -> Kind:
    if before.verdict != after.verdict:
        return _VERDICT_KINDS[before.verdict, after.verdict]
    return "other_rule" if (before.rule, before.reason) != (after.rule, after.reason) else "other_route"


def _worst_first(row: ImpactRow) -> tuple[object, ...]:
    return (KINDS.index(row.kind), -row.bytes, -row.conversations, -row.attempts, row.text, row.witness)


def _witness(replay: Replay, at: int) -> Witness:
    flows = replay.conversations
    protocol = int(flows.protocol[at])
    return Witness(
        source=flows.source.text(at),
        destination=flows.destination.text(at),
        destination_port=int(flows.destination_port[at]),
        source_port=int(flows.source_port[at]),
        protocol=protocol_name(protocol),
    )
