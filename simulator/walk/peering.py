"""Crossing from one virtual network into a peered one.

Learn: azure/virtual-network/virtual-network-manage-peering, azure/virtual-network/how-to-configure-subnet-peering
"""

from __future__ import annotations

from simulator.dataplane.plane import DataPlane
from simulator.walk.in_flight import DELIVERED, InFlight, Ledger, Outcome, codes, first_of
from simulator.walk.reasons import CODE_OF


def peering(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Outcome:
    """May the packets, at `packets.at`, reach `packets.target` in another VNet? Within one VNet all pass.

    * Access: where a side's own link does not allow virtual network access, the peer is outside its VirtualNetwork tag;
      a security group rule may still allow the packet, an endpoint without any security group drops it.
    * Forwarded traffic: a VNet takes from a peer what starts in that peer; anything else only if its own link says so.
    * What a gateway delivers needs gateway transit on both links instead.
    """
    places, links = plane.places, plane.links
    here, there = places.vnet[packets.at], places.vnet[packets.target]
    crosses = here != there
    if not crosses.any():
        return Outcome(codes(len(packets)))
    own, theirs = links.between(here, there), links.between(there, here)
    grouped = plane.filters.has_group
    in_group = plane.forwarding.is_connected_group[packets.route]
    from_gateway = places.is_gateway(packets.at)
    foreign = ~plane.facts.in_vnet[here, plane.region_of_atom[packets.source]]
    blocked = (~links.allows_access[own] & ~grouped[packets.at]) | (
        ~links.allows_access[theirs] & ~grouped[packets.target]
    )
    transit = links.allows_gateway_transit[own] & links.uses_remote_gateways[theirs]
    joined = links.joins(own, places.subnet[packets.at]) & links.joins(theirs, places.subnet[packets.target])
    by_link = crosses & ~in_group
    unforwarded = by_link & foreign & ~from_gateway & ~links.allows_forwarded[theirs]
    enforced = plane.assumes["forwarded_traffic_enforced"]
    reason = first_of(
        len(packets),
        (by_link & (own == links.none), "ROUTE_MISSING"),
        (by_link & (theirs == links.none), "PEER_NOT_IN_EXPORT"),
        (by_link & ~joined, "SUBNET_PEERING"),
        (by_link & blocked, "PEERING_ACCESS_BLOCKED"),
        (by_link & from_gateway & ~transit, "GATEWAY_TRANSIT_OFF"),
        (unforwarded & enforced, "PEERING_FORWARDED_BLOCKED"),
    )
    otherwise_passes = (reason == DELIVERED) | (reason == CODE_OF["PEERING_FORWARDED_BLOCKED"])
    ledger.assume("forwarded_traffic_enforced", packets.flow[unforwarded & otherwise_passes])
    return Outcome(reason, row=packets.route)
