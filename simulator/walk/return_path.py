"""The reply: it needs no rule, because the filters at a NIC remember the flow, but it needs a route.

It must meet the stateful appliances that saw the request, no other ones, and end where the flow began.
Learn: azure/virtual-network/virtual-networks-udr-overview, azure/firewall/firewall-faq
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.appliances import DOES_NOT_FORWARD, IP_FORWARDING_OFF, NOT_DECLARED
from simulator.dataplane.forwarding import TO_GATEWAY, TO_INTERNET
from simulator.dataplane.plane import DataPlane
from simulator.walk.egress import is_advertised
from simulator.walk.in_flight import DELIVERED, HOP_LIMIT, InFlight, Ledger, Outcome, codes
from simulator.walk.packets import Bools
from simulator.walk.reasons import CODE_OF
from simulator.walk.routing import effective_route, leads_astray, leads_inside, next_place, route_of

#: Reasons that say nobody knows the route, rather than that it leads nowhere known.
_ROUTE_UNKNOWN = [
    CODE_OF[code] for code in ("ROUTE_TABLE_NOT_IN_EXPORT", "RULE_NOT_RESOLVED", "GATEWAY_ROUTES_UNKNOWN")
]


#: What stops a reply at an endpoint that it is not for.
_STOPS = (((NOT_DECLARED,), "APPLIANCE_NOT_DECLARED"), ((IP_FORWARDING_OFF, DOES_NOT_FORWARD), "NO_RETURN_ROUTE"))


class Replies:
    """Replies under way, with the stateful appliances they met; fates are written into the ledger."""

    def __init__(self, plane: DataPlane, ledger: Ledger, packets: InFlight) -> None:
        self.plane, self.ledger = plane, ledger
        self.met = np.zeros(len(ledger.reason), np.uint64)
        self.packets = packets

    def finish(self, mask: Bools, good: Bools, code: str) -> None:
        """Those under the mask are done: `good` ones came back right, the others get the reason."""
        lost = self.packets.where(mask & ~good)
        self.ledger.note("return", lost, Outcome(codes(len(lost), code)), is_return=True)
        bad = lost.flow
        self.ledger.reason[bad] = CODE_OF[code]
        self.ledger.undecide(bad)
        self.packets = self.packets.where(~mask)

    def same_appliances(self) -> Bools:
        flow = self.packets.flow
        same: Bools = self.met[flow] == self.ledger.appliances[flow]
        return same


def return_path(plane: DataPlane, ledger: Ledger) -> None:
    """Send the reply of every delivered packet back; turn the fate of those that do not come home into its reason."""
    replies = Replies(plane, ledger, _first_replies(plane, ledger))
    _through_the_gateway(replies)
    _untranslate_at_the_door(replies)
    for _ in range(HOP_LIMIT):
        if not len(replies.packets):
            return
        _route(replies)
        _leave(replies)
        _arrive(replies)
    ledger.reason[replies.packets.flow] = CODE_OF["ROUTING_LOOP"]
    ledger.undecide(replies.packets.flow)


def _first_replies(plane: DataPlane, ledger: Ledger) -> InFlight:
    """Replies start where the packet ended and go to the source it had there.

    What left to the Internet from its own NIC comes back to that NIC: nothing is to be asked.
    """
    flow = np.flatnonzero(ledger.reason == DELIVERED).astype(np.int32)
    end = ledger.end[flow]
    home_again = (end == ledger.origin[flow]) & (ledger.target[flow] == plane.places.internet)
    flow = flow[~home_again]
    packets = ledger.started.where(flow)
    return packets.but(flow=flow, at=ledger.end[flow], source=packets.destination, destination=ledger.end_source[flow])


def _through_the_gateway(replies: Replies) -> None:
    """On-premises answers only to addresses that the gateway advertises to it; the reply enters at the gateway."""
    places, packets = replies.plane.places, replies.packets
    target = replies.ledger.target[packets.flow]
    from_premises = (target >= places.first_gateway) & (target < places.internet)
    packets = packets.but(at=np.where(from_premises, target, packets.at).astype(np.int32))
    replies.packets = packets
    lost = from_premises.copy()
    lost[from_premises] = ~is_advertised(replies.plane, packets.at[from_premises], packets.destination[from_premises])
    replies.finish(lost, np.zeros(len(lost), bool), "GATEWAY_TRANSIT_OFF")


def _untranslate_at_the_door(replies: Replies) -> None:
    """A reply from the Internet enters at the appliance that let the packet out, which knows whom it is for."""
    ledger, packets = replies.ledger, replies.packets
    at_door = ledger.target[packets.flow] == replies.plane.places.internet
    door = packets.where(at_door)
    replies.met[door.flow] += replies.plane.appliances.key[door.at]
    destination = packets.destination.copy()
    destination[at_door] = ledger.forwarded.source_before(door.flow, door.at, door.destination)
    replies.packets = packets.but(destination=destination)


def _route(replies: Replies) -> None:
    """The route of each reply. To the Internet a reply goes straight or not at all: any other route is another door."""
    plane, ledger = replies.plane, replies.ledger
    packets = replies.packets.but(route=route_of(plane, replies.packets))
    packets = packets.but(target=next_place(plane, packets))
    outcome = effective_route(plane, packets)
    ledger.note("return route", packets, outcome, is_return=True)
    replies.packets = packets
    elsewhere = plane.forwarding.leads[packets.route] != TO_INTERNET
    from_internet = ledger.origin[packets.flow] == plane.places.internet
    doubtful = np.isin(outcome.reason, _ROUTE_UNKNOWN)
    astray = from_internet & elsewhere & ~doubtful
    unknown = (outcome.reason >= CODE_OF["SOURCE_NOT_IN_EXPORT"]) & ~astray
    ledger.reason[packets.flow[unknown]] = outcome.reason[unknown]
    ledger.undecide(packets.flow[unknown | astray])
    ledger.note("return", packets.where(astray), Outcome(codes(int(astray.sum()), "ASYMMETRIC_RETURN")), is_return=True)
    dropped = ~outcome.passes & ~astray
    replies.finish(dropped | astray, unknown | astray, "NO_RETURN_ROUTE")
    ledger.reason[packets.flow[astray]] = CODE_OF["ASYMMETRIC_RETURN"]


def _leave(replies: Replies) -> None:
    """Replies that leave by a gateway or to the Internet are right only where the flow came in by such a door."""
    plane, packets = replies.plane, replies.packets
    leads = plane.forwarding.leads[packets.route]
    home = replies.ledger.origin[packets.flow]
    came_by_gateway = (home >= plane.places.first_gateway) & (home < plane.places.internet)
    by_gateway = (leads == TO_GATEWAY) & came_by_gateway
    first_place = packets.at == replies.ledger.end[packets.flow]
    by_internet = (leads == TO_INTERNET) & (home == plane.places.internet) & first_place
    right = (by_gateway | by_internet) & replies.same_appliances()
    replies.finish(~leads_inside(plane, packets), right, "ASYMMETRIC_RETURN")


def _arrive(replies: Replies) -> None:
    """At home the reply is done. An appliance sends it on, unless it is stateful and never saw the request."""
    plane, ledger = replies.plane, replies.ledger
    packets = replies.packets
    nobody = (packets.target == plane.places.nowhere) | leads_astray(plane, packets)
    _lose(replies, nobody, "NO_RETURN_ROUTE")
    replies.packets = packets = replies.packets.but(at=replies.packets.target)
    ledger.note("return", packets, Outcome(codes(len(packets))), is_return=True)
    replies.finish(packets.at == ledger.origin[packets.flow], replies.same_appliances(), "ASYMMETRIC_RETURN")
    for codes_of, code in _STOPS:
        stops = np.isin(plane.appliances.behaviour[replies.packets.at], codes_of)
        _lose(replies, stops & ~_is_translated_here(replies), code)
    packets = replies.packets
    stateful = plane.appliances.key[packets.at] != 0
    seen = ledger.forwarded.passed(packets.flow, packets.at)
    _lose(replies, stateful & ~seen, "ASYMMETRIC_RETURN")
    _send_on(replies)


def _lose(replies: Replies, mask: Bools, code: str) -> None:
    replies.finish(mask, np.zeros(len(mask), bool), code)


def _is_translated_here(replies: Replies) -> Bools:
    """Is the reply addressed to an appliance that had put its own address in place of the source?"""
    packets = replies.packets
    places = replies.plane.places
    own = places.owner(places.vnet[packets.at], packets.destination) == packets.at
    here: Bools = own & replies.ledger.forwarded.translated_by(packets.flow, packets.at)
    return here


def _send_on(replies: Replies) -> None:
    plane, packets = replies.plane, replies.packets
    replies.met[packets.flow] += plane.appliances.key[packets.at]
    original = replies.ledger.forwarded.source_before(packets.flow, packets.at, packets.destination)
    destination = np.where(_is_translated_here(replies), original, packets.destination)
    replies.packets = packets.but(destination=destination.astype(np.int32))
