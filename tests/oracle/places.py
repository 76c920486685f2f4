"""Where things are in one snapshot: who has an address, the links between VNets, the gateways in reach."""

from __future__ import annotations

from functools import cached_property

from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Appliance, Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork, VirtualNetworkPeering
from tests.oracle.addresses import any_covers, covers, family_of, is_public, length_of
from tests.oracle.endpoints import (
    INTERNET,
    Endpoint,
    Frontend,
    Gateway,
    Home,
    Internet,
    firewalls,
    frontends,
    interfaces,
    managed_services,
    public_address,
    routing_appliances,
    subnet_home,
)
from tests.oracle.judgement import Address, Fate
from tests.oracle.managers import Joined, connected_members, hub_links
from tests.oracle.services import Service, services

#: The defaults of SEMANTICS 9; `Declarations.assumptions` switches them.
ASSUMPTIONS = {
    "se_beats_udr": False,
    "dnat_implicit_allow_overridable": False,
    "any_protocol_is_every_protocol": True,
    "default_route_in_virtual_network": True,
    "on_premises_in_internet": True,
    "tag_routes_leave_internet": False,
    "first_manager_decides": True,
    "forwarded_traffic_enforced": True,
    "vnet_local_route_reaches_peers": True,
    "appliance_filters_see_transit": True,
    "ecmp_is_symmetric": False,
    "service_bus_open_without_rules": True,
    "threat_intelligence_matches": False,
}


class Places:
    """One snapshot, looked at through plain loops. `layers` are those that the packet in hand has met."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.layers: set[str] = set()
        self._links: dict[ResourceId, list[VirtualNetworkPeering]] = {}
        self._joined: dict[ResourceId, list[Joined]] = {}

    def assumes(self, key: str) -> bool:
        said = self.snapshot.declarations.assumptions.get(key)
        value = ASSUMPTIONS[key] if said is None else said.strip().lower() in ("true", "yes", "on")
        self.layers |= {"assumption"} if value != ASSUMPTIONS[key] else set()
        return value

    def subnet(self, reference: ResourceId | None) -> Home | None:
        return subnet_home(self.snapshot, reference)

    def virtual_network(self, reference: ResourceId) -> VirtualNetwork | None:
        return self.snapshot.get(reference, VirtualNetwork)

    @property
    def networks(self) -> tuple[VirtualNetwork, ...]:
        return self.snapshot.virtual_networks

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        kinds = interfaces, firewalls, routing_appliances, managed_services
        return tuple(endpoint for kind in kinds for endpoint in kind(self.snapshot))

    @cached_property
    def frontends(self) -> tuple[Frontend, ...]:
        return tuple(frontends(self.snapshot))

    @cached_property
    def services(self) -> tuple[Service, ...]:
        return tuple(services(self.snapshot))

    def service_at(self, address: Address) -> Service | None:
        return next((service for service in self.services if str(address) in service.addresses), None)

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
        """A public address of the export: of a NIC, a firewall, a managed service or a frontend."""
        if any(address == frontend.public for frontend in self.frontends):
            return True
        return any(address == public for endpoint in self.endpoints for public, _, _ in endpoint.public)

    def public_address(self, reference: ResourceId | None) -> Address | None:
        held = public_address(self.snapshot, reference)
        return held[0] if held else None

    def appliance(self, endpoint: Endpoint) -> Appliance | None:
        """What the guest does; a routing appliance forwards everything, keeps no state and translates nothing (3.8)."""
        declared = self.snapshot.declarations.appliances.values()
        found = next((appliance for appliance in declared if appliance.network_interface == endpoint.id), None)
        if found is None and endpoint.kind == "appliance":
            return Appliance(endpoint.id, stateful=False)
        return found

    # --- links -----------------------------------------------------------------------------------------------------
    def links(self, network: VirtualNetwork) -> list[VirtualNetworkPeering]:
        """The network's own links in state Connected, those that network managers make included."""
        if network.id not in self._links:
            own = hub_links(self.snapshot, network)
            self._links[network.id] = [link for link in own if link.peering_state.lower() == "connected"]
        return self._links[network.id]

    def link(self, owner: VirtualNetwork, remote: VirtualNetwork) -> VirtualNetworkPeering | None:
        return next((link for link in self.links(owner) if link.remote_virtual_network == remote.id), None)

    def joined(self, network: VirtualNetwork) -> list[Joined]:
        """The other members of its connected groups; between two networks a subnet peering goes first (S19)."""
        if network.id not in self._joined:
            found = connected_members(self.snapshot, network)
            self._joined[network.id] = [held for held in found if not self._peers_by_subnet(network, held.network)]
        return self._joined[network.id]

    def _peers_by_subnet(self, one: VirtualNetwork, other: VirtualNetwork) -> bool:
        links = self.link(one, other), self.link(other, one)
        return any(link is not None and not link.peer_complete_vnets for link in links)

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
    def place_at(self, network: VirtualNetwork, address: Address) -> Endpoint | Frontend | None:
        """NIC, firewall, routing appliance, frontend; last the managed service whose subnet holds the address."""
        here = [endpoint for endpoint in self.endpoints if endpoint.virtual_network.id == network.id]
        named = next((endpoint for endpoint in here if address in endpoint.addresses), None)
        return named or self._frontend_at(network, address) or next((e for e in here if e.holds(address)), None)

    def _frontend_at(self, network: VirtualNetwork, address: Address) -> Frontend | None:
        for frontend in self.frontends:
            if frontend.address == address and frontend.virtual_network and frontend.virtual_network.id == network.id:
                return frontend
        return None

    def origin(self, address: Address) -> Endpoint | Gateway | Internet:
        """ORDER 2: an endpoint, inside a VNet (unknown), on premises, the Internet, else unknown."""
        held = self.holders(address)
        if len(held) == 1:
            if isinstance(held[0], Frontend) or held[0].is_private_endpoint:
                raise Fate("NO_SENDER")
            return held[0]
        if held or self.is_in_azure(address):
            raise Fate("SOURCE_NOT_IN_EXPORT")
        gateway = self.on_premises_gateway(address)
        if gateway is not None:
            return gateway
        if is_public(address):
            return INTERNET
        raise Fate("SOURCE_NOT_IN_EXPORT")

    def holders(self, address: Address) -> list[Endpoint | Frontend]:
        """Who has the address in any VNet. More than one: VNets share the range, and nobody tells which is meant."""
        places = (self.place_at(network, address) for network in self.networks)
        return [place for place in places if place is not None]

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
