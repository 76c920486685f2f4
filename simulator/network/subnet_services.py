"""Endpoints from services that live in a subnet of their own: Bastion, application gateways, routing appliances.

Learn: azure/bastion/bastion-overview, azure/application-gateway/configuration-infrastructure,
azure/virtual-network/virtual-network-routing-appliance-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Appliance, Snapshot
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance, SubnetConfiguration
from simulator.azure.virtual_network import Subnet
from simulator.network.model import Endpoint
from simulator.network.public_addresses import first_usable_address, public_addresses, spelled_addresses


def managed_endpoints(
    snapshot: Snapshot, subnets: Mapping[ResourceId, Subnet], taken: Iterable[tuple[ResourceId, str]]
) -> Iterator[Endpoint]:
    """Bastion hosts, then application gateways. No export tells their instances' addresses: the first free one stands
    here. `taken` are those of other endpoints, (VNet, address).
    """
    held = set(taken)
    hosts = ((one, one.ip_configurations, one.ip_configurations) for one in snapshot.all(BastionHost))
    gateways = (
        (one, one.gateway_ip_configurations, one.frontend_ip_configurations) for one in snapshot.all(ApplicationGateway)
    )
    for service, placing, public in (*hosts, *gateways):
        placed = _subnet(placing)
        if placed is not None:
            near = {address for network, address in held if network == placed.parent}
            addresses = spelled_addresses([first_usable_address(subnets.get(placed), near)])
            held |= {(placed.parent, address) for address in addresses}
            yield _managed(snapshot, service, placed, addresses, public)


def routing_appliance_endpoints(snapshot: Snapshot, subnets: Mapping[ResourceId, Subnet]) -> Iterator[Endpoint]:
    """Virtual network routing appliances: Azure's own, so what they do needs no declaration."""
    for held in snapshot.all(RoutingAppliance):
        placed = held.subnet or _subnet(held.ip_configurations)
        if placed is None:
            continue
        own = [one.private_ip_address for one in held.ip_configurations if one.private_ip_address]
        yield Endpoint(
            id=held.id,
            kind="appliance",
            name=held.name,
            subnet=placed,
            virtual_network=placed.parent,
            addresses=spelled_addresses(own or [first_usable_address(subnets.get(placed))]),
            ip_forwarding=True,
            appliance=Appliance(held.id, forwards=True, stateful=False, snat="none"),
        )


def _managed(
    snapshot: Snapshot,
    service: Resource,
    placed: ResourceId,
    addresses: tuple[str, ...],
    public: tuple[SubnetConfiguration, ...],
) -> Endpoint:
    references = [held.public_ip_address for held in public if held.public_ip_address is not None]
    return Endpoint(
        id=service.id,
        kind="managed",
        name=service.name,
        subnet=placed,
        virtual_network=placed.parent,
        addresses=addresses,
        public_addresses=public_addresses(snapshot, references),
        public_sku="Standard" if references else "",
    )


def _subnet(configurations: tuple[SubnetConfiguration, ...]) -> ResourceId | None:
    return next((held.subnet for held in configurations if held.subnet is not None), None)
