"""Network security groups: one group decides one packet in one direction (SEMANTICS 1.1-1.5)."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup, SecurityRule
from simulator.azure.virtual_network import Subnet
from tests.oracle.judgement import Address, Direction, Fate, Packet
from tests.oracle.places import Places
from tests.oracle.rules import Answer, address_answer, application_group_answer, ports_answer, protocol_answer


def pass_security_group(
    places: Places,
    group: NetworkSecurityGroup,
    direction: Direction,
    packet: Packet,
    subnet: Subnet,
    *,
    any_source_port: bool = False,
) -> ResourceId:
    """The id of the rule that lets the packet pass. Raises Fate when a rule denies or it cannot be told."""
    for rule in group.rules(direction):
        answer = min(
            without_destination(places, rule, packet, subnet, any_source_port=any_source_port),
            _side(places, rule.destination_application_security_groups, rule.destinations, packet.destination, subnet),
        )
        if passes(answer, rule):
            return rule.id
    raise AssertionError("the default rules match everything")


def passes(answer: Answer, rule: SecurityRule) -> bool:
    """Whether the rule lets the packet pass; False when it does not match. Raises Fate when it denies, or may."""
    if answer.doubt:
        raise Fate(answer.doubt, rule.id)
    if answer == Answer.YES and rule.access == "Deny":
        raise Fate("NSG_DEFAULT_DENY" if rule.is_default else "NSG_RULE_DENY", rule.id)
    return answer == Answer.YES


def without_destination(
    places: Places, rule: SecurityRule, packet: Packet, subnet: Subnet, *, any_source_port: bool = False
) -> Answer:
    """Whether everything but the destination's address matches."""
    source_ports = (
        Answer.YES if any_source_port else ports_answer(rule.source_ports, packet.source_port, packet.protocol)
    )
    return min(
        protocol_answer(places, rule.protocol, packet.protocol, is_default=rule.is_default),
        source_ports,
        ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
        _side(places, rule.source_application_security_groups, rule.sources, packet.source, subnet),
    )


def _side(
    places: Places, groups: tuple[ResourceId, ...], items: tuple[str, ...], address: Address, subnet: Subnet
) -> Answer:
    if groups:
        return application_group_answer(places, groups, address)
    return address_answer(places, items, address, subnet)
