"""What is wrong, or not known, about security rules and firewall rules.

Learn: azure/virtual-network/network-security-groups-overview, azure/firewall/rule-processing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache, lru_cache

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, FirewallRule, FirewallRuleCollection, IpGroup
from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup, SecurityRule
from simulator.azure.snapshot import Issue
from simulator.data import service_tags
from simulator.network.filter_rules import address_set, port_ranges
from simulator.network.firewall_rules import policy_chain
from simulator.network.fqdn import resolved_addresses
from simulator.network.model import Network, grouped

LOWEST_PRIORITY, HIGHEST_PRIORITY = 100, 4096
#: Longer text is no misspelt tag; it is cut in messages.
LONGEST_TAG = 80
#: More names than these are counted rather than listed.
_NAMES_SHOWN = 3
#: Subnets on which Azure takes no security group.
_WITHOUT_SECURITY_GROUP = frozenset({"gatewaysubnet", "azurefirewallsubnet", "routeserversubnet"})


def check_rules(network: Network) -> Iterator[Issue]:
    for group in network.snapshot.all(NetworkSecurityGroup):
        yield from _security_group(network, group)
    for subnet in network.subnets.values():
        if subnet.network_security_group is not None and subnet.name.lower() in _WITHOUT_SECURITY_GROUP:
            message = f"{subnet.name}: Azure supports no network security group on this subnet"
            yield Issue("warning", "VNS2030", message, str(subnet.id), "remove the group from the subnet")
    for firewall in network.snapshot.all(AzureFirewall):
        yield from _firewall(network, firewall)
    for policy in network.snapshot.all(FirewallPolicy):
        yield from _firewall_policy(network, policy)


def unknown_tag(name: str, tag: str, place: ResourceId) -> Issue:
    """The issue of a tag that neither Azure's list nor the user gives, with the nearest name of the list."""
    near = _nearest_tag(tag.lower()) if len(tag) <= LONGEST_TAG else None
    meant = f"did you mean {near}? " if near else ""
    message = f"{name}: {tag[:LONGEST_TAG]!r} is no address and no service tag of the list of {service_tags.DATE}"
    return Issue("warning", "VNS2010", message, str(place), f"{meant}Newer tags can be declared under service_tags")


@lru_cache(maxsize=1024)
def _nearest_tag(tag: str) -> str | None:
    """The tag of Microsoft's list that is spelled most like `tag` (lower case) among those that begin as it does."""
    known = _tags_by_beginning().get(tag[:3], {})
    near = get_close_matches(tag, known, n=1)
    return known[near[0]] if near else None


@cache
def _tags_by_beginning() -> dict[str, dict[str, str]]:
    """First three letters → tags of Microsoft's list, lower case → as written."""
    tags = grouped((held[:3].lower(), held) for held in service_tags.names())
    return {beginning: {tag.lower(): tag for tag in held} for beginning, held in tags.items()}


def _security_group(network: Network, group: NetworkSecurityGroup) -> Iterator[Issue]:
    first: dict[tuple[str, int], SecurityRule] = {}
    for rule in group.security_rules:
        name = f"{group.name}/{rule.name}"
        yield from check_priority(name, rule.priority, LOWEST_PRIORITY, rule.id)
        held = first.setdefault((rule.direction, rule.priority), rule)
        if held is not rule:
            message = f"{name}: priority {rule.priority} is already that of {held.name} ({rule.direction})"
            hint = "give each rule of one direction its own priority"
            yield Issue("error", "VNS2005", message, str(rule.id), hint)
        for texts, groups in (
            (rule.sources, rule.source_application_security_groups),
            (rule.destinations, rule.destination_application_security_groups),
        ):
            yield from check_addresses(network, name, rule.id, texts, groups)
        yield from check_ports(name, rule.id, (*rule.source_ports, *rule.destination_ports))


def check_priority(name: str, priority: int, lowest: int, place: ResourceId) -> Iterator[Issue]:
    if not lowest <= priority <= HIGHEST_PRIORITY:
        side = (
            f"below Azure's minimum of {lowest}"
            if priority < lowest
            else f"above Azure's maximum of {HIGHEST_PRIORITY}"
        )
        hint = f"priorities run from {lowest} to {HIGHEST_PRIORITY}"
        yield Issue("error", "VNS2004", f"{name}: priority {priority} is {side}", str(place), hint)


