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


def route_of(plane: DataPlane, packets: InFlight) -> Int32:
    """The number of the route that wins for each packet at its place."""
    subnet = plane.places.subnet[packets.at]
    winner: Int32 = plane.forwarding.row[subnet, plane.region_of_atom[packets.destination]]
    return winner


def effective_route(plane: DataPlane, packets: InFlight) -> Outcome:
    """Does the winning route (in `packets.route`) lead anywhere? `None` and next hops out of reach drop."""
    forwarding = plane.forwarding
    leads = forwarding.leads[packets.route]
    subnet = plane.places.subnet[packets.at]
    region = plane.region_of_atom[packets.destination]
    by_system = forwarding.is_system[packets.route] | (leads == MISSING)
    could_be_learned = forwarding.routes_unknown[subnet] & forwarding.is_system[packets.route]
    public = plane.facts.is_public[region]
    by_tag = forwarding.tag_missing[subnet] & public & (leads != BY_ADDRESS)
    in_a_vnet = plane.facts.vnet[region] >= 0
    private_to_internet = (leads == TO_INTERNET) & ~public
    nowhere = (leads == DROP) | private_to_internet | (leads == MISSING)
    reason = first_of(
        len(packets),
        (plane.private_endpoints.near(packets.at, packets.destination), "PRIVATE_ENDPOINT_NOT_MODELLED"),
        (forwarding.table_missing[subnet], "ROUTE_TABLE_NOT_IN_EXPORT"),
        (by_tag, "RULE_NOT_RESOLVED"),
        (nowhere & by_system & ~public & forwarding.peers_unknown[subnet], "PEER_NOT_IN_EXPORT"),
        (nowhere & in_a_vnet & by_system & forwarding.connectivity_unknown[subnet], "CONNECTIVITY_DEPLOYMENT_UNKNOWN"),
        (nowhere & could_be_learned, "GATEWAY_ROUTES_UNKNOWN"),
        (leads == DROP, "ROUTE_NONE"),
        (leads == MISSING, "ROUTE_MISSING"),
        (leads == UNREACHABLE, "NEXT_HOP_UNREACHABLE"),
        (leads == NOT_IN_EXPORT, "NEXT_HOP_NOT_IN_EXPORT"),
        (leads == PEER_MISSING, "PEER_NOT_IN_EXPORT"),
        (leads == SERVICE_ENDPOINT, "SERVICE_ENDPOINT_NOT_MODELLED"),
        (leads == PRIVATE_ENDPOINT, "PRIVATE_ENDPOINT_NOT_MODELLED"),
        (private_to_internet, "NOT_PUBLIC"),
    )
    return Outcome(reason, row=packets.route)


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
