"""The packet walk: the order of all layers, over a batch. Every feature of the simulator is this walk.

A packet leaves through the filters of its NIC, takes the effective route of its subnet, crosses peerings, is forwarded
by appliances (whose filters it meets like any NIC's) and arrives through the filters of the destination. Then the reply
goes back. SEMANTICS of each layer stand in its own module; only their order stands here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.dataplane.filters import INBOUND, OUTBOUND
from simulator.dataplane.forwarding import TO_GATEWAY, TO_INTERNET
from simulator.dataplane.plane import DataPlane
from simulator.walk.appliance import appliance, translated_source
from simulator.walk.egress import gateway_egress, gateway_entry, internet_egress
from simulator.walk.in_flight import HOP_LIMIT, InFlight, Ledger, Outcome, Step, codes, first_of
from simulator.walk.origin import from_internet, internet_entry, internet_translation, origin, through_the_door
from simulator.walk.packets import Bools, Packets
from simulator.walk.peering import peering
from simulator.walk.predictions import Predictions
from simulator.walk.return_path import return_path
from simulator.walk.routing import effective_route, next_endpoint, next_place, route_of
from simulator.walk.security import pass_checkpoint

Layer = Callable[[DataPlane, InFlight], Outcome]
#: Numbers of the layers that decide by rules, as `Predictions.decider` writes them; 0-5 are the filters of a NIC.
APPLIANCE_LAYER = 6


def packet_walk(plane: DataPlane, packets: Packets, *, steps: list[Step] | None = None) -> Predictions:
    """Walk every packet of the batch to its end and back.

    Parameters
    ----------
    plane : the compiled network.
    packets : the batch; any length, any mix.
    steps : where to write down each layer's outcome, for `explain`; costs memory for each packet and layer.

    Returns
    -------
    One prediction a packet, in the order of the batch.
    """
    started = through_the_door(plane, packets)
    ledger = Ledger(started, steps)
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
    return Predictions(
        plane, packets, ledger.reason, ledger.decider, ledger.route, tuple(ledger.path), ledger.observations()
    )


def _depart(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Packets at their origin. On-premises sends only what the gateway advertises to it."""
    ledger.origin[packets.flow] = packets.at
    packets = ledger.keep("origin", packets, origin(plane, packets))
    ledger.visit(packets)
    places = plane.places
    at_gateway = (packets.at >= places.first_gateway) & (packets.at < places.internet)
    entering = packets.where(at_gateway)
    entered = ledger.keep("gateway", entering, gateway_entry(plane, entering)) if len(entering) else entering
    return InFlight.join([packets.where(~at_gateway), entered])


def _enter(plane: DataPlane, packets: InFlight, batch: Packets, ledger: Ledger) -> InFlight:
    """Packets of the Internet, brought to the NIC behind the public IP."""
    if not len(packets):
        return packets
    packets = from_internet(plane, packets, batch.context[packets.flow])
    return ledger.keep("public IP", packets, internet_entry(plane, packets))


def _send(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Out through the filters, along the route, to the next endpoint; what leaves the network ends here."""
    at_endpoint = packets.at < plane.places.first_gateway  # a gateway has no filters
    filtered, _ = pass_checkpoint(plane, packets.where(at_endpoint), OUTBOUND, ledger)
    packets = InFlight.join([filtered, packets.where(~at_endpoint)])
    if not len(packets):
        return packets
    packets = packets.but(route=route_of(plane, packets))
    packets = packets.but(target=next_place(plane, packets))
    first = ledger.route[packets.flow] < 0
    ledger.route[packets.flow[first]] = packets.route[first]
    packets = ledger.keep("route", packets, effective_route(plane, packets))
    leads = plane.forwarding.leads[packets.route]
    _leave(plane, packets.where(leads == TO_INTERNET), ledger, internet_egress, "Internet egress")
    _leave(plane, packets.where(leads == TO_GATEWAY), ledger, gateway_egress, "gateway")
    packets = packets.where((leads != TO_INTERNET) & (leads != TO_GATEWAY))
    packets = ledger.keep("next hop", packets, next_endpoint(plane, packets))
    packets = ledger.keep("peering", packets, peering(plane, packets))
    return packets.but(at=packets.target)


def _leave(plane: DataPlane, packets: InFlight, ledger: Ledger, layer: Layer, name: str) -> None:
    """The end of what goes out of the network: the place it leaves from stays the end, its door is the target."""
    if not len(packets):
        return
    packets = ledger.keep(name, packets, layer(plane, packets))
    ledger.visit(packets.but(at=packets.target))
    ledger.close(packets, codes(len(packets)))


def _deliver(plane: DataPlane, packets: InFlight, bypassed: Bools, ledger: Ledger) -> None:
    """Home. What came from the Internet needs a public IP, or the NIC only saw a scan that was never delivered."""
    from_outside = ledger.origin[packets.flow] == plane.places.internet
    scans = packets.where(from_outside)
    outcome = internet_translation(plane, scans, bypassed[from_outside])
    translated = ledger.keep("public IP", scans, outcome)
    ledger.close(translated, codes(len(translated)))
    ledger.close(packets.where(~from_outside), codes(int((~from_outside).sum())))


def _receive(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """In through the filters; at home the packet is delivered, elsewhere it is asked to be forwarded."""
    ledger.visit(packets)
    packets = ledger.keep("loop", packets, loop(packets, ledger))
    packets, bypassed = pass_checkpoint(plane, packets, INBOUND, ledger)
    places = plane.places
    home = places.owner(places.vnet[packets.at], packets.destination) == packets.at
    _deliver(plane, packets.where(home), bypassed[home], ledger)
    return _forward(plane, packets.where(~home), ledger)


def _forward(plane: DataPlane, packets: InFlight, ledger: Ledger) -> InFlight:
    """Through the appliance at whose NIC the packets are, with the source that it gives them."""
    if not len(packets):
        return packets
    outcome = appliance(plane, packets)
    if outcome.table is not None and outcome.row is not None:
        ledger.decide(packets, APPLIANCE_LAYER, outcome.table, outcome.row, outcome.row >= 0)
    packets = ledger.keep("appliance", packets, outcome)
    ledger.appliances[packets.flow] += plane.appliances.key[packets.at]
    source = translated_source(plane, packets)
    ledger.forwarded.add(packets.flow, packets.at, packets.source, source)
    return packets.but(source=source)


def loop(packets: InFlight, ledger: Ledger) -> Outcome:
    """An appliance that sees the same packet again will see it for ever."""
    again = ledger.forwarded.passed_as_now(packets.flow, packets.at, packets.source)
    return Outcome(first_of(len(packets), (again, "ROUTING_LOOP")))
