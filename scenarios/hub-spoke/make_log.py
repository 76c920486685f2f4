"""Writes flows.json.gz: an hour of the hub-spoke scenario as a VNet flow log would have recorded it.

The traffic is traffic.csv, walked over topology.yaml after drift.yaml, so that the log differs from the export where
somebody had edited rules by hand. On top come rows that no rule explains (`beyond_rules`), and one machine's encryption
(`without_restart`). planted.csv lists what a comparison of the log with topology.yaml has to find. Equal seeds give
equal logs.

    python scenarios/hub-spoke/make_log.py
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from simulator.azure.security_group import NetworkSecurityGroup
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


def without_restart(network: Network, rows: Iterable[FlowRecord]) -> Iterator[FlowRecord]:
    """vm-erpsql1 was not stopped and started since encryption was enabled: it encrypts nothing, peers fall back."""
    machine = network.endpoint("vm-erpsql1")
    assert machine is not None
    for row in rows:
        if row.encryption != "X" or machine.addresses[0] not in (row.source, row.destination):
            yield row
        else:
            yield replace(row, encryption="NX" if row.mac == machine.mac else "NX_FALLBACK")


def beyond_rules(network: Network) -> Iterator[FlowRecord]:
    """Rows that no rule of the network explains: see planted.csv."""
    edge, app, web, sql = (arriving(network, name) for name in ("vm-edge1", "vm-app1", "vm-web1", "vm-sql1"))

    for minute, port in ((3, 29382), (17, 29400), (44, 29385)):
        probe = replace(edge, source="40.87.168.8", source_port=23456, destination_port=port, time=at_minute(minute))
        yield replace(probe, state="E", acl=ZERO_GUID, rule=PLATFORM_RULE, packets_sent=1, bytes_sent=128)

    # A NIC newer than the export: what its peer logs, and what it logs itself.
    seen = replace(app, source=NEW_ADDRESS, destination_port=8080, time=at_minute(25))
    yield replace(seen, acl=group(network, "nsg-app"), rule="UserRule_allow-app-from-web")
    sent = replace(seen, mac=NEW_MAC, direction="Outbound")
    yield replace(sent, acl=group(network, "nsg-web"), rule="DefaultRule_AllowVnetOutBound")

    # Azure's flow logs hold no ICMP; exports of other tools do.
    ping = replace(web, source="10.1.3.132", source_port=0, protocol=1, state="D", time=at_minute(31))
    yield replace(ping, acl=group(network, "nsg-web"), rule="UserRule_deny-all-in")

    # Reporting's connection is older than the log and goes on, although its rule was taken away.
    reporting = replace(sql, source="10.1.5.100", destination_port=1433, acl=group(network, "nsg-sql"))
    reporting = replace(reporting, packets_sent=40, bytes_sent=5200, packets_received=44, bytes_received=61000)
    for minute in (4, 9):
        yield replace(reporting, state="C", rule="UserRule_allow-reporting", time=at_minute(minute))
    yield replace(reporting, state="E", rule="UserRule_allow-reporting", time=at_minute(12))


def arriving(network: Network, name: str) -> FlowRecord:
    """A first TCP packet that a VM's NIC logs as it arrives; the rest is filled in by the caller."""
    endpoint = network.endpoint(name)
    assert endpoint is not None and endpoint.mac is not None
    return FlowRecord(
        time=START,
        mac=endpoint.mac,
        direction="Inbound",
        source="",
        destination=endpoint.addresses[0],
        source_port=50123,
        destination_port=0,
        protocol=6,
        state="B",
        acl="",
        rule="",
        target=str(endpoint.virtual_network),
    )


def at_minute(minute: int) -> datetime:
    return START + timedelta(minutes=minute, seconds=7)


def group(network: Network, name: str) -> str:
    """The id of a network security group, as ``aclID`` has it."""
    return next(str(each.id) for each in network.snapshot.all(NetworkSecurityGroup) if each.name == name)


def recorded_log() -> FlowRecords:
    network = recorded_network()
    predictions = packet_walk(DataPlane(network), traffic(network))
    by_rules = generate(predictions, start=START, minutes=MINUTES, seed=SEED, without_acl="omit")
    return FlowRecords.of([*without_restart(network, by_rules), *beyond_rules(network)])


if __name__ == "__main__":
    blob = write_vnet_flow_log(recorded_log(), phase_seed=SEED)
    (FOLDER / "flows.json.gz").write_bytes(gzip.compress(blob, 9, mtime=0))
