"""Writes VNet flow logs, version 4, byte for byte as Azure does: the inverse of `vnet_flow_log`.

A record has one ``flows`` entry for each (ACL, direction): platform rules first, then outbound, then inbound.

Learn: azure/network-watcher/vnet-flow-logs-overview#log-format, azure/network-watcher/flow-logs-read
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.flows.block_blobs import RECORDS, FolderBlobs, HeldBlobs
from simulator.flows.bulk_text import Numbers, Piece, addresses, numbers, ports, words
from simulator.flows.minute_blocks import Block, Group, Groups, MinuteWriter, json_text
from simulator.flows.records import STATES, FlowRecords
from simulator.flows.rule_names import parse_rule_name
from simulator.walk.packets import Bools, Int32

#: Where a blob lies: below the watcher's and the flow log's names (real, and the documentation's newest pages), or
#: below the flow log's whole id (other pages).
Layout = Literal["names", "id"]
REGION = "westeurope"


class FlowLog(Struct, frozen=True, dict=True):
    """The flow log resource that writes: its id in upper case as the log has it, and its GUID."""

    id: str
    guid: str

    @classmethod
    def of_target(cls, target: str, region: str) -> FlowLog:
        """Named as the portal names it, ``<target>-<resource group>-flowlog``, in the region's network watcher."""
        resource = ResourceId(target)
        name = f"{resource.name}-{resource.resource_group}-flowlog".upper()
        watcher = f"NETWORKWATCHERS/NETWORKWATCHER_{region.upper()}"
        identity = (
            f"/SUBSCRIPTIONS/{resource.subscription.upper()}/RESOURCEGROUPS/NETWORKWATCHERRG"
            f"/PROVIDERS/MICROSOFT.NETWORK/{watcher}/FLOWLOGS/{name}"
        )
        return cls(identity, str(uuid.uuid5(uuid.NAMESPACE_URL, identity)))

    @cached_property
    def path(self) -> str:
        """The folder of its blobs: ``flowLogResourceID=/<subscription>_NETWORKWATCHERRG/<watcher>_<name>``."""
        resource = ResourceId(self.id)
        watcher = resource.parent.name
        return f"flowLogResourceID=/{resource.subscription}_NETWORKWATCHERRG/{watcher}_{resource.name}"


class VnetFlowLogWriter(MinuteWriter):
    """Gives the blocks of VNet flow logs.

    Attributes
    ----------
    regions : region of each target (a virtual network's id in lower case), for the flow log's name; westeurope where
        it is missing.
    layout : how blobs are laid out.
    """

    def __init__(
        self,
        *,
        regions: Mapping[str, str] | None = None,
        phase_seed: int = 0,
        doubled: float = 0.0,
        layout: Layout = "names",
    ) -> None:
        super().__init__(phase_seed=phase_seed, doubled=doubled)
        self.regions, self.layout = regions or {}, layout
        self._flow_logs: dict[str, FlowLog] = {}
        self._heads: dict[tuple[str, str], bytes] = {}
        self._acls: dict[str, int] = {}

    def flow_log(self, target: str) -> FlowLog:
        if target not in self._flow_logs:
            self._flow_logs[target] = FlowLog.of_target(target, self.regions.get(target.lower(), REGION))
        return self._flow_logs[target]

    def logged(self, records: FlowRecords) -> tuple[Bools, Int32, tuple[str, ...]]:
        return np.ones(len(records), np.bool_), records.target, records.targets

    def folder(self, log: str) -> str:
        flow_log = self.flow_log(log)
        return flow_log.path if self.layout == "names" else f"flowLogResourceID={flow_log.id}"

    def pieces(self, records: FlowRecords) -> list[Piece]:
        codes = words(json_text(code)[1:-1] + b"," for code in records.encryptions)
        way = (records.protocol.astype(np.intp) * 2 + records.direction) * len(STATES) + records.state
        return [
            *flow_pieces(records, records.time),
            _ways()[way],
            codes[records.encryption],
            *counter_pieces(records),
        ]

    def record(self, time: datetime, fraction: str, mac: str, log: str, groups: Groups) -> bytes:
        parts = [b'{"time":"', f"{time:%Y-%m-%dT%H:%M:%S}.{fraction}Z".encode(), self._head(mac, log)]
        entry: tuple[bool, int, int] | None = None
        for key, group in sorted(((self._entry(group), group) for group in groups), key=lambda each: each[0]):
            if key != entry:
                if entry is not None:
                    parts.append(b"]},")
                parts += [b'{"aclID":', json_text(group.acl), b',"flowGroups":[']
            else:
                parts.append(b",")
            entry = key
            parts += [b'{"rule":', json_text(group.rule), b',"flowTuples":[', b",".join(groups[group]), b"]}"]
        return b"".join([*parts, b"]}]}}"])

    def _entry(self, group: Group) -> tuple[bool, int, int]:
        """The order of the entries of ``flows``: platform rules, outbound, inbound, and of ACLs as they were met."""
        is_platform = parse_rule_name(group.rule).kind == "platform"
        return not is_platform, 1 - group.direction, self._acls.setdefault(group.acl, len(self._acls))

    def _head(self, mac: str, target: str) -> bytes:
        """What stands between the time of a record and its flows."""
        if (mac, target) not in self._heads:
            log = self.flow_log(target)
            self._heads[mac, target] = (
                b'","flowLogVersion":4,"flowLogGUID":%b,"macAddress":%b,"category":"FlowLogFlowEvent",'
                b'"flowLogResourceID":%b,"targetResourceID":%b,"operationName":"FlowLogFlowEvent",'
                b'"flowRecords":{"flows":[' % tuple(json_text(text) for text in (log.guid, mac, log.id, target))
            )
        return self._heads[mac, target]


