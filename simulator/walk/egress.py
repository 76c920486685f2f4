"""Leaving the network: to the Internet, or through a gateway to on-premises.

Learn: azure/virtual-network/ip-services/default-outbound-access, azure/nat-gateway/nat-overview
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import InFlight, Outcome, first_of
from simulator.walk.packets import TCP, Bools, Int32
from simulator.walk.reasons import CODE_OF

SMTP_PORT = 25


def internet_egress(plane: DataPlane, packets: InFlight) -> Outcome:
    """Has the endpoint a way out for a packet of its own, and does the platform let it go there?

    A packet that an appliance forwards without source NAT keeps a source that Azure translates for nobody else. Storage
    of the own region is reached from a private subnet without any way out.
    """
    places, egress, at = plane.places, plane.egress, packets.at
    own = places.owner(places.vnet[at], packets.source) == at
    methods = way_out(plane, packets)
    none, unknown = egress.is_method(methods, "none"), egress.is_method(methods, "unknown")
    comes_back = places.owner_of_public(packets.destination) != places.nowhere
    reason = first_of(
        len(packets),
        (~own, "NO_OUTBOUND_METHOD"),
        (unknown, "LOAD_BALANCER_NOT_IN_EXPORT"),
        (none & ~_is_near_storage(plane, packets), "NO_OUTBOUND_METHOD"),
        *_smtp(plane, packets),
        (comes_back, "PUBLIC_IP_HAIRPIN_NOT_MODELLED"),
    )
    return Outcome(reason, row=packets.route)


def way_out(plane: DataPlane, packets: InFlight) -> Int32:
    """The number of each packet's way out in ``plane.egress.methods``: by place, family and protocol."""
    return plane.egress.methods.ask(packets.at, plane.is_ipv4[packets.destination], packets.protocol)


def _is_near_storage(plane: DataPlane, packets: InFlight) -> Bools:
    """Storage of the own region by the system's route: a route of the user to Internet breaks in a private subnet."""
    places, facts = plane.places, plane.facts
    region = plane.region_of_atom[packets.destination]
    near = facts.near_storage[facts.storage_of_vnet[places.vnet[packets.at]], region]
    is_tcp = plane.is_ipv4[packets.destination] & (packets.protocol == TCP)
    by_system = plane.forwarding.is_system[packets.route]
    found: Bools = plane.egress.is_private[packets.at] & is_tcp & near & by_system
    return found


def _smtp(plane: DataPlane, packets: InFlight) -> list[tuple[Bools, str]]:
    """TCP 25 to the Internet is the platform's to allow, by the offer of the subscription."""
    mail = (packets.protocol == TCP) & (packets.destination_port == SMTP_PORT)
    if not mail.any():
        return []
    answers = plane.egress.smtp.column(plane.egress.smtp.ask(packets.at), CODE_OF.__getitem__)
    return [(mail & (answers == CODE_OF[code]), code) for code in ("SMTP_BLOCKED", "SMTP_OFFER_UNKNOWN")]


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
    leads_there |= plane.gateway_has_default[packets.target, plane.is_ipv4[packets.destination].astype(np.intp)]
    unknown = plane.gateway_routes_unknown[packets.target]
    from_gateway = places.is_gateway(packets.at)
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
    known: Bools = plane.told_on_premises[gateway - plane.places.first_gateway, plane.region_of_atom[atom]]
    return known


def gateway_entry(plane: DataPlane, packets: InFlight) -> Outcome:
    """Packets from on-premises come only where the gateway advertises the destination: to VNets, not through them."""
    advertised = is_advertised(plane, packets.at, packets.destination)
    region = plane.region_of_atom[packets.destination]
    in_vnet, leads_to = plane.facts.vnet[region] >= 0, plane.facts.gateway[region]
    by_another = ~in_vnet & (leads_to >= 0) & (leads_to + plane.places.first_gateway != packets.at)
    reason = first_of(
        len(packets),
        (by_another, "GATEWAY_NO_TRANSIT"),
        (~in_vnet, "OUTSIDE_AZURE"),
        (~advertised, "GATEWAY_TRANSIT_OFF"),
    )
    return Outcome(reason)
