"""Writes NSG flow logs, version 2, as Azure did until it retired them.

A network security group logs what its own rules decided last: no admin rules, no platform rules, no encryption. Times
are whole seconds; begins and denials have no counters.

Learn: azure/network-watcher/nsg-flow-logs-overview#log-format
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from msgspec.structs import replace

from simulator.flows.block_blobs import RECORDS, HeldBlobs
from simulator.flows.bulk_text import Piece, words
from simulator.flows.minute_blocks import Block, Groups, MinuteWriter, json_text
from simulator.flows.records import BEGIN, DENIED, NOT_GIVEN, STATES, FlowRecords
from simulator.flows.rule_names import acl_kind
from simulator.flows.vnet_flow_log_writer import counter_pieces, flow_pieces
from simulator.walk.packets import TCP, UDP, Bools, Int32

_GROUPS = "/providers/microsoft.network/networksecuritygroups/"
#: By `FlowRecords.state`: allowed or denied, and the state. A denial is a flow that begins.
_DECISIONS = tuple(b"D,B" if at == DENIED else b"A," + state.encode() for at, state in enumerate(STATES))


class NsgFlowLogWriter(MinuteWriter):
    """Gives the blocks of NSG flow logs."""

    def logged(self, records: FlowRecords) -> tuple[Bools, Int32, tuple[str, ...]]:
        """The tuples that a rule of a group decided, known by the group's id; the log is the group."""
        is_group = np.array([acl_kind(acl) == "arm_id" and _GROUPS in acl.lower() for acl in records.acls], np.bool_)
        is_logged = np.isin(records.protocol, (TCP, UDP)) & is_group[records.acl]
        return is_logged, records.acl, tuple(acl.upper() for acl in records.acls)

    def folder(self, log: str) -> str:
        return f"resourceId={log}"

    def pieces(self, records: FlowRecords) -> list[Piece]:
        ways = words(
            b"%b,%b,%b," % (protocol, way, decision)
            for protocol in (b"T", b"U")
            for way in (b"I", b"O")
            for decision in _DECISIONS
        )
        udp, direction = (records.protocol == UDP).astype(np.intp), records.direction.astype(np.intp)
        return [
            *flow_pieces(records, records.time // 1000),
            ways[(udp * 2 + direction) * len(_DECISIONS) + records.state],
            *counter_pieces(_without_counters_of_begins(records)),
        ]

    def record(self, time: datetime, fraction: str, mac: str, log: str, groups: Groups) -> bytes:
        of_mac = json_text(mac)
        flows = (
            b'{"rule":%b,"flows":[{"mac":%b,"flowTuples":[%b]}]}' % (json_text(group.rule), of_mac, b",".join(tuples))
            for group, tuples in groups.items()
        )
        return (
            b'{"time":"%b.%bZ","systemId":"%b","macAddress":%b,"category":"NetworkSecurityGroupFlowEvent",'
            b'"resourceId":%b,"operationName":"NetworkSecurityGroupFlowEvents",'
            b'"properties":{"Version":2,"flows":[%b]}}'
        ) % (
            f"{time:%Y-%m-%dT%H:%M:%S}".encode(),
            fraction.encode(),
            str(uuid.uuid5(uuid.NAMESPACE_URL, log)).encode(),
            of_mac,
            json_text(log),
            b",".join(flows),
        )


def _without_counters_of_begins(records: FlowRecords) -> FlowRecords:
    """Counters of begins and denials are not given."""
    silent = np.isin(records.state, (BEGIN, DENIED))
    names = ("packets_sent", "bytes_sent", "packets_received", "bytes_received")
    return replace(records, **{name: np.where(silent, NOT_GIVEN, getattr(records, name)) for name in names})


def write_nsg_flow_log(records: FlowRecords, *, phase_seed: int = 0) -> bytes:
    """One blob with every record of `records`, which need not be sorted."""
    return RECORDS.whole(block.data for block in _blocks(records, phase_seed))


def nsg_flow_log_blobs(records: FlowRecords, *, phase_seed: int = 0) -> dict[str, bytes]:
    """The blobs as they lie in the container: one for each security group, hour and MAC, by path."""
    blobs = HeldBlobs()
    blobs.add(_blocks(records, phase_seed))
    return blobs.finished()


def _blocks(records: FlowRecords, phase_seed: int) -> Iterable[Block]:
    order = np.argsort(records.time, kind="stable")
    return NsgFlowLogWriter(phase_seed=phase_seed).blocks([records.select(order)])
