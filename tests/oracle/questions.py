"""Two of Network Watcher's questions, answered by the oracle's own means: IP flow verify and next hop."""

from __future__ import annotations

from ipaddress import ip_address

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from tests.oracle.endpoints import Endpoint
from tests.oracle.filters import pass_filters
from tests.oracle.judgement import Direction, Fate, Packet, verdict_of
from tests.oracle.next_places import next_places
from tests.oracle.places import Places
from tests.oracle.routes import APPLIANCES, select_route


def ip_flow_verify(
    snapshot: Snapshot,
    nic_id: ResourceId,
    direction: Direction,
    protocol: int,
    local_ip: str,
    local_port: int,
    remote_ip: str,
    remote_port: int,
) -> tuple[str, ResourceId | None]:
    """``Allow``, ``Deny`` or ``Unknown`` with the rule that spoke last: the filters of one NIC, no routes."""
    places = Places(snapshot)
    local, remote = (ip_address(local_ip), local_port), (ip_address(remote_ip), remote_port)
    (source, source_port), (destination, port) = (local, remote) if direction == "Outbound" else (remote, local)
    packet = Packet(source, destination, protocol, source_port, port)
    try:
        return "Allow", pass_filters(places, _endpoint(places, nic_id), direction, packet).rule
    except Fate as fate:
        return verdict_of(fate.reason).capitalize(), fate.rule


def effective_next_hop(
    snapshot: Snapshot, nic_id: ResourceId, destination: str
) -> tuple[str, str | None, ResourceId | None]:
    """Hop type, next-hop address and route table of the route taken; hop ``None`` when the next hop is out of reach.

    Raises Fate when the export does not tell.
    """
    places, address = Places(snapshot), ip_address(destination)
    nic = _endpoint(places, nic_id)
    route = select_route(places, nic.subnet, nic.virtual_network, address)
    hops = ", ".join(route.addresses) or None
    if route.hop not in (*APPLIANCES, "VirtualNetworkGateway"):
        return route.hop, None, route.table
    try:
        next_places(places, nic.subnet, nic.virtual_network, address)
    except Fate as fate:
        if fate.reason == "NEXT_HOP_UNREACHABLE":
            return "None", hops, route.table
    return route.hop, hops, route.table


def _endpoint(places: Places, nic_id: ResourceId) -> Endpoint:
    return next(endpoint for endpoint in places.endpoints if endpoint.id == nic_id)
