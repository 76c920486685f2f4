"""The way of the reply: routes and stateful middleboxes, no filters (SEMANTICS 0.1, 3.7, 7; ORDER 10)."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.azure.resource import ResourceId
from tests.oracle.appliances import forwarding_appliance
from tests.oracle.balancers import balanced_rules
from tests.oracle.endpoints import Endpoint, Frontend, Gateway, Internet
from tests.oracle.judgement import Address, Fate, verdict_of
from tests.oracle.next_places import Place, ServiceExit, next_places, pass_gateway
from tests.oracle.paths import Choices
from tests.oracle.places import Places
from tests.oracle.routes import select_route


@dataclass(frozen=True)
class Translation:
    """A middlebox put its own address in place of `original`."""

    endpoint: Endpoint
    original: Address
    own: Address


@dataclass
class Request:
    """What the request left behind: who sent it, who translated it, and the middleboxes that saw it.

    `stateful`: those that keep state, and the sources under which they saw the request arrive. `entry`: the firewall by
    which a request came in from the Internet.
    """

    origin: Endpoint | Gateway | Internet
    choices: Choices
    translations: list[Translation] = field(default_factory=list)
    stateful: dict[ResourceId, set[Address]] = field(default_factory=dict)
    seen_by: list[ResourceId] = field(default_factory=list)
    entry: Endpoint | None = None


def reply_to_internet(places: Places, endpoint: Endpoint, client: Address) -> None:
    """The reply must leave by next hop Internet, so that its public address is put back (SEMANTICS 3.7)."""
    places.layers.add("return path")
    try:
        hop = select_route(places, endpoint.subnet, endpoint.virtual_network, client).hop
    except Fate as fate:
        if fate.reason == "PEER_NOT_IN_EXPORT":
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
    places.layers.add("return path")
    if isinstance(start, Gateway) and not places.is_known_on_premises(start, target):
        raise Fate("GATEWAY_TRANSIT_OFF")
    pending = list(request.translations)
    seen: set[tuple[ResourceId, Address]] = set()
    at: Endpoint | Gateway = start
    while True:
        if request.entry is not None and at.id == request.entry.id and not pending:
            reply_to_internet(places, request.entry, target)
            break
        place = _next(places, request, at, target)
        if isinstance(place, Internet | ServiceExit):
            raise Fate("ASYMMETRIC_RETURN")
        if isinstance(place, Gateway):
            if pending or not isinstance(request.origin, Gateway):
                raise Fate("ASYMMETRIC_RETURN")
            _at_gateway(places, place, target)
            break
        if (place.id, target) in seen:
            raise Fate("ROUTING_LOOP")
        seen.add((place.id, target))
        if not place.holds(target):
            _pass_back(places, request, place, target)
        elif pending and pending[-1].endpoint.id == place.id:
            target = pending.pop().original
        elif not pending and isinstance(request.origin, Endpoint) and place.id == request.origin.id:
            break
        else:
            raise Fate("NO_RETURN_ROUTE")
        passed |= {place.id}
        at = place
    if set(request.stateful) - passed:
        raise Fate("ASYMMETRIC_RETURN")


def walk_back_from_internet(places: Places, request: Request, exit_: Endpoint, target: Address) -> None:
    """Azure brings the reply to the endpoint that the request left by; from there it goes back as usual."""
    places.layers.add("return path")
    pending = list(request.translations)
    if not pending:
        return
    last = pending.pop()
    if last.endpoint.id != exit_.id or last.own != target:
        raise Fate("NO_RETURN_ROUTE")
    inner = Request(request.origin, request.choices, pending, request.stateful, request.seen_by, request.entry)
    walk_back(places, inner, exit_, last.original, passed=frozenset({exit_.id}))


def _next(
    places: Places, request: Request, at: Endpoint | Gateway, target: Address
) -> Endpoint | Gateway | Internet | ServiceExit:
    try:
        is_private_endpoint = isinstance(at, Endpoint) and at.is_private_endpoint
        onward = next_places(places, at.subnet, at.virtual_network, target, system_only=is_private_endpoint)
        options = onward.options
        if places.assumes("ecmp_is_symmetric"):
            options = [place for place in options if _has_seen(request, place)] or options
        place = request.choices.pick(options)
        return _backend(places, request, place) if isinstance(place, Frontend) else place
    except Fate as fate:
        # A network that nobody of the request is in holds the address, so it is lost whoever has it there.
        if verdict_of(fate.reason) == "DENY" or fate.reason == "DESTINATION_NOT_IN_EXPORT":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise


def _has_seen(request: Request, place: Place) -> bool:
    return isinstance(place, Endpoint | Frontend) and place.id in request.seen_by


def _backend(places: Places, request: Request, frontend: Frontend) -> Endpoint:
    """A balancer in the way gives the reply to the backend that saw the request, else to its first."""
    rules = balanced_rules(places, frontend)
    backends = sorted((b for rule in rules for b in rule.backends), key=lambda b: (b.endpoint.id.key, int(b.address)))
    if not backends:
        raise Fate("NO_RETURN_ROUTE")
    saw = [backend for backend in backends if backend.endpoint.id in request.seen_by]
    return (saw or backends)[0].endpoint


def _at_gateway(places: Places, gateway: Gateway, target: Address) -> None:
    try:
        pass_gateway(places, gateway, target)
    except Fate as fate:
        if verdict_of(fate.reason) == "DENY":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise


def _pass_back(places: Places, request: Request, middlebox: Endpoint, target: Address) -> None:
    """A middlebox that is not addressed: with state it must know the flow by `target`, without it must forward."""
    if target in request.stateful.get(middlebox.id, ()):
        return
    if middlebox.kind == "firewall" or middlebox.id in request.stateful:
        raise Fate("ASYMMETRIC_RETURN")
    try:
        appliance = forwarding_appliance(places, middlebox)
    except Fate as fate:
        if verdict_of(fate.reason) == "DENY":
            raise Fate("NO_RETURN_ROUTE") from fate
        raise
    if appliance.stateful:
        raise Fate("ASYMMETRIC_RETURN")
