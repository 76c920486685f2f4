"""The effective route of the place in hand, and the place it leads to.

Learn: azure/virtual-network/virtual-networks-udr-overview
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.forwarding import (
    BY_ADDRESS,
    DROP,
    MISSING,
    NOT_IN_EXPORT,
    OVERLAP,
    PEER_MISSING,
    TO_APPLIANCE,
    TO_INTERNET,
    UNREACHABLE,
)
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Ledger, Outcome, first_of
from simulator.walk.packets import Bools, Int32

_NEXT_HOP_UNKNOWN = "NEXT_HOP_NOT_IN_EXPORT"


def route_of(plane: DataPlane, packets: InFlight) -> Int32:
    """The number of the route that wins for each packet at its place."""
    table = plane.forwarding.table_of_place[packets.at]
    winner: Int32 = plane.forwarding.row[table, plane.region_of_atom[packets.destination]]
    return winner


def effective_route(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Outcome:
    """Does the winning route (in `packets.route`) lead anywhere, and is it certain that it wins?"""
    table, region = plane.forwarding.table_of_place[packets.at], plane.region_of_atom[packets.destination]
    ledger.assume("se_beats_udr", packets.flow[plane.forwarding.endpoint_disputed[table, region]])
    return Outcome(first_of(len(packets), *_doubts(plane, packets), *_drops(plane, packets)), row=packets.route)


def _doubts(plane: DataPlane, packets: InFlight) -> list[tuple[Bools, str]]:
    """What the export does not hold could give the destination another route."""
    forwarding, facts = plane.forwarding, plane.facts
    table = forwarding.table_of_place[packets.at]
    region = plane.region_of_atom[packets.destination]
    leads = forwarding.leads[packets.route]
    public, in_a_vnet = facts.is_public[region], facts.vnet[region] >= 0
    by_system = forwarding.is_system[packets.route] | (leads == MISSING)
    falls_through = by_system & ~public & np.isin(leads, (DROP, TO_INTERNET, MISSING))
    # A gateway's longer prefix would beat a user route, but for host routes and the space of known VNets.
    beatable = forwarding.is_beatable[packets.route] & ~public & ~in_a_vnet
    unreachable = leads == UNREACHABLE
    return [
        (forwarding.table_missing[table], "ROUTE_TABLE_NOT_IN_EXPORT"),
        (forwarding.is_uncertain[packets.route], "CONNECTIVITY_DEPLOYMENT_UNKNOWN"),
        (forwarding.tag_missing[table] & public & (leads != BY_ADDRESS), "RULE_NOT_RESOLVED"),
        (falls_through & forwarding.peers_unknown[table], "PEER_NOT_IN_EXPORT"),
        (forwarding.connectivity_unknown[table, region], "CONNECTIVITY_DEPLOYMENT_UNKNOWN"),
        ((falls_through | beatable) & forwarding.routes_unknown[table], "GATEWAY_ROUTES_UNKNOWN"),
        (unreachable & forwarding.is_to_appliance[packets.route] & forwarding.peers_unknown[table], _NEXT_HOP_UNKNOWN),
    ]


def _drops(plane: DataPlane, packets: InFlight) -> list[tuple[Bools, str]]:
    """Routes that lead nowhere, or where we do not follow."""
    leads = plane.forwarding.leads[packets.route]
    public = plane.facts.is_public[plane.region_of_atom[packets.destination]]
    return [
        (leads == DROP, "ROUTE_NONE"),
        (leads == MISSING, "ROUTE_MISSING"),
        (leads == UNREACHABLE, "NEXT_HOP_UNREACHABLE"),
        (leads == NOT_IN_EXPORT, _NEXT_HOP_UNKNOWN),
        (leads == PEER_MISSING, "PEER_NOT_IN_EXPORT"),
        (leads == OVERLAP, "CONNECTED_GROUP_OVERLAP"),
        ((leads == TO_INTERNET) & ~public, "NOT_PUBLIC"),
    ]


def next_place(plane: DataPlane, packets: InFlight, ledger: Ledger, seen: Int32 | None = None) -> InFlight:
    """The packets with their target: who holds the destination, the appliance, the gateway or the Internet.

    `seen` gives, for replies, the appliance of an equal-cost route that saw the request; `nowhere` without one.
    """
    forwarding, places = plane.forwarding, plane.places
    leads, vnet = forwarding.leads[packets.route], forwarding.vnet[packets.route]
    vnet = np.where(vnet < 0, _seen_vnet(plane, packets), vnet).astype(np.int32)
    by_address = places.owner(vnet, packets.destination)
    target = np.where(leads == BY_ADDRESS, by_address, forwarding.target[packets.route])
    place: Int32 = np.where(leads == TO_INTERNET, places.internet, target).astype(np.int32)
    return _one_of_several(plane, packets.but(target=place), ledger, seen)


def _seen_vnet(plane: DataPlane, packets: InFlight) -> Int32:
    """The VNet of each destination as seen from the place in hand: address spaces may overlap."""
    here, region = plane.places.vnet[packets.at], plane.region_of_atom[packets.destination]
    vnet = plane.facts.vnet[region]
    elsewhere = (vnet >= 0) & (vnet != here)
    if not elsewhere.any():
        return vnet
    seen = vnet.copy()
    numbers = plane.seen_vnets.ask(here[elsewhere], region[elsewhere])
    seen[elsewhere] = plane.seen_vnets.column(numbers, int)
    return seen


def _one_of_several(plane: DataPlane, packets: InFlight, ledger: Ledger, seen: Int32 | None) -> InFlight:
    """An equal-cost route gives each flow to one of its appliances; a reply, if so assumed, to the one that saw it."""
    forwarding, nowhere = plane.forwarding, plane.places.nowhere
    several = forwarding.is_ecmp[packets.route]
    if not several.any():
        return packets
    if seen is not None:
        ledger.assume("ecmp_is_symmetric", packets.flow[several])
    known = np.full(len(packets), nowhere, np.int32) if seen is None else seen
    by_memory = several & (known != nowhere) & plane.assumes["ecmp_is_symmetric"]
    ways = np.where(several & ~by_memory, forwarding.hop_count[packets.route], 1).astype(np.int32)
    packets, taken = ledger.take_ways(packets, ways)
    chosen = forwarding.hops[forwarding.first_hop[packets.route] + taken]
    target = np.where(by_memory, known, np.where(several, chosen, packets.target)).astype(np.int32)
    return packets.but(target=target)


def next_endpoint(plane: DataPlane, packets: InFlight) -> Outcome:
    """Is somebody there, in `packets.target`?"""
    nobody = packets.target == plane.places.nowhere
    reason = first_of(
        len(packets),
        (leads_astray(plane, packets), "ROUTE_MISSING"),
        (nobody, "DESTINATION_NOT_IN_EXPORT"),
    )
    return Outcome(reason, row=packets.route)


def leads_astray(plane: DataPlane, packets: InFlight) -> Bools:
    """A user route VnetLocal for a destination that neither this VNet nor a peer of it has."""
    here, there = plane.places.vnet[packets.at], _seen_vnet(plane, packets)
    unlinked = plane.links.between(here, there) == plane.links.none
    reaches = plane.assumes["vnet_local_route_reaches_peers"]
    astray: Bools = _goes_by_user_to_another(plane, packets) & (unlinked | (not reaches))
    return astray


def reaches_peer_by_user(plane: DataPlane, packets: InFlight) -> Bools:
    """A user route VnetLocal for the space of a peer: whether it delivers is an assumption."""
    here, there = plane.places.vnet[packets.at], _seen_vnet(plane, packets)
    linked: Bools = plane.links.between(here, there) != plane.links.none
    return _goes_by_user_to_another(plane, packets) & linked


def _goes_by_user_to_another(plane: DataPlane, packets: InFlight) -> Bools:
    forwarding = plane.forwarding
    by_user = (forwarding.leads[packets.route] == BY_ADDRESS) & ~forwarding.is_system[packets.route]
    away: Bools = by_user & (plane.places.vnet[packets.at] != _seen_vnet(plane, packets))
    return away


def leads_inside(plane: DataPlane, packets: InFlight) -> Bools:
    """Does the route lead to an endpoint, rather than to a gateway or the Internet?"""
    leads = plane.forwarding.leads[packets.route]
    inside: Bools = (leads == BY_ADDRESS) | (leads == TO_APPLIANCE)
    return inside
