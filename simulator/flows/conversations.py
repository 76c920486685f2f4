"""Distinct conversations of a flow log: what a prediction is made for once and gathered back onto the records.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.records import BEGIN, CONTINUE, DENIED, END, FlowRecords, Int64, UInt8
from simulator.walk.packets import Addresses, Bools, Int32, Packets

#: A flow that Azure re-creates begins again within this many milliseconds of its end.
SPLIT_WITHIN = 1
#: Counters without a begin of at most this many packets each way are taken as those of the last five minutes: ten a
#: second. The one lifetime seen in a real log was of 27,347 packets, of a flow that else reported 2 to 5.
MOST_PACKETS = 3000
#: Bytes of the largest IP packet; counters that hold more bytes than their packets could are not believed.
LARGEST_PACKET = 65535


class Conversations(Struct, frozen=True, eq=False):
    """One row for each distinct (mac, direction, 5-tuple, acl, rule, encryption, denied?), by first appearance.

    `mac`, `acl`, `rule` and `encryption` index the texts of `records`. The code of encryption tells conversations apart
    as the rule does: a flow that is encrypted at first and not later has two, each with its own time, bytes and
    explanation. `of_record` gives each record its conversation; `count` is how many records it has, `first_time` and
    `last_time` are milliseconds since 1970 UTC.

    `bytes_sent` and `bytes_received` count what passed while the log covered the conversation. Azure's counters are
    those since the tuple before, with two exceptions seen in real logs: after an end that a begin follows at once the
    next counters go on from the old ones, so only the growth is added; and counters that no begin precedes may hold the
    flow's whole life, so they are kept apart in `bytes_before_log`. Those that stand first and hold no more than
    `MOST_PACKETS` are counted; those after an end never are. Empty counters add nothing.

    The tuple before is that of the session: (mac, direction, 5-tuple), whatever ACL, rule and code the log names, since
    a flow may begin under one and go on under another. Bytes belong to the conversation of the tuple that reports them,
    so the conversations of a session add up to what passed.
    """

    records: FlowRecords
    of_record: Int32
    mac: Int32
    direction: UInt8
    source: Addresses
    destination: Addresses
    source_port: Int32
    destination_port: Int32
    protocol: UInt8
    acl: Int32
    rule: Int32
    encryption: Int32
    is_denied: Bools
    count: Int64
    first_time: Int64
    last_time: Int64
    bytes_sent: Int64
    bytes_received: Int64
    bytes_before_log: Int64

    @classmethod
    def of(cls, records: FlowRecords) -> Conversations:
        denied = records.state == DENIED
        flow: list[Column | Addresses] = [
            records.mac,
            records.direction,
            records.source,
            records.destination,
            records.source_port,
            records.destination_port,
            records.protocol,
        ]
        decided = [records.acl, records.rule, records.encryption, denied.astype(np.uint8)]
        first, group = distinct_rows([*flow, *decided])
        _, session = distinct_rows([column[first] for column in flow])
        size = len(first)
        first_time = np.full(size, np.iinfo(np.int64).max)
        last_time = np.full(size, np.iinfo(np.int64).min)
        np.minimum.at(first_time, group, records.time)
        np.maximum.at(last_time, group, records.time)
        sent, received, before = _bytes(records, group, session)
        return cls(
            records=records,
            of_record=group.astype(np.int32),
            mac=records.mac[first],
            direction=records.direction[first],
            source=records.source[first],
            destination=records.destination[first],
            source_port=records.source_port[first],
            destination_port=records.destination_port[first],
            protocol=records.protocol[first],
            acl=records.acl[first],
            rule=records.rule[first],
            encryption=records.encryption[first],
            is_denied=denied[first],
            count=np.bincount(group, minlength=size).astype(np.int64),
            first_time=first_time,
            last_time=last_time,
            bytes_sent=sent,
            bytes_received=received,
            bytes_before_log=before,
        )

    def __len__(self) -> int:
        return len(self.mac)

    def decisions(self) -> Rows:
        """A number for each conversation: those that differ in nothing but the code of encryption have one."""
        if len(self.records.encryptions) < 2:
            return np.arange(len(self))
        ends: list[Column | Addresses] = [
            self.mac,
            self.direction,
            self.source,
            self.destination,
            self.source_port,
            self.destination_port,
        ]
        _, number = distinct_rows([*ends, self.protocol, self.acl, self.rule, self.is_denied.astype(np.uint8)])
        return number

    def packets(self, context_of_mac: Mapping[str, int]) -> Packets:
        """One packet a conversation, in the direction of its first packet.

        `context_of_mac` gives the virtual network of a NIC as `Packets.context` has it, by MAC address (twelve
        upper-case hexadecimal digits); a MAC that is missing leaves the context to the source address.
        """
        contexts = np.array([context_of_mac.get(mac, -1) for mac in self.records.macs], np.int32)
        return Packets(
            self.source,
            self.destination,
            self.source_port,
            self.destination_port,
            self.protocol,
            contexts[self.mac] if len(self) else np.zeros(0, np.int32),
            np.full(len(self), -1, np.int32),
        )


def _bytes(records: FlowRecords, group: Rows, session: Rows) -> tuple[Int64, Int64, Int64]:
    """Bytes sent, bytes received, and bytes of counters that may reach back before the log, by conversation.

    `group` is the conversation of each record, `session` the session of each conversation.
    """
    rows = _along_sessions(records, group, session)
    group, state, time = group[rows], records.state[rows], records.time[rows]
    of_session = session[group]
    is_next = np.zeros(len(rows), np.bool_)  # the row before is of the same session
    is_next[1:] = of_session[1:] == of_session[:-1]
    is_after_end = is_next.copy()
    is_after_end[1:] &= state[:-1] == END
    counts = np.flatnonzero((state == CONTINUE) | (state == END))
    counters = np.stack(
        [
            np.maximum(column[rows[counts]], 0)
            for column in (records.packets_sent, records.bytes_sent, records.packets_received, records.bytes_received)
        ]
    )
    # Counters run since the tuple before: the first of a session has none in the log, after an end a begin must come.
    is_covered = np.where(is_next[counts], ~is_after_end[counts], _are_of_one_interval(counters))

    # An end whose flow begins again at once; the next counters may go on from it.
    is_split = np.zeros(len(rows), np.bool_)
    is_split[:-1] = is_after_end[1:] & (state[1:] == BEGIN) & (time[1:] - time[:-1] <= SPLIT_WITHIN)
    before = np.zeros_like(counters)
    follows_split = np.zeros(len(counts), np.bool_)
    follows_split[1:] = is_split[counts[:-1]] & (of_session[counts[1:]] == of_session[counts[:-1]])
    before[:, 1:] = counters[:, :-1]
    goes_on = follows_split & (counters >= before).all(axis=0)
    growth = counters - np.where(goes_on, before, 0)

    def total(values: npt.NDArray[np.int64], rows: npt.NDArray[np.bool_]) -> Int64:
        sums = np.zeros(len(session), np.int64)
        np.add.at(sums, group[counts[rows]], values[rows])
        return sums

    return total(growth[1], is_covered), total(growth[3], is_covered), total(growth[1] + growth[3], ~is_covered)


def _along_sessions(records: FlowRecords, group: Rows, session: Rows) -> Rows:
    """The rows that were not denied, session by session in order of time.

    Tuples of one conversation and millisecond, such as an end and a begin, stay as they stand. Of two conversations the
    one that begins in that millisecond comes last: a record lists its rules in an order that is not that of time.
    """
    rows = np.flatnonzero(records.state != DENIED)
    rows = rows[np.lexsort((records.time[rows], group[rows]))]
    time, conversation = records.time[rows], group[rows]
    starts = np.ones(len(rows), np.bool_)
    starts[1:] = (time[1:] != time[:-1]) | (conversation[1:] != conversation[:-1])
    begins = (records.state[rows] == BEGIN)[starts][np.cumsum(starts) - 1]
    return rows[np.lexsort((begins, time, session[conversation]))]


def _are_of_one_interval(counters: npt.NDArray[np.int64]) -> Bools:
    """Whether counters (packets and bytes sent, packets and bytes received) may count five minutes and no more."""
    packets, size = counters[::2], counters[1::2]
    plausible: Bools = np.all((packets <= MOST_PACKETS) & (size <= packets * LARGEST_PACKET), axis=0)
    return plausible
