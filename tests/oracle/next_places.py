"""The places that a route leads to (SEMANTICS 3.2, 3.1(10); ORDER 7)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import any_covers, is_public
from tests.oracle.endpoints import INTERNET, Endpoint, Frontend, Gateway, Internet
from tests.oracle.judgement import Address, Fate, verdict_of
from tests.oracle.places import Places
from tests.oracle.routes import Route, is_shared, select_route


@dataclass(frozen=True)
class ServiceExit:
    """Out of the subnet by its service endpoint."""


SERVICE_EXIT = ServiceExit()
Place = Endpoint | Frontend | Gateway | Internet | ServiceExit


@dataclass(frozen=True)
class Onward:
    """The places that a packet may go to next, several by ECMP, and the route to them."""

    options: list[Place]
    route: Route


def next_places(
    places: Places, subnet: Subnet, network: VirtualNetwork, destination: Address, *, system_only: bool = False
) -> Onward:
    """Where a packet may go that leaves `subnet` for `destination`. Raises Fate when nowhere."""
    route = select_route(places, subnet, network, destination, system_only=system_only)
    return Onward(_options(places, network, route, destination), route)


def _options(places: Places, network: VirtualNetwork, route: Route, destination: Address) -> list[Place]:
    match route.hop:
        case "None":
            raise Fate("ROUTE_NONE")
        case "Internet":
            if not is_public(destination):
                raise Fate("NOT_PUBLIC")
            return [INTERNET]
        case "VirtualNetworkServiceEndpoint":
            places.layers.add("service endpoint")
            return [SERVICE_EXIT]
        case "VirtualAppliance":
            return [_appliance(places, network, route.addresses[0] if route.addresses else None)]
        case "VirtualApplianceEcmp":
            return _several_appliances(places, network, route.addresses)
        case "VirtualNetworkGateway":
            return [_gateway(places, network, route, destination)]
        case "ConnectedGroup" if is_shared(places, network, destination):
            raise Fate("CONNECTED_GROUP_OVERLAP")
    return [_inside(places, network, route, destination)]


# --- appliances ---------------------------------------------------------------------------------------------------
def _several_appliances(places: Places, network: VirtualNetwork, addresses: tuple[str, ...]) -> list[Place]:
    """ORDER 7.3: those that answer; when none does, one that may, else what the first address meets."""
    places.layers.add("ECMP")
    found: list[Place] = []
    fates: list[Fate] = []
    for address in dict.fromkeys(addresses):
        try:
            found.append(_appliance(places, network, address))
        except Fate as fate:
            fates.append(fate)
    if found:
        return found
    untold = [fate for fate in fates if verdict_of(fate.reason) == "UNKNOWN"]
    raise next(iter([*untold, *fates]), Fate("NEXT_HOP_UNREACHABLE"))


def _appliance(places: Places, network: VirtualNetwork, address: str | None) -> Endpoint | Frontend:
    """ORDER 7.3: the next hop must lie in this VNet or a directly peered one."""
    if address is None:
        raise Fate("NEXT_HOP_UNREACHABLE")
    hop = ip_address(address)
    home = _vnet_around(places, network, hop)
    place = places.place_at(home, hop)
    if place is None:
        raise Fate("NEXT_HOP_NOT_IN_EXPORT")
    return place


def _vnet_around(places: Places, network: VirtualNetwork, hop: Address) -> VirtualNetwork:
    if any_covers(network.prefixes, hop):
        return network
    for link in places.links(network):
        if any_covers(places.remote_prefixes(link) or (), hop):
            remote = places.virtual_network(link.remote_virtual_network)
            if remote is None:
                raise Fate("NEXT_HOP_NOT_IN_EXPORT")
            return remote
    if places.has_peer_of_unknown_space(network):
        raise Fate("NEXT_HOP_NOT_IN_EXPORT")
    raise Fate("NEXT_HOP_UNREACHABLE")


# --- gateways -----------------------------------------------------------------------------------------------------
def _gateway(places: Places, network: VirtualNetwork, route: Route, destination: Address) -> Gateway:
    """ORDER 7.4: a learned route names its gateway; a user route needs VPN gateways only, one of which it takes."""
    gateway = route.gateway
    if gateway is None:
        near = places.gateways_of(network)
        vpn = [candidate for candidate in near if not candidate.is_expressroute]
        if not near and places.borrows_missing_gateway(network):
            raise Fate("NEXT_HOP_NOT_IN_EXPORT")
        if not vpn or len(vpn) < len(near):
            raise Fate("NEXT_HOP_UNREACHABLE")
        gateway = next((candidate for candidate in vpn if candidate.holds(destination)), vpn[0])
    return gateway


def pass_gateway(places: Places, gateway: Gateway, destination: Address) -> None:
    """ORDER 7.4: the gateway must hold the destination; what it does with an address of Azure nobody told."""
    places.layers.add("gateway")
    if places.is_in_azure(destination) or (gateway.routes_unknown and not gateway.holds(destination)):
        raise Fate("GATEWAY_ROUTES_UNKNOWN")
    if not gateway.holds(destination):
        raise Fate("ROUTE_MISSING")


# --- inside -------------------------------------------------------------------------------------------------------
def _inside(places: Places, network: VirtualNetwork, route: Route, destination: Address) -> Endpoint | Frontend:
    """ORDER 7.1-7.2: this VNet or a peer; a user route VnetLocal keeps what peering reaches (Q6)."""
    home = route.virtual_network
    if home is None:
        home = network if any_covers(network.prefixes, destination) else _peer_with(places, network, destination)
    if home is None:
        raise Fate("ROUTE_MISSING")
    place = places.place_at(home, destination)
    if place is None:
        raise Fate("DESTINATION_NOT_IN_EXPORT")
    return place


def _peer_with(places: Places, network: VirtualNetwork, destination: Address) -> VirtualNetwork | None:
    if not places.assumes("vnet_local_route_reaches_peers"):
        return None
    found: VirtualNetwork | None = None
    for link in places.links(network):
        remote = places.virtual_network(link.remote_virtual_network)
        if remote is None and any_covers(places.remote_prefixes(link) or (), destination):
            raise Fate("PEER_NOT_IN_EXPORT")
        if remote is not None and any_covers(remote.prefixes, destination):
            found = remote
    return found
