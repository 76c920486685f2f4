"""Routes: which one a subnet takes for a destination, and what place it leads to (SEMANTICS 3.1-3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import RESERVED, any_covers, covers, is_prefix, is_public, length_of
from tests.oracle.judgement import Address, Fate
from tests.oracle.places import INTERNET, Endpoint, Gateway, Internet, Places
from tests.oracle.rules import declared_tag

SOURCE_RANK = {"User": 2, "VirtualNetworkGateway": 1, "Default": 0}
#: Among system routes of one prefix: this network, then a peer, then the rest.
HOP_RANK = {"VnetLocal": 4, "VNetPeering": 3, "VirtualNetworkServiceEndpoint": 2, "None": 1, "Internet": 0}
SHIELDS = ("VnetLocal", "VNetPeering", "VirtualNetworkServiceEndpoint")
SERVICE_TAGS = {
    "microsoft.azureactivedirectory": "AzureActiveDirectory",
    "microsoft.web": "AppService",
    "microsoft.containerregistry": "AzureContainerRegistry",
    "microsoft.azurecosmosdb": "AzureCosmosDB",
    "microsoft.eventhub": "EventHub",
    "microsoft.keyvault": "AzureKeyVault",
    "microsoft.sql": "Sql",
    "microsoft.servicebus": "ServiceBus",
    "microsoft.storage": "Storage",
    "microsoft.storage.global": "Storage",
}


@dataclass(frozen=True)
class Route:
    prefix: str
    source: str
    hop: str
    address: str | None = None
    virtual_network: VirtualNetwork | None = None
    gateway: Gateway | None = None
    table: ResourceId | None = None

    def rank(self) -> tuple[int, int, int, bool]:
        prefers_expressroute = self.gateway is not None and self.gateway.is_expressroute
        return length_of(self.prefix), SOURCE_RANK[self.source], HOP_RANK.get(self.hop, 0), prefers_expressroute


def select_route(places: Places, subnet: Subnet, network: VirtualNetwork, destination: Address) -> Route:
    """The route that `subnet` takes. Raises Fate when the export does not tell."""
    table = places.snapshot.get(subnet.route_table, RouteTable)
    if subnet.route_table is not None and table is None:
        raise Fate("ROUTE_TABLE_NOT_IN_EXPORT")
    user, unresolved = _user_routes(places, table, destination)
    gateways = [] if table and table.disable_bgp_route_propagation else places.gateways_of(network)
    learned = [
        Route(prefix, "VirtualNetworkGateway", "VirtualNetworkGateway", gateway=gateway)
        for gateway in gateways
        for prefix in gateway.routes
        if covers(prefix, destination)
    ]
    has_default = any(length_of(route.prefix) == 0 for route in (*user, *learned))
    system = _system_routes(places, subnet, network, destination, has_default=has_default)
    if any(route.hop in SHIELDS for route in system):
        learned = []
    best = max((*user, *learned, *system), key=Route.rank)
    services = [route for route in system if route.hop == "VirtualNetworkServiceEndpoint"]
    if services and best.source == "User" and best.hop == "Internet":
        best = services[0]
    _refuse_the_untold(places, network, best, gateways, destination, unresolved=unresolved)
    return best


def _user_routes(places: Places, table: RouteTable | None, destination: Address) -> tuple[list[Route], bool]:
    """The user routes that cover the destination, and whether a tag that nobody explains might do so too."""
    found: list[Route] = []
    unresolved = False
    if table is None:
        return found, unresolved
    for route in table.routes:
        tagged = declared_tag(places, route.address_prefix)
        if not is_prefix(route.address_prefix) and tagged is None:
            unresolved = True
            continue
        for prefix in (route.address_prefix,) if tagged is None else tagged:
            if covers(prefix, destination):
                found.append(Route(prefix, "User", route.next_hop_type, route.next_hop_ip_address, table=table.id))
    return found, unresolved


def _system_routes(
    places: Places, subnet: Subnet, network: VirtualNetwork, destination: Address, *, has_default: bool
) -> list[Route]:
    routes = [Route(prefix, "Default", "VnetLocal", virtual_network=network) for prefix in network.prefixes]
    table = places.snapshot.get(subnet.route_table, RouteTable)
    without_peerings = table is not None and table.disable_peering_route == "All"  # 3.1(12)
    for link in () if without_peerings else places.links(network):
        remote = places.virtual_network(link.remote_virtual_network)
        routes += [
            Route(prefix, "Default", "VNetPeering", virtual_network=remote)
            for prefix in places.remote_prefixes(link) or ()
        ]
    for endpoint in subnet.service_endpoints:
        tagged = declared_tag(places, SERVICE_TAGS.get(endpoint.service.lower(), endpoint.service))
        # Without the tag's prefixes every public destination may belong to the service.
        prefixes = tagged if tagged is not None else (f"{destination}",) if is_public(destination) else ()
        routes += [Route(prefix, "Default", "VirtualNetworkServiceEndpoint") for prefix in prefixes]
    if not has_default:
        routes += [Route(prefix, "Default", "None") for prefix in RESERVED if not _holds_more_than(network, prefix)]
    routes += [Route("0.0.0.0/0", "Default", "Internet"), Route("::/0", "Default", "Internet")]
    return [route for route in routes if covers(route.prefix, destination)]


def _holds_more_than(network: VirtualNetwork, reserved: str) -> bool:
    """Whether a VNet prefix includes, but is not the same as, the reserved prefix."""
    first = ip_network(reserved).network_address
    return any(covers(prefix, first) and length_of(prefix) < length_of(reserved) for prefix in network.prefixes)


def _refuse_the_untold(
    places: Places,
    network: VirtualNetwork,
    best: Route,
    gateways: list[Gateway],
    destination: Address,
    *,
    unresolved: bool,
) -> None:
    if best.hop == "VNetPeering" and best.virtual_network is None:
        raise Fate("PEER_NOT_IN_EXPORT")
    if best.hop == "VirtualNetworkServiceEndpoint":
        raise Fate("SERVICE_ENDPOINT_NOT_MODELLED")
    if unresolved and is_public(destination) and best.hop not in SHIELDS:
        raise Fate("RULE_NOT_RESOLVED")
    falls_through = best.source == "Default" and best.hop in ("None", "Internet") and not is_public(destination)
    if falls_through and places.has_peer_of_unknown_space(network):
        raise Fate("PEER_NOT_IN_EXPORT")
    private_elsewhere = not is_public(destination) and not places.is_in_azure(destination)
    beatable = best.source == "User" and length_of(best.prefix) < destination.max_prefixlen and private_elsewhere
    if (falls_through or beatable) and any(gateway.routes_unknown for gateway in gateways):
        raise Fate("GATEWAY_ROUTES_UNKNOWN")


def sees_private_endpoint(places: Places, network: VirtualNetwork, destination: Address) -> bool:
    """ORDER 2: in this VNet or a directly peered one."""
    peers = [places.virtual_network(link.remote_virtual_network) for link in places.links(network)]
    for near in (network, *peers):
        endpoint = places.endpoint_at(near, destination) if near else None
        if endpoint is not None and endpoint.is_private_endpoint:
            return True
    return False


def next_place(
    places: Places, subnet: Subnet, network: VirtualNetwork, destination: Address
) -> Endpoint | Gateway | Internet:
    """Where a packet goes that leaves `subnet` for `destination`. Raises Fate when it goes nowhere."""
    if sees_private_endpoint(places, network, destination):
        raise Fate("PRIVATE_ENDPOINT_NOT_MODELLED")
    route = select_route(places, subnet, network, destination)
    match route.hop:
        case "None":
            raise Fate("ROUTE_NONE")
        case "Internet":
            if not is_public(destination):
                raise Fate("NOT_PUBLIC")
            return INTERNET
        case "VirtualAppliance":
            return _appliance(places, network, route.address)
        case "VirtualNetworkGateway":
            return _gateway(places, network, route, destination)
    return _inside(places, network, route, destination)


def _appliance(places: Places, network: VirtualNetwork, address: str | None) -> Endpoint:
    """ORDER 7.3: the next hop must lie in this VNet or a directly peered one."""
    if address is None:
        raise Fate("NEXT_HOP_UNREACHABLE")
    hop = ip_address(address)
    home = _vnet_around(places, network, hop)
    endpoint = places.endpoint_at(home, hop)
    if endpoint is None:
        raise Fate("NEXT_HOP_NOT_IN_EXPORT")
    return endpoint


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
    if places.is_in_azure(destination) or (gateway.routes_unknown and not gateway.holds(destination)):
        raise Fate("GATEWAY_ROUTES_UNKNOWN")
    if not gateway.holds(destination):
        raise Fate("ROUTE_MISSING")


def _inside(places: Places, network: VirtualNetwork, route: Route, destination: Address) -> Endpoint:
    """ORDER 7.1-7.2: this VNet or a peer; a user route VnetLocal keeps what peering reaches (Q6)."""
    home = route.virtual_network
    if home is None:
        home = network if any_covers(network.prefixes, destination) else None
        for link in places.links(network) if home is None else ():
            remote = places.virtual_network(link.remote_virtual_network)
            if remote is None and any_covers(places.remote_prefixes(link) or (), destination):
                raise Fate("PEER_NOT_IN_EXPORT")
            if remote is not None and any_covers(remote.prefixes, destination):
                home = remote
    if home is None:
        raise Fate("ROUTE_MISSING")
    endpoint = places.endpoint_at(home, destination)
    if endpoint is None:
        raise Fate("DESTINATION_NOT_IN_EXPORT")
    return endpoint
