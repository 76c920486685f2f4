"""Does a rule match? Maybe, when it names something the snapshot does not explain (SEMANTICS 1.1, 1.4, 1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import (
    HOST,
    KMS,
    LOAD_BALANCER_PROBES,
    METADATA,
    any_covers,
    covers,
    is_prefix,
    is_public,
    length_of,
)
from tests.oracle.judgement import Address
from tests.oracle.managers import routing_rules
from tests.oracle.places import Places

PROTOCOL_NUMBERS = {"tcp": (6,), "udp": (17,), "icmp": (1, 58), "esp": (50,), "ah": (51,)}
WHEN_ANY_IS_NOT_EVERY = (6, 17, 1, 58)
WITH_PORTS = (6, 17)
#: Tags of the platform that name addresses in a rule about ordinary packets (SEMANTICS 1.5).
PLATFORM_TAGS = {"azureplatformdns": (HOST,), "azureplatformimds": (METADATA,), "azureplatformlkm": KMS}


class Answer(IntEnum):
    """Ordered so that all sides of a rule together are the least, and all items of one side the greatest."""

    NO = 0
    MAYBE = 1
    IF_LEARNED = 2
    IF_PEERED = 3
    IF_ROUTED = 4
    IF_CONNECTED = 5
    YES = 6

    @property
    def doubt(self) -> str | None:
        """The reason code when nobody can tell."""
        return {
            Answer.MAYBE: "RULE_NOT_RESOLVED",
            Answer.IF_LEARNED: "GATEWAY_ROUTES_UNKNOWN",
            Answer.IF_PEERED: "PEER_NOT_IN_EXPORT",
            Answer.IF_ROUTED: "ROUTE_TABLE_NOT_IN_EXPORT",
            Answer.IF_CONNECTED: "CONNECTIVITY_DEPLOYMENT_UNKNOWN",
        }.get(self)


def protocol_answer(places: Places, name: str, protocol: int, *, is_default: bool = False) -> Answer:
    """Whether ``*`` is every protocol is an open question (Q1); the other reading is TCP, UDP and ICMP.

    `is_default`: in a rule that Azure adds itself it always is.
    """
    if name.lower() in ("*", "any"):
        is_every = is_default or places.assumes("any_protocol_is_every_protocol")
        return Answer.YES if is_every or protocol in WHEN_ANY_IS_NOT_EVERY else Answer.NO
    return Answer.YES if protocol in PROTOCOL_NUMBERS.get(name.lower(), ()) else Answer.NO


def ports_answer(ranges: Iterable[str], port: int, protocol: int) -> Answer:
    """Ports are asked of TCP and UDP only; an empty list is any port."""
    ranges = tuple(ranges)
    if protocol not in WITH_PORTS or not ranges:
        return Answer.YES
    for text in ranges:
        if text.strip() == "*":
            return Answer.YES
        first, _, last = text.partition("-")
        if int(first) <= port <= int(last or first):
            return Answer.YES
    return Answer.NO


def address_answer(places: Places, items: Iterable[str], address: Address, subnet: Subnet | None) -> Answer:
    """`subnet` is the one whose `VirtualNetwork` and `Internet` are meant; without it those tags stay unresolved."""
    answers = [_item_answer(places, item, address, subnet) for item in items]
    return max(answers, default=Answer.NO)


def _item_answer(places: Places, item: str, address: Address, subnet: Subnet | None) -> Answer:
    tag = item.strip().lower()
    if tag in ("*", "any"):
        return Answer.YES
    if is_prefix(item):
        return _yes(covers(item, address))
    declared = declared_tag(places, tag)
    if declared is not None:
        return _yes(any_covers(declared, address))
    if tag in PLATFORM_TAGS:
        return _yes(any_covers(PLATFORM_TAGS[tag], address))
    if tag == "azureloadbalancer":
        return _yes(any_covers(LOAD_BALANCER_PROBES, address))
    if tag == "virtualnetwork" and subnet is not None:
        return _in_virtual_network(places, virtual_network_tag(places, subnet), address, subnet)
    if tag == "internet" and subnet is not None:
        narrow = [prefix for prefix in _outside_internet(places, subnet) if length_of(prefix) > 0]
        return _yes(is_public(address) and not any_covers(narrow, address))
    return Answer.MAYBE


def _in_virtual_network(places: Places, inside: list[str], address: Address, subnet: Subnet) -> Answer:
    """An address outside the tag may be in it when the table is missing, or it is private and routes are untold."""
    if any_covers(inside, address):
        return Answer.YES
    if subnet.route_table is not None and places.snapshot.get(subnet.route_table, RouteTable) is None:
        return Answer.IF_ROUTED
    network = places.virtual_network(subnet.virtual_network)
    if network is None:
        return Answer.NO
    if not is_public(address) and any(gateway.routes_unknown for gateway in places.gateways_of(network)):
        return Answer.IF_LEARNED
    untold = [joined.network for joined in places.joined(network) if joined.untold]
    if any(any_covers(held.prefixes, address) for held in untold):
        return Answer.IF_CONNECTED
    return Answer.IF_PEERED if not is_public(address) and places.has_peer_of_unknown_space(network) else Answer.NO


def _yes(truth: bool) -> Answer:
    return Answer.YES if truth else Answer.NO


def declared_tag(places: Places, tag: str) -> tuple[str, ...] | None:
    declared = places.snapshot.declarations.service_tags.items()
    return next((prefixes for name, prefixes in declared if name.lower() == tag.lower()), None)


def virtual_network_tag(places: Places, subnet: Subnet) -> list[str]:
    """SEMANTICS 1.5 on one subnet, as prefixes."""
    routed = [*_on_premises(places, subnet), *(text for text in _user_destinations(places, subnet) if is_prefix(text))]
    with_default = places.assumes("default_route_in_virtual_network")
    return _joined(places, subnet) + [prefix for prefix in routed if with_default or length_of(prefix) > 0]


def _outside_internet(places: Places, subnet: Subnet) -> list[str]:
    """What `Internet` leaves out of the public space: two assumptions say whether routes count."""
    texts = _user_destinations(places, subnet)
    found = _joined(places, subnet) + [text for text in texts if is_prefix(text)]
    if not places.assumes("on_premises_in_internet"):
        found += _on_premises(places, subnet)
    if places.assumes("tag_routes_leave_internet"):
        found += [prefix for text in texts for prefix in declared_tag(places, text) or ()]
    return found


def _joined(places: Places, subnet: Subnet) -> list[str]:
    """The VNet, its host, its peers with access and the members of its connected groups."""
    network = places.snapshot.get(subnet.virtual_network, VirtualNetwork)
    if network is None:
        return []
    prefixes = [*network.prefixes, "168.63.129.16/32"]
    for link in places.links(network):
        if link.allow_virtual_network_access:
            prefixes += places.remote_prefixes(link) or ()
    for joined in places.joined(network):
        prefixes += () if joined.untold else joined.network.prefixes
    return prefixes


def _on_premises(places: Places, subnet: Subnet) -> list[str]:
    network = places.snapshot.get(subnet.virtual_network, VirtualNetwork)
    return [prefix for gateway in places.gateways_of(network) for prefix in gateway.routes] if network else []


def _user_destinations(places: Places, subnet: Subnet) -> list[str]:
    """Prefixes and tags that the subnet's user routes name; what a missing table holds nobody knows."""
    network = places.snapshot.get(subnet.virtual_network, VirtualNetwork)
    table = places.snapshot.get(subnet.route_table, RouteTable)
    if network is None or (subnet.route_table is not None and table is None):
        return []
    texts = [route.address_prefix for route in table.routes] if table is not None else []
    rules = routing_rules(places.snapshot, subnet, network)
    return texts + [rule.destination.destination_address for rule in rules]


def application_group_answer(places: Places, groups: Iterable[ResourceId], address: Address) -> Answer:
    """Members are the private addresses of the IP configurations that name the group (SEMANTICS 1.4)."""
    places.layers.add("ASG")
    answers = [Answer.NO]
    for group in groups:
        if str(address) in _members(places.snapshot.network_interfaces, group):
            answers.append(Answer.YES)
        elif places.snapshot.get(group, ApplicationSecurityGroup) is None:
            answers.append(Answer.MAYBE)
    return max(answers)


def _members(interfaces: Iterable[NetworkInterface], group: ResourceId) -> set[str]:
    return {
        configuration.private_ip_address or ""
        for nic in interfaces
        for configuration in nic.ip_configurations
        if group in configuration.application_security_groups
    }