def check_addresses(
    network: Network, name: str, place: ResourceId, texts: tuple[str, ...], groups: tuple[ResourceId, ...]
) -> Iterator[Issue]:
    """Names that cannot be resolved: the rule may match, so the verdicts it could decide are UNKNOWN."""
    if groups:
        for unknown in address_set(network, (), groups).unresolved:
            message = f"{name}: the application security group {unknown} is not in the export"
            yield Issue("warning", "VNS2011", message, str(place), "export the group and its members' interfaces")
        return
    if not texts:
        message = f"{name}: a side of the rule names no address"
        yield Issue("error", "VNS2018", message, str(place), "write * for every address")
    for text in texts:
        for unknown in address_set(network, (text,)).unresolved:
            yield unknown_tag(name, unknown, place)


def check_ports(name: str, place: ResourceId, texts: Iterable[str]) -> Iterator[Issue]:
    for unreadable in port_ranges(texts)[1]:
        message = f"{name}: {unreadable} is not a port, a range or *"
        yield Issue("error", "VNS2018", message, str(place), "write a port as 443, a range as 8000-8080")


def _firewall(network: Network, firewall: AzureFirewall) -> Iterator[Issue]:
    if firewall.firewall_policy is not None and not policy_chain(network, firewall.firewall_policy)[1]:
        message = f"{firewall.name}: its firewall policy, or a parent of it, is not in the export"
        hint = "export the policy, its parents and their rule collection groups"
        yield Issue("warning", "VNS2020", message, str(firewall.id), hint)
    if firewall.firewall_policy is None:
        yield from _threat_intelligence(firewall.id, firewall.threat_intel_mode)
    collections = (
        *firewall.nat_rule_collections,
        *firewall.network_rule_collections,
        *firewall.application_rule_collections,
    )
    yield from _firewall_rules(network, firewall.id, collections)


def _firewall_policy(network: Network, policy: FirewallPolicy) -> Iterator[Issue]:
    yield from _threat_intelligence(policy.id, policy.threat_intel_mode)
    if policy.snat is not None and (policy.snat.auto_learn_private_ranges or "").lower() == "enabled":
        message = f"{policy.name}: the firewall learns ranges that it does not SNAT, and no export tells them"
        hint = "list the ranges under privateRanges too; they are taken as SNATed unless they are listed"
        yield Issue("warning", "VNS2048", message, str(policy.id), hint)
    collections = (held for group in policy.rule_collection_groups for held in group.rule_collections)
    yield from _firewall_rules(network, policy.id, collections)


def _threat_intelligence(place: ResourceId, mode: str | None) -> Iterator[Issue]:
    if (mode or "").lower() == "deny":
        message = (
            f"{place.name}: threat intelligence denies addresses and names that Microsoft lists, which are not known"
        )
        hint = "an address that it lists is denied before every rule; it is taken to list none"
        yield Issue("info", "VNS2049", message, str(place), hint)


def _firewall_rules(
    network: Network, place: ResourceId, collections: Iterable[FirewallRuleCollection]
) -> Iterator[Issue]:
    rules = [rule for collection in collections for rule in collection.rules]
    for rule in rules:
        yield from _firewall_rule(network, place, rule)
    names = dict.fromkeys(name for rule in rules for name in (*rule.destination_fqdns, *rule.target_fqdns))
    unknown = resolved_addresses(network, (name for name in names if not name.strip().startswith("*"))).unresolved
    if unknown:
        more = f" and {len(unknown) - _NAMES_SHOWN} more" if len(unknown) > _NAMES_SHOWN else ""
        message = f"{place.name}: rules name {', '.join(unknown[:_NAMES_SHOWN])}{more}, whose addresses are not known"
        hint = "declare them under names in a scenario; until then what only such a rule decides is UNKNOWN"
        yield Issue("info", "VNS2036", message, str(place), hint)


def _firewall_rule(network: Network, place: ResourceId, rule: FirewallRule) -> Iterator[Issue]:
    name = f"{place.name}/{rule.name}"
    for text in (*rule.source_addresses, *rule.destination_addresses):
        for unknown in address_set(network, (text,)).unresolved:
            yield unknown_tag(name, unknown, place)
    for group in (*rule.source_ip_groups, *rule.destination_ip_groups):
        if network.snapshot.get(ResourceId(group), IpGroup) is None:
            message = f"{name}: the IP group {ResourceId(group).name} is not in the export"
            yield Issue("warning", "VNS2035", message, str(place), "export the IP group")
    yield from check_ports(name, place, rule.destination_ports)
