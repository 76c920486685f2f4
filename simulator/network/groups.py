"""Network groups of Azure Virtual Network Manager: who is in them, and what is deployed where.

Learn: azure/virtual-network-manager/concept-network-groups, azure/virtual-network-manager/concept-deployments
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.azure.network_manager import ConnectivityConfiguration, GroupItem, NetworkGroup, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped


@dataclass(frozen=True)
class ConnectedGroup:
    """VNets that reach each other without peerings. `members` are the others in the export, by id."""

    group: ResourceId
    members: tuple[ResourceId, ...]


def managers_in_scope_order(network: Network) -> tuple[NetworkManager, ...]:
    """Managers over management groups first, then those over subscriptions; among equals by id.

    Azure lets the higher scope win. The order of management groups among each other is not in an export.
    """
    managers = network.snapshot.all(NetworkManager)
    return tuple(sorted(managers, key=lambda manager: not manager.network_manager_scopes.management_groups))


@per_network
def network_groups(network: Network) -> dict[ResourceId, NetworkGroup]:
    managers = network.snapshot.all(NetworkManager)
    return {group.id: group for manager in managers for group in manager.network_groups}


def group_members(network: Network, group: ResourceId) -> tuple[ResourceId, ...] | None:
    """The static members, by id; None when the group is not in the export or has none (Azure Policy may fill it)."""
    held = network_groups(network).get(group)
    if held is None or not held.static_members:
        return None
    return tuple(sorted({member.resource_id for member in held.static_members}))


@per_network
def groups_of_members(network: Network) -> dict[ResourceId, frozenset[ResourceId]]:
    """Member (VNet or subnet) → the groups it is in."""
    pairs = grouped(
        (member.resource_id, group.id) for group in network_groups(network).values() for member in group.static_members
    )
    return {member: frozenset(groups) for member, groups in pairs.items()}


def applies_to(network: Network, items: tuple[GroupItem, ...], virtual_network: ResourceId) -> tuple[GroupItem, ...]:
    """The items whose group has the VNet as a member."""
    groups = groups_of_members(network).get(virtual_network, frozenset())
    return tuple(item for item in items if item.network_group_id in groups)


def region_name(location: str) -> str:
    """``West Europe`` and ``westeurope`` are one region."""
    return "".join(location.split()).lower()


@per_network
def _deployments(network: Network) -> dict[str, frozenset[ResourceId]]:
    declared = network.snapshot.declarations.deployments or {}
    return {region_name(region): frozenset(configurations) for region, configurations in declared.items()}


def is_deployed(network: Network, configuration: ResourceId, virtual_network: ResourceId) -> bool | None:
    """Whether the configuration is deployed to the VNet's region; None when nobody said what is deployed."""
    if not network.snapshot.declarations.are_deployments_known(configuration.parent):
        return None
    region = region_name(network.virtual_networks[virtual_network].location)
    return configuration in _deployments(network).get(region, ())


@per_network
def connected_groups(network: Network, virtual_network: ResourceId) -> tuple[ConnectedGroup, ...]:
    """The connected groups that a deployed mesh, or direct connectivity between spokes, puts the VNet in."""
    return tuple(
        ConnectedGroup(item.network_group_id, _others(network, configuration, item, virtual_network))
        for configuration, item in _direct_connectivity(network, virtual_network)
        if is_deployed(network, configuration.id, virtual_network)
    )


def connectivity_deployment_unknown(network: Network, virtual_network: ResourceId) -> bool:
    """Whether a configuration would connect the VNet directly to others, and nobody said if it is deployed."""
    return any(
        is_deployed(network, configuration.id, virtual_network) is None
        for configuration, _ in _direct_connectivity(network, virtual_network)
    )


def _direct_connectivity(
    network: Network, virtual_network: ResourceId
) -> Iterator[tuple[ConnectivityConfiguration, GroupItem]]:
    for manager in managers_in_scope_order(network):
        for configuration in manager.connectivity_configurations:
            is_mesh = configuration.connectivity_topology.lower() == "mesh"
            for item in applies_to(network, configuration.applies_to_groups, virtual_network):
                if is_mesh or item.group_connectivity.lower() == "directlyconnected":
                    yield configuration, item


def _others(
    network: Network, configuration: ConnectivityConfiguration, item: GroupItem, virtual_network: ResourceId
) -> tuple[ResourceId, ...]:
    """The other members in the export: of the same region, unless the connectivity is global."""
    is_global = "true" in {configuration.is_global.lower(), item.is_global.lower()}
    region = region_name(network.virtual_networks[virtual_network].location)
    members = (network.virtual_networks.get(member) for member in group_members(network, item.network_group_id) or ())
    return tuple(
        member.id
        for member in members
        if member is not None
        and member.id != virtual_network
        and (is_global or region_name(member.location) == region)
        and is_deployed(network, configuration.id, member.id)
    )
