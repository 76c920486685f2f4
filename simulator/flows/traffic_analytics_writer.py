"""Writes what Traffic Analytics makes of VNet flow logs: rows of ``NTANetAnalytics`` as data export has them, in JSON lines.

The tuples of an interval that have both addresses, the destination's port, protocol, rule and direction in common at one
NIC are one row; source ports are gone. Public peers of a NIC are one row, which lists the figures of each. Rules are in
lower case and without the prefix of a flow log.

Learn: azure/network-watcher/traffic-analytics-schema, azure/azure-monitor/logs/logs-data-export
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.flows.bulk_text import Piece, addresses, moments, numbers, rows_text, words
from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.minute_blocks import Block, json_text
from simulator.flows.points import invented_mac
from simulator.flows.records import BEGIN, DENIED, END, FlowRecords, Int64, moment
from simulator.flows.rule_names import PREFIX, acl_kind, parse_rule_name
from simulator.flows.traffic_sides import PUBLIC, Side, Sides, flow_type
from simulator.flows.vnet_flow_log_writer import REGION, FlowLog
from simulator.network.model import Network
from simulator.walk.packets import TCP, UDP, Addresses, Bools

INTERVALS = (10, 60)
MINUTE = 60_000
#: After the end of an interval its rows are worked out and arrive.
PROCESSED_AFTER, GENERATED_AFTER = 3 * MINUTE, 5 * MINUTE
#: Peers that one row lists: a column holds 64 kB of text.
MOST_PEERS = 500
FOLDER = "am-NTANetAnalytics/WorkspaceResourceId=/subscriptions/{}/resourcegroups/{}/providers/microsoft.operationalinsights"
#: The codes of a flow log in the words of the table.
ENCRYPTIONS: Mapping[str, str] = {
    "X": "Encrypted",
    "NX": "Unencrypted",
    "NX_HW_NOT_SUPPORTED": "Unsupported hardware",
    "NX_SW_NOT_READY": "Software not ready",
    "NX_NOT_ACCEPTED": "Drop due to no encryption",
    "NX_NOT_SUPPORTED": "Discovery not supported",
    "NX_LOCAL_DST": "Destination on same host",
    "NX_FALLBACK": "Fall back to no encryption",
}
_PORT_NAMES = {
    22: "ssh", 53: "dns", 80: "http", 123: "ntp", 443: "https", 445: "microsoft-ds", 1433: "ms-sql-s",
    3389: "ms-wbt-server", 5432: "postgresql", 6379: "redis", 8080: "http-alt",
}  # fmt: skip


class _Sums(NamedTuple):
    """What adds up over the tuples of a row."""

    begun: Int64
    ended: Int64
    denied: Int64
    packets_sent: Int64
    packets_received: Int64
    bytes_sent: Int64
    bytes_received: Int64


class _Table(Struct, frozen=True):
    """Rows of one interval, with the source and the destination still apart for each public peer."""

    mac: Column
    direction: Column
    source: Addresses
    destination: Addresses
    port: Column
    protocol: Column
    acl: Column
    rule: Column
    encryption: Column
    target: Column
    is_denied: Column
    first: Int64
    last: Int64
    sums: _Sums

    @property
    def keys(self) -> list[Column | Addresses]:
        return [getattr(self, name) for name in self.__struct_fields__[:-3]]

    def grouped(self, group: Rows, first: Rows) -> _Table:
        """One row a group, of which `first` names one each."""
        count = len(first)
        earliest, latest = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
        np.minimum.at(earliest, group, self.first)
        np.maximum.at(latest, group, self.last)
        sums = _Sums(*(_added(column, group, count) for column in self.sums))
        return _Table(*(column[first] for column in self.keys), earliest, latest, sums)  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: Sequence[_Table]) -> _Table:
        columns: dict[str, Any] = {}
        for name in cls.__struct_fields__[:-1]:
            held = [getattr(part, name) for part in parts]
            join: Any = Addresses.concatenate if isinstance(held[0], Addresses) else np.concatenate
            columns[name] = join(held)
        sums = _Sums(*(np.concatenate(each) for each in zip(*(part.sums for part in parts), strict=True)))
        table = cls(**columns, sums=sums)
        first, group = distinct_rows(table.keys)
        return table.grouped(group, first)


class TrafficAnalyticsWriter:
    """Sums up tuples that come in parts, in order of time; the parts number their texts alike.

    Attributes
    ----------
    network : where the NICs, machines, subnets and sites of the rows are found.
    interval : minutes, 10 or 60.
    """

    def __init__(self, network: Network, *, interval: int = 10, regions: Mapping[str, str] | None = None) -> None:
        self.network, self.interval, self.regions = network, interval * MINUTE, regions or {}
        self._sides = Sides(network)
        self._endpoints = {invented_mac(endpoint): endpoint for endpoint in network.endpoints}
        self._parts: list[_Table] = []
        self._number = -1
        self._texts: FlowRecords | None = None

    def write(self, records: FlowRecords) -> Iterator[Block]:
        """Takes the next tuples and gives the rows of the intervals that are over."""
        number = records.time // self.interval
        for at in np.unique(number).tolist():
            if at != self._number:
                yield from self.finish()
                self._number = at
            self._texts = records
            self._parts.append(_summed(records.select(number == at)))

    def finish(self) -> Iterator[Block]:
        """The rows that are left."""
        if self._parts and self._texts is not None:
            table = _Table.joined(self._parts)
            start = self._number * self.interval
            yield Block(self._path(moment(start + self.interval + GENERATED_AFTER)), self._rows(table, start))
        self._parts = []

    def blocks(self, parts: Iterable[FlowRecords]) -> Iterator[Block]:
        """All rows of a log that comes in parts."""
        for part in parts:
            yield from self.write(part)
        yield from self.finish()

    def _path(self, generated: datetime) -> str:
        subscription = next((each.id.subscription for each in self.network.endpoints), "")
        folder = FOLDER.format(subscription, "networkwatcherrg").lower().replace("am-ntanetanalytics", "am-NTANetAnalytics")
        folder = folder.replace("workspaceresourceid", "WorkspaceResourceId")
        minute = generated.minute // 5 * 5
        return f"{folder}/workspaces/traffic-analytics/{generated:y=%Y/m=%m/d=%d/h=%H}/m={minute:02}/PT05M.json"

    def _rows(self, table: _Table, start: int) -> bytes:
        """The rows as JSON, one a line."""
        ends = self._ends(table)
        source, destination = (np.array([pair[side].place in PUBLIC for pair in ends], np.bool_) for side in (0, 1))
        source &= ~destination
        first, row = _folded(table, source, destination)
        whole = table.grouped(row, first)
        of_row = [ends[at] for at in first.tolist()]
        lists = (_peers(table.source, table, source, row), _peers(table.destination, table, destination, row))
        head, tail = self._cells(whole, of_row, source[first], destination[first], start)
        count = len(first)
        heads = rows_text(count, [*head, b"\n"]).split(b"\n")
        middle = [b'","DestPublicIps":"'] * count
        tails = rows_text(count, [*tail, b"\n"]).split(b"\n")
        lines = zip(heads, lists[0], middle, lists[1], tails, strict=False)
        return b"\n".join(map(b"".join, lines)) + b"\n"

    def _ends(self, table: _Table) -> list[tuple[Side, Side]]:
        """Who stands at both ends of each row: the logging NIC itself at the end that is its own."""
        assert self._texts is not None
        columns: list[Column | Addresses] = [table.mac, table.direction, table.source, table.destination]
        first, group = distinct_rows(columns)
        found = []
        for at in first.tolist():
            endpoint = self._endpoints.get(self._texts.macs[table.mac[at]])
            vnet = endpoint.virtual_network if endpoint is not None else None
            found.append(
                (
                    self._sides.of_address(vnet, table.source.value(at)),
                    self._sides.of_address(vnet, table.destination.value(at)),
                )
            )
        return [found[number] for number in group.tolist()]

    def _cells(
        self, table: _Table, ends: Sequence[tuple[Side, Side]], source: Bools, destination: Bools, start: int
    ) -> tuple[list[Piece], list[Piece]]:
        """What stands before the lists of public addresses and after them."""
        texts = self._texts
        assert texts is not None
        stop = start + self.interval
        count = len(table.mac)
        sides = {"Src": [pair[0] for pair in ends], "Dest": [pair[1] for pair in ends]}
        inbound, denied = table.direction == 0, table.is_denied > 0
        targets = [ResourceId(target) for target in texts.targets]
        logs = [FlowLog.of_target(text, self.regions.get(text.lower(), REGION)) for text in texts.targets]
        encryptions = [ENCRYPTIONS.get(code, code) for code in texts.encryptions]
        own = [texts.macs[mac] for mac in table.mac.tolist()]
        at_hop = np.array([self._is_hop(mac, table, at) for at, mac in enumerate(own)], np.intp)
        head = [
            *_constants(
                TimeGenerated=_time(stop + GENERATED_AFTER),
                TimeProcessed=_time(stop + PROCESSED_AFTER),
                FlowIntervalStartTime=_time(start),
                FlowIntervalEndTime=_time(stop),
                SubType="FlowLog",
                FaSchemaVersion="3",
            ),
            *_cell("FlowStartTime", moments(table.first)),
            *_cell("FlowEndTime", moments(table.last)),
            *_cell("FlowType", [_words([flow_type(*pair) for pair in ends], np.arange(count))]),
            *_cell("FlowStatus", [_words(["Allowed", "Denied"], denied.astype(np.intp))]),
            *_cell("FlowDirection", [_words(["Inbound", "Outbound"], table.direction)]),
            *_cell("FlowEncryption", [_words(encryptions, table.encryption)]),
            *_cell("L4Protocol", [_words(["T", "U"], (table.protocol == UDP).astype(np.intp))]),
            *_cell("L7Protocol", [_words([_PORT_NAMES.get(port, "") for port in table.port.tolist()], np.arange(count))]),
            *_cell("SrcIp", _unless(source, table.source)),
            *_cell("DestIp", _unless(destination, table.destination)),
            *_number("DestPort", table.port),
            b',"SrcPublicIps":"',
        ]
        tail: list[Piece] = [
            b'"',
            *_cell("AclGroup", [_words([_acl(acl) for acl in texts.acls], table.acl)]),
            *_cell("AclRule", [_words([_rule(rule) for rule in texts.rules], table.rule)]),
            *_cell("NsgList", [_words([_acl(acl) for acl in texts.acls], table.acl)]),
            *_cell("NsgRule", [_words([_rule(rule) for rule in texts.rules], table.rule)]),
            *_cell("MacAddress", [_words(texts.macs, table.mac)]),
            *_cell("TargetResourceId", [_words([_path(each) for each in targets], table.target)]),
            *_constants(TargetResourceType="VirtualNetwork"),
            *_cell("FlowLogResourceId", [_words([_path_of_log(log) for log in logs], table.target)]),
        ]
        for end, held in sides.items():
            for name, value in (("Nic", "nic"), ("Vm", "machine"), ("Subnet", "subnet"), ("Vnet", "virtual_network")):
                tail += _cell(f"{end}{name}", [_words([getattr(side, value) for side in held], np.arange(count))])
            for name, value in (("Region", "region"), ("Subscription", "subscription")):
                tail += _cell(f"{end}{name}", [_words([getattr(side, value) for side in held], np.arange(count))])
        sums = table.sums
        for name, mask, column in (
            ("AllowedInFlows", inbound, sums.begun),
            ("DeniedInFlows", inbound, sums.denied),
            ("AllowedOutFlows", ~inbound, sums.begun),
            ("DeniedOutFlows", ~inbound, sums.denied),
            ("CompletedFlows", True, sums.ended),
            ("PacketsSrcToDest", True, sums.packets_sent),
            ("PacketsDestToSrc", True, sums.packets_received),
            ("BytesSrcToDest", True, sums.bytes_sent),
            ("BytesDestToSrc", True, sums.bytes_received),
        ):
            tail += _number(name, np.where(mask, column, 0))
        tail += [b',"IsFlowCapturedAtUdrHop":', words([b"false", b"true"])[at_hop], b',"Type":"NTANetAnalytics"}']
        head[0] = b"{" + bytes(head[0])[1:]
        return head, tail

    def _is_hop(self, mac: str, table: _Table, at: int) -> bool:
        """Whether neither address is one of the NIC that logged."""
        endpoint = self._endpoints.get(mac)
        own = {*endpoint.addresses, *endpoint.public_addresses} if endpoint is not None else None
        return own is not None and not {table.source.text(at), table.destination.text(at)} & own


def _summed(records: FlowRecords) -> _Table:
    """The tuples of one interval, TCP and UDP alone, summed up by everything that tells rows or peers apart."""
    records = records.select(np.isin(records.protocol, (TCP, UDP)))
    state = records.state
    counters = (records.packets_sent, records.packets_received, records.bytes_sent, records.bytes_received)
    table = _Table(
        records.mac,
        records.direction,
        records.source,
        records.destination,
        records.destination_port,
        records.protocol,
        records.acl,
        records.rule,
        records.encryption,
        records.target,
        (state == DENIED).astype(np.uint8),
        records.time,
        records.time,
        _Sums(
            *((state == wanted).astype(np.int64) for wanted in (BEGIN, END, DENIED)),
            *(np.maximum(column, 0) for column in counters),
        ),
    )
    first, group = distinct_rows(table.keys)
    return table.grouped(group, first)


def _added(column: Int64, group: Rows, count: int) -> Int64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, column)
    return sums


def _folded(table: _Table, source: Bools, destination: Bools) -> tuple[Rows, Rows]:
    """The first row of each row to write, and which of them each goes into: public peers do not tell rows apart."""
    blank = np.uint64(0)
    keys = [column for column in table.keys if not isinstance(column, Addresses)]
    folded = [
        Addresses(np.where(public, blank, held.high), np.where(public, blank, held.low))
        for public, held in ((source, table.source), (destination, table.destination))
    ]
    kind = source.astype(np.uint8) + 2 * destination.astype(np.uint8)
    first, row = distinct_rows([*keys, *folded, kind])
    order = np.argsort(row, kind="stable")
    rank = np.empty(len(row), np.intp)
    rank[order] = np.arange(len(row)) - first_of_runs(row[order])
    share = rank // MOST_PEERS
    return distinct_rows([row, share]) if share.any() else (first, row)


def first_of_runs(values: Rows) -> Rows:
    """For each of sorted values where the first equal one stands."""
    starts = np.r_[True, values[1:] != values[:-1]] if len(values) else np.zeros(0, np.bool_)
    return np.maximum.accumulate(np.where(starts, np.arange(len(values)), 0))


def _peers(held: Addresses, table: _Table, public: Bools, row: Rows) -> list[bytes]:
    """The list of public addresses of each row: ``IP|begun|ended|packets out|in|bytes out|in``, apart by blanks."""
    count = int(row.max(initial=-1)) + 1
    at = np.flatnonzero(public)
    at = at[np.argsort(row[at], kind="stable")]
    sums = table.sums
    figures = (
        sums.begun + sums.denied, sums.ended, sums.packets_sent, sums.packets_received, sums.bytes_sent,
        sums.bytes_received,
    )  # fmt: skip
    pieces: list[Piece] = [*addresses(held[at])]
    for column in figures:
        pieces += [b"|", *numbers(column[at])]
    entries = rows_text(len(at), [*pieces, b"\n"]).split(b"\n")
    stops = np.searchsorted(row[at], np.arange(count + 1)).tolist()
    return [b" ".join(entries[stops[number] : stops[number + 1]]) for number in range(count)]


def _cell(name: str, pieces: Sequence[Piece]) -> list[Piece]:
    return [f',"{name}":"'.encode(), *pieces, b'"']


def _number(name: str, column: Column) -> list[Piece]:
    return [f',"{name}":'.encode(), *numbers(column)]


def _constants(**cells: str) -> list[Piece]:
    return [f',"{name}":"{value}"'.encode() for name, value in cells.items()]


def _words(texts: Sequence[str], number: Column) -> Piece:
    """Texts by number, as JSON has them, without quotes. Equal texts are kept once."""
    place = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    of_number = np.array([*(place[text] for text in texts), 0], np.intp)
    taken: Piece = words(json_text(text)[1:-1] for text in place)[of_number[number]]
    return taken


def _unless(public: Bools, held: Addresses) -> list[Piece]:
    """Addresses; nothing for those that the lists hold."""
    return [np.where(public, b"", piece) if not isinstance(piece, bytes) else piece for piece in _fixed(held)]


def _fixed(held: Addresses) -> list[Piece]:
    first, group = distinct_rows([held])
    return [words(text.encode() for text in held[first].texts())[group]]


def _time(milliseconds: int) -> str:
    return moment(milliseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _path(identity: ResourceId) -> str:
    return f"{identity.subscription}/{identity.resource_group}/{identity.name}".lower()


def _path_of_log(log: FlowLog) -> str:
    resource = ResourceId(log.id)
    return f"{resource.subscription}/{resource.resource_group}/{resource.parent.name}/{resource.name}".lower()


def _acl(text: str) -> str:
    """``subscription/group/name`` of a network security group."""
    return _path(ResourceId(text)) if acl_kind(text) == "arm_id" else text


def _rule(text: str) -> str:
    """The name of a rule in lower case, without the prefix of a flow log."""
    named = parse_rule_name(text)
    return (named.name if named.kind in (*PREFIX, "admin") else text).lower()
