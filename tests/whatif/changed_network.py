"""The network that the tests of changes change, and what to ask of the result."""

from __future__ import annotations

from simulator.azure.network_manager import AdminRule, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import Route, RouteTable
from simulator.azure.security_group import NetworkSecurityGroup, SecurityRule
from simulator.azure.snapshot import Snapshot
from simulator.whatif.change import parse_change

TOPOLOGY = """
name: change
virtual_networks:
  vnet-hub:
    address_space: 10.1.0.0/22
    subnets: {VmSubnet1: {prefix: 10.1.3.128/28, nsg: nsg-web, route_table: rt-spoke}}
  vnet-large: {address_space: 10.1.4.0/24, subnets: {VmSubnet1: 10.1.4.0/26, VmSubnet2: 10.1.4.64/26}}
network_security_groups:
  nsg-web:
    - {name: allow-web, priority: 100, direction: Inbound, access: Allow, source: Internet, ports: [80, 443]}
    - {name: from-asg, priority: 110, direction: Inbound, access: Allow, source_asgs: [asg-web], ports: 8080}
  nsg-sql: []
application_security_groups: [asg-web, asg-sql]
route_tables:
  rt-spoke: {routes: {default: 0.0.0.0/0 -> 10.1.1.4, to-hq: 192.168.0.0/16 -> VirtualNetworkGateway}}
virtual_machines:
  vm-web1: {subnet: vnet-hub/VmSubnet1, ip: 10.1.3.132, nsg: nsg-sql}
  vm-app1: {subnet: vnet-large/VmSubnet1, ip: 10.1.4.4}
network_interfaces:
  vm-app1-second: {vm: vm-app1, subnet: vnet-large/VmSubnet2, ip: 10.1.4.68}
  lonely: {subnet: vnet-large/VmSubnet2, ip: 10.1.4.69}
network_managers:
  avnm:
    network_groups: {prod: [vnet-large]}
    security_admin_configurations:
      baseline:
        rule_collections:
          block:
            applies_to: [prod]
            rules: [{name: no-ssh, priority: 10, direction: Inbound, access: Deny, source: Internet, ports: 22}]
"""
BLOCK = "network_manager: avnm, configuration: baseline, collection: block"
PROVIDER = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-change/providers/Microsoft.Network"


RULE = "{name: r, priority: 300, direction: Inbound, access: Deny}"


def applied(snapshot: Snapshot, *steps: str) -> Snapshot:
    return parse_change("changes:\n" + "".join(f"  - {step}\n" for step in steps)).apply(snapshot)


def resource_id(kind: str, name: str) -> ResourceId:
    return ResourceId(f"{PROVIDER}/{kind}/{name}")


def rules_of(snapshot: Snapshot, group: str) -> dict[str, SecurityRule]:
    held = snapshot.get(resource_id("networkSecurityGroups", group), NetworkSecurityGroup)
    return {rule.name: rule for rule in held.security_rules} if held else {}


def routes_of(snapshot: Snapshot) -> dict[str, Route]:
    held = snapshot.get(resource_id("routeTables", "rt-spoke"), RouteTable)
    return {route.name: route for route in held.routes} if held else {}


def admin_rules_of(snapshot: Snapshot) -> dict[str, AdminRule]:
    [manager] = snapshot.all(NetworkManager)
    return {rule.name: rule for rule in manager.security_admin_configurations[0].rule_collections[0].rules}
