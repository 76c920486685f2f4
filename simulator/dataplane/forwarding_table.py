"""Effective routes as arrays: for every region of addresses the route that wins.

Learn: azure/virtual-network/virtual-networks-udr-overview (how Azure selects a route)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from simulator.dataplane.atoms import Atoms
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import Prefix, parse_prefix

Int32 = npt.NDArray[np.int32]
NO_ROUTE = -1
#: System routes that BGP never overrides, however long its prefix.
SHIELDED_FROM_BGP = frozenset({"VnetLocal", "VNetPeering", "VNetGlobalPeering", "ConnectedGroup"})
_SERVICE_ENDPOINT = "VirtualNetworkServiceEndpoint"
_SOURCE_RANK = {"Default": 0, "VirtualNetworkGateway": 1, "User": 2}
#: Between system routes of one prefix: the VNet's own space, then peering, then the connected group.
_SYSTEM_RANK = {"ConnectedGroup": 1, "VNetGlobalPeering": 2, "VNetPeering": 2, "VnetLocal": 3, "InterfaceEndpoint": 4}


def winning_routes(routes: Iterable[EffectiveRoute], regions: Atoms, number: Callable[[EffectiveRoute], int]) -> Int32:
    """For each region the number of the route that wins there, NO_ROUTE where none covers it.

    Longest prefix first, then User > BGP > system; a BGP route never wins inside the space of the VNet, its peers or a
    service endpoint; a user route to the Internet leaves a service endpoint's route in place.
    """
    rows = [(parse_prefix(text), route) for route in routes for text in route.prefixes]
    active = sorted((row for row in rows if row[1].state == "Active"), key=_precedence)
    best = _painted(active, regions, number)
    shield = _mask([prefix for prefix, route in rows if _is_shield(route)], regions)
    if shield.any():
        without_bgp = [row for row in active if row[1].source != "VirtualNetworkGateway"]
        best = np.where(shield, _painted(without_bgp, regions, number), best)
    return _keep_service_endpoints(best, active, regions, number)


def disputed_by_endpoints(routes: Iterable[EffectiveRoute], regions: Atoms) -> npt.NDArray[np.bool_]:
    """Where the two readings of a service endpoint against a user-defined route differ.

    Both cover the region, the user's by an equal or longer prefix, and its next hop is not Internet.
    """
    longest = {_SERVICE_ENDPOINT: np.zeros(len(regions), np.int32), "User": np.zeros(len(regions), np.int32)}
    for route in routes:
        kind = "User" if route.source == "User" and route.next_hop_type != "Internet" else route.next_hop_type
        if kind in longest:
            for prefix in map(parse_prefix, route.prefixes):
                for low, stop in regions.interval(prefix):
                    longest[kind][low:stop] = np.maximum(longest[kind][low:stop], prefix.length + 1)
    endpoint, user = longest[_SERVICE_ENDPOINT], longest["User"]
    disputed: npt.NDArray[np.bool_] = (endpoint > 0) & (user >= endpoint)
    return disputed


def _precedence(row: tuple[Prefix, EffectiveRoute]) -> tuple[int, int, int]:
    prefix, route = row
    return prefix.length, _SOURCE_RANK[route.source], _SYSTEM_RANK.get(route.next_hop_type, 0)


def _is_shield(route: EffectiveRoute) -> bool:
    if route.source != "Default":
        return False
    return route.next_hop_type in SHIELDED_FROM_BGP or route.next_hop_type == _SERVICE_ENDPOINT


def _painted(
    rows: list[tuple[Prefix, EffectiveRoute]], regions: Atoms, number: Callable[[EffectiveRoute], int]
) -> Int32:
    painted = np.full(len(regions), NO_ROUTE, np.int32)
    for prefix, route in rows:
        for low, stop in regions.interval(prefix):
            painted[low:stop] = number(route)
    return painted


def _mask(prefixes: list[Prefix], regions: Atoms) -> npt.NDArray[np.bool_]:
    mask = np.zeros(len(regions), bool)
    for prefix in prefixes:
        for low, stop in regions.interval(prefix):
            mask[low:stop] = True
    return mask


def _keep_service_endpoints(
    best: Int32,
    active: list[tuple[Prefix, EffectiveRoute]],
    regions: Atoms,
    number: Callable[[EffectiveRoute], int],
) -> Int32:
    """A user route with next hop Internet does not take traffic away from a service endpoint."""
    endpoints = [row for row in active if row[1].next_hop_type == _SERVICE_ENDPOINT]
    if not endpoints:
        return best
    to_internet = {number(route) for _, route in active if route.source == "User" and route.next_hop_type == "Internet"}
    endpoint = _painted(endpoints, regions, number)
    kept: Int32 = np.where(np.isin(best, list(to_internet)) & (endpoint != NO_ROUTE), endpoint, best)
    return kept