def flow_pieces(records: FlowRecords, time: Numbers) -> list[Piece]:
    """Time, addresses and ports of tuples, a comma behind each."""
    return [
        *numbers(time),
        b",",
        *addresses(records.source),
        b",",
        *addresses(records.destination),
        b",",
        ports(records.source_port),
        b",",
        ports(records.destination_port),
        b",",
    ]


@cache
def _ways() -> npt.NDArray[Any]:
    """Protocol, direction and state of a tuple."""
    return words(
        b"%d,%b,%b," % (protocol, way, state.encode())
        for protocol in range(256)
        for way in (b"I", b"O")
        for state in STATES
    )


def counter_pieces(records: FlowRecords) -> list[Piece]:
    """The four counters, with commas between them; empty where they are not given."""
    first, *others = (
        records.packets_sent,
        records.bytes_sent,
        records.packets_received,
        records.bytes_received,
    )
    return [*numbers(first), *(piece for column in others for piece in (b",", *numbers(column)))]


def write_vnet_flow_log(
    records: FlowRecords, *, regions: Mapping[str, str] | None = None, phase_seed: int = 0
) -> bytes:
    """One blob with every record of `records`, which need not be sorted; see `VnetFlowLogWriter`."""
    return RECORDS.whole(block.data for block in _blocks(records, regions, phase_seed, "names"))


def vnet_flow_log_blobs(
    records: FlowRecords,
    *,
    regions: Mapping[str, str] | None = None,
    phase_seed: int = 0,
    layout: Layout = "names",
) -> dict[str, bytes]:
    """The blobs as they lie in the container: one for each flow log, hour and MAC, by path; options as above."""
    blobs = HeldBlobs()
    blobs.add(_blocks(records, regions, phase_seed, layout))
    return blobs.finished()


def write_vnet_flow_logs(
    folder: Path, records: FlowRecords, *, regions: Mapping[str, str] | None = None, phase_seed: int = 0
) -> list[Path]:
    """Puts `vnet_flow_log_blobs` under `folder` and gives the files written, in order."""
    blobs = FolderBlobs(folder)
    blobs.add(_blocks(records, regions, phase_seed, "names"))
    return blobs.files


def _blocks(
    records: FlowRecords, regions: Mapping[str, str] | None, phase_seed: int, layout: Layout
) -> Iterable[Block]:
    order = np.argsort(records.time, kind="stable")
    return VnetFlowLogWriter(regions=regions, phase_seed=phase_seed, layout=layout).blocks([records.select(order)])
