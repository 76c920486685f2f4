"""The packet walk: the order of all layers, over a batch. Every feature of the simulator is this walk.

A packet leaves through the filters of its NIC, takes the effective route of its subnet, is given to a backend, crosses
peerings, is forwarded by appliances (whose filters it meets like any NIC's) and arrives through the filters of the
destination. Then the reply goes back. Each layer's meaning stands in its own module; only their order stands here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.dataplane.filters import INBOUND, OUTBOUND
from simulator.dataplane.forwarding import SERVICE_ENDPOINT, TO_GATEWAY, TO_INTERNET
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.walk.appliance import forwarding_appliance, send_on, translated_destination
from simulator.walk.egress import gateway_egress, gateway_entry, internet_egress
from simulator.walk.in_flight import HOP_LIMIT, InFlight, Ledger, Outcome, Step, first_of
from simulator.walk.load_balancer import balance
from simulator.walk.origin import from_internet, internet_entry, internet_translation, origin, through_the_door
from simulator.walk.packets import Bools, Int32, Packets
from simulator.walk.peering import peering
from simulator.walk.platform import platform_services, probed
from simulator.walk.platform_service import from_client, from_premises, service_endpoint, service_firewall
from simulator.walk.predictions import Door, Predictions
from simulator.walk.private_endpoint import private_endpoint
from simulator.walk.return_path import return_path
from simulator.walk.routing import effective_route, next_endpoint, next_place, reaches_peer_by_user, route_of
from simulator.walk.security import pass_checkpoint
from simulator.walk.ways import Int64, every_way

Layer = Callable[[DataPlane, InFlight], Outcome]


def packet_walk(
    plane: DataPlane, packets: Packets, *, steps: list[Step] | None = None, past_blockers: bool = False
) -> Predictions:
    """Walk every packet of the batch to its end and back, each way that a load balancer or a route could give it.

    Parameters
    ----------
    plane : the compiled network.
    packets : the batch; any length, any mix.
    steps : where to write down each layer's outcome on the first way, for `explain`; costs memory for each packet.
    past_blockers : go on behind filters that stop a packet, so that `steps` shows every one; verdicts are the same.

    Returns
    -------
    One prediction a packet, in the order of the batch.
    """

    def one_way(batch: Packets, choice: Int64) -> tuple[Predictions, Int64]:
        return _one_way(plane, batch, choice, None if choice.any() else steps, past_blockers)

    return every_way(packets, one_way)


def _one_way(
    plane: DataPlane, packets: Packets, choice: Int64, steps: list[Step] | None, past_blockers: bool
) -> tuple[Predictions, Int64]:
    started = through_the_door(plane, packets, choice)
    ledger = Ledger(started, steps, past_blockers)
    departing = _depart(plane, started, ledger)
    outside = departing.at == plane.places.internet
    arriving = _enter(plane, departing.where(outside), packets, ledger)
    departing = departing.where(~outside)
    for _ in range(HOP_LIMIT):
        if not len(departing) + len(arriving):
            break
        arrived = _send(plane, departing, ledger)
        departing = _receive(plane, InFlight.join([arriving, arrived]), ledger)
        arriving = arriving.where(np.zeros(len(arriving), bool))
    return_path(plane, ledger)
    predictions = Predictions(
        plane,
        packets,
        ledger.reason,
        ledger.decider,
        ledger.route,
        tuple(ledger.path),
        tuple(ledger.path_back),
        ledger.door,
        ledger.observations(),
        ledger.assumed,
        np.ones(len(packets), np.int64),
        ledger.forks.is_beyond,
    )
    return predictions, ledger.forks.next_choice(choice)


def _depart(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Packets at their origin. On-premises sends only what the gateway advertises to it, or to a platform service."""
    ledger.origin[packets.flow] = packets.at
    packets = ledger.keep("origin", packets, origin(plane, packets))
    packets = _from_premises_to_services(plane, packets, ledger)
    ledger.visit(packets)
    packets = platform_services(plane, probed(plane, packets, ledger), ledger)
    entering, inside = packets.split(plane.places.is_gateway(packets.at))
    if not len(entering):
        return inside
    return InFlight.join([inside, ledger.keep("gateway", entering, gateway_entry(plane, entering))])


