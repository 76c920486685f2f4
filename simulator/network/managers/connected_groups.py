"""Connected groups: virtual networks that reach each other without peerings, by a mesh or by direct connectivity.

Learn: azure/virtual-network-manager/concept-connectivity-configuration
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from simulator.azure.network_manager import ConnectivityConfiguration, GroupItem, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.network.managers.deployments import applies
from simulator.network.managers.groups import group_members, region_name
from simulator.network.managers.managed_peerings import may_be_peered_with
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped
from simulator.network.prefixes import readable_prefixes


class ConnectedGroup(Struct, frozen=True):
    """A connected group as one of its members sees it. `members` are the others in the export, by id.

    `outside` are members that the export does not hold: nobody knows their address space.
    """

    group: ResourceId
    members: tuple[ResourceId, ...]
    outside: tuple[ResourceId, ...] = ()


class Mesh(Struct, frozen=True, dict=True):
    """One group that a configuration connects directly.

    `regions`: VNet of the export → its region. `states`: VNet → True for a member, None for one that may be; the others
    are not. `outside`: members that the export does not hold. `refused`: VNets that overlap an earlier member, where
    the configuration allows no overlap, with that member.
    """

    configuration: ResourceId
    group: ResourceId
    is_global: bool
    regions: Mapping[ResourceId, str]
    states: Mapping[ResourceId, bool | None]
    outside: tuple[ResourceId, ...]
    refused: Mapping[ResourceId, ResourceId]

    @cached_property
    def together(self) -> Mapping[str, tuple[ResourceId, ...]]:
        """Region → the members for certain that reach each other there, by id; global ones stand under ""."""
        members = sorted(member for member, state in self.states.items() if state)
        return grouped((self.region_of(member), member) for member in members)

    def region_of(self, member: ResourceId) -> str:
        return "" if self.is_global else self.regions[member]


@per_network
def connected_groups(network: Network, virtual_network: ResourceId) -> tuple[ConnectedGroup, ...]:
    """The connected groups that the VNet is in for certain, by manager, configuration and group.

    Without the members with which it has a subnet peering: that takes preference, and what it leaves out is dropped.
    Learn: azure/virtual-network/how-to-configure-subnet-peering
    """
    left_out = _peered_by_subnets(network, virtual_network)
    groups = (
        (mesh, tuple(member for member in _others(mesh, virtual_network) if member not in left_out))
        for mesh in meshes(network)
        if mesh.states.get(virtual_network, False)
    )
    return tuple(ConnectedGroup(mesh.group, members, mesh.outside) for mesh, members in groups)


def _peered_by_subnets(network: Network, virtual_network: ResourceId) -> frozenset[ResourceId]:
    """The VNets with which this one has a subnet peering: no connected group changes anything between them."""
    links = network.links.get(virtual_network, ())
    return frozenset(link.remote_virtual_network for link in links if not link.peer_complete_vnets)


def connectivity_deployment_unknown(network: Network, virtual_network: ResourceId) -> bool:
    """Might a network manager connect the VNet to others, where nobody said that it does or that it does not?"""
    return bool(possible_neighbours(network, virtual_network))


@per_network
def possible_neighbours(network: Network, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """VNets, also outside the export, to which a network manager might connect this one.

    Because it is not known what is deployed, or who is in a network group.
    """
    left_out = _peered_by_subnets(network, virtual_network)
    doubtful = (other for mesh in meshes(network) for other in _doubtful_others(mesh, virtual_network))
    meshed = (other for other in doubtful if other not in left_out)
    return tuple(dict.fromkeys((*meshed, *may_be_peered_with(network, virtual_network))))


@per_network
def meshes(network: Network) -> tuple[Mesh, ...]:
    """Every group that is connected directly wherever its configuration is deployed."""
    return tuple(
        _mesh(network, manager, configuration, item)
        for manager in network.snapshot.all(NetworkManager)
        for configuration, item in _direct_items(manager)
    )


def is_direct(configuration: ConnectivityConfiguration, item: GroupItem) -> bool:
    is_mesh = configuration.connectivity_topology.lower() == "mesh"
    return is_mesh or item.group_connectivity.lower() == "directlyconnected"


def _direct_items(manager: NetworkManager) -> Iterator[tuple[ConnectivityConfiguration, GroupItem]]:
    for configuration in manager.connectivity_configurations:
        for item in configuration.applies_to_groups:
            if is_direct(configuration, item):
                yield configuration, item


def _mesh(network: Network, manager: NetworkManager, configuration: ConnectivityConfiguration, item: GroupItem) -> Mesh:
    members = group_members(network, item.network_group_id).ids
    listed = (*(member for member in members if member in network.virtual_networks), *network.virtual_networks)
    states = {
        member: state
        for member in dict.fromkeys(listed)
        if (state := applies(network, manager, configuration.id, (item,), member)) is not False
    }
    is_mesh = configuration.connectivity_topology.lower() == "mesh"
    is_global = item.is_global.lower() == "true" or (is_mesh and configuration.is_global.lower() == "true")
    mesh = Mesh(
        configuration.id,
        item.network_group_id,
        is_global,
        {held.id: region_name(held.location) for held in network.virtual_networks.values()},
        states,
        tuple(member for member in members if member not in network.virtual_networks),
        {},
    )
    capabilities = configuration.connectivity_capabilities
    if capabilities.connected_group_address_overlap.lower() != "disallowed":
        return mesh
    refused = _refused(network, mesh)
    kept = {member: state for member, state in states.items() if member not in refused}
    return replace(mesh, states=kept, refused=refused)


def _refused(network: Network, mesh: Mesh) -> dict[ResourceId, ResourceId]:
    """Members that overlap an earlier one, with that one. Azure keeps who was there first; the export's order is
    taken for it (an Issue says so)."""
    admitted: list[ResourceId] = []
    refused: dict[ResourceId, ResourceId] = {}
    is_deployed = any(mesh.states.values())  # where nobody knows, who would be left out is no question all the same
    for member in (one for one, state in mesh.states.items() if state or not is_deployed):
        near = (one for one in admitted if mesh.region_of(one) == mesh.region_of(member))
        other = next((one for one in near if _overlap(network, one, member)), None)
        if other is None:
            admitted.append(member)
        else:
            refused[member] = other
    return refused


def _overlap(network: Network, one: ResourceId, other: ResourceId) -> bool:
    left, right = (readable_prefixes(network.virtual_networks[held].prefixes) for held in (one, other))
    return any(prefix.overlaps(far) for prefix in left for far in right)


def _others(mesh: Mesh, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """The other members for certain: of the same region, unless the connectivity is global."""
    together = mesh.together[mesh.region_of(virtual_network)]
    return tuple(member for member in together if member != virtual_network)


def _doubtful_others(mesh: Mesh, virtual_network: ResourceId) -> Iterator[ResourceId]:
    """Those beside whom the VNet may be a member, or who may be members beside it."""
    if virtual_network not in mesh.states:
        return
    is_certain = mesh.states[virtual_network] is True
    for member, state in mesh.states.items():
        is_near = mesh.region_of(member) == mesh.region_of(virtual_network)
        if member != virtual_network and is_near and not (is_certain and state):
            yield member
    if not is_certain:
        yield from mesh.outside
