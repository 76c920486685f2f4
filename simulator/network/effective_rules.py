"""The effective security rules of a NIC, as Azure prints them.

Learn: azure/virtual-network/diagnose-network-traffic-filter-problem
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import Direction, NetworkSecurityGroup, SecurityRule
from simulator.network.effective_routes import subnet_of_nic
from simulator.network.filter_rules import AddressSet, FilterRule, port_ranges, security_group_rules
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefix
from simulator.network.service_tags import internet_tag, virtual_network_tag
from simulator.space.addresses import EVERYTHING, Prefix, as_cidrs, merge

_DIRECTIONS: tuple[Direction, ...] = ("Inbound", "Outbound")
Association = Literal["networkInterface", "subnet"]
#: How Azure writes "every address" in effective rules, of either family.
_ANY_ADDRESS = "0.0.0.0/0"


class ExpandedRule(Struct, frozen=True):
    """A rule as it was written and in normal form, with the addresses that its names stand for on this NIC's subnet.

    An expansion is None where nothing is expanded: the side is written in prefixes or is every address.
    """

    written: SecurityRule
    rule: FilterRule
    direction: Direction
    sources: tuple[Prefix, ...] | None
    destinations: tuple[Prefix, ...] | None


class EffectiveGroup(Struct, frozen=True):
    """One security group and what associates it with the NIC. `rules` None: the group is not in the export."""

    group: ResourceId
    association: Association
    associated: ResourceId
    rules: tuple[ExpandedRule, ...] | None


class EffectiveSecurityRules(Struct, frozen=True):
    """The security groups that filter one NIC: its own, then its subnet's. () = nothing filters it."""

    network_interface: ResourceId
    groups: tuple[EffectiveGroup, ...]

    def to_azure(self) -> dict[str, Any]:
        """As ``az network nic list-effective-nsg -o json`` has it; a group outside the export has rules None."""
        return {"value": [_group_to_azure(group) for group in self.groups]}


def effective_security_rules(network: Network, nic: ResourceId) -> EffectiveSecurityRules:
    """The rules of both groups with their tags expanded. Raises QuestionError when the network has no such NIC."""
    subnet = subnet_of_nic(network, nic)
    endpoint = network.endpoint(nic)
    held = network.subnets.get(subnet)
    groups: tuple[tuple[ResourceId | None, Association, ResourceId], ...] = (
        (endpoint.security_group if endpoint else None, "networkInterface", nic),
        (held.network_security_group if held else None, "subnet", subnet),
    )
    return EffectiveSecurityRules(
        nic,
        tuple(
            EffectiveGroup(group, kind, associated, _expanded(network, subnet, group))
            for group, kind, associated in groups
            if group is not None
        ),
    )


def _expanded(network: Network, subnet: ResourceId, group: ResourceId) -> tuple[ExpandedRule, ...] | None:
    held = network.snapshot.get(group, NetworkSecurityGroup)
    if held is None:
        return None
    return tuple(
        ExpandedRule(
            written,
            rule,
            direction,
            _expansion(network, subnet, written.sources, rule.sources),
            _expansion(network, subnet, written.destinations, rule.destinations),
        )
        for direction in _DIRECTIONS
        for written, rule in zip(
            held.rules(direction), security_group_rules(network, group, direction) or (), strict=True
        )
    )


def _expansion(
    network: Network, subnet: ResourceId, written: tuple[str, ...], addresses: AddressSet
) -> tuple[Prefix, ...] | None:
    if addresses.prefixes == merge(EVERYTHING) or (written and all(readable_prefix(text) for text in written)):
        return None
    tags = {"VirtualNetwork": virtual_network_tag, "Internet": internet_tag}
    held = (prefix for tag in sorted(addresses.tags) for prefix in tags[tag](network, subnet))
    return merge((*addresses.prefixes, *held))


def _group_to_azure(group: EffectiveGroup) -> dict[str, Any]:
    rules = None if group.rules is None else [_rule_to_azure(rule) for rule in group.rules]
    return {
        "networkSecurityGroup": {"id": str(group.group)},
        "association": {group.association: {"id": str(group.associated)}},
        "effectiveSecurityRules": rules,
        "tagMap": _tag_map(group.rules or ()),
    }


def _rule_to_azure(expanded: ExpandedRule) -> dict[str, Any]:
    written, rule = expanded.written, expanded.rule
    sources = _addresses_to_azure(written.sources, rule.sources)
    destinations = _addresses_to_azure(written.destinations, rule.destinations)
    source_ports, destination_ports = _ports_to_azure(written.source_ports), _ports_to_azure(written.destination_ports)
    return {
        "name": f"{'defaultSecurityRules' if rule.is_default else 'securityRules'}/{rule.name}",
        "protocol": "All" if written.protocol == "*" else written.protocol,
        "sourcePortRange": source_ports[0],
        "destinationPortRange": destination_ports[0],
        "sourcePortRanges": source_ports,
        "destinationPortRanges": destination_ports,
        "sourceAddressPrefix": sources[0],
        "destinationAddressPrefix": destinations[0],
        "sourceAddressPrefixes": sources,
        "destinationAddressPrefixes": destinations,
        **_expansion_to_azure("expandedSourceAddressPrefix", expanded.sources),
        **_expansion_to_azure("expandedDestinationAddressPrefix", expanded.destinations),
        "access": written.access,
        "priority": rule.priority,
        "direction": expanded.direction,
    }


def _addresses_to_azure(written: tuple[str, ...], addresses: AddressSet) -> list[str]:
    if not written:
        return as_cidrs(addresses.prefixes) or list(addresses.unresolved) or [""]
    return [_ANY_ADDRESS if text.strip().lower() in {"*", "any"} else text for text in written]


def _ports_to_azure(written: tuple[str, ...]) -> list[str]:
    ranges, unreadable = port_ranges(written)
    return [*(f"{first}-{last}" for first, last in ranges), *unreadable]


def _expansion_to_azure(key: str, prefixes: tuple[Prefix, ...] | None) -> dict[str, list[str]]:
    return {} if prefixes is None else {key: as_cidrs(prefixes)}


def _tag_map(rules: Iterable[ExpandedRule]) -> dict[str, list[str]]:
    """Each tag that a rule names by itself → what it stands for here."""
    named: dict[str, list[str]] = {}
    for expanded in rules:
        for written, prefixes in (
            (expanded.written.sources, expanded.sources),
            (expanded.written.destinations, expanded.destinations),
        ):
            if prefixes is not None and len(written) == 1:
                named[written[0]] = as_cidrs(prefixes)
    return named
