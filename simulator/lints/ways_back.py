"""Lints of ways that do not fit: replies that go round the firewall that saw the request, packets that run in circles.

One packet is walked from every subnet and on-premises network to every other, with filters that let everything pass, so
that routes alone decide. Subnets of one network with one route table, which the routes of others tell apart in nothing,
stand for each other.
Learn: azure/architecture/reference-architectures/hybrid-networking/hub-spoke, azure/firewall/firewall-faq (asymmetric)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import permutations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.dataplane.plane import DataPlane
from simulator.lints.finding import Finding
from simulator.lints.wording import listed
from simulator.network.model import Network, grouped
from simulator.network.network import build_network
from simulator.network.open_filters import without_filters
from simulator.network.peerings import is_subnet_peering
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.network.routes import EffectiveRoute
from simulator.space.addresses import Prefix, format_address, parse_address
from simulator.walk.packet_walk import packet_walk
from simulator.walk.packets import TCP, Packets
from simulator.walk.questions import EPHEMERAL_PORT
from simulator.walk.reasons import REASONS

#: Of so many ends the ways between all are walked.
MOST_ENDS = 250
#: A port that no platform rule singles out.
_PORT = 443
_UNFIT = ("ASYMMETRIC_RETURN", "ROUTING_LOOP")


class End(Struct, frozen=True):
    """A subnet by one of its NICs, or an on-premises network by one of its hosts. `network` is where its address is
    read: a number of `snapshot.virtual_networks`."""

    id: ResourceId
    name: str
    address: str
    network: int
    is_premises: bool


class _Way(Struct, frozen=True):
    """The walk from one end to the other, and that of a packet the other way."""

    source: End
    destination: End
    reason: str
    there: EffectiveRoute | None
    back: EffectiveRoute | None
    passed: tuple[str, ...]
    passed_back: tuple[str, ...]


def ways_back(network: Network) -> Iterator[Finding]:
    ends = _told_apart([*_ends(network)])
    kept = ends[:MOST_ENDS]
    if len(kept) > 1:
        opened = build_network(without_filters(network.as_read), network.assumptions)
        ways = grouped((_cause(way), way) for way in _unfit(opened, kept))
        for held in ways.values():
            yield _finding(held)
    if len(ends) > len(kept):
        message = f"the ways between {len(ends) - len(kept)} of {len(ends)} subnets were not walked"
        hint = "nothing is said of routes between them: check a part of the network by itself"
        yield Finding(
            "info", "VNS6032", message, str(ends[MOST_ENDS].id), hint, tuple(end.id for end in ends[MOST_ENDS:])
        )


def _cause(way: _Way) -> tuple[object, ...]:
    """Ways that differ only in who stands at their ends: the same circle, or the same two routes, there or back."""
    if way.reason == "ROUTING_LOOP":
        return way.reason, frozenset(way.passed[1:])
    routes = frozenset(_route_text(route) for route in (way.there, way.back))
    return way.reason, routes, frozenset(way.passed[1:-1]) ^ frozenset(way.passed_back[1:-1])


def _finding(ways: tuple[_Way, ...]) -> Finding:
    way = ways[0]
    pairs = dict.fromkeys(f"{one.source.name} → {one.destination.name}" for one in ways)
    others = len(pairs) - 1
    more = f" (and {others} more way{'s' if others > 1 else ''} alike)" if others else ""
    there, back = (f"{_route_text(route)}" for route in (way.there, way.back))
    routed = [route.route_table for one in ways for route in (one.there, one.back) if route and route.route_table]
    ends = [end.id for one in ways for end in (one.source, one.destination)]
    involved = tuple(dict.fromkeys((*routed, *ends)))
    if way.reason == "ROUTING_LOOP":
        message = f"{next(iter(pairs))}{more}: packets run in circles by {listed([*dict.fromkeys(way.passed[1:])])}"
        hint = "the subnet of an appliance needs a route that leads on to the destination"
        return Finding("error", "VNS6031", message, str(way.source.id), hint, involved)
    only = [*dict.fromkeys(name for name in way.passed[1:-1] if name not in way.passed_back)]
    only_back = [*dict.fromkeys(name for name in way.passed_back[1:-1] if name not in way.passed)]
    one_way = f"; only one of the two passes {listed([*only, *only_back])}" if only or only_back else ""
    message = f"{next(iter(pairs))}{more}: there by {there}, back by {back}{one_way}, so the reply is dropped"
    hint = "let both subnets' routes lead through the same appliance, or neither's"
    return Finding("warning", "VNS6030", message, str(way.source.id), hint, involved)


def _route_text(route: EffectiveRoute | None) -> str:
    if route is None:
        return "no route"
    named = f"{route.route_table.name}/{route.name}" if route.route_table is not None else route.prefixes[0]
    return " ".join(filter(None, (named, "to", route.next_hop_type, ", ".join(route.next_hop_addresses))))


def _unfit(network: Network, ends: list[End]) -> Iterator[_Way]:
    """Ways between the ends on which the reply is lost to an appliance, or that lead in circles."""
    pairs = [pair for pair in permutations(ends, 2) if not (pair[0].is_premises and pair[1].is_premises)]
    number = {pair: at for at, pair in enumerate(pairs)}
    walked = packet_walk(DataPlane(network), _packets(pairs))
    for at, (source, destination) in enumerate(pairs):
        code = REASONS[walked.reason[at]].code
        if code in _UNFIT:
            back = number[destination, source]
            yield _Way(
                source,
                destination,
                code,
                walked.first_route(at),
                walked.first_route(back),
                walked.names(at),
                walked.names(back),
            )


def _packets(pairs: list[tuple[End, End]]) -> Packets:
    flows = [(source.address, destination.address, EPHEMERAL_PORT, _PORT, TCP) for source, destination in pairs]
    return replace(Packets.of(flows), context=np.array([source.network for source, _ in pairs], np.int32))


def _ends(network: Network) -> Iterator[End]:
    """One end for each class of subnets with NICs, then the on-premises networks."""
    number = {held.id: at for at, held in enumerate(network.snapshot.virtual_networks)}
    told_apart = _prefixes_of_routes(network)
    seen: set[tuple[object, ...]] = set()
    for endpoint in network.endpoints:
        subnet = network.subnets.get(endpoint.subnet)
        ipv4 = [text for text in endpoint.addresses if ":" not in text]
        if endpoint.kind != "nic" or endpoint.private_endpoint is not None or subnet is None or not ipv4:
            continue
        address = parse_address(ipv4[0])
        under = frozenset(prefix for prefix in told_apart if prefix.low <= address <= prefix.high)
        own = subnet.id if _is_partly_peered(network, subnet.virtual_network) else None
        key = (subnet.virtual_network, subnet.route_table, under, own)
        if key not in seen:
            seen.add(key)
            name = f"{subnet.virtual_network.name}/{subnet.name}"
            yield End(subnet.id, name, ipv4[0], number[subnet.virtual_network], is_premises=False)
    homes = {gateway.id: gateway.virtual_network for gateway in network.gateways}
    for site in network.snapshot.declarations.on_premises:
        prefixes = [prefix for prefix in readable_prefixes(site.prefixes) if prefix.is_ipv4]
        hosts = [text for text in site.hosts.values() if ":" not in text]
        address_text = next(iter(hosts), format_address(prefixes[0].low + 1) if prefixes else None)
        if address_text is not None and site.gateway in homes:
            yield End(site.gateway, site.name, address_text, number.get(homes[site.gateway], -1), is_premises=True)


def _told_apart(ends: list[End]) -> list[End]:
    """The ends, with their addresses in the names of those whose subnet has several."""
    of_name = Counter(end.name for end in ends)
    return [replace(end, name=f"{end.name} ({end.address})") if of_name[end.name] > 1 else end for end in ends]


def _prefixes_of_routes(network: Network) -> tuple[Prefix, ...]:
    """What user-defined and gateway routes tell apart."""
    texts = {route.address_prefix for table in network.snapshot.all(RouteTable) for route in table.routes}
    texts |= {route.prefix for gateway in network.gateways for route in gateway.known_routes}
    return tuple(prefix for text in sorted(texts) if (prefix := readable_prefix(text)) is not None)


def _is_partly_peered(network: Network, virtual_network: ResourceId) -> bool:
    return any(is_subnet_peering(link) for link in network.links.get(virtual_network, ()))
