"""Rules and routes in a scenario's words, as ARM writes them. Scenario files and change files are read by these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.azure.resource import ResourceId
from simulator.azure.route_table import NEXT_HOP_TYPES
from simulator.sources import scenario_models as models
from simulator.sources.scenario_fields import is_service_tag
from simulator.sources.scenario_managers import AdminRule, RoutingRule

#: What routing configurations call a next hop that route tables call otherwise.
_ROUTING_HOPS = {"None": "NoNextHop"}


def security_rule(
    group: ResourceId,
    rule: models.SecurityRule,
    source_groups: list[ResourceId],
    destination_groups: list[ResourceId],
) -> dict[str, Any]:
    """A rule of a network security group. Application security groups stand in place of a side's addresses."""
    return {
        "id": group.child("securityRules", rule.name),
        "priority": rule.priority,
        "direction": rule.direction,
        "access": rule.access,
        "protocol": rule.protocol,
        **_singular_or_plural("source_address_prefix", "es", [] if source_groups else rule.source),
        **_singular_or_plural("destination_address_prefix", "es", [] if destination_groups else rule.destination),
        **_singular_or_plural("source_port_range", "s", rule.source_ports),
        **_singular_or_plural("destination_port_range", "s", rule.ports),
        "source_application_security_groups": source_groups,
        "destination_application_security_groups": destination_groups,
    }


def admin_rule(collection: ResourceId, rule: AdminRule, groups: Mapping[str, ResourceId]) -> dict[str, Any]:
    """A security admin rule; `groups` are the manager's network groups by name in lower case."""
    return {
        "id": collection.child("rules", rule.name),
        "priority": rule.priority,
        "direction": rule.direction,
        "access": rule.access,
        "protocol": rule.protocol,
        "sources": [_address_item(text, groups) for text in rule.source],
        "destinations": [_address_item(text, groups) for text in rule.destination],
        "source_port_ranges": rule.source_ports,
        "destination_port_ranges": rule.ports,
    }


def routing_rule(collection: ResourceId, rule: RoutingRule) -> dict[str, Any]:
    """A rule of a routing configuration; an address as next hop means VirtualAppliance."""
    kind = NEXT_HOP_TYPES.get(rule.next_hop.strip().lower(), "VirtualAppliance")
    address = rule.next_hop if kind == "VirtualAppliance" else None
    is_tag = is_service_tag(rule.destination)
    return {
        "id": collection.child("rules", rule.name),
        "destination": {"type": "ServiceTag" if is_tag else "AddressPrefix", "destination_address": rule.destination},
        "next_hop": {"next_hop_type": _ROUTING_HOPS.get(kind, kind), "next_hop_address": address},
    }


def user_route(table: ResourceId, name: str, route: models.Route) -> dict[str, Any]:
    """A user-defined route of `table`."""
    kind, addresses = next_hop_of(route)
    is_shared = kind == "VirtualApplianceEcmp"
    return {
        "id": table.child("routes", name),
        "address_prefix": route.prefix,
        "next_hop_type": kind,
        "next_hop_ip_address": None if is_shared else next(iter(addresses), None),
        "next_hop": {"next_hop_ip_addresses": addresses} if is_shared else None,
    }


def next_hop_of(route: models.Route) -> tuple[str, list[str]]:
    """The next hop type and the addresses that a route of the file means; addresses mean appliances."""
    if len(route.next_hop) > 1:
        return "VirtualApplianceEcmp", route.next_hop
    kind = NEXT_HOP_TYPES.get(route.next_hop[0].lower())
    return (kind, [route.ip] if route.ip else []) if kind else ("VirtualAppliance", route.next_hop)


def takes_no_ip(route: models.Route) -> bool:
    """True for a route whose `ip` nothing would read: its next hop is another type, or addresses itself."""
    is_appliance = len(route.next_hop) == 1 and NEXT_HOP_TYPES.get(route.next_hop[0].lower()) == "VirtualAppliance"
    return route.ip is not None and not is_appliance


def _singular_or_plural(name: str, ending: str, values: list[str]) -> dict[str, Any]:
    """ARM puts one value into the singular field and several into the plural one."""
    return {name: values[0]} if len(values) == 1 else {name + ending: values}


def _address_item(text: str, groups: Mapping[str, ResourceId]) -> dict[str, str]:
    """An address, the name of one of the manager's network groups, or a service tag, as ARM tells them apart."""
    group = groups.get(text.strip().lower())
    if group is not None:
        return {"address_prefix": str(group), "address_prefix_type": "NetworkGroup"}
    return {"address_prefix": text, "address_prefix_type": "ServiceTag" if is_service_tag(text) else "IPPrefix"}
