"""Leaving the network: to the Internet, or through a gateway to on-premises.

Learn: azure/virtual-network/ip-services/default-outbound-access, azure/nat-gateway/nat-overview
"""

from __future__ import annotations

from simulator.dataplane.egress import DEFAULT_ACCESS, LOAD_BALANCER, NAT_GATEWAY, NO_METHOD
from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import TCP, UDP, Bools, Int32

SMTP_PORT = 25


def internet_egress(plane: DataPlane, packets: InFlight) -> Outcome:
    """Has the endpoint a way out? NAT gateway > public IP > load balancer > default outbound access."""
    method = plane.outbound[packets.at]
    has_ports = (packets.protocol == TCP) | (packets.protocol == UDP)
    smtp = (
        (packets.protocol == TCP) & (packets.destination_port == SMTP_PORT) & ~plane.appliances.is_firewall[packets.at]
    )
    comes_back = plane.places.owner_of_public(packets.destination) != plane.places.nowhere
    reason = first_of(
        len(packets),
        (method == NO_METHOD, "NO_OUTBOUND_METHOD"),
        (((method == NAT_GATEWAY) | (method == DEFAULT_ACCESS)) & ~has_ports, "NO_OUTBOUND_METHOD"),
        (smtp, "SMTP_NOT_MODELLED"),
        (method == LOAD_BALANCER, "LOAD_BALANCER_NOT_MODELLED"),
        (comes_back, "PUBLIC_IP_HAIRPIN_NOT_MODELLED"),
    )
    return Outcome(reason, row=packets.route)


def gateway_egress(plane: DataPlane, packets: InFlight) -> Outcome:
    """Does the gateway in `packets.target` lead to the destination?"""
    places, facts = plane.places, plane.facts
    region = plane.region_of_atom[packets.destination]
    here, there = places.vnet[packets.at], places.vnet[packets.target]
    own, theirs = plane.links.between(here, there), plane.links.between(there, here)
    grouped = plane.filters.has_group
    closed = (~plane.links.allows_access[own] & ~grouped[packets.at]) | ~plane.links.allows_access[theirs]
    learned = plane.forwarding.is_learned[packets.route]
    leads_there = facts.gateway[region] + places.first_gateway == packets.target
    unknown = plane.gateway_routes_unknown[packets.target]
    reason = first_of(
        len(packets),
        ((here != there) & closed, "PEERING_ACCESS_BLOCKED"),
        (facts.vnet[region] >= 0, "GATEWAY_ROUTES_UNKNOWN"),
        (~learned & ~leads_there & unknown, "GATEWAY_ROUTES_UNKNOWN"),
        (~learned & ~leads_there, "ROUTE_MISSING"),
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
    """Packets from on-premises come only where the gateway advertises the destination."""
    advertised = is_advertised(plane, packets.at, packets.destination)
    return Outcome(first_of(len(packets), (~advertised, "GATEWAY_TRANSIT_OFF")))
