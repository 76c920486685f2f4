"""Routes as columns: the winning route of every subnet and region, and where each route leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.virtual_network import Subnet
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.forwarding_table import NO_ROUTE, disputed_by_endpoints, winning_routes
from simulator.dataplane.places import NONE, Places
from simulator.dataplane.regions import RegionFacts
from simulator.network.effective_routes import learned_routes_unknown, subnet_routes, system_routes_of
from simulator.network.managers.connected_groups import possible_neighbours
from simulator.network.model import Network
from simulator.network.peerings import home_of, peers_of_unknown_space, unknown_gateways
from simulator.network.prefixes import host_prefix, readable_prefixes
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import Prefix, parse_address, parse_prefix

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

#: Where a route leads. BY_ADDRESS: to whoever holds the destination in the VNet that the route leads into.
BY_ADDRESS, TO_APPLIANCE, TO_GATEWAY, TO_INTERNET, DROP, SERVICE_ENDPOINT = range(6)
#: Routes that lead nowhere, and why.
UNREACHABLE, NOT_IN_EXPORT, PEER_MISSING, OVERLAP, MISSING = range(6, 11)
_APPLIANCES = frozenset({"VirtualAppliance", "VirtualApplianceEcmp"})
_NOWHERE = (DROP, TO_INTERNET, MISSING)
_LEADS = {
    "VnetLocal": BY_ADDRESS,
    "VNetPeering": BY_ADDRESS,
    "VNetGlobalPeering": BY_ADDRESS,
    "ConnectedGroup": BY_ADDRESS,
    "VirtualNetworkGateway": TO_GATEWAY,
    "Internet": TO_INTERNET,
    "None": DROP,
    "VirtualNetworkServiceEndpoint": SERVICE_ENDPOINT,
    "InterfaceEndpoint": BY_ADDRESS,
}


def route_prefixes(network: Network) -> set[Prefix]:
    tables = [
        *(subnet_routes(network, subnet) for subnet in network.subnets),
        *(
            system_routes_of(network, vnet)
            for vnet in {one.virtual_network for one in network.endpoints if one.private_endpoint is not None}
            if vnet in network.virtual_networks
        ),
    ]
    return {parse_prefix(text) for routes in tables for route in routes for text in route.prefixes}


class Forwarding:
    """`row[table, region]` is the winning route's number; `leads`, `target`, `vnet` are columns by route number.

    `table_of_place` says whose table a place asks: that of its subnet, or, for private endpoints, which no user-defined
    route applies to, that of its VNet's system routes. Tables are subnets first, in the network's order, then those of
    VNets. The last row of every column is for "no route"; the last table is for places without a subnet. A route over
    several equal next hops (`is_ecmp`) has all of them in `next_hops`.
    """

    def __init__(self, network: Network, regions: Atoms, places: Places, facts: RegionFacts) -> None:
        self._network, self._places, self._regions = network, places, regions
        self.routes: list[EffectiveRoute] = []
        self._numbers: dict[tuple[EffectiveRoute, int], int] = {}
        self._owners: list[int] = []
        self._peers_of: dict[ResourceId, list[ResourceId]] = {}
        for local, remote in network.peerings:
            if remote in places.vnet_number:
                self._peers_of.setdefault(local, []).append(remote)
        self.next_hops: dict[int, tuple[int, ...]] = {}
        tables = self._tables()
        rows = [self._row(vnet, routes, regions) for _, vnet, routes in tables]
        disputed = [disputed_by_endpoints(routes, regions) for _, _, routes in tables]
        self.row = np.stack([*rows, np.full(len(regions), NO_ROUTE, np.int32)])
        self.row[self.row == NO_ROUTE] = len(self.routes)
        self.endpoint_disputed = np.stack([*disputed, np.zeros(len(regions), bool)])
        self._columns()
        subnets, vnets = [subnet for subnet, _, _ in tables], [vnet for _, vnet, _ in tables]
        self.routes_unknown = _flags(self._learns_unknown(subnet, vnet) for subnet, vnet, _ in tables)
        self.gateways_unknown = _flags(bool(unknown_gateways(network, vnet)) for vnet in vnets)
        self.peers_unknown = _flags(bool(peers_of_unknown_space(network, vnet)) for vnet in vnets)
        doubts = [self._may_lead_elsewhere(at, vnet, facts) for at, vnet in enumerate(vnets)]
        self.connectivity_unknown = np.stack([*doubts, np.zeros(len(regions), bool)])
        self.tag_missing = _flags(_misses_tag(routes) for _, _, routes in tables)
        self.table_missing = _flags(subnet is not None and self._misses_table(subnet) for subnet in subnets)

    def _tables(self) -> list[tuple[Subnet | None, ResourceId, tuple[EffectiveRoute, ...]]]:
        """Subnet (None: the system routes of a VNet), VNet and routes of every table, in the order of `row`."""
        network, places = self._network, self._places
        tables: list[tuple[Subnet | None, ResourceId, tuple[EffectiveRoute, ...]]] = [
            (subnet, subnet.virtual_network, subnet_routes(network, identity))
            for identity, subnet in network.subnets.items()
        ]
        self.table_of_place = places.subnet.copy()
        own: dict[ResourceId, int] = {}
        for place, endpoint in enumerate(network.endpoints):
            vnet = endpoint.virtual_network
            if endpoint.private_endpoint is not None and vnet in network.virtual_networks:
                if vnet not in own:
                    own[vnet] = len(tables)
                    tables.append((None, vnet, system_routes_of(network, vnet)))
                self.table_of_place[place] = own[vnet]
        return tables

    def _row(self, vnet: ResourceId, routes: tuple[EffectiveRoute, ...], regions: Atoms) -> Int32:
        owner = self._places.vnet_number.get(vnet, NONE)
        single = [part for route in routes for part in _by_member(route)]
        return winning_routes(single, regions, lambda route: self._number(route, owner))

    def _may_lead_elsewhere(self, table: int, vnet: ResourceId, facts: RegionFacts) -> Bools:
        """Where a connection that a network manager may make would bring another route than the one that wins.

        It has the prefixes of the other VNet: it beats what a gateway told and any shorter prefix.
        """
        doubtful = np.zeros(len(self._regions), bool)
        for other in possible_neighbours(self._network, vnet):
            held = self._network.virtual_networks.get(other)
            if held is None:
                falls_through = self.is_system[self.row[table]] | (self.leads[self.row[table]] == MISSING)
                doubtful |= falls_through & np.isin(self.leads[self.row[table]], _NOWHERE) & ~facts.is_public
            for prefix in readable_prefixes(held.prefixes if held is not None else ()):
                for low, stop in self._regions.interval(prefix):
                    doubtful[low:stop] |= [self._yields(int(number), prefix) for number in self.row[table, low:stop]]
        return doubtful

    def _yields(self, number: int, prefix: Prefix) -> bool:
        """Would the winning route lose to a connection for `prefix`, inside of which it wins?"""
        if number == len(self.routes) or self.routes[number].source == "VirtualNetworkGateway":
            return True
        covering = (held for held in map(parse_prefix, self.routes[number].prefixes) if held.overlaps(prefix))
        return max((held.length for held in covering), default=0) < prefix.length

    def _learns_unknown(self, subnet: Subnet | None, vnet: ResourceId) -> bool:
        unknown = unknown_gateways(self._network, vnet)
        return bool(unknown if subnet is None else learned_routes_unknown(self._network, subnet.id))

    def _number(self, route: EffectiveRoute, owner: int) -> int:
        key = (route, owner)
        if key not in self._numbers:
            self._numbers[key] = len(self.routes)
            self.routes.append(route)
            self._owners.append(owner)
        return self._numbers[key]

    def _columns(self) -> None:
        places = self._places
        numbered = enumerate(zip(self.routes, self._owners, strict=True))
        rows = [self._lead(number, route, owner) for number, (route, owner) in numbered]
        rows.append((MISSING, places.nowhere, NONE))
        leads, targets, vnets = zip(*rows, strict=True)
        self.leads = np.array(leads, np.uint8)
        self.target = np.array(targets, np.int32)
        self.vnet = np.array(vnets, np.int32)
        self.is_connected_group = np.array([*(one.next_hop_type == "ConnectedGroup" for one in self.routes), False])
        self.is_uncertain = np.array([*(not route.is_certain for route in self.routes), False])
        self.is_system = np.array([*(route.source == "Default" for route in self.routes), False])
        self.is_beatable = np.array([*(one.source == "User" and not _is_host(one) for one in self.routes), False])
        self.is_to_appliance = np.array([*(one.next_hop_type in _APPLIANCES for one in self.routes), False])
        hops = [self.next_hops.get(number, (places.nowhere,)) for number in range(len(self.routes) + 1)]
        self.hop_count = np.array([len(held) for held in hops], np.int32)
        self.first_hop = (np.cumsum(self.hop_count) - self.hop_count).astype(np.int32)
        self.hops = np.array([place for held in hops for place in held], np.int32)
        self.is_ecmp = self.hop_count > 1
        self.is_learned = np.array([*(route.source == "VirtualNetworkGateway" for route in self.routes), False])

    def _lead(self, number: int, route: EffectiveRoute, owner: int) -> tuple[int, int, int]:
        """(where it leads, the place it leads to, the VNet it leads into)."""
        places = self._places
        if route.next_hop_type in _APPLIANCES:
            return self._appliance(number, route, owner)
        if route.overlaps:
            return OVERLAP, places.nowhere, NONE
        leads = _LEADS[route.next_hop_type]
        if leads == TO_GATEWAY:
            gateway = places.gateway_number.get(route.gateway, places.nowhere) if route.gateway else places.nowhere
            missing = NOT_IN_EXPORT if route.is_reachable else UNREACHABLE
            return (missing if gateway == places.nowhere else leads), gateway, NONE
        # A user route VnetLocal leads to whichever VNet has the destination: this one, or a peer by its peering.
        if leads == BY_ADDRESS and route.source != "User" and route.virtual_network is not None:
            vnet = places.vnet_number.get(route.virtual_network, NONE)
            return (PEER_MISSING if vnet == NONE else leads), places.nowhere, vnet
        return leads, places.nowhere, NONE

    def _appliance(self, number: int, route: EffectiveRoute, owner: int) -> tuple[int, int, int]:
        """The endpoint at the next hop address in this VNet or a directly peered one; the first of several."""
        places = self._places
        if not route.is_reachable:
            return UNREACHABLE, places.nowhere, NONE
        addresses = [text for text in route.next_hop_addresses if self._is_near(text, owner)]
        found = [place for text in addresses if (place := self._answering(text, owner)) != places.nowhere]
        if not found:
            return NOT_IN_EXPORT, places.nowhere, NONE
        if len(found) > 1:
            self.next_hops[number] = tuple(found)
        return TO_APPLIANCE, found[0], int(places.vnet[found[0]])

    def _is_near(self, address: str, owner: int) -> bool:
        """Does this VNet, or a direct peer by what its link brings, hold the address?"""
        host = host_prefix(address)
        vnet = self._network.snapshot.virtual_networks[owner].id
        return host is not None and home_of(self._network, vnet, host) is not None

    def _answering(self, address: str, owner: int) -> int:
        places = self._places
        near = [owner, *(places.vnet_number[remote] for remote in self._peers(owner))]
        atom = places.atom(parse_address(address))
        found = (places.owner_of(vnet, atom) for vnet in near)
        return next((place for place in found if place != places.nowhere), places.nowhere)

    def _peers(self, owner: int) -> list[ResourceId]:
        return self._peers_of.get(self._network.snapshot.virtual_networks[owner].id, [])

    def _misses_table(self, subnet: Subnet) -> bool:
        table = subnet.route_table
        return table is not None and self._network.snapshot.get(table, RouteTable) is None


def _by_member(route: EffectiveRoute) -> Iterator[EffectiveRoute]:
    """A row of a connected group as one route a member: each leads into that member's VNet."""
    if not route.members:
        yield route
    for prefix, member in zip(route.prefixes, route.members, strict=True) if route.members else ():
        yield replace(route, prefixes=(prefix,), members=(member,), virtual_network=member)


def _misses_tag(routes: tuple[EffectiveRoute, ...]) -> bool:
    """Does a route name a service tag that nobody knows?"""
    return any(route.service_tag is not None and not route.prefixes for route in routes)


def _flags(values: Iterable[bool]) -> Bools:
    """A column by table; the last is for places without a subnet."""
    return np.array([*values, False])


def _is_host(route: EffectiveRoute) -> bool:
    """No prefix is longer than this route's."""
    return all(prefix.low == prefix.high for prefix in map(parse_prefix, route.prefixes))
