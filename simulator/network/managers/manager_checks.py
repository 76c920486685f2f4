"""What is wrong, or not known, about network managers: their scopes, groups, admin rules and deployments.

Learn: azure/virtual-network-manager/concept-network-manager-scope,
azure/virtual-network-manager/concept-security-admins
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from simulator.azure.network_manager import AdminRule, GroupItem, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Issue
from simulator.network.managers.connected_groups import Mesh, meshes
from simulator.network.managers.group_spaces import shared_space
from simulator.network.managers.groups import group_members, is_told, network_groups, policies_not_understood
from simulator.network.managers.manager_scopes import managers_over, scopes_of
from simulator.network.model import Network
from simulator.network.rule_checks import check_addresses, check_ports, check_priority
from simulator.space.addresses import as_cidrs

LOWEST_ADMIN_PRIORITY = 1
_FEATURES = ("Connectivity", "SecurityAdmin", "Routing")


def check_managers(network: Network) -> Iterator[Issue]:
    managers = network.snapshot.all(NetworkManager)
    for manager in managers:
        yield from _deployments(network, manager)
        for rule in _admin_rules(manager):
            yield from _admin_rule(network, manager, rule)
        yield from _equal_priorities(manager)
        for group in sorted({item.network_group_id for item in _targets(manager)}):
            yield from _network_group(network, manager, group)
    for one, other in combinations(managers, 2):
        yield from _shared_scope(one, other)
    for mesh in meshes(network):
        yield from _overlaps(network, mesh)


def _deployments(network: Network, manager: NetworkManager) -> Iterator[Issue]:
    configurations = (
        *manager.security_admin_configurations,
        *manager.connectivity_configurations,
        *manager.routing_configurations,
    )
    if configurations and not network.snapshot.declarations.are_deployments_known(manager.id):
        names = ", ".join(held.name for held in configurations)
        message = f"{manager.name}: nobody says whether {names} is deployed, and where"
        hint = "declare network_managers.<name>.deployments: {region: [configuration]} in a scenario"
        yield Issue("warning", "VNS2016", message, str(manager.id), hint)
    own = {held.id for held in manager.security_admin_configurations}
    for region, deployed in (network.snapshot.declarations.deployments or {}).items():
        names = ", ".join(held.name for held in deployed if held in own)
        if len(own & set(deployed)) > 1:
            message = f"{manager.name}: {names} are deployed to {region} together; Azure keeps one there"
            hint = "put the rule collections into one security admin configuration"
            yield Issue("warning", "VNS2063", message, str(manager.id), hint)


def _admin_rules(manager: NetworkManager) -> Iterator[AdminRule]:
    for configuration in manager.security_admin_configurations:
        for collection in configuration.rule_collections:
            yield from collection.rules


def _admin_rule(network: Network, manager: NetworkManager, rule: AdminRule) -> Iterator[Issue]:
    name = f"{manager.name}/{rule.name}"
    yield from check_priority(name, rule.priority, LOWEST_ADMIN_PRIORITY, rule.id)
    yield from check_ports(name, rule.id, (*rule.source_port_ranges, *rule.destination_port_ranges))
    for item in (*rule.sources, *rule.destinations):
        if item.address_prefix_type.lower() == "networkgroup":
            yield from _network_group(network, manager, ResourceId(item.address_prefix))
        else:
            yield from check_addresses(network, name, rule.id, (item.address_prefix,), ())


def _equal_priorities(manager: NetworkManager) -> Iterator[Issue]:
    for configuration in manager.security_admin_configurations:
        first: dict[tuple[str, int], AdminRule] = {}
        for rule in (rule for collection in configuration.rule_collections for rule in collection.rules):
            held = first.setdefault((rule.direction, rule.priority), rule)
            if held is not rule and held.access != rule.access:
                message = f"{manager.name}/{rule.name}: priority {rule.priority} is also that of {held.name}"
                hint = "Azure does not document which comes first; Deny, then AlwaysAllow, then Allow is assumed"
                yield Issue("warning", "VNS2024", message, str(rule.id), hint)


def _targets(manager: NetworkManager) -> Iterator[GroupItem]:
    """The groups that the manager's configurations work on."""
    for connectivity in manager.connectivity_configurations:
        yield from connectivity.applies_to_groups
    for security in manager.security_admin_configurations:
        for admin in security.rule_collections:
            yield from admin.applies_to_groups
    for routing in manager.routing_configurations:
        for collection in routing.rule_collections:
            yield from collection.applies_to


def _network_group(network: Network, manager: NetworkManager, group: ResourceId) -> Iterator[Issue]:
    held = network_groups(network).get(group)
    if not is_told(network, group):
        what = "is not in the export" if held is None else "has no members in the export"
        message = f"{manager.name}: the network group {group.name} {what}; who is in it is not known"
        hint = "list its members, or export the Azure Policy that adds them; until then what it decides is UNKNOWN"
        yield Issue("warning", "VNS2022", message, str(group), hint)
        return
    doubtful = policies_not_understood(network, group)
    if doubtful:
        message = f"{manager.name}: the policy of {group.name} does not tell whether {_listed(doubtful)} is in it"
        hint = "policies on name, id, type, location, tags, resource group and subscription are understood"
        yield Issue("warning", "VNS2071", message, str(group), hint)
    for member in group_members(network, group).ids:
        owner = member.parent if member in network.subnets else member
        if owner in network.virtual_networks and manager not in managers_over(network, owner):
            message = f"{manager.name}: {member.name} is in {group.name}, but not in the scope of the manager"
            yield Issue("info", "VNS2061", message, str(member), "nothing that is deployed reaches it")


def _shared_scope(one: NetworkManager, other: NetworkManager) -> Iterator[Issue]:
    scopes = {scope.lower() for scope in scopes_of(one)} & {scope.lower() for scope in scopes_of(other)}
    for feature in _FEATURES:
        if scopes and feature in _features(one) and feature in _features(other):
            message = f"{one.name} and {other.name} both manage {feature} of {', '.join(sorted(scopes))}"
            hint = "Azure takes one network manager for each scope and feature; the one with the lower id comes first"
            yield Issue("warning", "VNS2062", message, str(other.id), hint)


def _features(manager: NetworkManager) -> set[str]:
    """What the manager says it manages; else what it has configurations for."""
    said = {feature.lower() for feature in manager.network_manager_scope_accesses}
    held = (
        manager.connectivity_configurations,
        manager.security_admin_configurations,
        manager.routing_configurations,
    )
    used = (feature for feature, configurations in zip(_FEATURES, held, strict=True) if configurations)
    return {feature for feature in _FEATURES if feature.lower() in said} if said else set(used)


def _overlaps(network: Network, mesh: Mesh) -> Iterator[Issue]:
    for member, other in mesh.refused.items():
        message = f"{mesh.configuration.name}: {member.name} overlaps {other.name}, and the group allows no overlap"
        hint = "Azure keeps the one that came first; the order of the export is taken for it"
        yield Issue("warning", "VNS2068", message, str(member), hint)
    for together in mesh.together.values():
        shared = shared_space(network, together)
        if shared:
            ranges = ", ".join(as_cidrs(shared))
            message = f"{mesh.configuration.name}: more than one member of {mesh.group.name} reaches {ranges}"
            hint = "Azure drops what members send there; give each its own range"
            yield Issue("warning", "VNS2068", message, str(mesh.group), hint)


def _listed(places: tuple[ResourceId, ...]) -> str:
    return ", ".join(place.name for place in places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
