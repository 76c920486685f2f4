"""Writes what Traffic Analytics makes of VNet flow logs: rows of ``NTANetAnalytics``, as JSON lines of a data export.

The tuples of an interval that have both addresses, the destination's port, protocol, rule and direction in common at
one NIC are one row; source ports are gone. Public peers of a NIC are one row, which lists the figures of each. Rules
are in lower case and without the prefix of a flow log.

Learn: azure/network-watcher/traffic-analytics-schema, azure/azure-monitor/logs/logs-data-export
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.flows.bulk_text import Piece, addresses, moments, numbers, rows_text, words
from simulator.flows.distinct import Column, Rows, distinct_rows
from simulator.flows.minute_blocks import MINUTE, Block, json_text
from simulator.flows.points import invented_mac
from simulator.flows.records import FlowRecords, UInt8, moment
from simulator.flows.rule_names import PREFIX, acl_kind, parse_rule_name
from simulator.flows.traffic_sides import PUBLIC, Side, Sides, flow_type
from simulator.flows.traffic_sums import TrafficSums
from simulator.flows.vnet_flow_log_writer import REGION, FlowLog
from simulator.network.model import Network
from simulator.walk.packets import UDP, Addresses, Bools

#: After the end of an interval its rows are worked out, and arrive.
PROCESSED_AFTER, GENERATED_AFTER = 3 * MINUTE, 5 * MINUTE
#: Peers that one row lists: a column holds 64 kB of text.
MOST_PEERS = 500
#: Where data export puts the table; a folder holds five minutes by ``TimeGenerated``.
FOLDER = (
    "am-NTANetAnalytics/WorkspaceResourceId=/subscriptions/{}/resourcegroups/networkwatcherrg/providers/"
    "microsoft.operationalinsights/workspaces/traffic-analytics"
)
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
_SIDE_COLUMNS = {
    "Nic": "nic", "Vm": "machine", "Subnet": "subnet", "Vnet": "virtual_network", "Region": "region",
    "Subscription": "subscription",
}  # fmt: skip


class _Ends(NamedTuple):
    """Both ends of rows as numbers of `sides`, and whether neither is the NIC that logged."""

    sides: list[Side]
    source: Rows
    destination: Rows
    is_hop: Bools


class TrafficAnalyticsWriter:
    """Sums up tuples that come in parts, in order of time; the parts number their texts alike.

    Attributes
    ----------
    network : where the NICs, machines, subnets and sites of the rows are found.
    interval : minutes that a row sums up, 10 or 60.
    regions : region of each target (a virtual network's id in lower case), for the flow log's name.
    """

    def __init__(self, network: Network, *, interval: int = 10, regions: Mapping[str, str] | None = None) -> None:
        self.network, self.interval, self.regions = network, interval * MINUTE, regions or {}
        self._sides = Sides(network)
        self._endpoints = {invented_mac(endpoint): endpoint for endpoint in network.endpoints}
        self._parts: list[TrafficSums] = []
        self._number = -1
        self._texts = FlowRecords.of([])

    def write(self, records: FlowRecords) -> Iterator[Block]:
        """Takes the next tuples and gives the rows of the intervals that are over."""
        number = records.time // self.interval
        for at in np.unique(number).tolist():
            if at != self._number:
                yield from self.finish()
                self._number = at
            self._texts = records
            self._parts.append(TrafficSums.of(records.select(number == at)))

    def finish(self) -> Iterator[Block]:
        """The rows that are left."""
        if self._parts:
            table, start = TrafficSums.joined(self._parts), self._number * self.interval
            self._parts = []
            if len(table):
                yield Block(self._path(moment(start + self.interval + GENERATED_AFTER)), self._lines(table, start))

    def blocks(self, parts: Iterable[FlowRecords]) -> Iterator[Block]:
        """All rows of a log that comes in parts."""
        for part in parts:
            yield from self.write(part)
        yield from self.finish()

    def _path(self, generated: datetime) -> str:
        subscription = next((each.id.subscription for each in self.network.endpoints), "").lower()
        minute = generated.minute // 5 * 5
        return f"{FOLDER.format(subscription)}/{generated:y=%Y/m=%m/d=%d/h=%H}/m={minute:02}/PT05M.json"

    def _lines(self, table: TrafficSums, start: int) -> bytes:
        """The rows as JSON, one a line."""
        ends = self._ends(table)
        places = [side.place for side in ends.sides]
        kinds = np.array([1 + sorted(PUBLIC).index(place) if place in PUBLIC else 0 for place in places], np.uint8)
        source, destination = kinds[ends.source], kinds[ends.destination]
        source[destination > 0] = 0
        first, row = _folded(table, source, destination)
        rows = table.grouped(first, row)
        ends = ends._replace(source=ends.source[first], destination=ends.destination[first], is_hop=ends.is_hop[first])
        count = len(first)
        before = [*_times(rows, start, start + self.interval), *self._flow(rows, ends)]
        before += [*_address("SrcIp", rows.source, source[first] > 0)]
        before += [*_address("DestIp", rows.destination, destination[first] > 0)]
        after = [*self._rule(rows), *_sides(ends), *_figures(rows), *_flags(ends)]
        texts = (
            rows_text(count, [*before, b'"SrcPublicIps":"\n']).split(b"\n"),
            _peers(table.source, table, source > 0, row),
            [b'","DestPublicIps":"'] * count,
            _peers(table.destination, table, destination > 0, row),
            rows_text(count, [b'",', *after, b'"Type":"NTANetAnalytics"}\n\n']).split(b"\n\n"),
        )
        return b"\n".join(map(b"".join, zip(*texts, strict=False))) + b"\n"

    def _ends(self, table: TrafficSums) -> _Ends:
        """Who stands at both ends of each row, as the virtual network of the logging NIC has it."""
        first, group = distinct_rows([table.mac, table.source, table.destination])
        sides: dict[Side, int] = {}
        found = []
        for at in first.tolist():
            endpoint = self._endpoints.get(self._texts.macs[table.mac[at]])
            pair = (table.source.value(at), table.destination.value(at))
            vnet = endpoint.virtual_network if endpoint is not None else None
            held = [self._sides.of_address(vnet, address) for address in pair]
            own = {*endpoint.addresses, *endpoint.public_addresses} if endpoint is not None else None
            is_hop = own is not None and own.isdisjoint((table.source.text(at), table.destination.text(at)))
            found.append((*(sides.setdefault(side, len(sides)) for side in held), is_hop))
        columns = np.array(found, np.intp).reshape(-1, 3)[group]
        return _Ends([*sides], columns[:, 0], columns[:, 1], columns[:, 2] > 0)

    def _flow(self, rows: TrafficSums, ends: _Ends) -> Iterator[Piece]:
        first, pair = distinct_rows([ends.source, ends.destination])
        types = [flow_type(ends.sides[ends.source[at]], ends.sides[ends.destination[at]]) for at in first]
        encryptions = [ENCRYPTIONS.get(code, code) for code in self._texts.encryptions]
        ports, port = np.unique(rows.destination_port, return_inverse=True)
        yield from _cell("FlowType", _names(types, pair))
        yield from _cell("FlowStatus", _names(("Allowed", "Denied"), rows.is_denied))
        yield from _cell("FlowDirection", _names(("Inbound", "Outbound"), rows.direction))
        yield from _cell("FlowEncryption", _names(encryptions, rows.encryption))
        yield from _cell("L4Protocol", _names(("T", "U"), (rows.protocol == UDP).astype(np.intp)))
        yield from _cell("L7Protocol", _names([_PORT_NAMES.get(each, "") for each in ports.tolist()], port))
        yield from _figure("DestPort", rows.destination_port)

    def _rule(self, rows: TrafficSums) -> Iterator[Piece]:
        texts = self._texts
        acls, rules = [_acl(acl) for acl in texts.acls], [_rule(rule) for rule in texts.rules]
        targets = [_path(ResourceId(target)) for target in texts.targets]
        logs = [FlowLog.of_target(text, self.regions.get(text.lower(), REGION)) for text in texts.targets]
        for name, held, number in (
            ("AclGroup", acls, rows.acl),
            ("AclRule", rules, rows.rule),
            ("NsgList", acls, rows.acl),
            ("NsgRule", rules, rows.rule),
            ("MacAddress", texts.macs, rows.mac),
            ("TargetResourceId", targets, rows.target),
            ("FlowLogResourceId", [_path_of_log(log) for log in logs], rows.target),
        ):
            yield from _cell(name, _names(held, number))
        yield b'"TargetResourceType":"VirtualNetwork",'


def _times(rows: TrafficSums, start: int, end: int) -> Iterator[Piece]:
    constants = {
        "TimeGenerated": end + GENERATED_AFTER,
        "TimeProcessed": end + PROCESSED_AFTER,
        "FlowIntervalStartTime": start,
        "FlowIntervalEndTime": end,
    }
    yield b"{"
    for name, time in constants.items():
        yield f'"{name}":"{moment(time):%Y-%m-%dT%H:%M:%SZ}",'.encode()
    yield b'"SubType":"FlowLog","FaSchemaVersion":"3",'
    yield from _cell("FlowStartTime", *moments(rows.first))
    yield from _cell("FlowEndTime", *moments(rows.last))


def _sides(ends: _Ends) -> Iterator[Piece]:
    for end, number in (("Src", ends.source), ("Dest", ends.destination)):
        for name, fact in _SIDE_COLUMNS.items():
            yield from _cell(end + name, _names([getattr(side, fact) for side in ends.sides], number))


def _figures(rows: TrafficSums) -> Iterator[Piece]:
    inbound = rows.direction == 0
    for name, column in (
        ("AllowedInFlows", np.where(inbound, rows.begun, 0)),
        ("DeniedInFlows", np.where(inbound, rows.denied, 0)),
        ("AllowedOutFlows", np.where(inbound, 0, rows.begun)),
        ("DeniedOutFlows", np.where(inbound, 0, rows.denied)),
        ("CompletedFlows", rows.ended),
        ("PacketsSrcToDest", rows.packets_sent),
        ("PacketsDestToSrc", rows.packets_received),
        ("BytesSrcToDest", rows.bytes_sent),
        ("BytesDestToSrc", rows.bytes_received),
    ):
        yield from _figure(name, column)


def _flags(ends: _Ends) -> Iterator[Piece]:
    yield b'"IsFlowCapturedAtUdrHop":'
    yield words((b"false,", b"true,"))[ends.is_hop.astype(np.intp)]


def _folded(table: TrafficSums, source: UInt8, destination: UInt8) -> tuple[Rows, Rows]:
    """The first row of each row to write, and which of them each goes into.

    Public peers, of one kind where `source` or `destination` is not 0, do not tell rows apart.
    """
    blank = np.uint64(0)
    folded = [
        Addresses(np.where(kind > 0, blank, held.high), np.where(kind > 0, blank, held.low))
        for kind, held in ((source, table.source), (destination, table.destination))
    ]
    others = [column for column in table.keys if not isinstance(column, Addresses)]
    first, row = distinct_rows([*others, *folded, source, destination])
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(len(first)))
    share = np.empty(len(row), np.intp)
    share[order] = (np.arange(len(row)) - starts[row[order]]) // MOST_PEERS
    return distinct_rows([row, share]) if share.any() else (first, row)


def _peers(held: Addresses, table: TrafficSums, public: Bools, row: Rows) -> list[bytes]:
    """The list of public addresses of each row: ``IP|begun|ended|packets out|in|bytes out|in``, apart by blanks."""
    at = np.flatnonzero(public)
    at = at[np.argsort(row[at], kind="stable")]
    pieces: list[Piece] = [*addresses(held[at])]
    for column in (
        table.begun + table.denied,
        table.ended,
        table.packets_sent,
        table.packets_received,
        table.bytes_sent,
        table.bytes_received,
    ):
        pieces += [b"|", *numbers(column[at])]
    entries = rows_text(len(at), [*pieces, b"\n"]).split(b"\n")
    count = int(row.max(initial=-1)) + 1
    stops = np.searchsorted(row[at], np.arange(count + 1)).tolist()
    return [b" ".join(entries[stops[number] : stops[number + 1]]) for number in range(count)]


def _cell(name: str, *pieces: Piece) -> Iterator[Piece]:
    yield f'"{name}":"'.encode()
    yield from pieces
    yield b'",'


def _figure(name: str, column: Column) -> Iterator[Piece]:
    yield f'"{name}":'.encode()
    yield from numbers(column)
    yield b","


def _address(name: str, held: Addresses, is_listed: Bools) -> Iterator[Piece]:
    """An address; nothing where a list has it."""
    first, group = distinct_rows([held])
    texts = words(text.encode() for text in held[first].texts())
    yield from _cell(name, texts[np.where(is_listed, len(first), group)])


def _names(texts: Sequence[str], number: Column) -> npt.NDArray[np.bytes_]:
    """Texts by number, as JSON has them, without quotes."""
    taken: npt.NDArray[np.bytes_] = words(json_text(text)[1:-1] for text in texts)[number]
    return taken


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
