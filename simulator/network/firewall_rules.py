"""The rules of an Azure Firewall, classic or by policy, in the order it asks them.

Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from simulator.azure.firewall import AzureFirewall, FirewallPolicy, FirewallRule, FirewallRuleCollection
from simulator.azure.resource import ResourceId
from simulator.network.filter_rules import FilterRule
from simulator.network.firewall_rule_forms import DnatRule, Place, application_rule, dnat_rule, network_rule
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.prefixes import readable_prefixes
from simulator.space.addresses import Prefix, merge

#: Destinations a firewall leaves unsNATed unless a policy lists its own.
IANA_PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
RuleType = Literal["dnat", "network", "application"]


class FirewallRules(Struct, frozen=True):
    """Rules of each type in decision order, without the default deny: DNAT first, then `rules`, then application rules.

    `rules` are the network rules. `is_complete`: the policy and all its parents are in the export. `private_ranges`:
    destinations that network rules leave unSNATed. `threat_intel_denies`: threat intelligence refuses what it knows.
    """

    rules: tuple[FilterRule, ...]
    application_rules: tuple[FilterRule, ...]
    dnat_rules: tuple[DnatRule, ...]
    is_complete: bool
    private_ranges: tuple[Prefix, ...]
    threat_intel_denies: bool

    @property
    def has_application_rules(self) -> bool:
        return bool(self.application_rules)

    @property
    def has_dnat_rules(self) -> bool:
        return bool(self.dnat_rules)


class _TypedRule(Struct, frozen=True):
    type: RuleType
    place: Place
    rule: FirewallRule


@per_network
def firewall_rules(network: Network, firewall: ResourceId) -> FirewallRules:
    """What the firewall does. A policy, when there is one, replaces the firewall's own (classic) collections.

    Rules of parent policies come first, then lower group priority, lower collection priority, rule order; but every
    DNAT rule comes before every network rule, and these before every application rule.
    """
    held = network.snapshot.get(firewall, AzureFirewall)
    if held is None:
        return _rules(network, (), is_complete=False)
    if held.firewall_policy is None:
        return _rules(network, _classic_rules(held), threat_intel_modes=(held.threat_intel_mode,))
    chain, is_complete = policy_chain(network, held.firewall_policy)
    own = chain[-1].snat if chain and chain[-1].id == held.firewall_policy else None
    return _rules(
        network,
        [rule for policy in chain for rule in _policy_rules(policy)],
        is_complete=is_complete,
        private_ranges=own.private_ranges if own else (),
        threat_intel_modes=tuple(policy.threat_intel_mode for policy in chain),
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


def _rules(
    network: Network,
    typed: Iterable[_TypedRule],
    *,
    is_complete: bool = True,
    private_ranges: tuple[str, ...] = (),
    threat_intel_modes: tuple[str | None, ...] = (),
) -> FirewallRules:
    """A child policy may only tighten the threat intelligence mode of its parent: one Deny is enough."""
    rules = list(typed)
    return FirewallRules(
        rules=tuple(network_rule(network, one.place, one.rule) for one in rules if one.type == "network"),
        application_rules=tuple(
            application_rule(network, one.place, one.rule) for one in rules if one.type == "application"
        ),
        dnat_rules=tuple(dnat_rule(network, one.place, one.rule) for one in rules if one.type == "dnat"),
        is_complete=is_complete,
        private_ranges=_private_ranges(private_ranges),
        threat_intel_denies=any((mode or "").lower() == "deny" for mode in threat_intel_modes),
    )


def _policy_rules(policy: FirewallPolicy) -> Iterator[_TypedRule]:
    for group in sorted(policy.rule_collection_groups, key=lambda group: group.priority):
        for collection in sorted(group.rule_collections, key=lambda held: held.priority):
            for rule in collection.rules:
                yield _TypedRule(_type_of(collection, rule), _place(group.id, collection), rule)


def _classic_rules(firewall: AzureFirewall) -> Iterator[_TypedRule]:
    """A classic firewall keeps a list of collections for each type."""
    lists: tuple[tuple[RuleType, tuple[FirewallRuleCollection, ...]], ...] = (
        ("dnat", firewall.nat_rule_collections),
        ("network", firewall.network_rule_collections),
        ("application", firewall.application_rule_collections),
    )
    for kind, collections in lists:
        for collection in sorted(collections, key=lambda held: held.priority):
            for rule in collection.rules:
                yield _TypedRule(kind, _place(firewall.id, collection), rule)


def _place(owner: ResourceId, collection: FirewallRuleCollection) -> Place:
    action: Literal["Allow", "Deny"] = "Deny" if collection.action.type == "Deny" else "Allow"
    return Place(owner.child("ruleCollections", collection.name), collection.priority, action)


def _type_of(collection: FirewallRuleCollection, rule: FirewallRule) -> RuleType:
    is_translated = rule.translated_address or rule.translated_fqdn
    if collection.action.type == "Dnat" or rule.rule_type.lower() == "natrule" or is_translated:
        return "dnat"
    is_application = rule.rule_type.lower() == "applicationrule" or bool(rule.target_fqdns or rule.fqdn_tags)
    return "application" if is_application else "network"


def _private_ranges(listed: tuple[str, ...]) -> tuple[Prefix, ...]:
    """The policy's own list, which must repeat the IANA ranges to keep them, or else those ranges."""
    texts = [
        text
        for entry in listed or IANA_PRIVATE_RANGES
        for text in (IANA_PRIVATE_RANGES if entry.strip().lower() == "ianaprivateranges" else (entry,))
    ]
    return merge(readable_prefixes(texts))
