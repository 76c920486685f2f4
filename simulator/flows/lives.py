"""The lives of flows, and the tuples that the NICs on their way write of them in a span of time.

A flow that is answered has a begin, a continue every five minutes and an end; one that hears nothing ends by the flow
timeout; one that is denied has a tuple an attempt; of a probe of the platform there is a begin or an end and no more.
Counters are those since the tuple before. A flow that Azure
re-creates goes on as an end with a begin at its heels, and its counters go on from the old ones; of a flow that began
before the log the first counters may hold its whole life. Both were seen in real logs.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from simulator.flows.distinct import Rows
from simulator.flows.points import ANSWERED, DENIED_HERE, PROBED, UNANSWERED, Points
from simulator.flows.records import (
    BEGIN,
    CONTINUE,
    DENIED,
    END,
    NOT_GIVEN,
    FlowRecords,
    Int64,
    Locators,
    UInt8,
)
from simulator.flows.stable_order import stable_order
from simulator.flows.timeouts import CONTINUE_EVERY, SECOND
from simulator.walk.packets import TCP, Bools, Int32

#: When a TCP client that hears nothing sends its SYN; and what else was seen: several within one millisecond.
SYN_TIMES = (0, 1 * SECOND, 3 * SECOND, 7 * SECOND)
BURST = (0, 0, 0, 1 * SECOND)
RETRIES = np.array([SYN_TIMES, BURST], np.int64)
SYN_BYTES = 66
#: The clocks of two hosts differ by up to twice this many milliseconds.
CLOCK_SKEW = 50
#: Bits of `Lives.traits`: re-created at every continue; first counters of the whole life; begins without counters.
RECREATED, LIFETIME, EMPTY = 1, 2, 4

_INBOUND = 0
_BLOBS = ("synthetic",)


class Span(NamedTuple):
    """From `start` up to, and without, `end`: milliseconds since 1970 UTC."""

    start: int
    end: int


class Lives(Struct, frozen=True, eq=False):
    """One row a flow. Times are milliseconds, `begin` since 1970 UTC; rows of two are (sent, received).

    `packet` is the row of the flow's packet in the points. `duration` runs from the first packet to the last, `idle`
    from there to the tuple that ends the flow. `attempts` counts what a client sends that hears nothing, at the times
    of the row `retry` of `RETRIES`. `every` lies between two continue tuples. Of the packets sent, `lost` never arrive.
    """

    packet: Int32
    source_port: Int32
    begin: Int64
    duration: Int64
    packets: Int64  # [2, flows]
    packet_bytes: Int64  # [2, flows]
    attempts: UInt8
    idle: Int64
    every: Int64
    lost: Int64
    retry: UInt8
    traits: UInt8

    @classmethod
    def of(
        cls,
        packet: Int32,
        source_port: Int32,
        begin: Int64,
        duration: Int64,
        packets: Int64,
        packet_bytes: Int64,
        attempts: Int64,
    ) -> Lives:
        """Lives without any oddity."""
        count = len(packet)
        nothing, plain = np.zeros(count, np.int64), np.zeros(count, np.uint8)
        every = np.full(count, CONTINUE_EVERY)
        tried = attempts.astype(np.uint8)
        return cls(
            packet, source_port, begin, duration, packets, packet_bytes, tried, nothing, every, nothing, plain, plain
        )

    def __len__(self) -> int:
        return len(self.packet)

    def select(self, index: Rows | Bools) -> Lives:
        return Lives(*(getattr(self, name)[..., index] for name in self.__struct_fields__))

    @classmethod
    def concatenate(cls, parts: Sequence[Lives]) -> Lives:
        names = cls.__struct_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names))


def drawn_alike(count: int, source_port: Int32, span: Span, seed: int) -> Lives:
    """Heavy-tailed sizes and durations, the same for every kind of traffic: most flows last seconds and a few run for
    the whole span, in which all begin. Row `i` is the flow of packet `i`."""
    random = np.random.default_rng(seed)
    return Lives.of(
        packet=np.arange(count, dtype=np.int32),
        source_port=source_port,
        begin=span.start + random.integers(0, span.end - span.start, count),
        duration=np.minimum(random.lognormal(8.5, 2.5, count), 24 * 3600 * SECOND).astype(np.int64),
        packets=1 + np.minimum(random.lognormal(2.5, 1.5, (2, count)), 1e9).astype(np.int64),
        packet_bytes=random.integers(SYN_BYTES, 1400, (2, count)),
        attempts=random.integers(1, len(SYN_TIMES) + 1, count),
    )


def skews(seed: int, macs: Sequence[str]) -> Int64:
    """How far the clock of each NIC's host is ahead, in milliseconds."""
    return np.array([_digest(seed, mac) % (2 * CLOCK_SKEW + 1) - CLOCK_SKEW for mac in macs], np.int64)


