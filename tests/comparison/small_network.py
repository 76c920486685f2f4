"""One virtual network with a web and a SQL server, and what their NICs may have logged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from simulator.azure.security_group import Direction
from simulator.flows.records import FlowRecord, FlowRecords, Locator, State
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROVIDER = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-small/providers/Microsoft.Network"
GROUP = f"{PROVIDER}/networkSecurityGroups/nsg-sql"
WEB, SQL = "000D3A000001", "000D3A000002"

TOPOLOGY = """
name: small
virtual_networks:
  vnet: {address_space: 10.0.0.0/16, subnets: {web: 10.0.1.0/24, sql: {prefix: 10.0.2.0/24, nsg: nsg-sql}}}
network_security_groups:
  nsg-sql:
    - {name: allow-web, priority: 100, direction: Inbound, access: Allow, source: 10.0.1.0/24, ports: 1433}
    - {name: deny-ssh, priority: 110, direction: Inbound, access: Deny, protocol: Tcp, ports: 22}
  nsg-nic:
    - {name: allow-all, priority: 100, direction: Inbound, access: Allow}
  nsg-out:
    - {name: no-ldap, priority: 100, direction: Outbound, access: Deny, ports: 389}
virtual_machines:
  vm-web: {subnet: vnet/web, ip: 10.0.1.4, mac: 00-0D-3A-00-00-01, nsg: nsg-out}
  vm-sql: {subnet: vnet/sql, ip: 10.0.2.4, mac: 00-0D-3A-00-00-02, nsg: nsg-nic}
network_managers:
  avnm:
    network_groups: {all: [vnet]}
    security_admin_configurations:
      baseline:
        rule_collections:
          block:
            applies_to: [all]
            rules:
              - {name: no-telnet, priority: 10, direction: Inbound, access: Deny, protocol: Tcp, ports: 23}
              - {name: may-http, priority: 20, direction: Inbound, access: Allow, protocol: Tcp, ports: 80}
              - {name: must-https, priority: 30, direction: Inbound, access: AlwaysAllow, protocol: Tcp, ports: 443}
    deployments: {westeurope: [baseline]}
"""


def network_from(folder: Path, topology: str = TOPOLOGY) -> Network:
    path = folder / "small.yaml"
    path.write_text(topology, encoding="utf-8")
    return build_network(scenario_snapshot(path))


def logged(
    port: int,
    rule: str,
    state: State = "B",
    *,
    mac: str = SQL,
    direction: Direction = "Inbound",
    acl: str = GROUP,
    source: str = "10.0.1.4",
    destination: str = "10.0.2.4",
    **more: Any,
) -> FlowRecord:
    """One tuple from the web to the SQL server, as the SQL server's NIC writes it unless told otherwise."""
    fields: Mapping[str, Any] = {"time": NOON, "source_port": 50000, "protocol": 6} | more
    return FlowRecord(
        mac=mac,
        direction=direction,
        source=source,
        destination=destination,
        destination_port=port,
        state=state,
        acl=acl,
        rule=rule,
        **fields,
    )


def log_of(*rows: FlowRecord) -> FlowRecords:
    """The rows as a log, a second apart and each with a place of its own."""
    return FlowRecords.of(
        replace(row, time=row.time + timedelta(seconds=at), locator=Locator("PT1H.json", 0, 0, 0, at))
        for at, row in enumerate(rows)
    )
