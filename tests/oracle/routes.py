"""Routes: which of the ones that cover a destination a subnet takes (SEMANTICS 3.1, 3.2, 3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import RESERVED, any_covers, covers, is_prefix, is_public, length_of
from tests.oracle.endpoints import Endpoint, Gateway
from tests.oracle.judgement import Address, Fate
from tests.oracle.managers import region_of, routing_collections, routing_rules
from tests.oracle.places import Places
from tests.oracle.rules import declared_tag
from tests.oracle.service_endpoints import endpoint_prefixes

SOURCE_RANK = {"User": 2, "VirtualNetworkGateway": 1, "Default": 0}
#: Among system routes of one prefix: this network, then a peer, then the rest.
HOP_RANK = {
    "InterfaceEndpoint": 6,
    "VnetLocal": 5,
    "VNetPeering": 4,
    "ConnectedGroup": 3,
    "VirtualNetworkServiceEndpoint": 2,
    "None": 1,
    "Internet": 0,
}
#: System routes that a learned one never beats, however long it is.
SHIELDS = ("VnetLocal", "VNetPeering", "ConnectedGroup", "InterfaceEndpoint", "VirtualNetworkServiceEndpoint")
APPLIANCES = ("VirtualAppliance", "VirtualApplianceEcmp")
#: Policies of a private endpoint's subnet under which user routes may replace its own (SEMANTICS 3.4).
ROUTED_BY_TABLES = {"enabled", "routetableenabled"}


@dataclass(frozen=True)
class Route:
    """`precedence`: of user routes with one prefix, 3.2(5). `untold`: exists if somebody deployed it."""

    prefix: str
    source: str
    hop: str
    addresses: tuple[str, ...] = ()
    virtual_network: VirtualNetwork | None = None
    gateway: Gateway | None = None
    table: ResourceId | None = None
    precedence: int = 0
    untold: bool = False
    from_manager: bool = False

    def rank(self) -> tuple[int, int, int, int, bool]:
        prefers_expressroute = self.gateway is not None and self.gateway.is_expressroute
        hop = HOP_RANK.get(self.hop, 0) if self.source == "Default" else 0
        return length_of(self.prefix), SOURCE_RANK[self.source], self.precedence, hop, prefers_expressroute


def select_route(
    places: Places, subnet: Subnet, network: VirtualNetwork, destination: Address, *, system_only: bool = False
) -> Route:
    """The route that `subnet` takes. Raises Fate when the export does not tell.

    `system_only`: as if no route table were there, as the replies of private endpoints go (3.4).
    """
    table = None if system_only else places.snapshot.get(subnet.route_table, RouteTable)
    if subnet.route_table is not None and table is None and not system_only:
        raise Fate("ROUTE_TABLE_NOT_IN_EXPORT")
    user, unresolved = ([], False) if system_only else user_routes(places, table, subnet, network, destination)
    propagates = system_only or _propagates(places, table, subnet, network)
    gateways = places.gateways_of(network) if propagates else []
    learned = list(_learned_routes(gateways, destination))
    has_default = any(length_of(route.prefix) == 0 for route in (*user, *learned))
    with_peerings = table is None or table.disable_peering_route.lower() != "all"  # 3.1(12)
    system = [
        route
        for route in _system_routes(places, subnet, network, destination, with_peerings, has_default)
        if covers(route.prefix, destination)
    ]
    best = _best(places, user, learned, system, destination)
    told = [route for route in system if not route.untold]
    undecided = best != _best(places, user, learned, told, destination)  # it depends on who deployed what
    doubts = {"unresolved": unresolved, "undecided": undecided}
    _refuse_the_untold(places, network, best, gateways, destination, **doubts)
    _note(places, best)
    return best


def _best(places: Places, user: list[Route], learned: list[Route], system: list[Route], destination: Address) -> Route:
    """3.2(3): who is asked at all, then the longest prefix."""
    services = [route for route in system if route.hop == "VirtualNetworkServiceEndpoint"]
    service = max(services, key=Route.rank, default=None)
    if service is not None and places.assumes("se_beats_udr"):
        return service
    if any(route.hop in SHIELDS for route in system):
        learned = []
    if any(route.hop == "VNetPeering" for route in system):
        system = [route for route in system if route.hop != "ConnectedGroup"]
    candidates = [*user, *learned, *system]
    others = [route for route in candidates if route.hop != "InterfaceEndpoint"]
    best = max(others, key=Route.rank)
    if len(others) < len(candidates) and not _replaces_private_endpoint(places, best, destination):
        best = max(candidates, key=Route.rank)
    if service is not None and best.source == "User" and best.hop == "Internet":
        return service  # E1
    return best


def _note(places: Places, best: Route) -> None:
    if best.source == "User":
        places.layers.add("user-defined route")
    if best.from_manager:
        places.layers.add("routing configuration")
    if best.hop == "ConnectedGroup":
        places.layers.add("connected group")


# --- who offers a route -------------------------------------------------------------------------------------------
def user_routes(
    places: Places, table: RouteTable | None, subnet: Subnet, network: VirtualNetwork, destination: Address
) -> tuple[list[Route], bool]:
    """The user routes that cover the destination, and whether a tag that nobody explains might do so too.

    A routing rule whose destination the table has already is ignored (2.3).
    """
    found: list[Route] = []
    unresolved = False
    for written in _written(places, table, subnet, network):
        tagged = declared_tag(places, written.prefix)
        if not is_prefix(written.prefix) and tagged is None:
            unresolved = True
            continue
        precedence = 4 if tagged is None else _tag_precedence(written.prefix)
        for prefix in (written.prefix,) if tagged is None else tagged:
            if covers(prefix, destination):
                found.append(replace(written, prefix=prefix, precedence=precedence))
    return found, unresolved


def _written(places: Places, table: RouteTable | None, subnet: Subnet, network: VirtualNetwork) -> list[Route]:
    """The table's routes, then the routing rules that its destinations leave over; prefixes may be tags.

    When a rule is left over the table in force is one of the network manager's own.
    """
    written: list[Route] = []
    for route in table.routes if table else ():
        several = route.next_hop.next_hop_ip_addresses if route.next_hop else ()
        addresses = several or ((route.next_hop_ip_address,) if route.next_hop_ip_address else ())
        own = table.id if table else None
        written.append(Route(route.address_prefix, "User", route.next_hop_type, addresses, table=own))
    taken = {_squash(route.prefix) for route in written}
    for rule in routing_rules(places.snapshot, subnet, network):
        text, hop = rule.destination.destination_address, rule.next_hop
        if _squash(text) not in taken:
            taken.add(_squash(text))
            kind = "None" if hop.next_hop_type.lower() in ("none", "nonexthop") else hop.next_hop_type
            addresses = (hop.next_hop_address,) if hop.next_hop_address else ()
            written.append(Route(text, "User", kind, addresses, from_manager=True))
    is_managed = any(route.from_manager for route in written)
    return [replace(route, table=None) for route in written] if is_managed else written


def _squash(text: str) -> str:
    return str(ip_network(text, strict=False)) if is_prefix(text) else text.lower()


def _tag_precedence(tag: str) -> int:
    """3.2(5): a regional tag, a top-level tag, AzureCloud.<region>, AzureCloud."""
    service, dot, _ = tag.lower().partition(".")
    return (1 if dot else 0) if service == "azurecloud" else (3 if dot else 2)


def _propagates(places: Places, table: RouteTable | None, subnet: Subnet, network: VirtualNetwork) -> bool:
    """The table's own switch; of a table that network managers make, the switch of their collections."""
    if table is not None:
        return not table.disable_bgp_route_propagation
    collections = routing_collections(places.snapshot, subnet, network)
    return not any(held.disable_bgp_route_propagation.lower() == "true" for held in collections)


