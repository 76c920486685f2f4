"""The network managers of a scenario: groups, security admin rules, connectivity, and where they are deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.sources import scenario_services as models
from simulator.sources.problems import did_you_mean
from simulator.sources.scenario_build import Build, make
from simulator.sources.scenario_errors import Path
from simulator.sources.scenario_rules import admin_rule

_ADMIN, _CONNECTIVITY = "security_admin_configurations", "connectivity_configurations"


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
        network_manager_scopes={"subscriptions": spec.scope},
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
    return {"id": identity, "rule_collections": collections}


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


def _network_group(build: Build, identity: ResourceId, members: list[str], path: Path) -> dict[str, Any]:
    held = []
    for at, name in enumerate(members):
        is_subnet = ("/" in name and "/providers/" not in name) or "/subnets/" in name.lower()
        member = (
            build.names.find_subnet(name, (*path, at))
            if is_subnet
            else build.names.find("virtual_networks", name, (*path, at))
        )
        held.append({"id": identity.child("staticMembers", f"member-{at + 1}"), "resource_id": member})
    kinds = {ResourceId(str(member["resource_id"])).type for member in held}
    subnets_only = kinds == {"microsoft.network/virtualnetworks/subnets"}
    return {"id": identity, "static_members": held, "member_type": "Subnet" if subnets_only else "VirtualNetwork"}


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
        yield from (one.id for one in (*held.security_admin_configurations, *held.connectivity_configurations))
        return
    manager = build.names.find("network_managers", name, ("network_managers", name))
    for kind, section in (
        ("securityAdminConfigurations", spec.security_admin_configurations),
        ("connectivityConfigurations", spec.connectivity_configurations),
    ):
        yield from (manager.child(kind, one) for one in section)
