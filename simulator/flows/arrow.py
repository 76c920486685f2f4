"""Flow records and predictions as Arrow tables, for Parquet files and the libraries that read Arrow.

pyarrow comes with the extra ``arrow``. Columns of names are dictionary-encoded: a log of millions of rows has few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simulator import extras
from simulator.flows.distinct import Column, distinct_rows
from simulator.flows.records import DIRECTIONS, NOT_GIVEN, STATES
from simulator.walk.packets import PROTOCOLS, TCP, UDP, Addresses, Bools
from simulator.walk.predictions import NOTHING, rule_reference
from simulator.walk.reasons import REASONS, Verdict
from simulator.walk.sequences import along_the_way, distinct_sequences

if TYPE_CHECKING:
    from simulator.flows.records import FlowRecords
    from simulator.flows.replay import Replay

_PROTOCOL_NAMES = {number: name.lower() for name, number in PROTOCOLS.items()}


def records_table(records: FlowRecords) -> Any:
    """A ``pyarrow.Table`` with a row for each tuple of a flow log, as the log has it, and where it stands.

    Raises MissingExtraError without pyarrow.
    """
    arrow = _pyarrow()
    place = records.locators
    return arrow.table(
        {
            "time": _times(arrow, records.time),
            "mac": _names(arrow, records.mac, records.macs),
            "direction": _names(arrow, records.direction, DIRECTIONS),
            "source": _addresses(arrow, records.source),
            "source_port": _ports(arrow, records.source_port, records.protocol),
            "destination": _addresses(arrow, records.destination),
            "destination_port": _ports(arrow, records.destination_port, records.protocol),
            "protocol": _protocols(arrow, records.protocol),
            "state": _names(arrow, records.state, STATES),
            "acl": _names(arrow, records.acl, records.acls),
            "rule": _names(arrow, records.rule, records.rules),
            "encryption": _names(arrow, records.encryption, records.encryptions),
            **{
                name: _masked(arrow, getattr(records, name), getattr(records, name) == NOT_GIVEN)
                for name in ("packets_sent", "bytes_sent", "packets_received", "bytes_received")
            },
            "target": _names(arrow, records.target, records.targets),
            "blob": _names(arrow, place.blob, records.blobs),
            **{f"at_{name}": arrow.array(getattr(place, name)) for name in ("record", "flow", "group", "tuple")},
        }
    )


def replay_table(replay: Replay) -> Any:
    """A ``pyarrow.Table`` with a row for each conversation: what was logged, and what was predicted.

    Raises MissingExtraError without pyarrow.
    """
    arrow = _pyarrow()
    held, records, packet = replay.conversations, replay.records, replay.packet
    verdicts = [verdict.name for verdict in sorted(Verdict)]
    rules, rule = _rules(replay)
    paths, path = _paths(replay)
    routes = [" ".join(route.prefixes) for route in replay.plane.forwarding.routes]
    route = replay.walked.route[packet]
    hops = [each.next_hop_type for each in replay.plane.forwarding.routes]
    codes = [answer.code for answer in replay.encryption.answers]
    return arrow.table(
        {
            "nic": _nics(arrow, replay),
            "direction": _names(arrow, held.direction, DIRECTIONS),
            "source": _addresses(arrow, held.source),
            "source_port": _ports(arrow, held.source_port, held.protocol),
            "destination": _addresses(arrow, held.destination),
            "destination_port": _ports(arrow, held.destination_port, held.protocol),
            "protocol": _protocols(arrow, held.protocol),
            "observed": _names(arrow, held.is_denied.astype(np.int32), ("ALLOW", "DENY")),
            "observed_acl": _names(arrow, held.acl, records.acls),
            "observed_rule": _names(arrow, held.rule, records.rules),
            "observed_encryption": _names(arrow, held.encryption, records.encryptions),
            "verdict": _names(arrow, replay.verdict, verdicts),
            "reason": _names(arrow, replay.reason, [reason.code for reason in REASONS]),
            "rule": _names(arrow, rule, rules),
            "route": _names(arrow, np.where(route < len(routes), route, NOTHING), routes),
            "next_hop": _names(arrow, np.where(route < len(routes), route, NOTHING), hops),
            "path": _names(arrow, path[packet], paths),
            "encryption": _names(arrow, replay.encryption.number, codes),
            "records": arrow.array(held.count),
            "bytes_sent": arrow.array(held.bytes_sent),
            "bytes_received": arrow.array(held.bytes_received),
            "first_time": _times(arrow, held.first_time),
            "last_time": _times(arrow, held.last_time),
        }
    )


def with_column(table: Any, name: str, values: npt.NDArray[np.float64]) -> Any:
    """`table` with a further column; NaN becomes null."""
    return table.append_column(name, _pyarrow().array(values, mask=np.isnan(values)))


def to_pandas(table: Any) -> Any:
    """A table as a pandas DataFrame, names as categories. Raises MissingExtraError without pandas."""
    extras.load("pandas", extra="arrow", what="a DataFrame")
    return table.to_pandas()


def parquet(table: Any) -> bytes:
    """A table as a Parquet file. Raises MissingExtraError without pyarrow."""
    arrow = _pyarrow()
    sink = arrow.BufferOutputStream()
    extras.load("pyarrow.parquet", extra="arrow", what="Parquet").write_table(table, sink, compression="zstd")
    return bytes(memoryview(sink.getvalue()))


def _pyarrow() -> Any:
    return extras.load("pyarrow", extra="arrow", what="Arrow")


def _names(arrow: Any, numbers: npt.NDArray[Any], names: Sequence[str]) -> Any:
    """Numbers of names; a negative number, and an empty name, are null. Equal names become one."""
    place = {name: at for at, name in enumerate(dict.fromkeys(name for name in names if name))}
    of_name = np.array([*(place.get(name, NOTHING) for name in names), NOTHING], np.int32)
    found = of_name[np.where(numbers < 0, len(names), numbers)]
    indices = arrow.array(np.maximum(found, 0), mask=found == NOTHING)
    return arrow.DictionaryArray.from_arrays(indices, arrow.array([*place], arrow.string()))


def _masked(arrow: Any, values: npt.NDArray[Any], missing: Bools) -> Any:
    return arrow.array(values, mask=missing)


def _times(arrow: Any, milliseconds: npt.NDArray[np.int64]) -> Any:
    return arrow.array(milliseconds, arrow.int64()).cast(arrow.timestamp("ms", tz="UTC"))


def _addresses(arrow: Any, addresses: Addresses) -> Any:
    first, group = distinct_rows([addresses])
    return _names(arrow, group, addresses[first].texts())


def _ports(arrow: Any, ports: Column, protocol: Column) -> Any:
    """Null for protocols without ports."""
    return _masked(arrow, ports.astype(np.int32), ~np.isin(protocol, (TCP, UDP)))


def _protocols(arrow: Any, protocol: Column) -> Any:
    names = [_PROTOCOL_NAMES.get(number, str(number)) for number in range(256)]
    return _names(arrow, protocol.astype(np.int32), names)


def _nics(arrow: Any, replay: Replay) -> Any:
    """The name of the logging NIC, or its MAC where the export does not hold it."""
    known = len(replay.network.endpoints)
    names = [*(endpoint.name for endpoint in replay.network.endpoints), *replay.records.macs]
    numbers = np.where(replay.endpoint >= 0, replay.endpoint, known + replay.conversations.mac)
    return _names(arrow, numbers, names)


def _rules(replay: Replay) -> tuple[list[str], npt.NDArray[np.intp]]:
    """The deciding rules, and which of them decided each conversation; -1 where none did."""
    deciders = replay.walked.decider
    first, group = distinct_rows([np.ascontiguousarray(column) for column in deciders.T])
    names = []
    for at in first:
        layer, table, row = (int(value) for value in deciders[at])
        names.append("" if layer == NOTHING else str(rule_reference(replay.plane, layer, table, row)))
    return names, group[replay.packet]


def _paths(replay: Replay) -> tuple[list[str], npt.NDArray[np.intp]]:
    """The ways as names of their places, and which of them each distinct packet took."""
    packet, place = along_the_way(replay.walked.path)
    ways, number = distinct_sequences(packet, place, len(replay.walked))
    return [" > ".join(replay.plane.places.name(each) for each in way) for way in ways], number
