"""The reply: it needs no rule, because the filters at a NIC remember the flow, but it needs a route.

It must meet the stateful appliances that saw the request, no other ones, and end where the flow began.
Learn: azure/virtual-network/virtual-networks-udr-overview, azure/firewall/firewall-faq
"""

from __future__ import annotations

import numpy as np

from simulator.dataplane.appliances import DOES_NOT_FORWARD, IP_FORWARDING_OFF, NOT_DECLARED
from simulator.dataplane.forwarding import TO_GATEWAY, TO_INTERNET
from simulator.dataplane.interned import distinct
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.walk.egress import is_advertised
from simulator.walk.in_flight import HOP_LIMIT, InFlight, Ledger, Outcome, codes
from simulator.walk.load_balancer import backends_of
from simulator.walk.packets import Bools, Int32
from simulator.walk.reasons import CODE_OF, REASONS, Verdict
from simulator.walk.routing import effective_route, leads_astray, leads_inside, next_place, route_of

#: Reasons that say nobody knows the route, rather than that it leads nowhere known.
_ROUTE_UNKNOWN = [
    CODE_OF[code]
    for code in (
        "ROUTE_TABLE_NOT_IN_EXPORT",
        "RULE_NOT_RESOLVED",
        "GATEWAY_ROUTES_UNKNOWN",
        "CONNECTIVITY_DEPLOYMENT_UNKNOWN",
    )
]
_VERDICTS = np.array([reason.verdict for reason in REASONS], np.uint8)

#: What stops a reply at an endpoint that it is not for.
_STOPS = (((NOT_DECLARED,), "APPLIANCE_NOT_DECLARED"), ((IP_FORWARDING_OFF, DOES_NOT_FORWARD), "NO_RETURN_ROUTE"))


class Replies:
    """Replies under way, with the stateful appliances they met; fates are written into the ledger."""

    def __init__(self, plane: DataPlane, ledger: Ledger, packets: InFlight) -> None:
        self.plane, self.ledger = plane, ledger
        self.met = np.zeros(len(ledger.reason), np.uint64)
        self.packets = packets
        self._visits: list[InFlight] = []

    def finish(self, mask: Bools, good: Bools, code: str) -> None:
        """Those under the mask are done: `good` ones came back right, the others get the reason."""
        lost = self.packets.where(mask & ~good)
        self.ledger.note("return", lost, Outcome(codes(len(lost), code)), is_return=True)
        self.ledger.fail(lost.flow, codes(len(lost), code))
        self.ledger.undecide(lost.flow)
        self.packets = self.packets.where(~mask)

    def visit(self) -> Bools:
        """The replies are at a new place now: which of them were there before, for the same destination?"""
        packets = self.packets
        again = np.zeros(len(packets), bool)
        for earlier in self._visits:  # replies keep the order of the batch, so each flow is found by bisection
            row = np.minimum(np.searchsorted(earlier.flow, packets.flow), len(earlier) - 1)
            same = (earlier.flow[row] == packets.flow) & (earlier.at[row] == packets.at)
            again |= same & (earlier.destination[row] == packets.destination)
        if len(packets):
            self._visits.append(packets)
        return again

    def same_appliances(self) -> Bools:
        flow = self.packets.flow
        same: Bools = self.met[flow] == self.ledger.appliances[flow]
        return same


def return_path(plane: DataPlane, ledger: Ledger) -> None:
    """Send the reply of every delivered packet back; turn the fate of those that do not come home into its reason."""
    replies = Replies(plane, ledger, _first_replies(plane, ledger))
    _through_the_gateway(replies)
    _untranslate_at_the_door(replies)
    replies.visit()
    for _ in range(HOP_LIMIT):
        if not len(replies.packets):
            return
        _route(replies)
        _leave(replies)
        _arrive(replies)
    ledger.fail(replies.packets.flow, codes(len(replies.packets), "ROUTING_LOOP"))
    ledger.undecide(replies.packets.flow)