def last_times(points: Points, lives: Lives) -> Int64:
    """A time by which everything is written of each flow."""
    answered = lives.duration + lives.idle
    longest = np.zeros(len(points.first) - 1, np.int64)
    silent = points.fate == UNANSWERED
    np.maximum.at(longest, points.packet[silent], points.timeout[silent])
    latest: Int64 = lives.begin + np.maximum(answered, longest[lives.packet] + SYN_TIMES[-1]) + CLOCK_SKEW
    return latest


def flow_tuples(points: Points, lives: Lives, log: Span, span: Span, skew: Int64) -> FlowRecords:
    """The tuples of all flows whose time lies in `span`, sorted by time.

    Parameters
    ----------
    log : what the whole log covers. A NIC whose clock runs behind sees no flow begin before it that did not; of a flow
        that began before it no tuple says so. Cutting the log into spans changes no tuple.
    skew : by number of the MAC, see `skews`.
    """
    view = _Views.of(points, lives, log, skew)
    before = view.written_before(span.start - view.begin)
    count = view.written_before(span.end - view.begin) - before
    at = np.repeat(np.arange(len(view.life)), count)
    ordinal = before[at] + np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    tuples = view.tuples(at, ordinal, log)
    order = stable_order(tuples.time - span.start, span.end - span.start)
    return _records(points, lives, view, tuples, order)


class _Tuples(NamedTuple):
    """Tuples of views: which view writes, when, in which state, and four counters."""

    view: Rows
    time: Int64
    state: UInt8
    counters: tuple[Int64, Int64, Int64, Int64]


