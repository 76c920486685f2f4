"""The way of the reply: routes and stateful middleboxes, no filters (SEMANTICS 0.1, 3.7, 7; ORDER 10)."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.azure.resource import ResourceId
from tests.oracle.appliances import forwarding_appliance
from tests.oracle.judgement import Address, Fate, verdict_of
from tests.oracle.places import Endpoint, Gateway, Internet, Places
from tests.oracle.routes import next_place, pass_gateway, select_route


@dataclass(frozen=True)
class Translation:
    """A middlebox put its own address in place of `original`."""

    endpoint: Endpoint
    original: Address
    own: Address


@dataclass
class Request:
    """What the request left behind: who sent it, who translated it, and the stateful middleboxes that saw it."""

    origin: Endpoint | Gateway | Internet
    translations: list[Translation] = field(default_factory=list)
    stateful: set[ResourceId] = field(default_factory=set)


def reply_to_internet(places: Places, endpoint: Endpoint, client: Address) -> None:
    """The reply must leave by next hop Internet, so that its public address is put back (SEMANTICS 3.7)."""
    try:
        hop = select_route(places, endpoint.subnet, endpoint.virtual_network, client).hop
    except Fate as fate:
        if fate.reason in ("PEER_NOT_IN_EXPORT", "SERVICE_ENDPOINT_NOT_MODELLED"):
            raise Fate("ASYMMETRIC_RETURN") from fate
        raise
    if hop != "Internet":
        raise Fate("ASYMMETRIC_RETURN")


def walk_back(
    places: Places,
    request: Request,
    start: Endpoint | Gateway,
    target: Address,
    passed: frozenset[ResourceId] = frozenset(),
) -> None:
    """From where the request ended back to its origin. `target`: the source address as the receiver saw it."""
    if isinstance(start, Gateway) and not places.is_known_on_premises(start, target):
        raise Fate("GATEWAY_TRANSIT_OFF")
    pending = list(request.translations)
    seen: set[tuple[ResourceId, Address]] = set()
    at = start
    while True:
        place = _next(places, at, target)
        if isinstance(place, Internet):
            raise Fate("ASYMMETRIC_RETURN")
        if isinstance(place, Gateway):
            if pending or not isinstance(request.origin, Gateway):
                raise Fate("ASYMMETRIC_RETURN")
            _at_gateway(places, place, target)
            break
        if (place.id, target) in seen:
            raise Fate("ROUTING_LOOP")
        seen.add((place.id, target))
        if target not in place.addresses:
            _pass_back(places, request, place)
        elif pending and pending[-1].endpoint.id == place.id:
            target = pending.pop().original
        elif not pending and isinstance(request.origin, Endpoint) and place.id == request.origin.id:
            break
        else:
            raise Fate("NO_RETURN_ROUTE")
        passed |= {place.id}
        at = place
    if request.stateful - passed:
        raise Fate("ASYMMETRIC_RETURN")


def walk_back_from_internet(places: Places, request: Request, exit_: Endpoint, target: Address) -> None:
    """Azure brings the reply to the endpoint that the request left by; from there it goes back as usual."""
    pending = list(request.translations)
    if not pending:
        return
    last = pending.pop()
    if last.endpoint.id != exit_.id or last.own != target:
        raise Fate("NO_RETURN_ROUTE")
    inner = Request(request.origin, pending, request.stateful)
    walk_back(places, inner, exit_, last.original, passed=frozenset({exit_.id}))


def _next(places: Places, at: Endpoint | Gateway, target: Address) -> Endpoint | Gateway | Internet:
    try:
        return next_place(places, at.subnet, at.virtual_network, target)
    except Fate as fate:
        if verdict_of(fate.reason) == "DENY":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise


def _at_gateway(places: Places, gateway: Gateway, target: Address) -> None:
    try:
        pass_gateway(places, gateway, target)
    except Fate as fate:
        if verdict_of(fate.reason) == "DENY":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise


def _pass_back(places: Places, request: Request, middlebox: Endpoint) -> None:
    """A middlebox that is not addressed: with state it must have seen the request, without it must forward."""
    if middlebox.id in request.stateful:
        return
    if middlebox.firewall is not None:
        raise Fate("ASYMMETRIC_RETURN")
    try:
        appliance = forwarding_appliance(places, middlebox)
    except Fate as fate:
        if verdict_of(fate.reason) == "DENY":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise
    if appliance.stateful:
        raise Fate("ASYMMETRIC_RETURN")
