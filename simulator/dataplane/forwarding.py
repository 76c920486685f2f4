"""Routes as columns: the winning route of every subnet and region, and where each route leads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.dataplane.atoms import Atoms
from simulator.dataplane.forwarding_table import NO_ROUTE, winning_routes
from simulator.dataplane.places import NONE, Places
from simulator.network.effective_routes import learned_routes_unknown, subnet_routes
from simulator.network.groups import connectivity_deployment_unknown
from simulator.network.model import Network
from simulator.network.peerings import peers_of_unknown_space, unknown_gateways
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import Prefix, parse_address, parse_prefix

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

#: Where a route leads. BY_ADDRESS: to whoever holds the destination in the VNet that the route leads into.
BY_ADDRESS, TO_APPLIANCE, TO_GATEWAY, TO_INTERNET, DROP, SERVICE_ENDPOINT, PRIVATE_ENDPOINT = range(7)
#: Routes that lead nowhere, and why.
UNREACHABLE, NOT_IN_EXPORT, PEER_MISSING, MISSING = range(7, 11)
_LEADS = {
    "VnetLocal": BY_ADDRESS,
    "VNetPeering": BY_ADDRESS,
    "VNetGlobalPeering": BY_ADDRESS,
    "ConnectedGroup": BY_ADDRESS,
    "VirtualNetworkGateway": TO_GATEWAY,
    "Internet": TO_INTERNET,
    "None": DROP,
    "VirtualNetworkServiceEndpoint": SERVICE_ENDPOINT,
    "InterfaceEndpoint": PRIVATE_ENDPOINT,
}


def route_prefixes(network: Network) -> set[Prefix]:
    return {
        parse_prefix(text)
        for subnet in network.subnets
        for route in subnet_routes(network, subnet)
        for text in route.prefixes
    }


class Forwarding:
    """`row[subnet, region]` is the winning route's number; `leads`, `target`, `vnet` are columns by route number.

    The last row of every column is for "no route"; the last row of `row` is for places without a subnet.
    """

    def __init__(self, network: Network, regions: Atoms, places: Places) -> None:
        self._network, self._places = network, places
        self.routes: list[EffectiveRoute] = []
        self._numbers: dict[tuple[EffectiveRoute, int], int] = {}
        self._owners: list[int] = []
        self._peers_of: dict[ResourceId, list[ResourceId]] = {}
        for local, remote in network.peerings:
            if remote in places.vnet_number:
                self._peers_of.setdefault(local, []).append(remote)
        rows = [self._subnet_row(subnet, regions) for subnet in network.subnets]
        rows.append(np.full(len(regions), NO_ROUTE, np.int32))
        self.row = np.stack(rows)
        self.row[self.row == NO_ROUTE] = len(self.routes)
        self._columns()
        self.routes_unknown = np.array(
            [*(bool(learned_routes_unknown(network, one)) for one in network.subnets), False]
        )
        self.gateways_unknown = np.array(
            [*(bool(unknown_gateways(network, one.virtual_network)) for one in network.subnets.values()), False]
        )
        self.peers_unknown = np.array(
            [*(bool(peers_of_unknown_space(network, one.virtual_network)) for one in network.subnets.values()), False]
        )
        self.connectivity_unknown = np.array([*(self._may_be_in_a_group(one) for one in network.subnets), False])
        self.tag_missing = np.array([*(self._misses_tag(one) for one in network.subnets), False])
        self.table_missing = np.array([*(self._misses_table(one) for one in network.subnets), False])

    def _subnet_row(self, subnet: ResourceId, regions: Atoms) -> Int32:
        owner = self._places.vnet_number.get(self._network.subnets[subnet].virtual_network, NONE)
        return winning_routes(subnet_routes(self._network, subnet), regions, lambda route: self._number(route, owner))

    def _number(self, route: EffectiveRoute, owner: int) -> int:
        key = (route, owner)
        if key not in self._numbers:
            self._numbers[key] = len(self.routes)
            self.routes.append(route)
            self._owners.append(owner)
        return self._numbers[key]

    def _columns(self) -> None:
        places = self._places
        rows = [self._lead(route, owner) for route, owner in zip(self.routes, self._owners, strict=True)]
        rows.append((MISSING, places.nowhere, NONE))
        leads, targets, vnets = zip(*rows, strict=True)
        self.leads = np.array(leads, np.uint8)
        self.target = np.array(targets, np.int32)
        self.vnet = np.array(vnets, np.int32)
        self.is_connected_group = np.array([*(one.next_hop_type == "ConnectedGroup" for one in self.routes), False])
        self.is_system = np.array([*(route.source == "Default" for route in self.routes), False])
        self.is_beatable = np.array([*(one.source == "User" and not _is_host(one) for one in self.routes), False])
        self.is_to_appliance = np.array([*(one.next_hop_type == "VirtualAppliance" for one in self.routes), False])
        self.is_learned = np.array([*(route.source == "VirtualNetworkGateway" for route in self.routes), False])

    def _lead(self, route: EffectiveRoute, owner: int) -> tuple[int, int, int]:
        """(where it leads, the place it leads to, the VNet it leads into)."""
        places = self._places
        if route.next_hop_type == "VirtualAppliance":
            return self._appliance(route, owner)
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

    def _appliance(self, route: EffectiveRoute, owner: int) -> tuple[int, int, int]:
        """The endpoint at the next hop address in this VNet or a directly peered one."""
        places = self._places
        if not route.is_reachable:
            return UNREACHABLE, places.nowhere, NONE
        if route.next_hop_ip is None:
            return NOT_IN_EXPORT, places.nowhere, NONE
        near = [owner, *(places.vnet_number[remote] for remote in self._peers(owner))]
        atom = places.atom(parse_address(route.next_hop_ip))
        for vnet in near:
            place = places.owner_of(vnet, atom)
            if place != places.nowhere:
                return TO_APPLIANCE, place, int(places.vnet[place])
        return NOT_IN_EXPORT, places.nowhere, NONE

    def _peers(self, owner: int) -> list[ResourceId]:
        return self._peers_of.get(self._network.snapshot.virtual_networks[owner].id, [])

    def _may_be_in_a_group(self, subnet: ResourceId) -> bool:
        vnet = self._network.subnets[subnet].virtual_network
        return bool(connectivity_deployment_unknown(self._network, vnet))

    def _misses_tag(self, subnet: ResourceId) -> bool:
        """Does a route of the subnet name a service tag that nobody knows?"""
        rows = subnet_routes(self._network, subnet)
        return any(route.service_tag is not None and not route.prefixes for route in rows)

    def _misses_table(self, subnet: ResourceId) -> bool:
        table = self._network.subnets[subnet].route_table
        return table is not None and self._network.snapshot.get(table, RouteTable) is None


def _is_host(route: EffectiveRoute) -> bool:
    """No prefix is longer than this route's."""
    return all(prefix.low == prefix.high for prefix in map(parse_prefix, route.prefixes))