def _learned_routes(gateways: Iterable[Gateway], destination: Address) -> Iterator[Route]:
    for gateway in gateways:
        for prefix in gateway.routes:
            if covers(prefix, destination):
                yield Route(prefix, "VirtualNetworkGateway", "VirtualNetworkGateway", gateway=gateway)


def _system_routes(
    places: Places,
    subnet: Subnet,
    network: VirtualNetwork,
    destination: Address,
    with_peerings: bool,
    has_default: bool,
) -> Iterator[Route]:
    for prefix in network.prefixes:
        yield Route(prefix, "Default", "VnetLocal", virtual_network=network)
    for link in places.links(network) if with_peerings else ():
        remote = places.virtual_network(link.remote_virtual_network)
        for prefix in places.remote_prefixes(link) or ():
            yield Route(prefix, "Default", "VNetPeering", virtual_network=remote)
    is_own = any_covers(network.prefixes, destination)  # whatever longer prefix a member announces
    for joined in places.joined(network) if not is_own else ():
        for prefix in joined.network.prefixes:
            yield Route(prefix, "Default", "ConnectedGroup", virtual_network=joined.network, untold=joined.untold)
    for private in private_endpoints_near(places, network, destination):
        host = f"{destination}/{destination.max_prefixlen}"
        yield Route(host, "Default", "InterfaceEndpoint", virtual_network=private.virtual_network)
    for prefix in endpoint_prefixes(places, subnet, region_of(network), destination):
        yield Route(prefix, "Default", "VirtualNetworkServiceEndpoint")
    for prefix in () if has_default else RESERVED:
        if not _holds_more_than(network, prefix):
            yield Route(prefix, "Default", "None")
    yield Route("0.0.0.0/0", "Default", "Internet")
    yield Route("::/0", "Default", "Internet")


