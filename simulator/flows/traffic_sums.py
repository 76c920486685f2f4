"""Tuples summed up as Traffic Analytics does: one row for what has all but the source port in common.

Learn: azure/network-watcher/traffic-analytics-schema#data-aggregation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.records import BEGIN, DENIED, END, FlowRecords, Int64
from simulator.walk.packets import TCP, UDP, Addresses

_KEYS = (
    "mac", "direction", "source", "destination", "destination_port", "protocol", "acl", "rule", "encryption", "target",
    "is_denied",
)  # fmt: skip
_SUMS = (
    "begun", "ended", "denied", "packets_sent", "packets_received", "bytes_sent", "bytes_received",
)  # fmt: skip


class TrafficSums(Struct, frozen=True, eq=False):
    """Rows of one interval as columns. Those before `is_denied` number what the records number; `first` and `last` are
    the times of the first and last tuple; the others count flows that began and ended, denied attempts, what passed.
    """

    mac: Column
    direction: Column
    source: Addresses
    destination: Addresses
    destination_port: Column
    protocol: Column
    acl: Column
    rule: Column
    encryption: Column
    target: Column
    is_denied: Column
    first: Int64
    last: Int64
    begun: Int64
    ended: Int64
    denied: Int64
    packets_sent: Int64
    packets_received: Int64
    bytes_sent: Int64
    bytes_received: Int64

    def __len__(self) -> int:
        return len(self.mac)

    @classmethod
    def of(cls, records: FlowRecords) -> TrafficSums:
        """The tuples of TCP and UDP, summed up; every public peer still has rows of its own."""
        records = records.select(np.isin(records.protocol, (TCP, UDP)))
        state = records.state
        columns: dict[str, Any] = {name: getattr(records, name) for name in _KEYS[:-1]}
        counted = {"begun": BEGIN, "ended": END, "denied": DENIED}
        flags = {name: (state == wanted).astype(np.int64) for name, wanted in counted.items()}
        counters = {name: np.maximum(getattr(records, name), 0) for name in _SUMS[len(flags) :]}
        denied = (state == DENIED).astype(np.uint8)
        table = cls(**columns, is_denied=denied, first=records.time, last=records.time, **flags, **counters)
        return table.summed_by(table.keys)

    @classmethod
    def joined(cls, parts: Sequence[TrafficSums]) -> TrafficSums:
        """Several parts of one interval as one."""
        columns: dict[str, Any] = {}
        for name in cls.__struct_fields__:
            held = [getattr(part, name) for part in parts]
            join: Any = Addresses.concatenate if isinstance(held[0], Addresses) else np.concatenate
            columns[name] = join(held)
        table = cls(**columns)
        return table.summed_by(table.keys)

    @property
    def keys(self) -> list[Column | Addresses]:
        """What tells rows apart."""
        return [getattr(self, name) for name in _KEYS]

    def summed_by(self, keys: Sequence[Column | Addresses]) -> TrafficSums:
        """One row for all that have these in common."""
        return self.grouped(*distinct_rows(keys))

    def grouped(self, first: Rows, group: Rows) -> TrafficSums:
        """One row a group; what is not summed up is that of the group's row `first`."""
        count = len(first)
        columns: dict[str, Any] = {name: getattr(self, name)[first] for name in _KEYS}
        earliest, latest = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
        np.minimum.at(earliest, group, self.first)
        np.maximum.at(latest, group, self.last)
        for name in _SUMS:
            columns[name] = np.zeros(count, np.int64)
            np.add.at(columns[name], group, getattr(self, name))
        return TrafficSums(**columns, first=earliest, last=latest)
