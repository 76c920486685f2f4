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
    PEER_MISSING,
    PRIVATE_ENDPOINT,
    SERVICE_ENDPOINT,
    TO_APPLIANCE,
    TO_INTERNET,
    UNREACHABLE,
)
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import Bools, Int32

_NEXT_HOP_UNKNOWN = "NEXT_HOP_NOT_IN_EXPORT"


def route_of(plane: DataPlane, packets: InFlight) -> Int32:
    """The number of the route that wins for each packet at its place."""
    subnet = plane.places.subnet[packets.at]
    winner: Int32 = plane.forwarding.row[subnet, plane.region_of_atom[packets.destination]]
    return winner


def effective_route(plane: DataPlane, packets: InFlight) -> Outcome:
    """Does the winning route (in `packets.route`) lead anywhere, and is it certain that it wins?"""
    near = plane.private_endpoints.near(packets.at, packets.destination)
    tests = [(near, "PRIVATE_ENDPOINT_NOT_MODELLED"), *_doubts(plane, packets), *_drops(plane, packets)]
    return Outcome(first_of(len(packets), *tests), row=packets.route)


def _doubts(plane: DataPlane, packets: InFlight) -> list[tuple[Bools, str]]:
    """What the export does not hold could give the destination another route."""
    forwarding, facts = plane.forwarding, plane.facts
    subnet = plane.places.subnet[packets.at]
    region = plane.region_of_atom[packets.destination]
    leads = forwarding.leads[packets.route]
    public, in_a_vnet = facts.is_public[region], facts.vnet[region] >= 0
    by_system = forwarding.is_system[packets.route] | (leads == MISSING)
    falls_through = by_system & ~public & np.isin(leads, (DROP, TO_INTERNET, MISSING))
    # A gateway's longer prefix would beat a user route, but for host routes and the space of known VNets.
    beatable = forwarding.is_beatable[packets.route] & ~public & ~in_a_vnet
    unreachable = leads == UNREACHABLE
    return [
        (forwarding.table_missing[subnet], "ROUTE_TABLE_NOT_IN_EXPORT"),
        (forwarding.tag_missing[subnet] & public & (leads != BY_ADDRESS), "RULE_NOT_RESOLVED"),
        (falls_through & forwarding.peers_unknown[subnet], "PEER_NOT_IN_EXPORT"),
        (falls_through & in_a_vnet & forwarding.connectivity_unknown[subnet], "CONNECTIVITY_DEPLOYMENT_UNKNOWN"),
        ((falls_through | beatable) & forwarding.routes_unknown[subnet], "GATEWAY_ROUTES_UNKNOWN"),
        (unreachable & forwarding.is_to_appliance[packets.route] & forwarding.peers_unknown[subnet], _NEXT_HOP_UNKNOWN),
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
        (leads == SERVICE_ENDPOINT, "SERVICE_ENDPOINT_NOT_MODELLED"),
        (leads == PRIVATE_ENDPOINT, "PRIVATE_ENDPOINT_NOT_MODELLED"),
        ((leads == TO_INTERNET) & ~public, "NOT_PUBLIC"),
    ]


def next_place(plane: DataPlane, packets: InFlight) -> Int32:
    """Where the route leads: who holds the destination, the appliance, the gateway or the Internet."""
    forwarding, places = plane.forwarding, plane.places
    leads, vnet = forwarding.leads[packets.route], forwarding.vnet[packets.route]
    region = plane.region_of_atom[packets.destination]
    vnet = np.where(vnet < 0, plane.facts.vnet[region], vnet).astype(np.int32)
    by_address = places.owner(vnet, packets.destination)
    target = np.where(leads == BY_ADDRESS, by_address, forwarding.target[packets.route])
    place: Int32 = np.where(leads == TO_INTERNET, places.internet, target).astype(np.int32)
    return place


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
    forwarding = plane.forwarding
    here = plane.places.vnet[packets.at]
    there = plane.facts.vnet[plane.region_of_atom[packets.destination]]
    by_user = (forwarding.leads[packets.route] == BY_ADDRESS) & ~forwarding.is_system[packets.route]
    astray: Bools = by_user & (here != there) & (plane.links.between(here, there) == plane.links.none)
    return astray


def leads_inside(plane: DataPlane, packets: InFlight) -> Bools:
    """Does the route lead to an endpoint, rather than to a gateway or the Internet?"""
    leads = plane.forwarding.leads[packets.route]
    inside: Bools = (leads == BY_ADDRESS) | (leads == TO_APPLIANCE)
    return inside