class _Views(Struct, frozen=True):
    """One row for each point of each flow: what one NIC sees of one flow, in the order of flows and of travel."""

    points: Points
    lives: Lives
    life: Rows
    point: Rows
    fate: UInt8
    begin: Int64
    attempts: Int64
    end: Int64  # from the begin to the tuple that ends the flow
    continues: Int64

    @classmethod
    def of(cls, points: Points, lives: Lives, log: Span, skew: Int64) -> _Views:
        first, stop = points.first[lives.packet], points.first[lives.packet + 1]
        count = stop - first
        life = np.repeat(np.arange(len(lives)), count)
        point = np.repeat(first - (np.cumsum(count) - count), count) + np.arange(len(life))
        own = lives.begin[life]
        begin = own + skew[points.mac[point]]
        begin = np.where(own >= log.start, np.maximum(begin, log.start), begin)
        fate = points.fate[point]
        attempts = np.where(points.protocol[point] == TCP, lives.attempts[life], 1).astype(np.int64)
        end = lives.duration[life] + lives.idle[life]
        silent = np.flatnonzero(fate == UNANSWERED)
        last_try = RETRIES[lives.retry[life[silent]], attempts[silent] - 1]
        end[silent] = last_try + points.timeout[point[silent]]
        continues = np.where(fate == ANSWERED, np.maximum((lives.duration[life] - 1) // lives.every[life], 0), 0)
        return cls(points, lives, life, point, fate, begin, attempts, end, continues)

    def written_before(self, age: Int64) -> Int64:
        """How many tuples each view has written before this many milliseconds of the flow's life."""
        begun = (age > 0).astype(np.int64)
        every = self.lives.every[self.life]
        written = begun + np.clip((age - 1) // every, 0, self.continues) + (age > self.end)
        denied = np.flatnonzero(self.fate == DENIED_HERE)
        tries = np.arange(RETRIES.shape[1]) < self.attempts[denied, None]
        due = RETRIES[self.lives.retry[self.life[denied]]] < age[denied, None]
        written[denied] = (tries & due).sum(axis=1)
        return np.where(self.fate == PROBED, begun, written)

    def tuples(self, at: Rows, ordinal: Int64, log: Span) -> _Tuples:
        """The tuples of these ordinals of views `at`, in that order; a re-created flow's begins behind its ends."""
        lives, life, fate = self.lives, self.life[at], self.fate[at]
        is_last = ordinal == self.continues[at] + 1
        is_denied, is_probe = fate == DENIED_HERE, fate == PROBED
        age = np.where(is_last, self.end[at], ordinal * lives.every[life])
        age[is_denied] = RETRIES[lives.retry[life[is_denied]], ordinal[is_denied]]
        state = np.where(is_last, END, np.where(ordinal == 0, BEGIN, CONTINUE)).astype(np.uint8)
        state[is_denied] = DENIED
        state[is_probe & (self.attempts[at] % 2 == 1)] = END
        counters = self._counters(at, ordinal, state, log)
        traits = lives.traits[life]
        recreated = (traits & RECREATED > 0) & (state == CONTINUE)
        time = self.begin[at] + age
        if recreated.any():
            copies = 1 + recreated
            source = np.repeat(np.arange(len(at)), copies)
            is_begin = np.zeros(len(source), np.bool_)
            is_begin[1:] = source[1:] == source[:-1]
            state = np.where(is_begin, BEGIN, np.where(recreated, END, state)[source]).astype(np.uint8)
            counters = [np.where(is_begin, 0, column[source]) for column in counters]
            at, time, traits = at[source], time[source], traits[source]
        empty = (traits & EMPTY > 0) & ((state == BEGIN) | (state == DENIED))
        if empty.any():
            counters = [np.where(empty, NOT_GIVEN, column) for column in counters]
        packets_sent, bytes_sent, packets_received, bytes_received = counters
        return _Tuples(at, time, state, (packets_sent, bytes_sent, packets_received, bytes_received))

    def _counters(self, at: Rows, ordinal: Int64, state: UInt8, log: Span) -> list[Int64]:
        """Packets and bytes, sent and received, since the tuple before."""
        lives, life, fate = self.lives, self.life[at], self.fate[at]
        counts = np.flatnonzero((state == CONTINUE) | (state == END))
        chosen, kind, own = at[counts], fate[counts], life[counts]
        since = ordinal[counts] - 1
        traits = lives.traits[own]
        whole = traits & RECREATED > 0
        lasting = (traits & LIFETIME > 0) & (self.begin[chosen] < log.start)
        if lasting.any():
            whole |= lasting & (since < self.written_before(log.start - self.begin)[chosen])
        arrives = self.points.direction[self.point[chosen]] == _INBOUND
        lost = np.where(arrives, lives.lost[own], 0)
        columns = []
        for way in (0, 1):
            total = np.maximum(lives.packets[way, own] - (lost if way == 0 else 0), 0)
            passed = self._passed(chosen, ordinal[counts], total) - np.where(
                whole, 0, self._passed(chosen, since, total)
            )
            size = lives.packet_bytes[way, own]
            silent = kind == UNANSWERED
            tries = self.attempts[chosen] if way == 0 else np.zeros(len(counts), np.int64)
            tcp = self.points.protocol[self.point[chosen]] == TCP
            passed = np.select([silent, kind == PROBED], [tries, total], passed)
            size = np.where(silent & tcp, SYN_BYTES, size)
            packets, volume = np.zeros((2, len(at)), np.int64)
            packets[counts], volume[counts] = passed, passed * size
            columns += [packets, volume]
        return columns

    def _passed(self, at: Rows, ordinal: Int64, total: Int64) -> Int64:
        """Packets of a flow up to its tuple of this ordinal, spread evenly over its life."""
        duration = np.maximum(self.lives.duration[self.life[at]], 1)
        age = np.minimum(ordinal * self.lives.every[self.life[at]], duration)
        return np.where(ordinal > self.continues[at], total, total * age // duration)


def _records(points: Points, lives: Lives, view: _Views, tuples: _Tuples, order: Rows) -> FlowRecords:
    """Columns of the tuples in this order."""
    at = tuples.view[order]
    life, point = view.life[at], view.point[at]
    nowhere = np.full(len(order), -1, np.int32)
    packets_sent, bytes_sent, packets_received, bytes_received = (column[order] for column in tuples.counters)
    return FlowRecords(
        time=tuples.time[order],
        source=points.source[point],
        destination=points.destination[point],
        source_port=lives.source_port[life],
        destination_port=points.destination_port[point],
        protocol=points.protocol[point],
        direction=points.direction[point],
        state=tuples.state[order],
        encryption=points.encryption[point],
        packets_sent=packets_sent,
        bytes_sent=bytes_sent,
        packets_received=packets_received,
        bytes_received=bytes_received,
        mac=points.mac[point],
        acl=points.acl[point],
        rule=points.rule[point],
        target=points.target[point],
        locators=Locators(np.zeros(len(order), np.int32), nowhere, nowhere, nowhere, nowhere),
        encryptions=points.encryptions,
        macs=points.macs,
        acls=points.acls,
        rules=points.rules,
        targets=points.targets,
        blobs=_BLOBS,
    )


def _digest(seed: int, mac: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/{mac}".encode(), digest_size=8).digest(), "big")
