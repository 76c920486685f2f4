"""What a middlebox does with a packet that passes it: Azure Firewall and declared appliances (SEMANTICS 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simulator.azure.firewall import (
    AzureFirewall,
    FirewallPolicy,
    FirewallRule,
    FirewallRuleCollection,
    IpGroup,
)
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Appliance
from tests.oracle.addresses import RESERVED, any_covers, is_public
from tests.oracle.judgement import Address, Fate, Packet
from tests.oracle.places import Endpoint, Places
from tests.oracle.rules import Answer, address_answer, ports_answer, protocol_answer

TCP = 6
NO_SNAT_BY_DEFAULT = RESERVED


# --- declared appliances ------------------------------------------------------------------------------------------
def pass_appliance(places: Places, endpoint: Endpoint, packet: Packet) -> Packet:
    """The packet as it leaves the guest of `endpoint`. Raises Fate when it does not leave."""
    appliance = forwarding_appliance(places, endpoint)
    _ask_appliance(places, appliance, packet)
    own = endpoint.own_address(packet.destination.version)
    translates = appliance.snat == "all" or (appliance.snat == "internet" and is_public(packet.destination))
    return replace(packet, source=own) if translates and own is not None else packet


def forwarding_appliance(places: Places, endpoint: Endpoint) -> Appliance:
    """The declaration of a NIC that forwards: flag, declaration and guest, asked in this order."""
    if endpoint.interface is None or not endpoint.interface.enable_ip_forwarding:
        raise Fate("NVA_IP_FORWARDING_OFF")
    appliance = places.appliance(endpoint)
    if appliance is None:
        raise Fate("APPLIANCE_NOT_DECLARED")
    if not appliance.forwards:
        raise Fate("APPLIANCE_DOES_NOT_FORWARD")
    return appliance


def _ask_appliance(places: Places, appliance: Appliance, packet: Packet) -> None:
    if appliance.rules is None:
        return
    for rule in appliance.rules:
        answer = min(
            protocol_answer(rule.protocol, packet.protocol),
            address_answer(places, rule.sources, packet.source, None),
            address_answer(places, rule.destinations, packet.destination, None),
            ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
        )
        if answer.doubt:
            raise Fate(answer.doubt)
        if answer == Answer.YES:
            if rule.access == "Deny":
                raise Fate("APPLIANCE_RULE_DENY")
            return
    raise Fate("APPLIANCE_RULE_DENY")


# --- Azure Firewall -----------------------------------------------------------------------------------------------
def pass_firewall(places: Places, endpoint: Endpoint, packet: Packet) -> Packet:
    """The packet as it leaves the firewall: network rules, then source translation. Raises Fate when it does not."""
    assert endpoint.firewall is not None
    collections = firewall_collections(places, endpoint.firewall)
    _ask_network_rules(places, collections, packet)
    own = endpoint.own_address(packet.destination.version)
    if any_covers(_private_ranges(places, endpoint.firewall), packet.destination) or own is None:
        return packet
    return replace(packet, source=own)


def firewall_collections(places: Places, firewall: AzureFirewall) -> list[FirewallRuleCollection]:
    """Every collection in the order asked: parents first, then group priority, then collection priority."""
    if firewall.firewall_policy is None:
        kinds = (
            firewall.nat_rule_collections,
            firewall.network_rule_collections,
            firewall.application_rule_collections,
        )
        return [c for kind in kinds for c in sorted(kind, key=lambda held: held.priority)]
    return [
        collection
        for policy in _policies(places, firewall.firewall_policy)
        for group in sorted(policy.rule_collection_groups, key=lambda held: held.priority)
        for collection in sorted(group.rule_collections, key=lambda held: held.priority)
    ]


def _policies(places: Places, reference: ResourceId) -> list[FirewallPolicy]:
    chain: list[FirewallPolicy] = []
    following: ResourceId | None = reference
    while following is not None:
        policy = places.snapshot.get(following, FirewallPolicy)
        if policy is None or policy in chain:
            raise Fate("FIREWALL_POLICY_NOT_IN_EXPORT")
        chain.insert(0, policy)
        following = policy.base_policy
    return chain


def rules_of_kind(collections: list[FirewallRuleCollection], kind: str) -> Iterator[tuple[str, FirewallRule]]:
    for collection in collections:
        for rule in collection.rules:
            if _kind(collection, rule) == kind:
                yield collection.action.type, rule


def _kind(collection: FirewallRuleCollection, rule: FirewallRule) -> str:
    """Classic rules carry no type: what they fill tells."""
    if collection.action.type == "Dnat" or rule.translated_address or rule.rule_type.lower() == "natrule":
        return "nat"
    if rule.target_fqdns or rule.fqdn_tags or rule.rule_type.lower() == "applicationrule":
        return "application"
    return "network"


def _ask_network_rules(places: Places, collections: list[FirewallRuleCollection], packet: Packet) -> None:
    for action, rule in rules_of_kind(collections, "network"):
        answer = _network_rule_answer(places, rule, packet)
        if answer.doubt:
            raise Fate(answer.doubt)
        if answer == Answer.YES:
            if action == "Deny":
                raise Fate("FIREWALL_RULE_DENY")
            return
    if packet.protocol == TCP and any(rules_of_kind(collections, "application")):
        raise Fate("FIREWALL_APPLICATION_RULES")
    raise Fate("FIREWALL_DEFAULT_DENY")


def _network_rule_answer(places: Places, rule: FirewallRule, packet: Packet) -> Answer:
    destination = _firewall_side(places, rule.destination_addresses, rule.destination_ip_groups, packet.destination)
    if rule.destination_fqdns:
        destination = max(destination, Answer.MAYBE)
    return min(
        max((protocol_answer(name, packet.protocol) for name in rule.ip_protocols), default=Answer.YES),
        _firewall_side(places, rule.source_addresses, rule.source_ip_groups, packet.source),
        destination,
        ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
    )


def _firewall_side(places: Places, addresses: tuple[str, ...], groups: tuple[str, ...], address: Address) -> Answer:
    answers = [address_answer(places, addresses, address, None)]
    for reference in groups:
        group = places.snapshot.get(ResourceId(reference), IpGroup)
        answers.append(Answer.MAYBE if group is None else address_answer(places, group.ip_addresses, address, None))
    return max(answers)


def _private_ranges(places: Places, firewall: AzureFirewall) -> tuple[str, ...]:
    policy = places.snapshot.get(firewall.firewall_policy, FirewallPolicy)
    stated = policy.snat.private_ranges if policy and policy.snat else ()
    ranges: list[str] = []
    for text in stated or ("IANAPrivateRanges",):
        ranges += NO_SNAT_BY_DEFAULT if text.lower() == "ianaprivateranges" else (text,)
    return tuple(ranges)
