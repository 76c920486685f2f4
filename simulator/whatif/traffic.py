"""Recorded traffic that a change treats alike: counted once though several NICs logged it, and named for people.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from simulator.comparison.labels import Parties
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import BEGIN, DENIED, Int64
from simulator.flows.replay import NONE, Replay
from simulator.walk.packets import TCP, UDP
from simulator.whatif.fates import places_passed


def recorded_flows(replay: Replay) -> Rows:
    """Conversations that are the same flow, seen at several NICs: equal 5-tuples that start at the same place."""
    flows = replay.conversations
    packet = (flows.source, flows.destination, flows.source_port, flows.destination_port, flows.protocol)
    starts = places_passed(replay)[:1]
    _, group = distinct_rows([*packet, *(start[replay.packet] for start in starts)])
    return group


class Traffic(Struct, frozen=True):
    """Recorded traffic in parts that one row of the impact takes whole: an example of each, and its figures."""

    conversation: Rows
    conversations: Int64
    bytes: Int64
    attempts: Int64
    last_time: Int64


def traffic_of(replay: Replay, flow: Rows, changed: Rows) -> Traffic:
    """The changed conversations by flow: what both ends logged counts once, at the NIC that saw more.

    The example of a flow is the conversation of its first NIC, whose names of shared addresses the rows take.
    """
    changed = changed[np.argsort(replay.endpoint[changed], kind="stable")]
    flows, records = replay.conversations, replay.records
    is_attempt = (records.state == BEGIN) | (records.state == DENIED)
    attempts = np.bincount(flows.of_record[is_attempt], minlength=len(flows)).astype(np.int64)
    first, group = distinct_rows([flow[changed]])
    at_nic, nic = distinct_rows([group, flows.mac[changed], flows.direction[changed]])

    def most(column: Int64) -> Int64:
        by_flow = np.zeros(len(first), np.int64)
        np.maximum.at(by_flow, group[at_nic], _sums(column[changed], nic, len(at_nic)))
        return by_flow

    return Traffic(
        conversation=changed[first],
        conversations=np.ones(len(first), np.int64),
        bytes=most(flows.bytes_sent + flows.bytes_received),
        attempts=most(attempts),
        last_time=_latest(flows.last_time[changed], group, len(first)),
    )


def _by_ends(replay: Replay, traffic: Traffic, old: Int64, new: Int64) -> Traffic:
    """`traffic` with one part for each logging NIC, pair of addresses, port and change, so that few are named.

    The example of each is the conversation with the smallest ports, as `Witness` is ordered.
    """
    flows = replay.conversations
    ports = (flows.source_port[traffic.conversation], flows.destination_port[traffic.conversation])
    order = np.lexsort(ports)
    example = traffic.conversation[order]
    ends = (replay.endpoint, flows.source, flows.destination, flows.protocol, old, new)
    has_ports = np.isin(flows.protocol[example], (TCP, UDP))
    port = np.where(has_ports, flows.destination_port[example], NONE)
    first, group = distinct_rows([*(column[example] for column in ends), port])
    return Traffic(
        conversation=example[first],
        conversations=_sums(traffic.conversations[order], group, len(first)),
        bytes=_sums(traffic.bytes[order], group, len(first)),
        attempts=_sums(traffic.attempts[order], group, len(first)),
        last_time=_latest(traffic.last_time[order], group, len(first)),
    )


def _sums(values: Int64, group: Rows, count: int) -> Int64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, values)
    return sums


def _latest(times: Int64, group: Rows, count: int) -> Int64:
    latest = np.zeros(count, np.int64)
    np.maximum.at(latest, group, times)
    return latest


class NamedTraffic(Struct, frozen=True):
    """Traffic between two names to one port, with the numbers of what it was and would be.

    `port` is -1 for protocols without ports, `last_time` in milliseconds since 1970 UTC; `examples` are conversations.
    """

    source: str
    destination: str
    protocol: int
    port: int
    before: int
    after: int
    conversations: int
    bytes: int
    attempts: int
    last_time: int
    examples: list[int]


def named(replay: Replay, traffic: Traffic, old: Int64, new: Int64) -> Iterator[NamedTraffic]:
    """The traffic by source, destination, port, and what it was and would be: `old` and `new` of each conversation."""
    flows, parties = replay.conversations, Parties(replay.network)
    traffic = _by_ends(replay, traffic, old, new)
    members: dict[tuple[str, str, int, int, int, int], list[int]] = {}
    for number, at in enumerate(traffic.conversation.tolist()):
        nic = replay.nic(at)
        vnet = nic.virtual_network if nic else None
        source, destination = (parties.name(vnet, side.value(at)) for side in (flows.source, flows.destination))
        protocol = int(flows.protocol[at])
        port = int(flows.destination_port[at]) if protocol in (TCP, UDP) else NONE
        key = (source, destination, protocol, port, int(old[at]), int(new[at]))
        members.setdefault(key, []).append(number)
    for key, numbers in members.items():
        yield NamedTraffic(
            *key,
            conversations=int(traffic.conversations[numbers].sum()),
            bytes=int(traffic.bytes[numbers].sum()),
            attempts=int(traffic.attempts[numbers].sum()),
            last_time=int(traffic.last_time[numbers].max()),
            examples=traffic.conversation[numbers].tolist(),
        )
