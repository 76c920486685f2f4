"""What the resources of an export say of each other, once all of them are read; and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.azure.network_interface import NetworkInterface, VirtualMachine
from simulator.azure.network_manager import NetworkManager
from simulator.azure.platform_service import EventHubNamespace, PlatformService, ServiceBusNamespace, SqlServer
from simulator.azure.private_endpoint import PrivateEndpoint
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Issue
from simulator.sources import resource_issues as issues_of

_SQL_RULES = frozenset({"firewall_rules", "virtual_network_rules"})


def join(resources: dict[ResourceId, Resource]) -> None:
    """Give a NIC without a back reference the virtual machine, or the private endpoint, that names it."""
    for held in [*resources.values()]:
        if isinstance(held, VirtualMachine):
            for reference in held.network_profile.network_interfaces:
                _point_back(resources, reference, "virtual_machine", held.id)
        elif isinstance(held, PrivateEndpoint):
            for reference in held.network_interfaces:
                _point_back(resources, reference, "private_endpoint", held.id)


def _point_back(resources: dict[ResourceId, Resource], nic: ResourceId, field: str, owner: ResourceId) -> None:
    held = resources.get(nic)
    if isinstance(held, NetworkInterface) and getattr(held, field) is None:
        resources[held.id] = held.model_copy(update={field: owner})


def incomplete(resources: Mapping[ResourceId, Resource]) -> Iterator[Issue]:
    """Resources whose child resources decide, where the export has none of them."""
    for held in resources.values():
        if isinstance(held, NetworkManager) and not _has_configurations(held):
            yield issues_of.empty_manager(held.id)
        missing = _missing_rules(held)
        if missing:
            yield issues_of.rules_not_exported(held.id, missing)


def _has_configurations(held: NetworkManager) -> bool:
    found = (held.security_admin_configurations, held.connectivity_configurations, held.routing_configurations)
    return any(found)


def _missing_rules(held: Resource) -> str:
    """The child resources that decide about a service and that the export does not mention; empty where none lack."""
    if isinstance(held, PlatformService) and (held.public_network_access or "").lower() == "disabled":
        return ""
    if isinstance(held, SqlServer) and held.model_fields_set.isdisjoint(_SQL_RULES):
        return "firewallRules and virtualNetworkRules"
    has_rules = not isinstance(held, (EventHubNamespace, ServiceBusNamespace)) or held.sku.name.lower() == "basic"
    return "" if has_rules or "network_rule_sets" in held.model_fields_set else "networkRuleSets"