def _holds_more_than(network: VirtualNetwork, reserved: str) -> bool:
    """Whether a VNet prefix includes, but is not the same as, the reserved prefix."""
    first = ip_network(reserved).network_address
    return any(covers(prefix, first) and length_of(prefix) < length_of(reserved) for prefix in network.prefixes)


# --- private endpoints --------------------------------------------------------------------------------------------
def private_endpoints_near(places: Places, network: VirtualNetwork, destination: Address) -> Iterator[Endpoint]:
    """3.1(9): the private endpoint with that address in this VNet or a directly peered one."""
    peers = [places.virtual_network(link.remote_virtual_network) for link in places.links(network)]
    for near in (network, *peers):
        place = places.place_at(near, destination) if near else None
        if isinstance(place, Endpoint) and place.is_private_endpoint:
            yield place


def _replaces_private_endpoint(places: Places, best: Route, destination: Address) -> bool:
    """3.4: the winner of the other routes, to an appliance, no shorter than the private endpoint's VNet.

    Without the subnet's policy only a host route does, whatever its hop: that is the order of routes itself.
    """
    if best.source != "User" or best.hop not in APPLIANCES:
        return False
    found = [e for e in places.endpoints if e.is_private_endpoint and destination in e.addresses]
    for endpoint in found:
        policy = (endpoint.subnet.private_endpoint_network_policies or "").lower()
        spaces = [length_of(held) for held in endpoint.virtual_network.prefixes if covers(held, destination)]
        if policy in ROUTED_BY_TABLES and all(length_of(best.prefix) >= length for length in spaces):
            return True
    return False


# --- what nobody told ---------------------------------------------------------------------------------------------
def _refuse_the_untold(
    places: Places,
    network: VirtualNetwork,
    best: Route,
    gateways: list[Gateway],
    destination: Address,
    *,
    unresolved: bool,
    undecided: bool,
) -> None:
    if best.hop == "VNetPeering" and best.virtual_network is None:
        raise Fate("PEER_NOT_IN_EXPORT")
    if undecided:
        raise Fate("CONNECTIVITY_DEPLOYMENT_UNKNOWN")
    if unresolved and is_public(destination) and best.hop not in SHIELDS:
        raise Fate("RULE_NOT_RESOLVED")
    falls_through = best.source == "Default" and best.hop in ("None", "Internet") and not is_public(destination)
    if falls_through and places.has_peer_of_unknown_space(network):
        raise Fate("PEER_NOT_IN_EXPORT")
    private_elsewhere = not is_public(destination) and not places.is_in_azure(destination)
    beatable = best.source == "User" and length_of(best.prefix) < destination.max_prefixlen and private_elsewhere
    if (falls_through or beatable) and any(gateway.routes_unknown for gateway in gateways):
        raise Fate("GATEWAY_ROUTES_UNKNOWN")


def is_shared(places: Places, network: VirtualNetwork, destination: Address) -> bool:
    """Whether several hold the address in the network's connected groups (2.2): Azure drops it.

    Members, and what another member reaches by a peering: only that member goes there.
    """
    members = [held.network for held in places.joined(network) if not held.untold]
    links = [link for member in members for link in places.links(member)]
    linked = {
        link.remote_virtual_network for link in links if any_covers(places.remote_prefixes(link) or (), destination)
    }
    holders = {held.id for held in (network, *members) if any_covers(held.prefixes, destination)}
    return len(holders | linked) > 1
