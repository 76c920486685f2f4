"""Azure Firewall: DNAT, network and application rules, source translation (SEMANTICS 3.5, E4; ORDER 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from simulator.azure.firewall import (
    ApplicationProtocol,
    AzureFirewall,
    FirewallPolicy,
    FirewallRule,
    FirewallRuleCollection,
    IpGroup,
)
from simulator.azure.resource import ResourceId
from tests.oracle.addresses import RESERVED, any_covers, is_public
from tests.oracle.endpoints import Endpoint
from tests.oracle.judgement import Address, Fate, Packet
from tests.oracle.places import Places
from tests.oracle.rules import Answer, address_answer, ports_answer, protocol_answer

TCP = 6
NO_SNAT_BY_DEFAULT = RESERVED
APPLICATION_PORTS = {"http": 80, "https": 443, "mssql": 1433}


# --- a packet that passes -----------------------------------------------------------------------------------------
def pass_firewall(places: Places, endpoint: Endpoint, packet: Packet) -> Packet:
    """The packet as it leaves the firewall: network rules, then application rules. Raises Fate when it does not."""
    assert endpoint.firewall is not None
    _ask_threat_intelligence(places, endpoint.firewall, packet)
    collections = firewall_collections(places, endpoint.firewall)
    own = endpoint.own_address(packet.destination.version)
    places.layers.add("Azure Firewall network rules")
    if not _ask_network_rules(places, collections, packet):
        _ask_application_rules(places, collections, packet)
        return replace(packet, source=own) if own is not None else packet
    if any_covers(_private_ranges(places, endpoint.firewall), packet.destination) or own is None:
        return packet
    return replace(packet, source=own)


def _ask_threat_intelligence(places: Places, firewall: AzureFirewall, packet: Packet) -> None:
    """Asked before every rule (E4). Which addresses it knows nobody can tell; the default is that it knows none."""
    policy = places.snapshot.get(firewall.firewall_policy, FirewallPolicy)
    held = policy if firewall.firewall_policy is not None else firewall
    mode = held.threat_intel_mode if held is not None else None
    is_outside = is_public(packet.source) or is_public(packet.destination)
    if (mode or "").lower() == "deny" and is_outside and places.assumes("threat_intelligence_matches"):
        raise Fate("FIREWALL_THREAT_INTELLIGENCE")


def _ask_network_rules(
    places: Places, collections: list[FirewallRuleCollection], packet: Packet, *, source: Address | None = None
) -> bool:
    """Whether a rule allows it; False when none matches. `source`: the one to ask by, where it is not the packet's."""
    asked = packet if source is None else replace(packet, source=source)
    for action, rule in rules_of_kind(collections, "network"):
        answer = _network_rule_answer(places, rule, asked)
        if answer.doubt:
            raise Fate(answer.doubt)
        if answer == Answer.YES:
            if action == "Deny":
                raise Fate("FIREWALL_RULE_DENY")
            return True
    return False


def _network_rule_answer(places: Places, rule: FirewallRule, packet: Packet) -> Answer:
    destination = _side(places, rule.destination_addresses, rule.destination_ip_groups, packet.destination)
    named = [_name_answer(places, name, packet.destination) for name in rule.destination_fqdns]
    return min(
        max((protocol_answer(places, name, packet.protocol) for name in rule.ip_protocols), default=Answer.YES),
        _side(places, rule.source_addresses, rule.source_ip_groups, packet.source),
        max([destination, *named]),
        ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
    )


def _ask_application_rules(places: Places, collections: list[FirewallRuleCollection], packet: Packet) -> None:
    """TCP alone; returns when a rule allows it. A name that nobody resolves may be the one asked for."""
    for action, rule in rules_of_kind(collections, "application") if packet.protocol == TCP else ():
        places.layers.add("Azure Firewall application rules")
        answer = min(
            _application_protocol_answer(rule.application_protocols, packet.destination_port),
            _side(places, rule.source_addresses, rule.source_ip_groups, packet.source),
            _target_answer(places, rule, packet.destination),
        )
        if answer.doubt:
            raise Fate("FIREWALL_APPLICATION_RULES")
        if answer == Answer.YES:
            if action == "Deny":
                raise Fate("FIREWALL_RULE_DENY")
            return
    raise Fate("FIREWALL_DEFAULT_DENY")


def _application_protocol_answer(protocols: tuple[ApplicationProtocol, ...], port: int) -> Answer:
    """Without protocols any port may be meant."""
    if not protocols:
        return Answer.MAYBE
    ports = {held.port or APPLICATION_PORTS.get(held.protocol_type.lower()) for held in protocols}
    return Answer.YES if port in ports else Answer.NO


def _target_answer(places: Places, rule: FirewallRule, destination: Address) -> Answer:
    answers = [_name_answer(places, name, destination) for name in rule.target_fqdns]
    answers += [Answer.MAYBE] if rule.fqdn_tags or rule.web_categories else []
    if rule.destination_addresses or rule.destination_ip_groups:
        answers.append(_side(places, rule.destination_addresses, rule.destination_ip_groups, destination))
    return max(answers, default=Answer.NO)


def _name_answer(places: Places, name: str, address: Address) -> Answer:
    """By the declared names; one that is not declared may resolve to any address."""
    if name.strip() == "*":
        return Answer.YES
    declared = {held.lower(): addresses for held, addresses in places.snapshot.declarations.names.items()}
    if name.lower() not in declared:
        return Answer.MAYBE
    return Answer.YES if str(address) in declared[name.lower()] else Answer.NO


# --- a packet that is addressed to the firewall -------------------------------------------------------------------
def translate(places: Places, endpoint: Endpoint, packet: Packet) -> Packet:
    """By the first DNAT rule that matches: destination and port of the rule, the firewall's address as source."""
    assert endpoint.firewall is not None
    _ask_threat_intelligence(places, endpoint.firewall, packet)
    collections = firewall_collections(places, endpoint.firewall)
    for _, rule in rules_of_kind(collections, "nat"):
        answer = _network_rule_answer(places, rule, packet)
        if answer.doubt:
            raise Fate(answer.doubt)
        if answer == Answer.YES:
            places.layers.add("Azure Firewall DNAT")
            return _translated(places, endpoint, collections, rule, packet)
    raise Fate("FIREWALL_DEFAULT_DENY")


def _translated(
    places: Places,
    endpoint: Endpoint,
    collections: list[FirewallRuleCollection],
    rule: FirewallRule,
    packet: Packet,
) -> Packet:
    if not rule.translated_address:
        raise Fate("RULE_NOT_RESOLVED")
    destination = ip_address(rule.translated_address)
    port = int(rule.translated_port) if rule.translated_port else packet.destination_port
    own = endpoint.own_address(destination.version)
    made = replace(packet, source=own or packet.source, destination=destination, destination_port=port)
    if places.assumes("dnat_implicit_allow_overridable"):
        _ask_network_rules(places, collections, made, source=packet.source)  # E4: only a denial counts
    return made


# --- rules in order -----------------------------------------------------------------------------------------------
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
    is_nat = collection.action.type == "Dnat" or rule.translated_address or rule.translated_fqdn
    if is_nat or rule.rule_type.lower() == "natrule":
        return "nat"
    if rule.target_fqdns or rule.fqdn_tags or rule.rule_type.lower() == "applicationrule":
        return "application"
    return "network"


def _side(places: Places, addresses: tuple[str, ...], groups: tuple[str, ...], address: Address) -> Answer:
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
