"""Endpoints: whatever holds an address in a virtual network.

Learn: azure/virtual-network/virtual-network-network-interface, azure/firewall/overview
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.azure.firewall import AzureFirewall, FirewallIpConfiguration
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet
from simulator.network.frontends import frontend_endpoints
from simulator.network.model import Endpoint
from simulator.network.nic_endpoints import nic_endpoints
from simulator.network.public_addresses import first_usable_address, public_addresses, spelled_addresses
from simulator.network.subnet_services import managed_endpoints, routing_appliance_endpoints


def build_endpoints(snapshot: Snapshot, subnets: Mapping[ResourceId, Subnet]) -> tuple[Endpoint, ...]:
    """NICs that sit in a subnet, then firewalls, routing appliances, managed services and frontends, each by id."""
    given = (
        *nic_endpoints(snapshot),
        *_firewall_endpoints(snapshot, subnets),
        *routing_appliance_endpoints(snapshot, subnets),
    )
    frontends = tuple(frontend_endpoints(snapshot))
    taken = {(one.virtual_network, address) for one in (*given, *frontends) for address in one.addresses}
    return (*given, *managed_endpoints(snapshot, subnets, taken), *frontends)


def _firewall_endpoints(snapshot: Snapshot, subnets: Mapping[ResourceId, Subnet]) -> Iterator[Endpoint]:
    """Each firewall in its subnet; one in a Virtual WAN hub has none and is left out."""
    for firewall in snapshot.all(AzureFirewall):
        placed = next((held for held in firewall.ip_configurations if held.subnet is not None), None)
        if placed is not None and placed.subnet is not None:
            yield _firewall_endpoint(snapshot, firewall, placed, placed.subnet, subnets)


def _firewall_endpoint(
    snapshot: Snapshot,
    firewall: AzureFirewall,
    placed: FirewallIpConfiguration,
    subnet: ResourceId,
    subnets: Mapping[ResourceId, Subnet],
) -> Endpoint:
    """An export without the private address means the first usable one, which is where Azure puts a firewall."""
    public = [held.public_ip_address for held in firewall.ip_configurations if held.public_ip_address is not None]
    return Endpoint(
        id=firewall.id,
        kind="firewall",
        name=firewall.name,
        subnet=subnet,
        virtual_network=subnet.parent,
        addresses=spelled_addresses([placed.private_ip_address or first_usable_address(subnets.get(subnet))]),
        public_addresses=public_addresses(snapshot, public),
        public_sku="Standard" if public else "",
        ip_forwarding=True,
    )
