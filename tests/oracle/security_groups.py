"""Network security groups: one group decides one packet in one direction (SEMANTICS 1.1-1.5)."""

from __future__ import annotations

from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup, SecurityRule
from simulator.azure.virtual_network import Subnet
from tests.oracle.judgement import Address, Direction, Fate, Packet
from tests.oracle.places import Places
from tests.oracle.rules import Answer, address_answer, application_group_answer, ports_answer, protocol_answer


def pass_security_group(
    places: Places, group: NetworkSecurityGroup, direction: Direction, packet: Packet, subnet: Subnet
) -> ResourceId:
    """The id of the rule that lets the packet pass. Raises Fate when a rule denies or it cannot be told."""
    for rule in group.rules(direction):
        answer = _answer(places, rule, packet, subnet)
        if answer.doubt:
            raise Fate(answer.doubt, rule.id)
        if answer == Answer.YES:
            if rule.access == "Deny":
                raise Fate("NSG_DEFAULT_DENY" if rule.is_default else "NSG_RULE_DENY", rule.id)
            return rule.id
    raise AssertionError("the default rules match everything")


def _answer(places: Places, rule: SecurityRule, packet: Packet, subnet: Subnet) -> Answer:
    sides = (
        (rule.source_application_security_groups, rule.sources, packet.source),
        (rule.destination_application_security_groups, rule.destinations, packet.destination),
    )
    return min(
        protocol_answer(rule.protocol, packet.protocol),
        ports_answer(rule.source_ports, packet.source_port, packet.protocol),
        ports_answer(rule.destination_ports, packet.destination_port, packet.protocol),
        *(_side(places, groups, items, address, subnet) for groups, items, address in sides),
    )


def _side(
    places: Places, groups: tuple[ResourceId, ...], items: tuple[str, ...], address: Address, subnet: Subnet
) -> Answer:
    if groups:
        return application_group_answer(places, groups, address)
    return address_answer(places, items, address, subnet)
