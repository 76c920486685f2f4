"""The steps of a walk in the words of an Azure engineer: one line for every layer that was asked."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.dataplane.filters import INBOUND, NO_TABLE, OUTBOUND
from simulator.dataplane.plane import DataPlane
from simulator.network.balancers import BalancedRule
from simulator.network.platform.service_firewall import Admission
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import as_cidrs
from simulator.walk.appliance import APPLIANCE_LAYER
from simulator.walk.details import route_details, rule_details
from simulator.walk.egress import way_out
from simulator.walk.encryption_steps import encryption_steps, packet_legs
from simulator.walk.in_flight import Step as WalkStep
from simulator.walk.load_balancer import backends_up
from simulator.walk.predictions import NOTHING, Predictions, RuleReference, rule_reference
from simulator.walk.reasons import REASONS, Verdict
from simulator.walk.trace import Blocker, Hop, PlaceKind, Step, StepOutcome

_LAYER_NUMBERS = {
    "admin rules inbound": 0,
    "subnet NSG inbound": 1,
    "NIC NSG inbound": 2,
    "admin rules outbound": 3,
    "NIC NSG outbound": 4,
    "subnet NSG outbound": 5,
    "appliance": APPLIANCE_LAYER,
    "destination NAT": APPLIANCE_LAYER,
}
_NOBODY = {
    "admin rules": "no admin rule matches",
    "subnet NSG": "no network security group on the subnet",
    "NIC NSG": "no network security group on the NIC",
    "appliance": "forwards everything",
    "destination NAT": "",
}
_BYPASSED = "not asked: an admin rule says AlwaysAllow"
_OUTCOMES: dict[Verdict, StepOutcome] = {
    Verdict.ALLOW: "pass",
    Verdict.DENY: "stop",
    Verdict.UNKNOWN: "unknown",
    Verdict.INTERMITTENT: "intermittent",
}
#: Kinds of the places beyond the network, in their order.
_OUTSIDE: tuple[PlaceKind, PlaceKind, PlaceKind] = ("platform", "premises", "internet")
#: Layers that a platform service answers, by the number of its answer.
_ANSWERED_BY_SERVICE = ("service firewall", "service endpoint")


def hops_of(plane: DataPlane, steps: list[WalkStep], predictions: Predictions, *, is_return: bool) -> tuple[Hop, ...]:
    """The steps of the walk of one packet, grouped by the place they were taken at, and the encryption at each NIC."""
    grouped: list[tuple[int, list[Step]]] = []
    for place, step in _told(plane, steps, is_return):
        if not grouped or grouped[-1][0] != place:
            grouped.append((place, []))
        if step.text and step not in grouped[-1][1]:
            grouped[-1][1].append(step)
    grouped = [(place, lines) for place, lines in grouped if lines or is_return]
    encryption = encryption_steps(plane, packet_legs(predictions, is_return=is_return), [place for place, _ in grouped])
    return tuple(
        _hop(plane, place, (*lines, *([held] if held and not _stops(lines) else [])))
        for (place, lines), held in zip(grouped, encryption, strict=True)
    )


def _stops(lines: list[Step]) -> bool:
    return any(step.outcome == "stop" for step in lines)


def blockers_of(plane: DataPlane, steps: list[WalkStep]) -> tuple[Blocker, ...]:
    """Every step, there and back, of a walk past blockers that does not let the packet pass."""
    found = (
        Blocker(plane.places.name(place), step, is_return)
        for is_return in (False, True)
        for place, step in _told(plane, steps, is_return)
        if step.outcome != "pass"
    )
    return tuple(dict.fromkeys(found))


def _told(plane: DataPlane, steps: list[WalkStep], is_return: bool) -> Iterator[tuple[int, Step]]:
    bypassed = False
    for taken in steps:
        if taken.is_return == is_return:
            step = _step(plane, taken, bypassed)
            if taken.layer.startswith("admin rules"):
                bypassed = step.rule is not None and step.rule.action == "AlwaysAllow"
            yield int(taken.packets.at[0]), step


def _hop(plane: DataPlane, place: int, steps: tuple[Step, ...]) -> Hop:
    places = plane.places
    kind: PlaceKind = "unknown"
    address = ""
    if place < places.first_gateway:
        endpoint = places.endpoints[place]
        kind, address = endpoint.kind, ", ".join(endpoint.addresses)
    elif place < places.first_service:
        kind = "gateway"
    elif place < places.platform:
        kind = "service"
    elif place < places.nowhere:
        kind = _OUTSIDE[place - places.platform]
    return Hop(places.name(place), kind, address, steps)


def _step(plane: DataPlane, taken: WalkStep, bypassed: bool) -> Step:
    reason = REASONS[taken.reason[0]]
    outcome = _OUTCOMES[reason.verdict]
    if taken.layer in _LAYER_NUMBERS:
        return _rule_step(plane, taken, outcome, bypassed, reason.text)
    row = int(taken.row[0])
    if taken.layer in ("route", "return route"):
        return _route_step(plane, taken, row, outcome, reason.text)
    if taken.layer == "peering":
        return Step(taken.layer, outcome, _peering_text(plane, taken, outcome, reason.text, reason.code))
    if taken.layer in _ANSWERED_BY_SERVICE and row != NOTHING:
        answer = plane.services.admissions.answers[row]
        told = f"{_service_name(plane, taken)}: {answer.text}"
        return Step(taken.layer, outcome, told, details=_address_lines(answer))
    if taken.layer == "load balancer" and row != NOTHING:
        return _balanced_step(plane, taken, row, outcome, reason.text)
    if taken.layer == "Internet egress" and outcome == "pass":
        return Step(taken.layer, outcome, f"leaves to the Internet{_way_out_text(plane, taken)}")
    if taken.layer == "public IP" and plane.balancers.is_frontend[taken.packets.target[0]] and outcome == "pass":
        return Step(taken.layer, outcome, "")  # said at the frontend
    return Step(taken.layer, outcome, _plain_text(taken.layer, outcome, reason.text))


def _way_out_text(plane: DataPlane, taken: WalkStep) -> str:
    """`` by NAT gateway, as 203.0.113.40``: the way out of the place, and the addresses that others see."""
    held = plane.egress.methods.answers[int(way_out(plane, taken.packets)[0])]
    if held.method == "none":
        return ""
    name = {"nat gateway": "the NAT gateway", "public IP": "a public IP", "load balancer": "the load balancer"}
    way = f" by {name.get(held.method, held.method)}"
    if held.pool is None:
        return f"{way}, from an address that nobody can know"
    texts = [text.removesuffix("/32").removesuffix("/128") for text in as_cidrs(held.pool)]
    return f"{way}, as {', '.join(texts[:4])}{' …' if len(texts) > 4 else ''}"


def _rule_step(plane: DataPlane, taken: WalkStep, outcome: StepOutcome, bypassed: bool, reason: str) -> Step:
    table, row = int(taken.table[0]), int(taken.row[0])
    layer = "Azure Firewall" if _is_firewall(plane, taken) and taken.layer == "appliance" else taken.layer
    if table == NOTHING:
        return Step(layer, outcome, _unfiltered(plane, taken, bypassed) if outcome == "pass" else reason)
    number = _LAYER_NUMBERS[taken.layer]
    rule = rule_reference(plane, number, table, row)
    text = _rule_text(rule, outcome, reason)
    if taken.layer == "destination NAT":
        held = plane.appliances.translations[table][row]
        text = f"{text}: to {held.translated_address or held.rule.name}:{held.translated_port or 'the same port'}"
    return Step(layer, outcome, text, rule=rule, details=rule_details(plane, taken, number, rule))


def _balanced_step(plane: DataPlane, taken: WalkStep, row: int, outcome: StepOutcome, reason: str) -> Step:
    frontend = plane.places.name(int(taken.packets.target[0]))
    rule: BalancedRule | None = plane.balancers.rules.answers[row]
    backends = backends_up(plane, row)
    if rule is None or outcome != "pass":
        return Step(taken.layer, outcome, f"{frontend}: {reason}", details=backends.down)
    members = [plane.places.name(place) for place, _ in backends.members]
    given = members[0] if len(members) == 1 else f"one of {', '.join(members)}"
    port = "" if rule.backend_port is None or rule.floating else f", port {rule.backend_port}"
    floating = ", floating IP: the address stays the frontend's" if rule.floating else ""
    return Step(
        taken.layer, outcome, f"{frontend}, rule {rule.name}: given to {given}{port}{floating}", details=backends.down
    )


def _address_lines(answer: Admission) -> tuple[str, ...]:
    """Which of the addresses that the caller may come by the rules list, and which they would have to."""
    if len(answer.listed) + len(answer.missing) < 2:
        return ()
    lines = (("listed", answer.listed), ("missing in the rules", answer.missing))
    return tuple(f"{name}: {', '.join(held)}" for name, held in lines if held)


def _service_name(plane: DataPlane, taken: WalkStep) -> str:
    service = int(taken.packets.service[0])
    return plane.places.services[service].name if service >= 0 else "the service"


def _unfiltered(plane: DataPlane, taken: WalkStep, bypassed: bool) -> str:
    """Why no rule had a say; nothing for a firewall, at whose NIC Azure lets nobody put a filter."""
    place = int(taken.packets.at[0])
    name = taken.layer.removesuffix(" inbound").removesuffix(" outbound")
    direction = OUTBOUND if taken.layer.endswith("outbound") else INBOUND
    if name in ("appliance", "destination NAT"):
        return _NOBODY[name]
    if _is_firewall(plane, taken):
        return ""
    if name == "admin rules" and plane.filters.admin[direction][0][place] == NO_TABLE:
        return "no admin rules apply here"
    return _BYPASSED if bypassed and name.endswith("NSG") else _NOBODY[name]


def _rule_text(rule: RuleReference, outcome: StepOutcome, reason: str) -> str:
    says = f"{rule} (priority {rule.priority}): {rule.action}"
    if rule.layer == "admin rules" and rule.action == "Allow":
        says += ", goes on to the network security groups"
    return says if outcome != "unknown" else f"{says}? {reason}"


def _is_firewall(plane: DataPlane, taken: WalkStep) -> bool:
    return bool(plane.appliances.is_firewall[taken.packets.at[0]])


def _route_step(plane: DataPlane, taken: WalkStep, row: int, outcome: StepOutcome, reason: str) -> Step:
    routes = plane.forwarding.routes
    route = routes[row] if 0 <= row < len(routes) else None
    details = route_details(plane, taken, route)
    if route is None:
        return Step(taken.layer, outcome, reason, details=details)
    text = describe_route(route)
    told = text if outcome == "pass" else f"{text}: {reason}"
    return Step(taken.layer, outcome, told, route=route, details=details)


def describe_route(route: EffectiveRoute) -> str:
    """``0.0.0.0/0 → VirtualAppliance 10.1.1.4 (User, rt-spoke/default)``."""
    shown = ", ".join(route.prefixes[:3]) + (f" +{len(route.prefixes) - 3}" if len(route.prefixes) > 3 else "")
    hop = " ".join([route.next_hop_type, ", ".join(route.next_hop_addresses)]).strip()
    origin: str = route.source
    if route.source == "User" and route.route_table is not None:
        origin += f", {route.route_table.name}/{route.name}"
    return f"{shown} → {hop} ({origin})"


#: What a peering denial turns on: the flag, and whether the receiver's own link holds it (else the sender's).
_FLAGS = {
    "PEERING_FORWARDED_BLOCKED": (("allowForwardedTraffic", True),),
    "GATEWAY_TRANSIT_OFF": (("allowGatewayTransit", False), ("useRemoteGateways", True)),
    "PEERING_ACCESS_BLOCKED": (("allowVirtualNetworkAccess", False), ("allowVirtualNetworkAccess", True)),
}
_FLAG_COLUMNS = {
    "allowForwardedTraffic": "allows_forwarded",
    "allowGatewayTransit": "allows_gateway_transit",
    "useRemoteGateways": "uses_remote_gateways",
    "allowVirtualNetworkAccess": "allows_access",
}


def _link_text(plane: DataPlane, taken: WalkStep, code: str) -> str:
    """`` (spoke → hub: allowForwardedTraffic is false)``: the links and flags that a peering denial turns on."""
    vnet, networks = plane.places.vnet, plane.network.snapshot.virtual_networks
    here, there = vnet[taken.packets.at], vnet[taken.packets.target]
    told = []
    for flag, is_receivers in _FLAGS.get(code, ()):
        own, remote = (there, here) if is_receivers else (here, there)
        link = plane.links.between(own, remote)
        if not getattr(plane.links, _FLAG_COLUMNS[flag])[link][0]:
            told.append(f"{networks[own[0]].name} → {networks[remote[0]].name}: {flag} is false")
    return f" ({'; '.join(told)})" if told else ""


def _peering_text(plane: DataPlane, taken: WalkStep, outcome: StepOutcome, reason: str, code: str) -> str:
    """Crossing is worth a line; packets that stay in their VNet cross nothing."""
    if outcome != "pass":
        return f"{reason}{_link_text(plane, taken, code)}"
    vnet, networks = plane.places.vnet, plane.network.snapshot.virtual_networks
    here, there = int(vnet[taken.packets.at[0]]), int(vnet[taken.packets.target[0]])
    if here == there or min(here, there) < 0:
        return ""
    group = plane.forwarding.is_connected_group[taken.packets.route[0]]
    way = "the connected group" if group else "the peering"
    return f"crosses {way} {networks[here].name} → {networks[there].name}"


def _plain_text(layer: str, outcome: StepOutcome, reason: str) -> str:
    """Layers without rules of their own are worth a line where they stop, and where the packet leaves the network."""
    if outcome != "pass":
        return reason
    return {
        "gateway": "passes the gateway",
        "public IP": "reached through a public IP",
        "private endpoint": "the connection is approved; the firewall of the service is not asked",
        "platform": "answered by the platform: only rules that name its tag could stop it",
        "return": "",
    }.get(layer, "")
