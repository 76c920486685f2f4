"""What can hold an address: NICs, firewalls, routing appliances, managed services, frontends, gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from simulator.azure.firewall import AzureFirewall
from simulator.azure.load_balancer import FrontendIpConfiguration, LoadBalancer
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.subnet_service import ApplicationGateway, BastionHost, RoutingAppliance, SubnetConfiguration
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import any_covers
from tests.oracle.judgement import Address

#: (public address, private address that it is translated to, SKU)
Public = tuple[Address, Address, str]
#: Policies of a private endpoint's subnet that let its security group filter (SEMANTICS 1.8).
FILTERED_BY_GROUP = {"enabled", "networksecuritygroupenabled"}


@dataclass(frozen=True)
class Endpoint:
    """Something with a subnet and addresses. A managed service holds every address of its subnet that no other has."""

    id: ResourceId
    kind: Literal["nic", "firewall", "appliance", "managed"]
    subnet: Subnet
    virtual_network: VirtualNetwork
    addresses: tuple[Address, ...]
    public: tuple[Public, ...] = ()
    interface: NetworkInterface | None = None
    firewall: AzureFirewall | None = None

    @property
    def has_security_group(self) -> bool:
        if self.is_private_endpoint:
            return self.subnet.network_security_group is not None and self.is_filtered_private_endpoint
        on_nic = self.interface is not None and self.interface.network_security_group is not None
        return on_nic or self.subnet.network_security_group is not None

    @property
    def is_private_endpoint(self) -> bool:
        return self.interface is not None and self.interface.private_endpoint is not None

    @property
    def is_filtered_private_endpoint(self) -> bool:
        return (self.subnet.private_endpoint_network_policies or "").lower() in FILTERED_BY_GROUP

    @property
    def writes_decisions(self) -> bool:
        """Firewalls and private endpoints write no flow log of their own."""
        return self.kind != "firewall" and not self.is_private_endpoint

    def holds(self, address: Address) -> bool:
        return address in self.addresses or (self.kind == "managed" and any_covers(self.subnet.prefixes, address))

    def own_address(self, version: int) -> Address | None:
        return next((address for address in self.addresses if address.version == version), None)


@dataclass(frozen=True)
class Frontend:
    """A load balancer's frontend: private inside `virtual_network`, or public."""

    id: ResourceId
    balancer: LoadBalancer
    virtual_network: VirtualNetwork | None
    address: Address | None
    public: Address | None

    @property
    def own(self) -> Address:
        found = self.address or self.public
        assert found is not None
        return found


@dataclass(frozen=True)
class Gateway:
    """A gateway; `routes` are the prefixes that are known, `routes_unknown` says that BGP may hold more."""

    id: ResourceId
    is_expressroute: bool
    subnet: Subnet
    virtual_network: VirtualNetwork
    routes: tuple[str, ...]
    routes_unknown: bool

    has_security_group = False

    def holds(self, address: Address) -> bool:
        return any_covers(self.routes, address)


@dataclass(frozen=True)
class Internet:
    """Everything public that is not in the snapshot."""


INTERNET = Internet()
Home = tuple[Subnet, VirtualNetwork]


def subnet_home(snapshot: Snapshot, reference: ResourceId | None) -> Home | None:
    for network in snapshot.virtual_networks:
        for subnet in network.subnets:
            if subnet.id == reference:
                return subnet, network
    return None


def public_address(snapshot: Snapshot, reference: ResourceId | None) -> tuple[Address, str] | None:
    """The address and SKU of a public IP; None when Azure has assigned none or the export does not hold it."""
    resource = snapshot.get(reference, PublicIpAddress)
    if resource is None or not resource.ip_address:
        return None
    return ip_address(resource.ip_address), resource.sku.name.capitalize()


def interfaces(snapshot: Snapshot) -> Iterator[Endpoint]:
    for nic in snapshot.network_interfaces:
        configurations = [c for c in nic.ip_configurations if c.private_ip_address]
        home = subnet_home(snapshot, next((c.subnet for c in nic.ip_configurations if c.subnet), None))
        if home is None:
            continue
        addresses = tuple(ip_address(c.private_ip_address or "") for c in configurations)
        public = []
        for configuration, own in zip(configurations, addresses, strict=True):
            held = public_address(snapshot, configuration.public_ip_address)
            public += [(held[0], own, held[1])] if held else []
        yield Endpoint(nic.id, "nic", *home, addresses, tuple(public), interface=nic)


def firewalls(snapshot: Snapshot) -> Iterator[Endpoint]:
    for firewall in snapshot.all(AzureFirewall):
        first = next((c for c in firewall.ip_configurations if c.private_ip_address), None)
        home = subnet_home(snapshot, first.subnet) if first else None
        if first is None or home is None:
            continue
        private = ip_address(first.private_ip_address or "")
        held = [public_address(snapshot, c.public_ip_address) for c in firewall.ip_configurations]
        public = tuple((found[0], private, found[1]) for found in held if found)
        yield Endpoint(firewall.id, "firewall", *home, (private,), public, firewall=firewall)


def routing_appliances(snapshot: Snapshot) -> Iterator[Endpoint]:
    for appliance in snapshot.all(RoutingAppliance):
        subnets = [appliance.subnet, *(c.subnet for c in appliance.ip_configurations)]
        home = subnet_home(snapshot, next((held for held in subnets if held), None))
        addresses = tuple(ip_address(c.private_ip_address) for c in appliance.ip_configurations if c.private_ip_address)
        if home is not None:
            yield Endpoint(appliance.id, "appliance", *home, addresses)


def managed_services(snapshot: Snapshot) -> Iterator[Endpoint]:
    """Application gateways and Bastion hosts; their public addresses stand before their first private one."""
    gateways = [
        (gateway.id, gateway.gateway_ip_configurations, gateway.frontend_ip_configurations)
        for gateway in snapshot.all(ApplicationGateway)
    ]
    bastions = [
        (bastion.id, bastion.ip_configurations, bastion.ip_configurations) for bastion in snapshot.all(BastionHost)
    ]
    for identity, homes, fronts in sorted([*gateways, *bastions], key=lambda held: held[0].key):
        home = subnet_home(snapshot, next((c.subnet for c in homes if c.subnet), None))
        if home is not None:
            addresses = tuple(ip_address(c.private_ip_address) for c in fronts if c.private_ip_address)
            yield Endpoint(identity, "managed", *home, addresses, tuple(_fronts(snapshot, fronts, addresses)))


def _fronts(
    snapshot: Snapshot, configurations: tuple[SubnetConfiguration, ...], addresses: tuple[Address, ...]
) -> Iterator[Public]:
    for configuration in configurations:
        held = public_address(snapshot, configuration.public_ip_address)
        own = next((address for address in addresses if held and address.version == held[0].version), None)
        if held is not None:
            yield held[0], own if own is not None else held[0], held[1]


def frontends(snapshot: Snapshot) -> Iterator[Frontend]:
    for balancer in snapshot.all(LoadBalancer):
        for configuration in balancer.frontend_ip_configurations:
            yield from _frontend(snapshot, balancer, configuration)


def _frontend(snapshot: Snapshot, balancer: LoadBalancer, configuration: FrontendIpConfiguration) -> Iterator[Frontend]:
    private = configuration.private_ip_address
    home = subnet_home(snapshot, configuration.subnet)
    if private and home is not None:
        yield Frontend(configuration.id, balancer, home[1], ip_address(private), None)
        return
    held = public_address(snapshot, configuration.public_ip_address)
    if held is not None:
        yield Frontend(configuration.id, balancer, None, None, held[0])
