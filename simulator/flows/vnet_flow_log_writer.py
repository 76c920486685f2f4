"""Writes VNet flow logs, version 4, byte for byte as Azure does: the inverse of `vnet_flow_log`.

Each NIC flushes once a minute, at a second of its own. The record of a flush holds the tuples of a minute that ended
2.8 seconds before, in one ``flows`` entry for each (ACL, direction): platform rules first, then outbound, then inbound.

Learn: azure/network-watcher/vnet-flow-logs-overview#log-format, azure/network-watcher/flow-logs-read
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.flows.distinct import Rows
from simulator.flows.records import NOT_GIVEN, STATES, FlowRecords, moment
from simulator.flows.rule_names import parse_rule_name

MINUTE = 60_000
#: Milliseconds between the last tuple that a record can hold and the record's time.
FLUSH_LAG = 2_800
REGION = "westeurope"

_HEAD, _CLOSER = b'{"records":[', b"]}"


class FlowLog(Struct, frozen=True):
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

    @property
    def path(self) -> str:
        """The folder of its blobs: ``flowLogResourceID=/<subscription>_NETWORKWATCHERRG/<watcher>_<name>``."""
        resource = ResourceId(self.id)
        watcher = resource.parent.name
        return f"flowLogResourceID=/{resource.subscription}_NETWORKWATCHERRG/{watcher}_{resource.name}"


def write_vnet_flow_log(
    records: FlowRecords, *, regions: Mapping[str, str] | None = None, phase_seed: int = 0
) -> bytes:
    """One blob with every record of `records`, sorted by flush time.

    Parameters
    ----------
    regions : region of each target (a virtual network's id in lower case), for the flow log's name; westeurope where
        it is missing.
    phase_seed : another seed gives each NIC another second to flush at.
    """
    return _blob(_minutes(records, regions or {}, phase_seed))


def vnet_flow_log_blobs(
    records: FlowRecords, *, regions: Mapping[str, str] | None = None, phase_seed: int = 0
) -> dict[str, bytes]:
    """The blobs as they lie in the container: one for each flow log, hour and MAC, by path; options as above."""
    blobs: dict[str, list[_Minute]] = {}
    for minute in _minutes(records, regions or {}, phase_seed):
        blobs.setdefault(minute.path, []).append(minute)
    return {path: _blob(iter(minutes)) for path, minutes in blobs.items()}


def write_vnet_flow_logs(
    folder: Path, records: FlowRecords, *, regions: Mapping[str, str] | None = None, phase_seed: int = 0
) -> list[Path]:
    """Puts `vnet_flow_log_blobs` under `folder` and gives the files written, in order."""
    files = []
    for path, data in vnet_flow_log_blobs(records, regions=regions, phase_seed=phase_seed).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        files.append(file)
    return files


class _Minute(Struct, frozen=True):
    """One record: the rows of one NIC and one flow log that are flushed at `flush`."""

    flush: datetime
    mac: str
    flow_log: FlowLog
    data: bytes

    @property
    def path(self) -> str:
        hour = self.flush.strftime("y=%Y/m=%m/d=%d/h=%H/m=00")
        return f"{self.flow_log.path}/{hour}/macAddress={self.mac}/PT1H.json"


def _blob(minutes: Iterator[_Minute]) -> bytes:
    return _HEAD + b",".join(minute.data for minute in minutes) + _CLOSER


def _minutes(records: FlowRecords, regions: Mapping[str, str], phase_seed: int) -> Iterator[_Minute]:
    if not len(records):
        return
    phases = np.array([_phase(phase_seed, mac) for mac in records.macs], np.int64)
    phase = phases[records.mac]
    # The first flush that is at least the lag after the tuple.
    flush = -((phase - records.time - FLUSH_LAG) // MINUTE) * MINUTE + phase
    order = np.lexsort((records.time, records.target, records.mac, flush))
    keys = np.stack([flush, records.mac, records.target])[:, order]
    cuts = np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1
    flow_logs = [FlowLog.of_target(target, regions.get(target.lower(), REGION)) for target in records.targets]
    for rows in np.split(order, cuts):
        first = rows[0]
        yield _minute(records, rows, int(flush[first]), phase_seed, flow_logs[records.target[first]])


def _phase(phase_seed: int, mac: str) -> int:
    """The millisecond of the minute at which a NIC flushes."""
    return _digest(phase_seed, mac) % MINUTE


def _digest(phase_seed: int, mac: str) -> int:
    return int.from_bytes(blake2b(f"{phase_seed}/{mac}".encode(), digest_size=8).digest(), "big")


def _minute(records: FlowRecords, rows: Rows, flush: int, phase_seed: int, log: FlowLog) -> _Minute:
    mac = records.macs[records.mac[rows[0]]]
    time = moment(flush)
    fraction = _digest(phase_seed, mac) // MINUTE % 10_000
    record = {
        "time": f"{time:%Y-%m-%dT%H:%M:%S}.{flush % 1000:03}{fraction:04}Z",
        "flowLogVersion": 4,
        "flowLogGUID": log.guid,
        "macAddress": mac,
        "category": "FlowLogFlowEvent",
        "flowLogResourceID": log.id,
        "targetResourceID": records.targets[records.target[rows[0]]],
        "operationName": "FlowLogFlowEvent",
        "flowRecords": {"flows": _flows(records, rows)},
    }
    return _Minute(time, mac, log, msgspec.json.encode(record))


def _flows(records: FlowRecords, rows: Rows) -> list[dict[str, object]]:
    """``flows`` of one record: (ACL, direction) → rule → tuples in order of time."""
    entries: dict[tuple[bool, int, int], dict[int, list[str]]] = {}
    for row in rows:
        acl, rule, direction = int(records.acl[row]), int(records.rule[row]), int(records.direction[row])
        is_platform = parse_rule_name(records.rules[rule]).kind == "platform"
        groups = entries.setdefault((not is_platform, 1 - direction, acl), {})
        groups.setdefault(rule, []).append(_tuple(records, int(row)))
    return [
        {
            "aclID": records.acls[acl],
            "flowGroups": [{"rule": records.rules[rule], "flowTuples": tuples} for rule, tuples in groups.items()],
        }
        for (_, _, acl), groups in sorted(entries.items(), key=lambda entry: entry[0])
    ]


def _tuple(records: FlowRecords, row: int) -> str:
    counters = (records.packets_sent, records.bytes_sent, records.packets_received, records.bytes_received)
    values = (
        records.time[row],
        records.source.text(row),
        records.destination.text(row),
        records.source_port[row],
        records.destination_port[row],
        records.protocol[row],
        "IO"[records.direction[row]],
        STATES[records.state[row]],
        records.encryptions[records.encryption[row]],
        *("" if column[row] == NOT_GIVEN else column[row] for column in counters),
    )
    return ",".join(map(str, values))
