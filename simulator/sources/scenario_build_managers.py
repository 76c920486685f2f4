"""The network managers of a scenario: groups, security admin rules, connectivity, and where they are deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.sources import scenario_managers as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_build import Build, make
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_rules import admin_rule, routing_rule

_ADMIN, _CONNECTIVITY = "security_admin_configurations", "connectivity_configurations"
_ROUTING = "routing_configurations"
_MANAGEMENT_GROUP = "/managementgroups/"


def build_managers(build: Build) -> Iterator[Resource]:
    """Every network manager; reference errors go to `build.errors`."""
    for name, spec in build.scenario.network_managers.items():
        if _included_manager(build, name, spec) is None:
            yield _manager(build, name, spec)


def _manager(build: Build, name: str, spec: models.NetworkManager) -> NetworkManager:
    path: Path = ("network_managers", name)
    identity = build.names.find("network_managers", name, path)
    groups = {group.lower(): identity.child("networkGroups", group) for group in spec.network_groups}

    return make(
        NetworkManager,
        id=identity,
        location=build.region(),
        network_manager_scopes={
            "subscriptions": [scope for scope in spec.scope if _MANAGEMENT_GROUP not in scope.lower()],
            "management_groups": [scope for scope in spec.scope if _MANAGEMENT_GROUP in scope.lower()],
        },
        network_groups=[
            _network_group(build, groups[group.lower()], members, (*path, "network_groups", group))
            for group, members in spec.network_groups.items()
        ],
        security_admin_configurations=[
            _security_admin(
                build, identity.child("securityAdminConfigurations", held), part, groups, (*path, _ADMIN, held)
            )
            for held, part in spec.security_admin_configurations.items()
        ],
        connectivity_configurations=[
            _connectivity(
                build, identity.child("connectivityConfigurations", held), part, groups, (*path, _CONNECTIVITY, held)
            )
            for held, part in spec.connectivity_configurations.items()
        ],
        routing_configurations=[
            _routing(build, identity.child("routingConfigurations", held), part, groups, (*path, _ROUTING, held))
            for held, part in spec.routing_configurations.items()
        ],
    )


def _security_admin(
    build: Build,
    identity: ResourceId,
    spec: models.SecurityAdminConfiguration,
    groups: Mapping[str, ResourceId],
    path: Path,
) -> dict[str, Any]:
    collections = []
    for name, held in spec.rule_collections.items():
        collection = identity.child("ruleCollections", name)
        applies_to = _applies_to(build, groups, held.applies_to, (*path, "rule_collections", name, "applies_to"))
        rules = [admin_rule(collection, rule, groups) for rule in held.rules]
        collections.append({"id": collection, "applies_to_groups": applies_to, "rules": rules})
    applied = spec.apply_on_network_intent_policy_based_services
    return {
        "id": identity,
        "rule_collections": collections,
        "apply_on_network_intent_policy_based_services": [] if applied == "None" else [applied],
    }


def _routing(
    build: Build, identity: ResourceId, spec: models.RoutingConfiguration, groups: Mapping[str, ResourceId], path: Path
) -> dict[str, Any]:
    collections = []
    for name, held in spec.rule_collections.items():
        collection = identity.child("ruleCollections", name)
        applies_to = _applies_to(build, groups, held.applies_to, (*path, "rule_collections", name, "applies_to"))
        collections.append(
            {
                "id": collection,
                "applies_to": applies_to,
                "disable_bgp_route_propagation": str(held.disable_bgp_route_propagation),
                "rules": [routing_rule(collection, rule) for rule in held.rules],
            }
        )
    return {
        "id": identity,
        "route_table_usage_mode": spec.route_table_usage_mode,
        "rule_collections": collections,
    }


def _applies_to(build: Build, groups: Mapping[str, ResourceId], names: list[str], path: Path) -> list[dict[str, Any]]:
    ids = [_of_manager(build, groups, name, "network group", (*path, at)) for at, name in enumerate(names)]
    return [{"network_group_id": group} for group in ids]


def _of_manager(build: Build, known: Mapping[str, ResourceId], name: str, what: str, path: Path) -> ResourceId:
    """The id of something that is named within its network manager only."""
    if "/providers/" in name:
        return ResourceId(name)
    found = known.get(name.lower())
    if found is None:
        hint = did_you_mean(name, [identity.name for identity in known.values()]) or f"write a {what} first"
        message = f"{build.errors.label(path[:-1])}: no {what} is named {name!r}"
        build.errors.add("VNS1205", message, path, hint=hint)
        return ResourceId("/providers/Microsoft.Network/unknown/unknown")
    return found


def _network_group(build: Build, identity: ResourceId, spec: models.NetworkGroup, path: Path) -> dict[str, Any]:
    held = []
    for at, name in enumerate(spec.members):
        is_subnet = ("/" in name and "/providers/" not in name) or "/subnets/" in name.lower()
        find = build.names.find_subnet if is_subnet else partial(build.names.find, "virtual_networks")
        member = find(name, (*path, "members", at))
        held.append({"id": identity.child("staticMembers", f"member-{at + 1}"), "resource_id": member})
    kinds = {ResourceId(str(member["resource_id"])).type for member in held}
    subnets_only = kinds == {"microsoft.network/virtualnetworks/subnets"}
    usual = "Subnet" if subnets_only else "VirtualNetwork"
    return {
        "id": identity,
        "static_members": held,
        "member_type": spec.member_type or usual,
        "policy": spec.policy,
    }


def _connectivity(
    build: Build,
    identity: ResourceId,
    spec: models.ConnectivityConfiguration,
    groups: Mapping[str, ResourceId],
    path: Path,
) -> dict[str, Any]:
    hub = build.names.find_optional("virtual_networks", spec.hub, (*path, "hub"))
    if spec.topology == "HubAndSpoke" and hub is None:
        message = f"{build.errors.label(path)}: hub is missing"
        build.errors.add("VNS1203", message, path, hint="add hub: name-of-the-vnet", at_key=True)
    direct = "DirectlyConnected" if spec.direct or spec.topology == "Mesh" else "None"
    return {
        "id": identity,
        "connectivity_topology": spec.topology,
        "is_global": str(spec.is_global),
        "delete_existing_peering": str(spec.delete_existing_peering),
        "connectivity_capabilities": {"connected_group_address_overlap": spec.group_overlap},
        "hubs": [{"resource_id": hub}] if hub else [],
        "applies_to_groups": [
            group
            | {
                "group_connectivity": direct,
                "is_global": str(spec.is_global),
                "use_hub_gateway": str(spec.use_hub_gateway),
            }
            for group in _applies_to(build, groups, spec.applies_to, (*path, "applies_to"))
        ],
    }


def deployments(build: Build) -> dict[str, tuple[ResourceId, ...]] | None:
    """Region → configurations; None when no network manager of the file says where it is deployed."""
    deployed: dict[str, tuple[ResourceId, ...]] | None = None
    for name, spec in build.scenario.network_managers.items():
        if spec.deployments is None:
            continue
        known = {identity.name.lower(): identity for identity in _configurations(build, name, spec)}
        deployed = deployed or {}
        for region, names in spec.deployments.items():
            path: Path = ("network_managers", name, "deployments", region)
            ids = tuple(_of_manager(build, known, held, "configuration", (*path, at)) for at, held in enumerate(names))
            deployed[build.region(region)] = deployed.get(build.region(region), ()) + ids
    return deployed


def undeclared_managers(build: Build) -> frozenset[ResourceId]:
    """The network managers, of this file and of what it includes, that no `deployments` speaks of."""
    declared: set[ResourceId] = set()
    silent = {manager.id for manager in build.included.all(NetworkManager)}
    for name, spec in build.scenario.network_managers.items():
        held = _included_manager(build, name, spec)
        identity = held.id if held is not None else build.names.own["network_managers"][name.lower()]
        (silent if spec.deployments is None else declared).add(identity)
    return frozenset(silent - declared)


def _included_manager(build: Build, name: str, spec: models.NetworkManager) -> NetworkManager | None:
    """The manager of an included file that an entry is about: one that says nothing but where it is deployed."""
    if spec.model_fields_set != {"deployments"}:
        return None
    found = [held for held in build.included.all(NetworkManager) if held.name.lower() == name.lower()]
    if len(found) > 1:
        path: Path = ("network_managers", name)
        message = f"{len(found)} included network managers are named {name!r}"
        build.errors.add("VNS1205", message, path, hint="include the one that is meant alone", at_key=True)
    return found[0] if found else None


def _configurations(build: Build, name: str, spec: models.NetworkManager) -> Iterator[ResourceId]:
    held = _included_manager(build, name, spec)
    if held is not None:
        found = (held.security_admin_configurations, held.connectivity_configurations, held.routing_configurations)
        yield from (one.id for configurations in found for one in configurations)
        return
    manager = build.names.find("network_managers", name, ("network_managers", name))
    for kind, section in (
        ("securityAdminConfigurations", spec.security_admin_configurations),
        ("connectivityConfigurations", spec.connectivity_configurations),
        ("routingConfigurations", spec.routing_configurations),
    ):
        yield from (manager.child(kind, one) for one in section)
