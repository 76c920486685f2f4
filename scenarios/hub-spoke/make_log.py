"""Writes flows.json.gz: an hour of the hub-spoke scenario as a VNet flow log would have recorded it.

The traffic is traffic.csv, walked over topology.yaml after drift.yaml, so that the log differs from the export where
somebody had edited rules by hand. On top come rows that no rule explains (`beyond_rules`). planted.csv lists what a
comparison of the log with topology.yaml has to find. Equal seeds give equal logs.

    python scenarios/hub-spoke/make_log.py
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.flows.records import FlowRecord, FlowRecords
from simulator.flows.rule_names import PLATFORM_RULE, ZERO_GUID
from simulator.flows.synthetic import generate
from simulator.flows.vnet_flow_log_writer import write_vnet_flow_log
from simulator.network.network import Network, build_network
from simulator.sources.load import load_snapshot
from simulator.space.addresses import format_address, parse_prefix
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import Packets
from simulator.whatif.change import load_change

FOLDER = Path(__file__).resolve().parent
SEED = 20261116
FLOWS = 2500
START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
MINUTES = 60
PROTOCOLS = {"tcp": 6, "udp": 17}
EPHEMERAL_PORTS = (49152, 65536)
#: A NIC that was created after the export.
NEW_MAC, NEW_ADDRESS = "000D3A100408", "10.1.4.6"


def recorded_network() -> Network:
    """The network as it was when the log was written."""
    snapshot = load_snapshot(FOLDER / "topology.yaml")
    return build_network(load_change(FOLDER / "drift.yaml").apply(snapshot))


def traffic(network: Network) -> Packets:
    """`FLOWS` first packets, drawn from traffic.csv by share; within a row every source and destination alike."""
    random = np.random.default_rng(SEED)
    with (FOLDER / "traffic.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shares = np.array([float(row["share"]) for row in rows])
    flows = []
    for number in random.choice(len(rows), FLOWS, p=shares / shares.sum()):
        row = rows[number]
        source = draw(network, row["source"], "", random)
        destination = draw(network, row["destination"], source, random)
        port = int(random.integers(*EPHEMERAL_PORTS))
        flows.append((source, destination, port, int(row["port"]), PROTOCOLS[row["protocol"]]))
    return Packets.of(flows)


def draw(network: Network, names: str, other: str, random: np.random.Generator) -> str:
    """One address of a list of VMs, on-premises hosts, addresses and prefixes, but not `other`."""
    hosts = {name: at for site in network.snapshot.declarations.on_premises for name, at in site.hosts.items()}
    while True:
        name = str(random.choice(names.split()))
        endpoint = network.endpoint(name) if name.startswith("vm-") else None
        address = endpoint.addresses[0] if endpoint else hosts.get(name, name)
        if "/" in address:
            prefix = parse_prefix(address)
            address = format_address(int(random.integers(1, prefix.high - prefix.low)) + prefix.low)
        if address != other:
            return address


def beyond_rules(network: Network) -> Iterator[FlowRecord]:
    """Rows that no rule of the network explains: see planted.csv."""

    def row(
        nic: str, minute: int, source: str, port: int, protocol: int, state: str, acl: str, rule: str, **more: object
    ) -> FlowRecord:
        endpoint = network.endpoint(nic)
        assert endpoint is not None and endpoint.mac is not None
        values = {
            "time": START + timedelta(minutes=minute, seconds=7),
            "mac": endpoint.mac,
            "direction": "Inbound",
            "source": source,
            "destination": endpoint.addresses[0],
            "source_port": 50123,
            "destination_port": port,
            "protocol": protocol,
            "state": state,
            "acl": acl,
            "rule": rule,
            "target": str(endpoint.virtual_network),
        }
        return FlowRecord(**{**values, **more})  # type: ignore[arg-type]

    groups = f"/subscriptions/{network.snapshot.virtual_networks[0].id.subscription}/resourceGroups/rg-network"
    group = f"{groups}/providers/Microsoft.Network/networkSecurityGroups/"
    for minute, port in ((3, 29382), (17, 29400), (44, 29385)):
        probe = {"source_port": 23456, "packets_sent": 1, "bytes_sent": 128}
        yield row("vm-edge1", minute, "40.87.168.8", port, 6, "E", ZERO_GUID, PLATFORM_RULE, **probe)
    # vm-web3, newer than the export: its own NIC's view, and that of the NIC it talks to
    app = ("vm-app1", 25, NEW_ADDRESS, 8080, 6)
    yield row(*app, "B", f"{group}nsg-web", "DefaultRule_AllowVnetOutBound", mac=NEW_MAC, direction="Outbound")
    yield row(*app, "B", f"{group}nsg-app", "UserRule_allow-app-from-web")
    # Azure's flow logs hold no ICMP; other tools' exports do
    yield row("vm-web1", 31, "10.1.3.132", 0, 1, "D", f"{group}nsg-web", "UserRule_deny-all-in", source_port=0)
    # reporting had a connection open before its rule was taken away: it goes on, and no begin stands in the log
    counters = {"packets_sent": 40, "bytes_sent": 5200, "packets_received": 44, "bytes_received": 61000}
    for minute, state in ((4, "C"), (9, "C"), (12, "E")):
        yield row(
            "vm-sql1", minute, "10.1.5.100", 1433, 6, state, f"{group}nsg-sql", "UserRule_allow-reporting", **counters
        )


def recorded_log() -> FlowRecords:
    network = recorded_network()
    predictions = packet_walk(DataPlane(network), traffic(network))
    by_rules = generate(predictions, start=START, minutes=MINUTES, seed=SEED, without_acl="omit")
    return FlowRecords.of([*by_rules, *beyond_rules(network)])


if __name__ == "__main__":
    blob = write_vnet_flow_log(recorded_log(), phase_seed=SEED)
    (FOLDER / "flows.json.gz").write_bytes(gzip.compress(blob, 9, mtime=0))
