"""Does a rule match? Maybe, when it names something the snapshot does not explain (SEMANTICS 1.1, 1.4, 1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from simulator.azure.network_interface import NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.route_table import RouteTable
from simulator.azure.security_group import ApplicationSecurityGroup
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from tests.oracle.addresses import LOAD_BALANCER_PROBES, any_covers, covers, is_prefix, is_public, length_of
from tests.oracle.judgement import Address
from tests.oracle.places import Places

PROTOCOL_NUMBERS = {"tcp": (6,), "udp": (17,), "icmp": (1, 58), "esp": (50,), "ah": (51,)}
WITH_PORTS = (6, 17)


class Answer(IntEnum):
    """Ordered so that all sides of a rule together are the least, and all items of one side the greatest."""

    NO = 0
    MAYBE = 1
    IF_LEARNED = 2
    IF_PEERED = 3
    IF_ROUTED = 4
    YES = 5

    @property
    def doubt(self) -> str | None:
        """The reason code when nobody can tell."""
        return {
            Answer.MAYBE: "RULE_NOT_RESOLVED",
            Answer.IF_LEARNED: "GATEWAY_ROUTES_UNKNOWN",
            Answer.IF_PEERED: "PEER_NOT_IN_EXPORT",
            Answer.IF_ROUTED: "ROUTE_TABLE_NOT_IN_EXPORT",
        }.get(self)


def protocol_answer(name: str, protocol: int) -> Answer:
    if name.lower() in ("*", "any"):
        return Answer.YES
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
    if tag == "azureloadbalancer":
        return _yes(any_covers(LOAD_BALANCER_PROBES, address))
    if tag in ("virtualnetwork", "internet") and subnet is not None:
        inside = virtual_network_tag(places, subnet)
        if tag == "virtualnetwork":
            return _in_virtual_network(places, inside, address, subnet)
        narrow = [prefix for prefix in inside if length_of(prefix) > 0]
        return _yes(is_public(address) and not any_covers(narrow, address))
    return Answer.MAYBE


def _in_virtual_network(places: Places, inside: list[str], address: Address, subnet: Subnet) -> Answer:
    """An address outside the tag may be in it when the table is missing, or it is private and routes are untold."""
    if any_covers(inside, address):
        return Answer.YES
    if subnet.route_table is not None and places.snapshot.get(subnet.route_table, RouteTable) is None:
        return Answer.IF_ROUTED
    network = places.virtual_network(subnet.virtual_network)
    gateways = places.gateways_of(network) if network else []
    if network is None or is_public(address):
        return Answer.NO
    if any(gateway.routes_unknown for gateway in gateways):
        return Answer.IF_LEARNED
    return Answer.IF_PEERED if places.has_peer_of_unknown_space(network) else Answer.NO


def _yes(truth: bool) -> Answer:
    return Answer.YES if truth else Answer.NO


def declared_tag(places: Places, tag: str) -> tuple[str, ...] | None:
    declared = places.snapshot.declarations.service_tags.items()
    return next((prefixes for name, prefixes in declared if name.lower() == tag.lower()), None)


def virtual_network_tag(places: Places, subnet: Subnet) -> list[str]:
    """SEMANTICS 1.5 on one subnet, as prefixes."""
    network = places.snapshot.get(subnet.virtual_network, VirtualNetwork)
    if network is None:
        return []
    prefixes = [*network.prefixes, "168.63.129.16/32"]
    for link in places.links(network):
        if link.allow_virtual_network_access:
            prefixes += places.remote_prefixes(link) or ()
    for gateway in places.gateways_of(network):
        prefixes += gateway.routes
    table = places.snapshot.get(subnet.route_table, RouteTable)
    if table is not None:
        prefixes += [route.address_prefix for route in table.routes if is_prefix(route.address_prefix)]
    return prefixes


def application_group_answer(places: Places, groups: Iterable[ResourceId], address: Address) -> Answer:
    """Members are the private addresses of the IP configurations that name the group (SEMANTICS 1.4)."""
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
