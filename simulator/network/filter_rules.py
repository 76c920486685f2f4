"""One normal form for every filter: security groups, security admin rules, firewall network rules.

Learn: azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import ApplicationSecurityGroup, Direction, NetworkSecurityGroup, SecurityRule
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped
from simulator.network.prefixes import host_prefix, readable_prefix
from simulator.network.service_tags import tag_prefixes
from simulator.space.addresses import EVERYTHING, Prefix, merge

FilterAction = Literal["Allow", "Deny", "AlwaysAllow"]
PortRange = tuple[int, int]

ANY_PORT: tuple[PortRange, ...] = ((0, 65535),)
#: Rule protocol in lower case → IANA numbers; ``Icmp`` stands for both of its versions.
PROTOCOL_NUMBERS: Mapping[str, tuple[int, ...]] = {
    "*": (),
    "any": (),
    "tcp": (6,),
    "udp": (17,),
    "icmp": (1, 58),
    "icmpv6": (58,),
    "esp": (50,),
    "ah": (51,),
}
#: The tags whose addresses depend on the subnet, with their spellings in classic exports.
_SUBNET_TAGS = {
    "virtualnetwork": "VirtualNetwork",
    "virtual_network": "VirtualNetwork",
    "internet": "Internet",
}
_PORTS = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")
_ANY_ADDRESS = frozenset({"*", "any"})


class AddressSet(Struct, frozen=True):
    """Addresses of one side of a rule; `prefixes` are merged and sorted.

    `tags` holds only ``VirtualNetwork`` and ``Internet``, whose addresses depend on the subnet. `unresolved` names
    tags, application security groups or groups that nobody could resolve: a rule that has any MAY match.
    """

    prefixes: tuple[Prefix, ...] = ()
    tags: frozenset[str] = frozenset()
    unresolved: tuple[str, ...] = ()


ANY_ADDRESS = AddressSet(EVERYTHING)


class FilterRule(Struct, frozen=True):
    """One rule. `protocols` are IANA numbers, () is any; ports are closed ranges, ignored where there are no ports.

    `depends_on`: it is not known whether the rule is asked; it is together with every rule that has the same here (an
    admin configuration that may be deployed, or a rule collection whose network group may hold the VNet).
    """

    id: ResourceId
    name: str
    priority: int
    action: FilterAction
    protocols: tuple[int, ...]
    sources: AddressSet
    destinations: AddressSet
    source_ports: tuple[PortRange, ...]
    destination_ports: tuple[PortRange, ...]
    depends_on: ResourceId | None = None
    is_default: bool = False

    @property
    def deployment_unknown(self) -> bool:
        """Is it not known whether the rule is asked at all?"""
        return self.depends_on is not None


@per_network
def security_group_rules(network: Network, group: ResourceId, direction: Direction) -> tuple[FilterRule, ...] | None:
    """The group's rules in the order Azure asks them, default rules last. None: the group is not in the export."""
    held = network.snapshot.get(group, NetworkSecurityGroup)
    if held is None:
        return None
    return tuple(_security_rule(network, rule) for rule in held.rules(direction))


@per_network
def platform_rules(network: Network, group: ResourceId, tag: str) -> tuple[FilterRule, ...] | None:
    """The group's outbound rules that name a platform tag as a destination; None: the group is not in the export.

    Traffic to the platform's own services meets these rules only.
    Learn: azure/virtual-network/service-tags-overview (AzurePlatformDNS, AzurePlatformIMDS, AzurePlatformLKM)
    """
    held = network.snapshot.get(group, NetworkSecurityGroup)
    rules = security_group_rules(network, group, "Outbound")
    if held is None or rules is None:
        return None
    named = zip(held.rules("Outbound"), rules, strict=True)
    return tuple(
        rule for written, rule in named if tag.lower() in {text.strip().lower() for text in written.destinations}
    )


def _security_rule(network: Network, rule: SecurityRule) -> FilterRule:
    source_ports, bad_source_ports = port_ranges(rule.source_ports)
    destination_ports, bad_ports = port_ranges(rule.destination_ports)
    return FilterRule(
        id=rule.id,
        name=rule.name,
        priority=rule.priority,
        action=rule.access,
        protocols=PROTOCOL_NUMBERS[rule.protocol.lower()],
        sources=address_set(network, rule.sources, rule.source_application_security_groups, bad_source_ports),
        destinations=address_set(network, rule.destinations, rule.destination_application_security_groups, bad_ports),
        source_ports=source_ports,
        destination_ports=destination_ports,
        is_default=rule.is_default,
    )


@per_network
def address_set(
    network: Network,
    texts: tuple[str, ...],
    groups: tuple[ResourceId, ...] = (),
    unreadable_ports: tuple[str, ...] = (),
) -> AddressSet:
    """The addresses named by prefixes, tags or ``*``, or by application security groups, which replace them.

    A side without any name, or with ports that cannot be read, is unresolved: Azure would have refused the rule.
    """
    named = [_application_group(network, group) for group in groups] or [_one_address(network, text) for text in texts]
    union = united(named or [AddressSet(unresolved=("no address given",))])
    return united([union, AddressSet(unresolved=unreadable_ports)])


def united(sets: Iterable[AddressSet]) -> AddressSet:
    held = tuple(sets)
    return AddressSet(
        merge(prefix for part in held for prefix in part.prefixes),
        frozenset().union(*(part.tags for part in held)),
        tuple(dict.fromkeys(name for part in held for name in part.unresolved)),
    )


def _one_address(network: Network, text: str) -> AddressSet:
    word = text.strip().lower()
    if word in _ANY_ADDRESS:
        return ANY_ADDRESS
    if word in _SUBNET_TAGS:
        return AddressSet(tags=frozenset({_SUBNET_TAGS[word]}))
    prefix = readable_prefix(text)
    if prefix is not None:
        return AddressSet((prefix,))
    tag = tag_prefixes(network, word)
    return AddressSet(unresolved=(text,)) if tag is None else AddressSet(tag)


def _application_group(network: Network, group: ResourceId) -> AddressSet:
    """The members' addresses; of a group that is not in the export further members may exist, so it is unresolved."""
    members = application_group_members(network).get(group, ())
    is_held = network.snapshot.get(group, ApplicationSecurityGroup) is not None
    return AddressSet(members, unresolved=() if is_held else (group.name,))


@per_network
def application_group_members(network: Network) -> dict[ResourceId, tuple[Prefix, ...]]:
    """Application security group → the addresses of the NIC configurations that are in it."""
    members = grouped(
        (group, host)
        for nic in network.snapshot.network_interfaces
        for held in nic.ip_configurations
        if held.private_ip_address and (host := host_prefix(held.private_ip_address)) is not None
        for group in held.application_security_groups
    )
    return {group: merge(hosts) for group, hosts in members.items()}


def port_ranges(texts: Iterable[str]) -> tuple[tuple[PortRange, ...], tuple[str, ...]]:
    """Closed ranges of ``80``, ``1-1024`` and ``*``, and the texts that are none of these."""
    ranges: list[PortRange] = []
    unreadable: list[str] = []
    for text in texts:
        found = _port_range(text)
        if found is None:
            unreadable.append(f"port {text!r}")
        else:
            ranges.append(found)
    return tuple(ranges), tuple(unreadable)


def _port_range(text: str) -> PortRange | None:
    word = text.strip().lower()
    if word in _ANY_ADDRESS:
        return ANY_PORT[0]
    found = _PORTS.fullmatch(word)
    if found is None:
        return None
    low, high = int(found[1]), int(found[2] or found[1])
    return (low, high) if low <= high <= 65535 else None
