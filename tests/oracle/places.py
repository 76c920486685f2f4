"""Where things are: NICs, firewalls and gateways with their subnet and VNet, and the links between VNets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

from simulator.azure.firewall import AzureFirewall
from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.network_interface import NetworkInterface, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Appliance, Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork, VirtualNetworkPeering
from tests.oracle.addresses import any_covers, covers, family_of, is_public, length_of
from tests.oracle.judgement import Address, Fate


@dataclass(frozen=True)
class Endpoint:
    """A NIC or a firewall. `public` pairs each public address with the private one it is translated to."""

    id: ResourceId
    subnet: Subnet
    virtual_network: VirtualNetwork
    addresses: tuple[Address, ...]
    public: tuple[tuple[Address, Address, str], ...]
    interface: NetworkInterface | None
    firewall: AzureFirewall | None

    @property
    def has_security_group(self) -> bool:
        on_nic = self.interface is not None and self.interface.network_security_group is not None
        return on_nic or self.subnet.network_security_group is not None

    @property
    def is_load_balanced(self) -> bool:
        return self.interface is not None and any(
            configuration.load_balancer_backend_address_pools for configuration in self.interface.ip_configurations
        )

    @property
    def is_private_endpoint(self) -> bool:
        return self.interface is not None and self.interface.private_endpoint is not None

    def own_address(self, version: int) -> Address | None:
        return next((address for address in self.addresses if address.version == version), None)


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


class Places:
    """One snapshot, looked at through plain loops."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def subnet(self, reference: ResourceId | None) -> tuple[Subnet, VirtualNetwork] | None:
        for network in self.snapshot.virtual_networks:
            for subnet in network.subnets:
                if subnet.id == reference:
                    return subnet, network
        return None

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        found: list[Endpoint] = []
        for nic in self.snapshot.network_interfaces:
            configurations = [c for c in nic.ip_configurations if c.private_ip_address]
            home = self.subnet(next((c.subnet for c in nic.ip_configurations if c.subnet), None))
            if home is None:
                continue
            addresses = tuple(ip_address(c.private_ip_address or "") for c in configurations)
            public = [
                pair
                for c, own in zip(configurations, addresses, strict=True)
                for pair in self._public(c.public_ip_address, own)
            ]
            found.append(Endpoint(nic.id, *home, addresses, tuple(public), nic, None))
        for firewall in self.snapshot.all(AzureFirewall):
            first = next((c for c in firewall.ip_configurations if c.private_ip_address), None)
            home = self.subnet(first.subnet) if first else None
            if first is None or home is None:
                continue
            private = ip_address(first.private_ip_address or "")
            public = [
                pair for held in firewall.ip_configurations for pair in self._public(held.public_ip_address, private)
            ]
            found.append(Endpoint(firewall.id, *home, (private,), tuple(public), None, firewall))
        return tuple(found)

    def _public(self, reference: ResourceId | None, private: Address) -> list[tuple[Address, Address, str]]:
        resource = self.snapshot.get(reference, PublicIpAddress)
        if resource is None or not resource.ip_address:
            return []
        return [(ip_address(resource.ip_address), private, resource.sku.name.capitalize())]

    @cached_property
    def gateways(self) -> tuple[Gateway, ...]:
        found: list[Gateway] = []
        for gateway in self.snapshot.all(VirtualNetworkGateway):
            home = self.subnet(next((c.subnet for c in gateway.ip_configurations if c.subnet), None))
            if home is not None:
                is_expressroute = gateway.gateway_type.lower() == "expressroute"
                found.append(Gateway(gateway.id, is_expressroute, *home, *self._gateway_routes(gateway)))
        return tuple(found)

    def _gateway_routes(self, gateway: VirtualNetworkGateway) -> tuple[tuple[str, ...], bool]:
        """ORDER 6.4: static prefixes always; learned ones as declared, else as on premises, else unknown with BGP."""
        declarations = self.snapshot.declarations
        connections = [c for c in self.snapshot.all(Connection) if c.virtual_network_gateway1 == gateway.id]
        static: list[str] = []
        for connection in connections:
            site = self.snapshot.get(connection.local_network_gateway2, LocalNetworkGateway)
            static += site.local_network_address_space.address_prefixes if site else ()
        if gateway.id in declarations.learned_routes:
            return (*static, *(route.prefix for route in declarations.learned_routes[gateway.id])), False
        stated = [p for site in declarations.on_premises if site.gateway == gateway.id for p in site.prefixes]
        if stated:
            return (*static, *stated), False
        speaks_bgp = (
            gateway.gateway_type.lower() == "expressroute"
            or gateway.enable_bgp
            or any(connection.enable_bgp for connection in connections)
        )
        return tuple(static), speaks_bgp

    def has_public_address(self, address: Address) -> bool:
        return any(address == public for endpoint in self.endpoints for public, _, _ in endpoint.public)

    def appliance(self, endpoint: Endpoint) -> Appliance | None:
        declared = self.snapshot.declarations.appliances.values()
        return next((appliance for appliance in declared if appliance.network_interface == endpoint.id), None)

    def virtual_network(self, reference: ResourceId) -> VirtualNetwork | None:
        return self.snapshot.get(reference, VirtualNetwork)

    def endpoint_at(self, network: VirtualNetwork, address: Address) -> Endpoint | None:
        for endpoint in self.endpoints:
            if endpoint.virtual_network.id == network.id and address in endpoint.addresses:
                return endpoint
        return None

    # --- links -----------------------------------------------------------------------------------------------------
    def links(self, network: VirtualNetwork) -> list[VirtualNetworkPeering]:
        """The network's own links in state Connected."""
        return [link for link in network.virtual_network_peerings if link.peering_state.lower() == "connected"]

    def link(self, owner: VirtualNetwork, remote: VirtualNetwork) -> VirtualNetworkPeering | None:
        return next((link for link in self.links(owner) if link.remote_virtual_network == remote.id), None)

    def remote_prefixes(self, link: VirtualNetworkPeering) -> tuple[str, ...] | None:
        """ORDER 6.3: what the link routes to; None when the remote VNet and its space are both missing."""
        remote = self.virtual_network(link.remote_virtual_network)
        if not link.peer_complete_vnets and remote is not None:
            subnets = [subnet for subnet in remote.subnets if _named(subnet, link.remote_subnet_names)]
            prefixes = tuple(prefix for subnet in subnets for prefix in subnet.prefixes)
        elif link.remote_address_space is not None and link.remote_address_space.address_prefixes:
            prefixes = link.remote_address_space.address_prefixes
        elif remote is not None:
            prefixes = remote.prefixes
        else:
            return None
        if link.enable_only_ipv6_peering:
            prefixes = tuple(prefix for prefix in prefixes if family_of(prefix) == 6)
        return prefixes

    def gateways_of(self, network: VirtualNetwork) -> list[Gateway]:
        """ORDER 6.4: its own gateways and those of a hub that lets it use them."""
        own = [gateway for gateway in self.gateways if gateway.virtual_network.id == network.id]
        for link in self.links(network):
            hub = self.virtual_network(link.remote_virtual_network)
            back = self.link(hub, network) if hub else None
            if hub and link.use_remote_gateways and back and back.allow_gateway_transit:
                own += [gateway for gateway in self.gateways if gateway.virtual_network.id == hub.id]
        return own

    def is_known_on_premises(self, gateway: Gateway, address: Address) -> bool:
        """On-premises is told of the gateway's VNet and of peers with transit on both links, of nothing else (3.8)."""
        hub = gateway.virtual_network
        if any_covers(hub.prefixes, address):
            return True
        for link in self.links(hub):
            spoke = self.virtual_network(link.remote_virtual_network)
            back = self.link(spoke, hub) if spoke else None
            transits = link.allow_gateway_transit and back is not None and back.use_remote_gateways
            if transits and spoke is not None and any_covers(spoke.prefixes, address):
                return True
        return False

    def has_peer_of_unknown_space(self, network: VirtualNetwork) -> bool:
        """Whether a link leads to a VNet that is not in the export and whose space it does not tell."""
        return any(self.remote_prefixes(link) is None for link in self.links(network))

    def borrows_missing_gateway(self, network: VirtualNetwork) -> bool:
        """Whether a link uses the gateways of a hub that is not in the export."""
        links = (link for link in self.links(network) if link.use_remote_gateways)
        return any(self.virtual_network(link.remote_virtual_network) is None for link in links)

    # --- who has an address ----------------------------------------------------------------------------------------
    def origin(self, address: Address) -> Endpoint | Gateway | Internet:
        """ORDER 2: NIC or firewall, inside a VNet (unknown), on premises, the Internet, else unknown."""
        for endpoint in self.endpoints:
            if address in endpoint.addresses:
                return endpoint
        if self.is_in_azure(address):
            raise Fate("SOURCE_NOT_IN_EXPORT")
        gateway = self.on_premises_gateway(address)
        if gateway is not None:
            return gateway
        if is_public(address):
            return INTERNET
        raise Fate("SOURCE_NOT_IN_EXPORT")

    def is_in_azure(self, address: Address) -> bool:
        """Whether a VNet of the export has the address in its space."""
        return any(any_covers(network.prefixes, address) for network in self.snapshot.virtual_networks)

    def on_premises_gateway(self, address: Address) -> Gateway | None:
        """ORDER 2: the longest prefix, then a declared site's own gateway, then ExpressRoute, then the last id."""
        claims: list[tuple[int, bool, bool, str, Gateway]] = []
        for gateway in self.gateways:
            stated = [p for s in self.snapshot.declarations.on_premises if s.gateway == gateway.id for p in s.prefixes]
            for prefix in (*gateway.routes, *stated):
                if length_of(prefix) > 0 and covers(prefix, address):
                    rank = length_of(prefix), prefix in stated, gateway.is_expressroute, gateway.id.key
                    claims.append((*rank, gateway))
        return max(claims, key=lambda claim: claim[:4])[4] if claims else None


def _named(subnet: Subnet, names: tuple[str, ...]) -> bool:
    return subnet.name.lower() in {name.lower() for name in names}


def exchanges(link: VirtualNetworkPeering | None, local: Subnet, remote: Subnet) -> bool:
    """Whether a link lets these two subnets talk: always, unless it is a subnet peering that leaves one out."""
    if link is None or link.peer_complete_vnets:
        return True
    return _named(local, link.local_subnet_names) and _named(remote, link.remote_subnet_names)