def _first_replies(plane: DataPlane, ledger: Ledger) -> InFlight:
    """Replies start where the packet ended and go to the source it had there.

    What left the network from its own NIC comes back to that NIC, and the platform answers and asks by ways of its own:
    nothing is to be asked.
    """
    places = plane.places
    flow = np.flatnonzero(ledger.has_arrived).astype(np.int32)
    home_again = (ledger.end[flow] == ledger.origin[flow]) & places.is_outside(ledger.target[flow])
    _visit_start(plane, ledger, flow)
    flow = flow[~home_again & (ledger.origin[flow] != places.platform)]
    packets = ledger.started.where(flow)
    return packets.but(
        flow=flow,
        at=ledger.end[flow],
        source=packets.destination,
        destination=ledger.end_source[flow],
        choice=ledger.choice[flow],
    )


def _visit_start(plane: DataPlane, ledger: Ledger, flow: Int32) -> None:
    """Where replies start: at the end of the way there, or beyond it, and then they come in where the packet left."""
    target, end = ledger.target[flow], ledger.end[flow]
    beyond, by_gateway = plane.places.is_outside(target), plane.places.is_gateway(target)
    ledger.visit_back(flow, np.where(beyond | by_gateway, target, end))
    ledger.visit_back(flow[beyond], end[beyond])


def _through_the_gateway(replies: Replies) -> None:
    """On-premises answers only to addresses that the gateway advertises to it; the reply enters at the gateway."""
    places, packets = replies.plane.places, replies.packets
    target = replies.ledger.target[packets.flow]
    from_premises = places.is_gateway(target)
    packets = packets.but(at=np.where(from_premises, target, packets.at).astype(np.int32))
    replies.packets = packets
    lost = from_premises.copy()
    lost[from_premises] = ~is_advertised(replies.plane, packets.at[from_premises], packets.destination[from_premises])
    replies.finish(lost, np.zeros(len(lost), bool), "GATEWAY_TRANSIT_OFF")


def _untranslate_at_the_door(replies: Replies) -> None:
    """A reply from the Internet enters at the appliance that let the packet out, which knows whom it is for."""
    ledger, packets = replies.ledger, replies.packets
    at_door = replies.plane.places.is_outside(ledger.target[packets.flow])
    door = packets.where(at_door)
    replies.met[door.flow] += replies.plane.appliances.key[door.at]
    destination = packets.destination.copy()
    destination[at_door] = ledger.forwarded.source_before(door.flow, door.at, door.destination)
    replies.packets = packets.but(destination=destination)


def _route(replies: Replies) -> None:
    """The route of each reply.

    To the Internet a reply goes straight from where the request came in, or not at all: any other way is another door.
    """
    plane, ledger = replies.plane, replies.ledger
    packets = replies.packets.but(route=route_of(plane, replies.packets))
    packets = next_place(plane, packets, ledger, _seen_of_several(replies, packets.route))
    outcome = effective_route(plane, packets, ledger)
    ledger.note("return route", packets, outcome, is_return=True)
    packets = _to_the_backend_that_saw(replies, packets)
    replies.packets = packets
    elsewhere = plane.forwarding.leads[packets.route] != TO_INTERNET
    from_internet = ledger.origin[packets.flow] == plane.places.internet
    doubtful = np.isin(outcome.reason, _ROUTE_UNKNOWN)
    at_entry = packets.at == ledger.entry[packets.flow]
    astray = from_internet & at_entry & elsewhere & ~doubtful
    unknown = (_VERDICTS[outcome.reason] == Verdict.UNKNOWN) & ~astray
    ledger.fail(packets.flow[unknown], outcome.reason[unknown])
    ledger.undecide(packets.flow[unknown | astray])
    ledger.note("return", packets.where(astray), Outcome(codes(int(astray.sum()), "ASYMMETRIC_RETURN")), is_return=True)
    ledger.fail(packets.flow[astray], codes(int(astray.sum()), "ASYMMETRIC_RETURN"))
    dropped = ~outcome.passes & ~astray
    replies.finish(dropped | astray, unknown | astray, "NO_RETURN_ROUTE")


