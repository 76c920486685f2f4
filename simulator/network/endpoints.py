"""Endpoints from network interfaces and firewalls.

Learn: azure/virtual-network/virtual-network-network-interface, azure/firewall/overview
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from simulator.azure.firewall import AzureFirewall, FirewallIpConfiguration
from simulator.azure.network_interface import IpConfiguration, NetworkInterface, PublicIpAddress, VirtualMachine
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet
from simulator.network.model import Endpoint, grouped
from simulator.network.prefixes import host_prefix, readable_prefixes
from simulator.space.addresses import format_address

#: Azure keeps the first four addresses of a subnet to itself, counting the network address.
FIRST_USABLE = 4


def build_endpoints(snapshot: Snapshot, subnets: Mapping[ResourceId, Subnet]) -> tuple[Endpoint, ...]:
    """Every NIC that sits in a subnet, then every firewall, both by id."""
    machines = _machines_of_nics(snapshot)
    nics_of_machine = grouped((machine, nic) for nic, machine in machines.items())
    nics = (
        _nic_endpoint(snapshot, nic, machines.get(nic.id), nics_of_machine)
        for nic in snapshot.network_interfaces
        if nic_subnet(nic) is not None
    )
    firewalls = (_firewall_endpoint(snapshot, firewall, subnets) for firewall in snapshot.all(AzureFirewall))
    return (*nics, *(endpoint for endpoint in firewalls if endpoint is not None))


def nic_subnet(nic: NetworkInterface) -> ResourceId | None:
    """The subnet of the NIC; all of its configurations lie in one, as Azure demands."""
    return next((held.subnet for held in _primary_first(nic.ip_configurations) if held.subnet is not None), None)


def _machines_of_nics(snapshot: Snapshot) -> dict[ResourceId, ResourceId]:
    """NIC → VM, read from whichever of the two names the other."""
    machines = {
        nic: machine.id
        for machine in snapshot.all(VirtualMachine)
        for nic in machine.network_profile.network_interfaces
    }
    named = {nic.id: nic.virtual_machine for nic in snapshot.network_interfaces if nic.virtual_machine is not None}
    return machines | named


def _nic_endpoint(
    snapshot: Snapshot,
    nic: NetworkInterface,
    machine: ResourceId | None,
    nics_of_machine: Mapping[ResourceId, tuple[ResourceId, ...]],
) -> Endpoint:
    configurations = _primary_first(nic.ip_configurations)
    subnet = nic_subnet(nic)
    assert subnet is not None
    public = [held.public_ip_address for held in configurations if held.public_ip_address is not None]
    is_only = machine is not None and len(nics_of_machine[machine]) == 1
    return Endpoint(
        id=nic.id,
        kind="nic",
        name=machine.name if machine is not None and is_only else nic.name,
        subnet=subnet,
        virtual_network=subnet.parent,
        addresses=_addresses(held.private_ip_address for held in configurations),
        public_addresses=_public_addresses(snapshot, public),
        public_sku=_public_sku(snapshot, public),
        security_group=nic.network_security_group,
        mac=_mac(nic.mac_address),
        ip_forwarding=nic.enable_ip_forwarding,
        is_load_balanced=any(
            held.load_balancer_backend_address_pools or held.load_balancer_inbound_nat_rules for held in configurations
        ),
        appliance=snapshot.declarations.appliances.get(nic.id),
        virtual_machine=machine,
        private_endpoint=nic.private_endpoint,
    )


def _firewall_endpoint(
    snapshot: Snapshot, firewall: AzureFirewall, subnets: Mapping[ResourceId, Subnet]
) -> Endpoint | None:
    """The firewall in its subnet; None for one in a Virtual WAN hub, which has no subnet."""
    placed = next((held for held in firewall.ip_configurations if held.subnet is not None), None)
    if placed is None or placed.subnet is None:
        return None
    public = [held.public_ip_address for held in firewall.ip_configurations if held.public_ip_address is not None]
    return Endpoint(
        id=firewall.id,
        kind="firewall",
        name=firewall.name,
        subnet=placed.subnet,
        virtual_network=placed.subnet.parent,
        addresses=_addresses([firewall_address(placed, subnets.get(placed.subnet))]),
        public_addresses=_public_addresses(snapshot, public),
        public_sku="Standard" if public else "",
        ip_forwarding=True,
    )


def firewall_address(configuration: FirewallIpConfiguration, subnet: Subnet | None) -> str | None:
    """The address in the export, or else the first usable one of the subnet, which is where Azure puts a firewall."""
    if configuration.private_ip_address:
        return configuration.private_ip_address
    prefixes = [prefix for prefix in readable_prefixes(subnet.prefixes if subnet else ()) if prefix.is_ipv4]
    return format_address(prefixes[0].low + FIRST_USABLE) if prefixes else None


def _primary_first(configurations: Iterable[IpConfiguration]) -> list[IpConfiguration]:
    return sorted(configurations, key=lambda held: not held.primary)


def _addresses(texts: Iterable[str | None]) -> tuple[str, ...]:
    """The addresses among `texts`, spelled as `format_address` spells them; a NIC never holds one twice."""
    hosts = [host for text in texts if text and (host := host_prefix(text)) is not None]
    return tuple(dict.fromkeys(format_address(host.low) for host in hosts))


def _public_addresses(snapshot: Snapshot, references: Iterable[ResourceId]) -> tuple[str, ...]:
    held = (snapshot.get(reference, PublicIpAddress) for reference in references)
    return _addresses(address.ip_address for address in held if address is not None)


def _public_sku(snapshot: Snapshot, references: list[ResourceId]) -> Literal["Standard", "Basic", ""]:
    """Standard where the public IP is not in the export: Basic ones were retired on 2025-09-30 (an Issue says so)."""
    if not references:
        return ""
    held = [snapshot.get(reference, PublicIpAddress) for reference in references]
    return "Basic" if any(address and address.sku.name.lower() == "basic" for address in held) else "Standard"


def _mac(text: str | None) -> str | None:
    digits = "".join(character for character in text or "" if character.isalnum()).upper()
    return digits or None
