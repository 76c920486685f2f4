"""Reads VNet flow logs, version 4, as Azure writes them and as people pass them on.

A piece that breaks the format is listed in `FlowRecords.malformed` and the rest is read; a blob that is no VNet flow
log at all is refused. Codes: VNS3002 not JSON, or cut off; VNS3003 no flow log; VNS3004 NSG flow log; VNS3005 NSG
tuples in a VNet flow log; VNS3006 another version; VNS3007 malformed, where the caller asked to be strict.

Learn: azure/network-watcher/vnet-flow-logs-overview#log-format
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from simulator.errors import FlowLogError
from simulator.flows.distinct import distinct_rows
from simulator.flows.json_records import json_records, json_text
from simulator.flows.records import DENIED, FlowRecords, Locator, Locators, Malformed, Texts
from simulator.flows.tuples import TupleColumns, is_nsg_tuple, parse_tuples
from simulator.walk.packets import Addresses, Int32

VERSION = 4
#: Tuples that are parsed at once: enough to make the work per column small, few enough to stay in the cache.
BATCH = 1 << 12
LONGEST_QUOTE = 200

_NSG_CATEGORY = "networksecuritygroupflowevent"


def read_vnet_flow_log(data: bytes, blob: str = "flow log", *, strict: bool = False) -> FlowRecords:
    """The tuples of one blob. `blob` names it in places; `strict` refuses the first malformed piece.

    Raises FlowLogError when `data` is cut off, is not JSON, or is not a VNet flow log of version 4.
    """
    reader = VnetFlowLogReader(strict=strict)
    reader.read(data, blob)
    return reader.records()


class _Record(NamedTuple):
    """What the tuples of one record share, as numbers."""

    blob: int
    record: int
    mac: int
    target: int


class _Run(NamedTuple):
    """What the tuples of one group share, as numbers, and how many they are."""

    blob: int
    record: int
    mac: int
    target: int
    flow: int
    group: int
    acl: int
    rule: int
    tuples: int


class VnetFlowLogReader(Struct):
    """Reads blob after blob into one set of columns. A record that was read before is dropped and counted."""

    strict: bool = False
    malformed: list[Malformed] = field(default_factory=list)
    duplicates: int = 0
    _blobs: Texts = field(default_factory=Texts)
    _macs: Texts = field(default_factory=Texts)
    _targets: Texts = field(default_factory=Texts)
    _acls: Texts = field(default_factory=Texts)
    _rules: Texts = field(default_factory=Texts)
    _encryptions: Texts = field(default_factory=Texts)
    _seen: set[bytes] = field(default_factory=set)
    _pending: list[object] = field(default_factory=list)
    _runs: list[_Run] = field(default_factory=list)
    _parsed: list[tuple[TupleColumns, dict[str, Int32]]] = field(default_factory=list)

    def read(self, data: bytes, blob: str) -> None:
        """Adds the tuples of one blob. Raises FlowLogError as `read_vnet_flow_log` does."""
        readable, unreadable = 0, ""
        for number, record in enumerate(json_records(data, blob)):
            if reason := _record_fault(record, Locator(blob, number)):
                unreadable = unreadable or reason
                self._add_malformed(Locator(blob, number), record, reason)
            else:
                readable += 1
                self._add_record(record, self._blobs.number(blob), number)
        if unreadable and not readable:
            raise FlowLogError(
                f"this is no VNet flow log: a record {unreadable}",
                code="VNS3003",
                place=blob,
                hint="give the PT1H.json blobs of the container insights-logs-flowlogflowevent",
            )
        self._flush()

    def records(self) -> FlowRecords:
        """Everything read so far, less the begin, continue and end tuples of one record that stands twice."""
        columns, places = _concatenate(self._parsed)
        everything = FlowRecords(
            **{name: getattr(columns, name) for name in columns.__struct_fields__},
            mac=places["mac"],
            acl=places["acl"],
            rule=places["rule"],
            target=places["target"],
            locators=Locators(**{name: places[name] for name in Locators.__struct_fields__}),
            encryptions=self._encryptions.all,
            macs=self._macs.all,
            acls=self._acls.all,
            rules=self._rules.all,
            targets=self._targets.all,
            blobs=self._blobs.all,
            malformed=tuple(self.malformed),
        )
        again = _read_again(everything)
        kept = everything.select(~again) if again.any() else everything
        return replace(kept, duplicates=self.duplicates + int(again.sum()))

    def _add_record(self, record: dict[str, Any], blob: int, number: int) -> None:
        digest = blake2b(json_text(record, str(Locator(self._blobs.all[blob], number))), digest_size=16).digest()
        if digest in self._seen:
            self.duplicates += _count_tuples(record)
            return
        self._seen.add(digest)
        mac = _text(record, "macAddress").replace("-", "").replace(":", "").upper()
        target = _text(record, "targetResourceID")
        shared = _Record(blob, number, self._macs.number(mac), self._targets.number(target))
        for at, flow in enumerate(record["flowRecords"]["flows"]):
            self._add_flow(flow, shared, at)

    def _add_flow(self, flow: object, shared: _Record, at: int) -> None:
        groups = _list(flow, "flowGroups")
        if groups is None:
            self._add_malformed(self._locator(shared, at), flow, "has no list 'flowGroups'")
            return
        acl = self._acls.number(_text(flow, "aclID"))
        for number, group in enumerate(groups):
            tuples = _list(group, "flowTuples")
            if tuples is None:
                self._add_malformed(self._locator(shared, at, number), group, "has no list 'flowTuples'")
                continue
            rule = self._rules.number(_text(group, "rule"))
            self._runs.append(_Run(*shared, at, number, acl, rule, len(tuples)))
            self._pending += tuples
            if len(self._pending) >= BATCH:
                self._flush()

    def _flush(self) -> None:
        """Parses the tuples gathered so far."""
        columns, faults = parse_tuples(self._pending, self._encryptions)
        places = _columns_of_runs(self._runs)
        well_formed = np.ones(len(self._pending), np.bool_)
        for at, reason in faults:
            shared = _Record(*(int(places[name][at]) for name in _Record._fields))
            levels = (int(places[name][at]) for name in ("flow", "group", "tuple"))
            self._add_malformed(self._locator(shared, *levels), self._pending[at], reason)
            well_formed[at] = False
        self._parsed.append((columns, {name: column[well_formed] for name, column in places.items()}))
        self._pending.clear()
        self._runs.clear()

    def _locator(self, shared: _Record, *levels: int) -> Locator:
        return Locator(self._blobs.all[shared.blob], shared.record, *levels)

    def _add_malformed(self, locator: Locator, piece: object, reason: str) -> None:
        text = (piece if isinstance(piece, str) else json_text(piece, str(locator)).decode())[:LONGEST_QUOTE]
        if is_nsg_tuple(piece):
            raise FlowLogError(
                f"this says that it is a VNet flow log, and holds a tuple of an NSG flow log: {text!r}",
                code="VNS3005",
                place=str(locator),
                hint="their fields 7 and 8 mean other things, so none is read; give the blob as Azure wrote it",
            )
        if self.strict:
            raise FlowLogError(
                f"{text!r} {reason}",
                code="VNS3007",
                place=str(locator),
                hint="read without strict to list such pieces and read the rest",
            )
        self.malformed.append(Malformed(locator, text, reason))


def _record_fault(record: object, place: Locator) -> str:
    """Why `record` cannot be read; empty when it can. Raises FlowLogError for a log of another kind or version."""
    if not isinstance(record, dict):
        return "is not an object"
    is_v4 = _list(record.get("flowRecords"), "flows") is not None
    is_nsg = not is_v4 and _list(record.get("properties"), "flows") is not None
    if is_nsg or _text(record, "category").lower() == _NSG_CATEGORY:
        properties = record.get("properties")
        version = properties.get("Version") if isinstance(properties, dict) else None
        raise FlowLogError(
            f"this is an NSG flow log{f', version {version}' if version in (1, 2) else ''}; it is not read yet",
            code="VNS3004",
            place=str(place),
            hint="give VNet flow logs: blobs of the container insights-logs-flowlogflowevent",
        )
    if not is_v4:
        return f"of category {_text(record, 'category')!r} has no list 'flowRecords.flows'"
    version = record.get("flowLogVersion", VERSION)
    if version not in (VERSION, str(VERSION)):
        raise FlowLogError(
            f"this is a flow log of version {version!r}; version {VERSION} is read",
            code="VNS3006",
            place=str(place),
            hint="the format is described at azure/network-watcher/vnet-flow-logs-overview",
        )
    return ""


def _count_tuples(record: dict[str, Any]) -> int:
    groups = (group for flow in record["flowRecords"]["flows"] for group in _list(flow, "flowGroups") or ())
    return sum(len(_list(group, "flowTuples") or ()) for group in groups)


def _list(piece: object, name: str) -> list[Any] | None:
    value = piece.get(name) if isinstance(piece, dict) else None
    return value if isinstance(value, list) else None


def _text(piece: object, name: str) -> str:
    value = piece.get(name) if isinstance(piece, dict) else None
    return value if isinstance(value, str) else ""


def _columns_of_runs(runs: list[_Run]) -> dict[str, Int32]:
    """For each tuple what its group shares, and its index in the group as ``tuple``."""
    table = np.array(runs, np.int32).reshape(-1, len(_Run._fields))
    counts = table[:, -1]
    columns = {name: np.repeat(table[:, at], counts) for at, name in enumerate(_Run._fields[:-1])}
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return {**columns, "tuple": (np.arange(len(starts)) - starts).astype(np.int32)}


def _concatenate(parts: list[tuple[TupleColumns, dict[str, Int32]]]) -> tuple[TupleColumns, dict[str, Int32]]:
    parts = parts or [(parse_tuples([], Texts())[0], _columns_of_runs([]))]
    merged: dict[str, Any] = {}
    for name in TupleColumns.__struct_fields__:
        columns = [getattr(part, name) for part, _ in parts]
        join: Any = Addresses.concatenate if isinstance(columns[0], Addresses) else np.concatenate
        merged[name] = join(columns)
    places = {name: np.concatenate([place[name] for _, place in parts]) for name in parts[0][1]}
    return TupleColumns(**merged), places


def _read_again(records: FlowRecords) -> npt.NDArray[np.bool_]:
    """Rows that equal a row of an earlier record in everything that the NIC saw.

    A denied attempt may repeat within its millisecond, and within one record so may the begin of a flow that Azure
    re-creates; across records an equal begin, continue or end is one observation that was read twice.
    """
    rows = np.flatnonzero(records.state != DENIED)
    seen = [getattr(records, name) for name in TupleColumns.__struct_fields__]
    first, group = distinct_rows([column[rows] for column in (*seen, records.mac, records.acl, records.rule)])
    record = records.locators.blob.astype(np.int64) << 32 | records.locators.record
    again = np.zeros(len(records), np.bool_)
    again[rows] = record[rows] != record[rows[first[group]]]
    return again
