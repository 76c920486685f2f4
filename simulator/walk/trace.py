"""One packet's walk told to people: places in order, and at each place one line for every layer asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.dataplane.filters import INBOUND, NO_TABLE, OUTBOUND
from simulator.dataplane.plane import DataPlane
from simulator.network.routes import EffectiveRoute
from simulator.walk.in_flight import Step as WalkStep
from simulator.walk.predictions import NOTHING, Prediction, RuleReference, rule_reference
from simulator.walk.questions import Question
from simulator.walk.reasons import REASONS, Verdict

PlaceKind = Literal[
    "nic", "firewall", "appliance", "frontend", "managed", "gateway", "service", "platform", "internet", "unknown"
]
StepOutcome = Literal["pass", "stop", "unknown"]
_LAYER_NUMBERS = {
    "admin rules inbound": 0,
    "subnet NSG inbound": 1,
    "NIC NSG inbound": 2,
    "admin rules outbound": 3,
    "NIC NSG outbound": 4,
    "subnet NSG outbound": 5,
    "appliance": 6,
}
_NOBODY = {
    "admin rules": "no admin rule matches",
    "subnet NSG": "no network security group on the subnet",
    "NIC NSG": "no network security group on the NIC",
    "appliance": "forwards everything",
}
_BYPASSED = "not asked: an admin rule says AlwaysAllow"


@dataclass(frozen=True, slots=True)
class Step:
    """One layer's say: `layer` names it, `text` is the line to show, `rule` or `route` is what decided."""

    layer: str
    outcome: StepOutcome
    text: str
    rule: RuleReference | None = None
    route: EffectiveRoute | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One place on the way with the steps taken there, in order."""

    place: str
    kind: PlaceKind
    address: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole story of one packet: the way there, the way back, what to keep in mind, how to check it on Azure."""

    question: Question
    prediction: Prediction
    hops: tuple[Hop, ...]
    return_hops: tuple[Hop, ...]
    notes: tuple[str, ...]
    verify: tuple[str, ...]


def hops_of(plane: DataPlane, steps: list[WalkStep], *, is_return: bool) -> tuple[Hop, ...]:
    """The steps of a one-packet walk grouped by the place they were taken at."""
    grouped: list[tuple[int, list[Step]]] = []
    bypassed = False
    for taken in steps:
        if taken.is_return != is_return:
            continue
        place = int(taken.at[0])
        if not grouped or grouped[-1][0] != place:
            grouped.append((place, []))
        step = _step(plane, taken, bypassed)
        if taken.layer.startswith("admin rules"):
            bypassed = step.rule is not None and step.rule.action == "AlwaysAllow"
        if step.text and step not in grouped[-1][1]:
            grouped[-1][1].append(step)
    return tuple(_hop(plane, place, tuple(lines)) for place, lines in grouped if lines or is_return)


def _hop(plane: DataPlane, place: int, steps: tuple[Step, ...]) -> Hop:
    places = plane.places
    kind: PlaceKind = "unknown"
    address = ""
    if place < places.first_gateway:
        endpoint = places.endpoints[place]
        kind, address = endpoint.kind, ", ".join(endpoint.addresses)
    elif place < places.internet:
        kind = "gateway"
    elif place == places.internet:
        kind = "internet"
    return Hop(places.name(place), kind, address, steps)


def _step(plane: DataPlane, taken: WalkStep, bypassed: bool) -> Step:
    reason = REASONS[taken.reason[0]]
    outcome: StepOutcome = "pass"
    if reason.verdict != Verdict.ALLOW:
        outcome = "stop" if reason.verdict == Verdict.DENY else "unknown"
    table, row = int(taken.table[0]), int(taken.row[0])
    if taken.layer in _LAYER_NUMBERS:
        layer = "Azure Firewall" if _is_firewall(plane, taken) and taken.layer == "appliance" else taken.layer
        if table == NOTHING:
            return Step(layer, outcome, _unfiltered(plane, taken, bypassed) if outcome == "pass" else reason.text)
        rule = rule_reference(plane, _LAYER_NUMBERS[taken.layer], table, row)
        return Step(layer, outcome, _rule_text(rule, outcome, reason.text), rule=rule)
    if taken.layer in ("route", "return route"):
        return _route_step(plane, taken.layer, row, outcome, reason.text)
    if taken.layer == "peering" and outcome != "pass":
        return Step(taken.layer, outcome, f"{reason.text}{_link_text(plane, taken, reason.code)}")
    return Step(taken.layer, outcome, _plain_text(taken.layer, outcome, reason.text))


def _unfiltered(plane: DataPlane, taken: WalkStep, bypassed: bool) -> str:
    """Why no rule had a say; nothing for a firewall, at whose NIC Azure lets nobody put a filter."""
    place = int(taken.at[0])
    name = taken.layer.removesuffix(" inbound").removesuffix(" outbound")
    direction = OUTBOUND if taken.layer.endswith("outbound") else INBOUND
    if name == "appliance":
        return _NOBODY[name]
    if _is_firewall(plane, taken):
        return ""
    if name == "admin rules" and plane.filters.admin[direction][place] == NO_TABLE:
        return "no admin rules apply here"
    return _BYPASSED if bypassed and name.endswith("NSG") else _NOBODY[name]


def _rule_text(rule: RuleReference, outcome: StepOutcome, reason: str) -> str:
    says = f"{rule} (priority {rule.priority}): {rule.action}"
    if rule.layer == "admin rules" and rule.action == "Allow":
        says += ", goes on to the network security groups"
    return says if outcome != "unknown" else f"{says}? {reason}"


def _is_firewall(plane: DataPlane, taken: WalkStep) -> bool:
    return bool(plane.appliances.is_firewall[taken.at[0]])


def _route_step(plane: DataPlane, layer: str, row: int, outcome: StepOutcome, reason: str) -> Step:
    routes = plane.forwarding.routes
    if not 0 <= row < len(routes):
        return Step(layer, outcome, reason)
    route = routes[row]
    text = describe_route(route)
    return Step(layer, outcome, text if outcome == "pass" else f"{text}: {reason}", route=route)


def describe_route(route: EffectiveRoute) -> str:
    """``0.0.0.0/0 → VirtualAppliance 10.1.1.4 (User, rt-spoke/default)``."""
    shown = ", ".join(route.prefixes[:3]) + (f" +{len(route.prefixes) - 3}" if len(route.prefixes) > 3 else "")
    hop = route.next_hop_type + (f" {route.next_hop_ip}" if route.next_hop_ip else "")
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
    here, there = vnet[taken.at], vnet[taken.target]
    told = []
    for flag, is_receivers in _FLAGS.get(code, ()):
        own, remote = (there, here) if is_receivers else (here, there)
        link = plane.links.between(own, remote)
        if not getattr(plane.links, _FLAG_COLUMNS[flag])[link][0]:
            told.append(f"{networks[own[0]].name} → {networks[remote[0]].name}: {flag} is false")
    return f" ({'; '.join(told)})" if told else ""


def _plain_text(layer: str, outcome: StepOutcome, reason: str) -> str:
    """Layers without rules of their own are worth a line where they stop, and where the packet leaves the network."""
    if outcome != "pass":
        return reason
    return {
        "Internet egress": "leaves to the Internet",
        "gateway": "passes the gateway",
        "public IP": "reached through its public IP",
        "return": "",
    }.get(layer, "")
