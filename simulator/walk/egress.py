"""Leaving the network: to the Internet, or through a gateway to on-premises.

Learn: azure/virtual-network/ip-services/default-outbound-access, azure/nat-gateway/nat-overview
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import TCP, UDP, Bools, Int32

SMTP_PORT = 25


def internet_egress(plane: DataPlane, packets: InFlight) -> Outcome:
    """Has the endpoint a way out for a packet of its own? NAT gateway > public IP > load balancer > default access.

    A packet that an appliance forwards without source NAT keeps a source that Azure translates for nobody else.
    """
    out, places, at = plane.outbound, plane.places, packets.at
    is_ipv4 = plane.is_ipv4[packets.destination]
    simple = is_ipv4 & ((packets.protocol == TCP) | (packets.protocol == UDP))
    own = places.owner(places.vnet[at], packets.source) == at
    explicit = (out.nat_gateway[at] & simple) | np.where(is_ipv4, out.public_ipv4[at], out.public_ipv6[at])
    balanced = ~explicit & ~out.nat_gateway[at] & out.load_balancer[at]
    implicit = out.default_access[at] & simple & ~out.nat_gateway[at]
    comes_back = places.owner_of_public(packets.destination) != places.nowhere
    region = plane.region_of_atom[packets.destination]
    near_storage = plane.facts.near_storage[plane.facts.storage_of_vnet[places.vnet[at]], region]
    storage = out.private_subnet[at] & simple & (packets.protocol == TCP) & near_storage
    smtp = (packets.protocol == TCP) & (packets.destination_port == SMTP_PORT)
    reason = first_of(
        len(packets),
        (~own, "NO_OUTBOUND_METHOD"),
        (balanced, "LOAD_BALANCER_NOT_MODELLED"),
        (~explicit & storage, "STORAGE_PATH_NOT_MODELLED"),
        (~explicit & ~implicit, "NO_OUTBOUND_METHOD"),
        (smtp, "SMTP_NOT_MODELLED"),
        (comes_back, "PUBLIC_IP_HAIRPIN_NOT_MODELLED"),
    )
    return Outcome(reason, row=packets.route)


def gateway_egress(plane: DataPlane, packets: InFlight) -> Outcome:
    """Does the gateway in `packets.target` lead to the destination? Gateways are no transit between gateways."""
    places, facts = plane.places, plane.facts
    region = plane.region_of_atom[packets.destination]
    here, there = places.vnet[packets.at], places.vnet[packets.target]
    own, theirs = plane.links.between(here, there), plane.links.between(there, here)
    grouped = plane.filters.has_group
    closed = (~plane.links.allows_access[own] & ~grouped[packets.at]) | ~plane.links.allows_access[theirs]
    learned = plane.forwarding.is_learned[packets.route]
    leads_there = facts.gateway[region] + places.first_gateway == packets.target
    leads_there |= plane.gateway_has_default[packets.target]
    unknown = plane.gateway_routes_unknown[packets.target]
    from_gateway = packets.at >= places.first_gateway
    subnets = plane.links.joins(own, places.subnet[packets.at]) & plane.links.joins(
        theirs, places.subnet[packets.target]
    )
    reason = first_of(
        len(packets),
        (from_gateway, "GATEWAY_NO_TRANSIT"),
        (facts.vnet[region] >= 0, "GATEWAY_ROUTES_UNKNOWN"),
        (~learned & ~leads_there & unknown, "GATEWAY_ROUTES_UNKNOWN"),
        (~learned & ~leads_there, "ROUTE_MISSING"),
        ((here != there) & ~subnets, "SUBNET_PEERING"),
        ((here != there) & closed, "PEERING_ACCESS_BLOCKED"),
    )
    return Outcome(reason, row=packets.route)


def is_advertised(plane: DataPlane, gateway: Int32, atom: Int32) -> Bools:
    """Does on-premises know the way to an address? Only the gateway's VNet and peers with gateway transit are told."""
    places, links = plane.places, plane.links
    hub, vnet = places.vnet[gateway], plane.facts.vnet[plane.region_of_atom[atom]]
    own, theirs = links.between(hub, vnet), links.between(vnet, hub)
    transit = links.allows_gateway_transit[own] & links.uses_remote_gateways[theirs]
    known: Bools = (vnet == hub) | (vnet < 0) | transit
    return known


def gateway_entry(plane: DataPlane, packets: InFlight) -> Outcome:
    """Packets from on-premises come only where the gateway advertises the destination: to VNets, not through them."""
    advertised = is_advertised(plane, packets.at, packets.destination)
    region = plane.region_of_atom[packets.destination]
    in_vnet, leads_to = plane.facts.vnet[region] >= 0, plane.facts.gateway[region]
    by_another = ~in_vnet & (leads_to >= 0) & (leads_to + plane.places.first_gateway != packets.at)
    reason = first_of(
        len(packets),
        (plane.private_endpoints.near(packets.at, packets.destination), "PRIVATE_ENDPOINT_NOT_MODELLED"),
        (by_another, "GATEWAY_NO_TRANSIT"),
        (~in_vnet, "OUTSIDE_AZURE"),
        (~advertised, "GATEWAY_TRANSIT_OFF"),
    )
    return Outcome(reason)
