"""The network rules of an Azure Firewall, classic or by policy, in the order it asks them.

Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from simulator.azure.firewall import (
    AzureFirewall,
    FirewallPolicy,
    FirewallRule,
    FirewallRuleCollection,
    IpGroup,
    RuleCollectionGroup,
)
from simulator.azure.resource import ResourceId
from simulator.network.filter_rules import (
    ANY_PORT,
    PROTOCOL_NUMBERS,
    AddressSet,
    FilterAction,
    FilterRule,
    address_set,
    port_ranges,
    united,
)
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import Prefix, merge

#: Destinations a firewall leaves unsNATed unless a policy lists its own.
IANA_PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


@dataclass(frozen=True)
class FirewallRules:
    """Network rules in decision order, without the default deny.

    `is_complete`: the policy and all its parents are in the export. `private_ranges`: destinations that are not SNATed.
    """

    rules: tuple[FilterRule, ...]
    has_application_rules: bool
    has_dnat_rules: bool
    is_complete: bool
    private_ranges: tuple[Prefix, ...]


@dataclass(frozen=True)
class _Collection:
    """A collection and the place that its rules are named under."""

    place: ResourceId
    collection: FirewallRuleCollection


@per_network
def firewall_rules(network: Network, firewall: ResourceId) -> FirewallRules:
    """What the firewall does. A policy, when there is one, replaces the firewall's own (classic) collections.

    Network rules of parent policies come first, then lower group priority, lower collection priority, rule order.
    """
    held = network.snapshot.get(firewall, AzureFirewall)
    if held is None:
        return FirewallRules((), False, False, False, _private_ranges(()))
    if held.firewall_policy is None:
        return _classic_rules(network, held)
    chain, is_complete = policy_chain(network, held.firewall_policy)
    collections = [found for policy in chain for found in _policy_collections(policy)]
    own = chain[-1].snat if chain and chain[-1].id == held.firewall_policy else None
    return FirewallRules(
        tuple(rule for found in collections for rule in _network_rules(network, found)),
        any(_is_application(rule) for found in collections for rule in found.collection.rules),
        any(_is_dnat(found.collection, rule) for found in collections for rule in found.collection.rules),
        is_complete,
        _private_ranges(own.private_ranges if own else ()),
    )


def policy_chain(network: Network, policy: ResourceId) -> tuple[tuple[FirewallPolicy, ...], bool]:
    """The policy after its parents, outermost first, and whether all of them are in the export (and form no ring)."""
    chain: list[FirewallPolicy] = []
    wanted: ResourceId | None = policy
    while wanted is not None:
        held = network.snapshot.get(wanted, FirewallPolicy)
        if held is None or any(held.id == seen.id for seen in chain):
            break
        chain.append(held)
        wanted = held.base_policy
    return tuple(reversed(chain)), wanted is None


def _classic_rules(network: Network, firewall: AzureFirewall) -> FirewallRules:
    collections = sorted(firewall.network_rule_collections, key=lambda held: held.priority)
    place = firewall.id
    return FirewallRules(
        tuple(rule for held in collections for rule in _network_rules(network, _Collection(place, held))),
        bool(firewall.application_rule_collections),
        bool(firewall.nat_rule_collections),
        True,
        _private_ranges(()),
    )


def _policy_collections(policy: FirewallPolicy) -> Iterator[_Collection]:
    groups: list[RuleCollectionGroup] = sorted(policy.rule_collection_groups, key=lambda group: group.priority)
    for group in groups:
        for collection in sorted(group.rule_collections, key=lambda held: held.priority):
            yield _Collection(group.id, collection)


def _network_rules(network: Network, found: _Collection) -> Iterator[FilterRule]:
    place = found.place.child("ruleCollections", found.collection.name)
    action: FilterAction = "Deny" if found.collection.action.type == "Deny" else "Allow"
    for rule in found.collection.rules:
        if not _is_application(rule) and not _is_dnat(found.collection, rule):
            yield _network_rule(network, place, found.collection.priority, action, rule)


def _network_rule(
    network: Network, place: ResourceId, priority: int, action: FilterAction, rule: FirewallRule
) -> FilterRule:
    protocols, unknown_protocols = _protocols(rule.ip_protocols)
    ports, unreadable_ports = port_ranges(rule.destination_ports)
    sources = _side(network, rule.source_addresses, rule.source_ip_groups, unknown_protocols)
    # Names are resolved by the firewall's DNS, which no export holds.
    unknown = (*rule.destination_fqdns, *unreadable_ports)
    return FilterRule(
        id=place.child("rules", rule.name),
        name=rule.name,
        priority=priority,
        action=action,
        protocols=protocols,
        sources=sources,
        destinations=_side(network, rule.destination_addresses, rule.destination_ip_groups, unknown),
        source_ports=ANY_PORT,
        destination_ports=ports or ANY_PORT,
    )


def _protocols(names: Iterable[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """IANA numbers, () for any, and the names that are no protocol."""
    words = tuple(name.strip().lower() for name in names)
    unknown = tuple(f"protocol {word!r}" for word in words if word not in PROTOCOL_NUMBERS)
    if not words or any(PROTOCOL_NUMBERS.get(word) == () for word in words):
        return (), unknown
    return tuple(sorted({number for word in words for number in PROTOCOL_NUMBERS.get(word, ())})), unknown


def _side(network: Network, texts: tuple[str, ...], groups: tuple[str, ...], unknown: tuple[str, ...]) -> AddressSet:
    parts = [address_set(network, texts)] if texts else []
    parts += [_ip_group(network, ResourceId(group)) for group in groups]
    if not parts and not unknown:
        parts = [AddressSet(unresolved=("no address given",))]
    union = united([*parts, AddressSet(unresolved=unknown)])
    # VirtualNetwork and Internet are tags of security groups: Learn lists them as unusable in a firewall.
    return replace(union, tags=frozenset(), unresolved=(*union.unresolved, *sorted(union.tags)))


def _ip_group(network: Network, group: ResourceId) -> AddressSet:
    held = network.snapshot.get(group, IpGroup)
    if held is None:
        return AddressSet(unresolved=(group.name,))
    return address_set(network, held.ip_addresses) if held.ip_addresses else AddressSet()


def _is_application(rule: FirewallRule) -> bool:
    return rule.rule_type.lower() == "applicationrule" or bool(rule.target_fqdns or rule.fqdn_tags)


def _is_dnat(collection: FirewallRuleCollection, rule: FirewallRule) -> bool:
    return collection.action.type == "Dnat" or rule.rule_type.lower() == "natrule"


def _private_ranges(listed: tuple[str, ...]) -> tuple[Prefix, ...]:
    """The policy's own list, which must repeat the IANA ranges to keep them, or else those ranges."""
    texts = [
        text
        for entry in listed or IANA_PRIVATE_RANGES
        for text in (IANA_PRIVATE_RANGES if entry.strip().lower() == "ianaprivateranges" else (entry,))
    ]
    return merge(readable_prefixes(texts))
