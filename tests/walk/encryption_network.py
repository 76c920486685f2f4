"""One network with every kind of place that encryption treats in its own way."""

from __future__ import annotations

from pathlib import Path

from simulator.dataplane.plane import DataPlane
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.sources.scenario import scenario_snapshot

TOPOLOGY = """
name: kinds
virtual_networks:
  v-on:
    address_space: 10.1.0.0/16
    encryption: true
    subnets: {s: 10.1.1.0/24, lb: 10.1.2.0/24, agw: 10.1.3.0/24, VirtualNetworkApplianceSubnet: 10.1.7.0/24,
              GatewaySubnet: 10.1.9.0/24, AzureBastionSubnet: 10.1.8.0/26}
  v-peer: {address_space: 10.2.0.0/16, encryption: true, location: northeurope, subnets: {s: 10.2.1.0/24}}
  v-off: {address_space: 10.3.0.0/16, encryption: false, subnets: {s: 10.3.1.0/24}}
  v-drop: {address_space: 10.4.0.0/16, encryption: {enforcement: DropUnencrypted}, subnets: {s: 10.4.1.0/24}}
  hub-premium: {address_space: 10.5.0.0/16, encryption: true, subnets: {AzureFirewallSubnet: 10.5.1.0/26}}
  hub-standard: {address_space: 10.6.0.0/16, encryption: true, subnets: {AzureFirewallSubnet: 10.6.1.0/26}}
  hub-basic: {address_space: 10.7.0.0/16, encryption: true, subnets: {AzureFirewallSubnet: 10.7.1.0/26}}
peerings:
  - {hub: v-on, spokes: [v-peer, v-off, v-drop, hub-premium, hub-standard, hub-basic], forwarded_traffic: true}
virtual_machines:
  vm-new: {subnet: v-on/s, ip: 10.1.1.4, size: Standard_D2s_v5}
  vm-new2: {subnet: v-on/s, ip: 10.1.1.5, size: standard_e4as_v4}
  vm-old: {subnet: v-on/s, ip: 10.1.1.6, size: Standard_B2ms}
  vm-slow: {subnet: v-on/s, ip: 10.1.1.7, size: Standard_D2s_v5, accelerated_networking: false}
  vm-said-no: {subnet: v-on/s, ip: 10.1.1.8, size: Standard_D2s_v5, vnet_encryption_supported: false}
  vm-said-yes: {subnet: v-on/s, ip: 10.1.1.9, size: Standard_D2s_v3, vnet_encryption_supported: true}
  vm-strange: {subnet: v-on/s, ip: 10.1.1.10, size: Standard_Z9, accelerated_networking: true}
  vm-sizeless: {subnet: v-on/s, ip: 10.1.1.11}
  vm-secret: {subnet: v-on/s, ip: 10.1.1.12, size: Standard_DC4as_v5}
  vm-nva: {subnet: v-on/s, ip: 10.1.1.13, size: Standard_F4als_v6, ip_forwarding: true, appliance: {forwards: true}}
  vm-far: {subnet: v-peer/s, ip: 10.2.1.4, size: Standard_L8s_v3}
  vm-off: {subnet: v-off/s, ip: 10.3.1.4, size: Standard_D2s_v5}
  vm-drop: {subnet: v-drop/s, ip: 10.4.1.4, size: Standard_D2s_v5}
  vm-drop-old: {subnet: v-drop/s, ip: 10.4.1.5, size: Standard_A2_v2}
network_interfaces:
  nic-alone: {subnet: v-on/s, ip: 10.1.1.20}
azure_firewalls:
  fw-premium: {vnet: hub-premium, ip: 10.5.1.4, tier: Premium}
  fw-standard: {vnet: hub-standard, ip: 10.6.1.4, tier: Standard}
  fw-basic: {vnet: hub-basic, ip: 10.7.1.4, tier: Basic}
virtual_network_gateways:
  er: {vnet: v-on, type: ExpressRoute, learned: [{prefix: 192.168.0.0/16, next_hop: 10.1.9.12}]}
  vpn: {vnet: v-on, type: Vpn}
application_gateways: {agw: {subnet: v-on/agw, ip: 10.1.3.4}}
bastion_hosts: {bastion: {vnet: v-on, public_ip: 203.0.113.9}}
routing_appliances: {router: {vnet: v-on, ip: 10.1.7.4}}
storage_accounts: {st: {location: westeurope, default_action: Allow}}
private_endpoints: {pe: {subnet: v-on/s, ip: 10.1.1.30, service: st, group: blob}}
load_balancers:
  lb-good:
    frontends: {fe: {subnet: v-on/lb, ip: 10.1.2.4}}
    pools: {p: [vm-new, vm-new2]}
    rules: [{name: r, frontend: fe, pool: p, port: 443}]
  lb-mixed:
    frontends: {fe: {subnet: v-on/lb, ip: 10.1.2.5}}
    pools: {p: [vm-new2, vm-old]}
    rules: [{name: r, frontend: fe, pool: p, port: 443}]
  lb-doubtful:
    frontends: {fe: {subnet: v-on/lb, ip: 10.1.2.6}}
    pools: {p: [vm-new2, vm-strange]}
    rules: [{name: r, frontend: fe, pool: p, port: 443}]
  lb-public:
    frontends: {fe: {public_ip: 203.0.113.8}}
    pools: {p: [vm-new2]}
    rules: [{name: r, frontend: fe, pool: p, port: 443}]
"""


def kinds_network(folder: Path, topology: str = TOPOLOGY) -> Network:
    path = folder / "kinds.yaml"
    path.write_text(topology, encoding="utf-8")
    return build_network(scenario_snapshot(path))


def place_of(plane: DataPlane, name: str) -> int:
    """The number of a place by its name; ``Internet``, ``Azure platform`` and ``on-premises`` are places too."""
    return next(place for place in range(plane.places.nowhere) if plane.places.name(place) == name)
