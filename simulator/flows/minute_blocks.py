"""Cuts tuples into what each NIC flushes to each of its logs once a minute: one record of JSON, one block of a blob.

Each NIC flushes at a second of its own. The record of a flush holds the tuples of a minute that ended 2.8 seconds
before. Tuples come in parts, in order of time; a block is given out when no later part can add to it, so that a log of
any length is written in the memory of a minute.

Learn: azure/network-watcher/vnet-flow-logs-overview#log-format, azure/network-watcher/flow-logs-read
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np

from simulator.flows.bulk_text import Piece, rows_text
from simulator.flows.distinct import Column, Rows
from simulator.flows.records import FlowRecords, Int64, moment
from simulator.flows.stable_order import stable_order
from simulator.walk.packets import Bools, Int32

MINUTE = 60_000
#: Milliseconds between the last tuple that a record can hold and the record's time.
FLUSH_LAG = 2_800

_LINE_END = ord("\n")


class Block(NamedTuple):
    """What is added to the blob at `path`: JSON records, separated by commas."""

    path: str
    data: bytes


class Group(NamedTuple):
    """What tells tuples of a record apart; `direction` is as in `FlowRecords`."""

    acl: str
    direction: int
    rule: str


class _Flush(NamedTuple):
    """A NIC hands one of its logs what it gathered."""

    time: int
    mac: str
    log: str


#: Each group's tuples as JSON texts, separated by commas, in the order of the groups' first tuples.
Groups = dict[Group, list[bytes]]


class MinuteWriter(ABC):
    """Writes the records of one format. Subclasses say which tuples it has, how they are spelled, and what is around.

    Attributes
    ----------
    phase_seed : another seed gives each NIC another second to flush at.
    doubled : the share of records that are written twice, as was seen in real blobs.
    """

    def __init__(self, *, phase_seed: int = 0, doubled: float = 0.0) -> None:
        self.phase_seed, self.doubled = phase_seed, doubled
        self._pending: dict[_Flush, Groups] = {}

    @abstractmethod
    def logged(self, records: FlowRecords) -> tuple[Bools, Int32, tuple[str, ...]]:
        """Which tuples the format has, the log that each belongs to, and the names of the logs."""

    @abstractmethod
    def pieces(self, records: FlowRecords) -> list[Piece]:
        """The tuples, without quotes."""

    @abstractmethod
    def record(self, time: datetime, fraction: str, mac: str, log: str, groups: Groups) -> bytes:
        """One record; `fraction` is that of the second in seven digits."""

    @abstractmethod
    def folder(self, log: str) -> str:
        """Where the blobs of a log lie."""

    def write(self, records: FlowRecords) -> Iterator[Block]:
        """Takes the next tuples, sorted by time, and gives the blocks that are whole, in order of their flushes."""
        is_logged, log, logs = self.logged(records)
        if not is_logged.all():
            records, log = records.select(is_logged), log[is_logged]
        if not len(records):
            return
        self._gather(records, log, logs)
        yield from self._flush_before(int(records.time[-1]) + FLUSH_LAG)

    def finish(self) -> Iterator[Block]:
        """The blocks that are left."""
        yield from self._flush_before(None)

    def blocks(self, parts: Iterable[FlowRecords]) -> Iterator[Block]:
        """All blocks of a log that comes in parts."""
        for part in parts:
            yield from self.write(part)
        yield from self.finish()

    def _gather(self, records: FlowRecords, log: Int32, logs: tuple[str, ...]) -> None:
        """Puts the texts of all tuples where they belong, group by group."""
        minute, phase = self._minutes(records)
        order, starts = _runs([minute, records.mac, log, records.acl, records.direction, records.rule])
        text = rows_text(len(order), [b'"', *self.pieces(records), b'"\n'], order)
        line_ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_END)
        ends = line_ends[np.append(starts[1:], len(order)) - 1].tolist()
        heads = [0, *(end + 1 for end in ends)]
        first = order[starts]
        columns = (minute * MINUTE + phase, records.mac, log, records.acl, records.direction, records.rule)
        times, macs, of_log, acls, directions, rules = (column[first].tolist() for column in columns)
        for at in np.argsort(first).tolist():
            flush = _Flush(times[at], records.macs[macs[at]], logs[of_log[at]])
            group = Group(records.acls[acls[at]], directions[at], records.rules[rules[at]])
            tuples = text[heads[at] : ends[at]].replace(b"\n", b",")
            self._pending.setdefault(flush, {}).setdefault(group, []).append(tuples)

    def _minutes(self, records: FlowRecords) -> tuple[Int64, Int64]:
        """The minute of each tuple's flush, the first that is at least the lag after it, and its NIC's phase."""
        phases = np.array([self._digest(mac) % MINUTE for mac in records.macs], np.int64)
        phase = phases[records.mac]
        return -((phase - records.time - FLUSH_LAG) // MINUTE), phase

    def _flush_before(self, time: int | None) -> Iterator[Block]:
        due = sorted(flush for flush in self._pending if time is None or flush.time < time)
        for flush in due:
            groups = self._pending.pop(flush)
            at = moment(flush.time)
            fraction = f"{flush.time % 1000:03}{self._digest(flush.mac) // MINUTE % 10_000:04}"
            data = self.record(at, fraction, flush.mac, flush.log, groups)
            again = self.doubled and self._digest(f"{flush.time}/{flush.mac}") % 10_000 < self.doubled * 10_000
            yield Block(self._path(flush, at), b"%b,%b" % (data, data) if again else data)

    def _path(self, flush: _Flush, time: datetime) -> str:
        return f"{self.folder(flush.log)}/{time:y=%Y/m=%m/d=%d/h=%H/m=00}/macAddress={flush.mac}/PT1H.json"

    def _digest(self, text: str) -> int:
        return _digest(self.phase_seed, text)


def json_text(text: str) -> bytes:
    """A text as JSON has it."""
    return msgspec.json.encode(text)


@cache
def _digest(seed: int, text: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/{text}".encode(), digest_size=8).digest(), "big")


def _runs(columns: list[Column]) -> tuple[Rows, Rows]:
    """An order that puts equal rows together, each where it stood among its equals, and where in it each run starts."""
    bases = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - base + 1 for column, base in zip(columns, bases, strict=True)]
    if math.prod(sizes) < 2**62:
        key = np.zeros(len(columns[0]), np.int64)
        for column, base, size in zip(columns, bases, sizes, strict=True):
            key = key * size + (column - base)
        order = stable_order(key, math.prod(sizes))
        changes = key[order][1:] != key[order][:-1]
    else:
        order = np.lexsort(columns[::-1])
        changes = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    return order, np.flatnonzero(np.append(True, changes))