def _from_premises_to_services(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """End the way from on-premises to platform services, which touches no virtual network; give the others."""
    places = plane.places
    outside = plane.facts.vnet[plane.region_of_atom[packets.destination]] == NONE
    served, others = packets.split(places.is_gateway(packets.at) & (packets.service != NONE) & outside)
    if len(served):
        outcome = from_premises(plane, served)
        premises = np.full(len(served), places.premises, np.int32)
        served = served.but(at=premises, target=_service_place(plane, served))
        ledger.origin[served.flow] = premises
        ledger.visit(served)
        _end_at(ledger.keep("service firewall", served, outcome), ledger)
    return others


def _enter(plane: DataPlane, packets: InFlight, batch: Packets, ledger: Ledger) -> InFlight:
    """Packets of the Internet, brought to the endpoint behind the public IP."""
    to_service, packets = packets.split(packets.service != NONE)
    _leave(plane, to_service.but(target=_service_place(plane, to_service)), ledger, from_client, "service firewall")
    if not len(packets):
        return packets
    packets = from_internet(plane, packets, batch.context[packets.flow])
    packets = ledger.keep("public IP", packets, internet_entry(plane, packets))
    balanced, direct = packets.split(plane.balancers.is_frontend[packets.at])
    ledger.visit(balanced)
    ledger.frontend[balanced.flow] = balanced.at
    balanced = balance(plane, balanced.but(target=balanced.at), ledger)
    packets = InFlight.join([direct, balanced.but(at=balanced.target, target=balanced.at)])
    ledger.entry[packets.flow] = packets.at
    return packets


def _send(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Out through the filters, along the route, to the next endpoint; what leaves the network ends here."""
    at_gateway, at_endpoint = packets.split(plane.places.is_gateway(packets.at))  # a gateway has no filters
    transit = ledger.forwarded.passed(at_endpoint.flow, at_endpoint.at)
    filtered, _ = pass_checkpoint(plane, at_endpoint, OUTBOUND, ledger, transit)
    packets = InFlight.join([filtered, at_gateway])
    if not len(packets):
        return packets
    packets = next_place(plane, packets.but(route=route_of(plane, packets)), ledger)
    first = ledger.route[packets.flow] == NONE
    ledger.route[packets.flow[first]] = packets.route[first]
    packets = ledger.keep("route", packets, effective_route(plane, packets, ledger))
    packets = _out(plane, packets, ledger)
    ledger.assume("vnet_local_route_reaches_peers", packets.flow[reaches_peer_by_user(plane, packets)])
    packets = ledger.keep("next hop", packets, next_endpoint(plane, packets))
    to_frontend, to_endpoint = packets.split(plane.balancers.is_frontend[packets.target])
    if len(to_frontend):
        ledger.visit(to_frontend.but(at=to_frontend.target))
        packets = InFlight.join([to_endpoint, balance(plane, to_frontend, ledger)])
    packets = ledger.keep("peering", packets, peering(plane, packets, ledger), lets_past=True)
    return packets.but(at=packets.target)


def _out(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """End the way of what leaves by the Internet, a gateway or a service endpoint; give the others."""
    leads = plane.forwarding.leads[packets.route]
    to_internet = packets.where(leads == TO_INTERNET)
    to_service = packets.where(leads == SERVICE_ENDPOINT)
    to_gateway = packets.where(leads == TO_GATEWAY)
    doors = ((to_internet, Door.INTERNET), (to_gateway, Door.GATEWAY), (to_service, Door.SERVICE_ENDPOINT))
    for leaving, door in doors:
        ledger.door[leaving.flow] = door
    _leave_by_internet(plane, to_internet, ledger)
    _leave(plane, to_gateway, ledger, gateway_egress, "gateway")
    _leave(
        plane, to_service.but(target=_service_place(plane, to_service)), ledger, service_endpoint, "service endpoint"
    )
    return packets.where((leads != TO_INTERNET) & (leads != TO_GATEWAY) & (leads != SERVICE_ENDPOINT))


def _leave_by_internet(plane: DataPlane, packets: InFlight, ledger: Ledger) -> None:
    """To the Internet; behind it stands the firewall of a platform service, where the destination is one."""
    if len(packets):
        packets = ledger.keep("Internet egress", packets, internet_egress(plane, packets))
        served, others = packets.split(packets.service != NONE)
        _end_at(others, ledger)
        _leave(plane, served.but(target=_service_place(plane, served)), ledger, service_firewall, "service firewall")


def _leave(plane: DataPlane, packets: InFlight, ledger: Ledger, layer: Layer, name: str) -> None:
    """The end of what goes out of the network: the place it leaves from stays the end, its door is the target."""
    if len(packets):
        _end_at(ledger.keep(name, packets, layer(plane, packets)), ledger)


def _end_at(packets: InFlight, ledger: Ledger) -> None:
    ledger.visit(packets.but(at=packets.target))
    ledger.close(packets)


def _service_place(plane: DataPlane, packets: InFlight) -> Int32:
    """The place of the service that each packet is for; nowhere for one that is not known."""
    places = plane.places
    known = packets.service != NONE
    place: Int32 = np.where(known, packets.service + places.first_service, places.nowhere).astype(np.int32)
    return place


def _receive(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """In through the filters; at home the packet is delivered, elsewhere it is asked to be forwarded."""
    ledger.visit(packets)
    packets = ledger.keep("loop", packets, loop(packets, ledger))
    packets, bypassed = pass_checkpoint(plane, packets, INBOUND, ledger, ~_is_addressed(plane, packets, ledger))
    addressed, at_firewall = _is_addressed(plane, packets, ledger), plane.appliances.is_firewall[packets.at]
    delivered, addressed = addressed & ~at_firewall, addressed & at_firewall
    _deliver(plane, packets.where(delivered), bypassed[delivered], ledger)
    translated = translated_destination(plane, packets.where(addressed), ledger)
    forwarded = forwarding_appliance(plane, packets.where(~addressed & ~delivered), ledger)
    return send_on(plane, [translated, forwarded], ledger)


def _enters(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Bools:
    """Are the packets of the Internet at the endpoint by which they come in?"""
    from_internet_here: Bools = (ledger.origin[packets.flow] == plane.places.internet) & (
        ledger.entry[packets.flow] == packets.at
    )
    return from_internet_here


def _is_addressed(plane: DataPlane, packets: InFlight, ledger: Ledger) -> Bools:
    """Are the packets meant for their place, not for what lies behind it? A firewall keeps its public IP until DNAT."""
    by_public = plane.places.owner_of_public(packets.destination) == packets.at
    at_firewall: Bools = plane.appliances.is_firewall[packets.at] & by_public & _enters(plane, packets, ledger)
    return _is_home(plane, packets) | at_firewall


def _is_home(plane: DataPlane, packets: InFlight) -> Bools:
    places = plane.places
    home: Bools = packets.is_home | (places.owner(places.vnet[packets.at], packets.destination) == packets.at)
    return home


def _deliver(plane: DataPlane, packets: InFlight, bypassed: Bools, ledger: Ledger) -> None:
    """Home. What came from the Internet needs a public IP, or the NIC only saw a scan that was never delivered."""
    from_outside = _enters(plane, packets, ledger)
    scans, others = packets.split(from_outside)
    outcome = internet_translation(plane, scans, bypassed[from_outside])
    ledger.close(ledger.keep("public IP", scans, outcome, lets_past=True))
    private, others = others.split(plane.is_private_endpoint[others.at])
    ledger.close(ledger.keep("private endpoint", private, private_endpoint(plane, private)))
    ledger.close(others)


def loop(packets: InFlight, ledger: Ledger) -> Outcome:
    """An appliance that sees the same packet again will see it for ever."""
    again = ledger.forwarded.passed_as_now(packets.flow, packets.at, packets.source)
    return Outcome(first_of(len(packets), (again, "ROUTING_LOOP")))
