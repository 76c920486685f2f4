"""What the links ask of a packet that goes from one VNet to another (SEMANTICS 3.3; ORDER 7.5)."""

from __future__ import annotations

from tests.oracle.addresses import any_covers
from tests.oracle.endpoints import Endpoint, Gateway
from tests.oracle.judgement import Fate, Packet
from tests.oracle.places import Places, exchanges


def cross_peering(
    places: Places, sender: Endpoint | Gateway, target: Endpoint | Gateway, packet: Packet, *, hop: str
) -> None:
    """Raises Fate where a link stops it. `hop`: of the route taken; connected groups have no links and ask nothing."""
    here, there = sender.virtual_network, target.virtual_network
    if here.id == there.id or hop == "ConnectedGroup":
        return
    out_link, in_link = places.link(here, there), places.link(there, here)
    places.layers.add("peering")
    if in_link is None:
        raise Fate("PEER_NOT_IN_EXPORT")
    if not (in_link.peer_complete_vnets and (out_link is None or out_link.peer_complete_vnets)):
        places.layers.add("subnet peering")
    if not exchanges(out_link, sender.subnet, target.subnet) or not exchanges(in_link, target.subnet, sender.subnet):
        raise Fate("SUBNET_PEERING")
    for place, link in ((sender, out_link), (target, in_link)):
        if link is not None and not link.allow_virtual_network_access and not place.has_security_group:
            raise Fate("PEERING_ACCESS_BLOCKED")
    if isinstance(target, Gateway):
        return
    if isinstance(sender, Gateway):
        if not (out_link and out_link.allow_gateway_transit and in_link.use_remote_gateways):
            raise Fate("GATEWAY_TRANSIT_OFF")
        return
    is_forwarded = not any_covers(here.prefixes, packet.source)
    if is_forwarded and not in_link.allow_forwarded_traffic and places.assumes("forwarded_traffic_enforced"):
        raise Fate("PEERING_FORWARDED_BLOCKED")
