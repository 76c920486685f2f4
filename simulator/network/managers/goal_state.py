"""The goal state of network managers: the resources that their deployments make, beside those that were read.

Learn: azure/virtual-network-manager/concept-deployments#goal-state-model
"""

from __future__ import annotations

from msgspec.structs import replace

from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import Issue, Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork
from simulator.network.managers.managed_peerings import managed_peerings
from simulator.network.managers.managed_routes import managed_routes
from simulator.network.model import Network, grouped


def goal_state(network: Network) -> tuple[Snapshot, tuple[Issue, ...]]:
    """The network's snapshot with the peerings and route tables that deployments make, and what they could not do.

    The very same snapshot where they change nothing: an export that shows their work already is left as it is.
    """
    if not network.snapshot.all(NetworkManager):
        return network.snapshot, ()
    peered, peering_issues = managed_peerings(network)
    routed = managed_routes(network)
    changed: dict[ResourceId, Resource] = {**peered, **routed.tables}
    for owner, subnets in grouped((held.virtual_network, held) for held in routed.subnets.values()).items():
        changed[owner] = _with_subnets(peered.get(owner, network.virtual_networks[owner]), subnets)
    issues = (*peering_issues, *routed.issues)
    if not changed:
        return network.snapshot, issues
    return replace(network.snapshot, resources={**network.snapshot.resources, **changed}), issues


def _with_subnets(owner: VirtualNetwork, changed: tuple[Subnet, ...]) -> VirtualNetwork:
    by_id = {subnet.id: subnet for subnet in changed}
    return owner.model_copy(update={"subnets": tuple(by_id.get(held.id, held) for held in owner.subnets)})