def _seen_of_several(replies: Replies, route: Int32) -> Int32:
    """Of the appliances of an equal-cost route the one that saw the request; nowhere where none did."""
    forwarding = replies.plane.forwarding
    flow = replies.packets.flow
    seen = np.full(len(route), replies.plane.places.nowhere, np.int32)
    for number in distinct(route[forwarding.is_ecmp[route]]).tolist():
        for place in forwarding.next_hops[number]:
            met = replies.ledger.forwarded.passed(flow, np.full(len(flow), place, np.int32))
            seen[(route == number) & met] = place
    return seen


def _to_the_backend_that_saw(replies: Replies, packets: InFlight) -> InFlight:
    """A frontend gives a reply to the backend that saw the request, or else to its first one."""
    plane = replies.plane
    target = packets.target.copy()
    for frontend in distinct(target[plane.balancers.is_frontend[target]]).tolist():
        backends = backends_of(plane, frontend)
        to_frontend = packets.target == frontend
        there = packets.where(to_frontend)
        replies.ledger.visit_back(there.flow, there.target)
        replies.ledger.note("return", there.but(at=there.target), Outcome(codes(len(there))), is_return=True)
        if backends:
            target[to_frontend] = backends[0]
        for place in reversed(backends):
            met = replies.ledger.forwarded.passed(packets.flow, np.full(len(packets), place, np.int32))
            target[to_frontend & met] = place
    return packets.but(target=target)


def _leave(replies: Replies) -> None:
    """Replies that leave by a gateway or to the Internet are right only where the flow came in by such a door."""
    plane, packets = replies.plane, replies.packets
    leads = plane.forwarding.leads[packets.route]
    home = replies.ledger.origin[packets.flow]
    by_gateway = (leads == TO_GATEWAY) & plane.places.is_gateway(home)
    at_entry = packets.at == replies.ledger.entry[packets.flow]
    by_internet = (leads == TO_INTERNET) & (home == plane.places.internet) & at_entry
    right = (by_gateway | by_internet) & replies.same_appliances()
    out = packets.where(right)
    by_frontend = out.where(by_internet[right] & (replies.ledger.frontend[out.flow] != NONE))
    replies.ledger.visit_back(by_frontend.flow, replies.ledger.frontend[by_frontend.flow])
    replies.ledger.visit_back(out.flow, out.target)
    replies.ledger.note("return", out.but(at=out.target), Outcome(codes(len(out))), is_return=True)
    replies.finish(~leads_inside(plane, packets), right, "ASYMMETRIC_RETURN")


def _arrive(replies: Replies) -> None:
    """At home the reply is done. An appliance sends it on, unless it is stateful and never saw this leg of the request.

    State is kept by addresses and ports: who saw the request before a translation does not know the
    reply that still bears the translated address.
    """
    plane, ledger = replies.plane, replies.ledger
    packets = replies.packets
    nobody = (packets.target == plane.places.nowhere) | leads_astray(plane, packets)
    _lose(replies, nobody, "NO_RETURN_ROUTE")
    replies.packets = packets = replies.packets.but(at=replies.packets.target)
    ledger.visit_back(packets.flow, packets.at)
    ledger.note("return", packets, Outcome(codes(len(packets))), is_return=True)
    is_home = (packets.at == ledger.origin[packets.flow]) & (packets.destination == ledger.started.source[packets.flow])
    replies.finish(is_home, replies.same_appliances(), "ASYMMETRIC_RETURN")
    for codes_of, code in _STOPS:
        stops = np.isin(plane.appliances.behaviour[replies.packets.at], codes_of)
        _lose(replies, stops & ~_is_translated_here(replies), code)
    packets = replies.packets
    stateful = plane.appliances.key[packets.at] != 0
    knows = ledger.forwarded.passed_as_now(packets.flow, packets.at, packets.destination) | _is_translated_here(replies)
    _lose(replies, stateful & ~knows, "ASYMMETRIC_RETURN")
    _lose(replies, replies.visit(), "ROUTING_LOOP")
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
