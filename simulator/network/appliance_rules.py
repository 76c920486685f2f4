"""The filter that a user declares for a network virtual appliance, in the normal form of every filter.

Learn: azure/architecture/networking/guide/network-virtual-appliance-high-availability
"""

from __future__ import annotations

from simulator.azure.snapshot import Appliance, ApplianceRule
from simulator.network.filter_rules import PROTOCOL_NUMBERS, FilterRule, address_set, port_ranges
from simulator.network.model import Network


def appliance_rules(network: Network, appliance: Appliance) -> tuple[FilterRule, ...]:
    """The declared rules in order; none at all where the appliance is declared to forward everything."""
    return tuple(_rule(network, appliance, number, rule) for number, rule in enumerate(appliance.rules or (), start=1))


def _rule(network: Network, appliance: Appliance, number: int, rule: ApplianceRule) -> FilterRule:
    ports, unreadable = port_ranges(rule.destination_ports)
    known = rule.protocol.lower() in PROTOCOL_NUMBERS
    doubts = unreadable if known else (*unreadable, f"protocol {rule.protocol!r}")
    return FilterRule(
        id=appliance.network_interface.child("rules", rule.name),
        name=rule.name,
        priority=number,
        action=rule.access,
        protocols=PROTOCOL_NUMBERS.get(rule.protocol.lower(), ()),
        sources=address_set(network, rule.sources),
        destinations=address_set(network, rule.destinations, (), doubts),
        source_ports=((0, 65535),),
        destination_ports=ports,
    )
