"""Writes flows.json.gz: an hour of the direct-peering scenario as a VNet flow log would have recorded it.

Who talks to whom, how much, and with which encryption code at either NIC is traffic.csv, whose sums the log holds to
the byte: a bill of it can be computed by hand. Equal seeds give equal logs.

    python scenarios/direct-peering/make_log.py
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from simulator.dataplane.plane import DataPlane
from simulator.flows.records import BEGIN, DIRECTIONS, END, FlowRecords, Int64
from simulator.flows.synthetic import generate
from simulator.flows.vnet_flow_log_writer import write_vnet_flow_log
from simulator.network.network import Network, build_network
from simulator.sources.load import load_snapshot
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets

FOLDER = Path(__file__).resolve().parent
SEED = 20261124
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTES = 60
PROTOCOLS = {"tcp": 6, "udp": 17}
GIB = 1 << 30
PACKET_BYTES = 1400
FIRST_PORT = 50_000


def traffic() -> list[dict[str, str]]:
    with (FOLDER / "traffic.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def packets(network: Network, rows: list[dict[str, str]]) -> Packets:
    """The first packet of every flow; the thousands of its source port number the row of traffic.csv."""
    flows = []
    for number, row in enumerate(rows):
        sources = cycle(address(network, name) for name in row["source"].split())
        for at in range(int(row["flows"])):
            port = FIRST_PORT + 1000 * number + at
            flows.append(
                (
                    next(sources),
                    address(network, row["destination"]),
                    port,
                    int(row["port"]),
                    PROTOCOLS[row["protocol"]],
                )
            )
    return Packets.of(flows)


def address(network: Network, name: str) -> str:
    endpoint = network.endpoint(name)
    return endpoint.addresses[0] if endpoint else name


def whole(records: FlowRecords) -> FlowRecords:
    """The flows that end within the hour at every NIC that logs them: their sums are all there."""
    flow = records.source_port
    begun, ended = (np.bincount(flow[records.state == state], minlength=1 << 16) for state in (BEGIN, END))
    return records.select((begun == ended)[flow])


def with_sums(records: FlowRecords, rows: list[dict[str, str]]) -> FlowRecords:
    """Bytes and packets so that each NIC counts, over the flows of a row, what the row says, to the byte."""
    sent, received = (np.zeros(len(records), np.int64) for _ in range(2))
    for number, row in enumerate(rows):
        ports = np.unique(records.source_port[records.source_port // 1000 == FIRST_PORT // 1000 + number])
        for column, key in ((sent, "gib_sent"), (received, "gib_received")):
            for port, share in zip(ports, shares(int(float(row[key]) * GIB), len(ports)), strict=True):
                is_flow = (records.source_port == port) & (records.state != BEGIN)
                for mac in np.unique(records.mac[is_flow]):
                    tuples = np.flatnonzero(is_flow & (records.mac == mac))
                    column[tuples] = shares(int(share), len(tuples))
    counts = {"packets_sent": -(-sent // PACKET_BYTES), "packets_received": -(-received // PACKET_BYTES)}
    return replace(records, bytes_sent=sent, bytes_received=received, **counts)


def shares(total: int, count: int) -> Int64:
    """`total` in `count` parts as equal as whole numbers are."""
    parts = np.full(count, total // count, np.int64)
    parts[: total % count] += 1
    return parts


def with_codes(records: FlowRecords, rows: list[dict[str, str]]) -> FlowRecords:
    """The encryption code that each NIC writes."""
    codes = sorted({row[key] for row in rows for key in ("code_at_source", "code_at_destination")})
    outbound = records.direction == DIRECTIONS.index("Outbound")
    code = np.zeros(len(records), np.int32)
    for number, row in enumerate(rows):
        is_row = records.source_port // 1000 == FIRST_PORT // 1000 + number
        code[is_row & outbound] = codes.index(row["code_at_source"])
        code[is_row & ~outbound] = codes.index(row["code_at_destination"])
    return replace(records, encryption=code, encryptions=tuple(codes))


def recorded_log() -> FlowRecords:
    network, rows = build_network(load_snapshot(FOLDER / "topology.yaml")), traffic()
    predictions = packet_walk(DataPlane(network), packets(network, rows))
    records = whole(generate(predictions, start=START, minutes=MINUTES, seed=SEED, without_acl="omit"))
    return with_codes(with_sums(records, rows), rows)


if __name__ == "__main__":
    blob = write_vnet_flow_log(recorded_log(), phase_seed=SEED)
    (FOLDER / "flows.json.gz").write_bytes(gzip.compress(blob, 9, mtime=0))
