"""What network managers have deployed where, and which of their configurations apply to a virtual network.

Learn: azure/virtual-network-manager/concept-deployments
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.azure.network_manager import GroupItem, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.network.managers.groups import membership, region_name
from simulator.network.managers.manager_scopes import managers_over
from simulator.network.managers.policy_conditions import all_of, any_of
from simulator.network.memo import per_network
from simulator.network.model import Network


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


def applies(
    network: Network,
    manager: NetworkManager,
    configuration: ResourceId,
    items: Iterable[GroupItem],
    virtual_network: ResourceId,
    subnet: ResourceId | None = None,
) -> bool | None:
    """Does the configuration work on a VNet of the export through one of the groups? None where that is not known.

    It does when the manager's scope holds the VNet, the VNet is a member, and the configuration is deployed to its
    region. With `subnet`: the subnet may be the member as well as its VNet.
    """
    if manager not in managers_over(network, virtual_network):
        return False
    members = (virtual_network,) if subnet is None else (virtual_network, subnet)
    held = any_of(membership(network, items, member) for member in members)
    return False if held is False else all_of((held, is_deployed(network, configuration, virtual_network)))
