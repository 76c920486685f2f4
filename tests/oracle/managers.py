"""What network managers join: connected groups, peerings of hub-and-spoke, routing rules (SEMANTICS 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from simulator.azure.gateway import VirtualNetworkGateway
from simulator.azure.network_manager import (
    ConnectivityConfiguration,
    GroupItem,
    NetworkGroup,
    NetworkManager,
    RoutingRule,
    RoutingRuleCollection,
)
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import Subnet, VirtualNetwork, VirtualNetworkPeering

#: Subnets that take no route table.
WITHOUT_TABLES = {"azurebastionsubnet", "routeserversubnet"}


def region_of(network: VirtualNetwork) -> str:
    return squash_region(network.location)


def squash_region(text: str) -> str:
    return text.lower().replace(" ", "")


def is_untold(snapshot: Snapshot, configuration: ResourceId) -> bool:
    """Whether nobody said what the configuration's manager deploys; an id reads …/networkManagers/<manager>/…."""
    declared = snapshot.declarations
    managers = declared.undeclared_managers
    return declared.deployments is None or any(configuration.key.startswith(f"{held.key}/") for held in managers)


def is_deployed(snapshot: Snapshot, configuration: ResourceId, network: VirtualNetwork) -> bool:
    """Deployed to the region of `network`; when nobody said what is deployed, every configuration may be."""
    if not reaches(snapshot, configuration, network):
        return False
    deployments = snapshot.declarations.deployments
    if deployments is None or is_untold(snapshot, configuration):
        return True
    return any(configuration in ids for name, ids in deployments.items() if squash_region(name) == region_of(network))


def reaches(snapshot: Snapshot, configuration: ResourceId, network: VirtualNetwork) -> bool:
    """Whether the network lies in the scope of the configuration's manager.

    What lies under a management group nobody exports: it is taken to be everything.
    """
    for manager in snapshot.all(NetworkManager):
        if configuration.key.startswith(f"{manager.id.key}/"):
            scopes = manager.network_manager_scopes
            held = {text.rstrip("/").rsplit("/", 1)[-1].lower() for text in scopes.subscriptions}
            return bool(scopes.management_groups) or not held or network.id.subscription.lower() in held
    return True


def find_group(snapshot: Snapshot, reference: ResourceId) -> NetworkGroup | None:
    for manager in snapshot.all(NetworkManager):
        for group in manager.network_groups:
            if group.id == reference:
                return group
    return None


def has_member(group: NetworkGroup | None, identity: ResourceId) -> bool:
    return group is not None and any(member.resource_id == identity for member in group.static_members)


# --- connected groups ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Joined:
    """Another member of a connected group that a network is in; `untold`: only if somebody deployed it."""

    network: VirtualNetwork
    untold: bool


def connected_members(snapshot: Snapshot, network: VirtualNetwork) -> list[Joined]:
    found: list[Joined] = []
    for configuration in _connectivity(snapshot):
        for item in configuration.applies_to_groups:
            if not _is_meshed(configuration, item):
                continue
            members = _members(snapshot, configuration, item)
            if network.id not in {member.id for member in members}:
                continue
            for other in members:
                if other.id != network.id and _together(configuration, item, network, other):
                    found.append(Joined(other, is_untold(snapshot, configuration.id)))
    return found


def _members(snapshot: Snapshot, configuration: ConnectivityConfiguration, item: GroupItem) -> list[VirtualNetwork]:
    """The members of the group where it is deployed; without those that overlap an earlier one, if disallowed."""
    group = find_group(snapshot, item.network_group_id)
    found: list[VirtualNetwork] = []
    disallowed = configuration.connectivity_capabilities.connected_group_address_overlap.lower() == "disallowed"
    for member in group.static_members if group else ():
        network = snapshot.get(member.resource_id, VirtualNetwork)
        if network is None or not is_deployed(snapshot, configuration.id, network):
            continue
        near = [earlier for earlier in found if _together(configuration, item, network, earlier)]
        if not disallowed or not any(_overlap(network, earlier) for earlier in near):
            found.append(network)
    return found


def _together(
    configuration: ConnectivityConfiguration, item: GroupItem, one: VirtualNetwork, other: VirtualNetwork
) -> bool:
    return region_of(one) == region_of(other) or _is_global(configuration, item)


def _overlap(one: VirtualNetwork, other: VirtualNetwork) -> bool:
    pairs = [(ip_network(a), ip_network(b)) for a in one.prefixes for b in other.prefixes]
    return any(a.version == b.version and a.overlaps(b) for a, b in pairs)


def _connectivity(snapshot: Snapshot) -> Iterator[ConnectivityConfiguration]:
    for manager in snapshot.all(NetworkManager):
        yield from manager.connectivity_configurations


def _is_mesh(configuration: ConnectivityConfiguration) -> bool:
    return configuration.connectivity_topology.lower() == "mesh"


def _is_meshed(configuration: ConnectivityConfiguration, item: GroupItem) -> bool:
    """Mesh, or a hub-and-spoke whose spokes reach each other directly."""
    return _is_mesh(configuration) or item.group_connectivity.lower() == "directlyconnected"


def _is_global(configuration: ConnectivityConfiguration, item: GroupItem) -> bool:
    texts = [item.is_global] + ([configuration.is_global] if _is_mesh(configuration) else [])
    return any(text.lower() == "true" for text in texts)


# --- peerings of hub-and-spoke ------------------------------------------------------------------------------------
def hub_links(snapshot: Snapshot, network: VirtualNetwork) -> list[VirtualNetworkPeering]:
    """The links of `network`: those of the export, and those that a deployed hub-and-spoke adds or takes away.

    Of an undeclared deployment nothing is doubted here: an export shows the peerings that it made.
    """
    spokes = [held for held in _told_spokes(snapshot) if network.id in (held[0].id, held[1].id)]
    kept = [link for link in network.virtual_network_peerings if not _is_deleted(snapshot, network, link)]
    for hub, spoke, item in spokes:
        transits = item.use_hub_gateway.lower() == "true"
        if transits and not has_gateway(snapshot, hub):
            continue  # Azure refuses the spoke's link, and the hub's stays unconnected.
        remote = spoke if network.id == hub.id else hub
        flags = {"allowGatewayTransit" if network.id == hub.id else "useRemoteGateways": transits}
        if remote.id not in {link.remote_virtual_network for link in kept}:
            kept.append(_link(network, remote, **flags))
    return kept


def _is_deleted(snapshot: Snapshot, network: VirtualNetwork, link: VirtualNetworkPeering) -> bool:
    """Whether a deployed configuration with deleteExistingPeering takes the peering of either of its ends away."""
    ends = {network.id, link.remote_virtual_network}
    for configuration in _connectivity(snapshot):
        if configuration.delete_existing_peering.lower() != "true" or is_untold(snapshot, configuration.id):
            continue
        pairs = [{hub.id, spoke.id} for hub, spoke, _ in _spokes(snapshot, configuration)]
        meshed = {
            member.id
            for item in configuration.applies_to_groups
            if _is_mesh(configuration)
            for member in _members(snapshot, configuration, item)
        }
        if ends not in pairs and ends & (meshed | {one for pair in pairs for one in pair}):
            return True
    return False


def _told_spokes(snapshot: Snapshot) -> Iterator[tuple[VirtualNetwork, VirtualNetwork, GroupItem]]:
    for configuration in _connectivity(snapshot):
        if not _is_mesh(configuration) and not is_untold(snapshot, configuration.id):
            yield from _spokes(snapshot, configuration)


def _spokes(
    snapshot: Snapshot, configuration: ConnectivityConfiguration
) -> Iterator[tuple[VirtualNetwork, VirtualNetwork, GroupItem]]:
    for hub in snapshot.virtual_networks:
        if not any(held.resource_id == hub.id for held in configuration.hubs):
            continue
        for item in configuration.applies_to_groups:
            group = find_group(snapshot, item.network_group_id)
            for spoke in snapshot.virtual_networks:
                is_there = all(is_deployed(snapshot, configuration.id, held) for held in (hub, spoke))
                if is_there and spoke.id != hub.id and has_member(group, spoke.id):
                    yield hub, spoke, item


def has_gateway(snapshot: Snapshot, network: VirtualNetwork) -> bool:
    subnets = {subnet.id for subnet in network.subnets}
    gateways = snapshot.all(VirtualNetworkGateway)
    return any(held.subnet in subnets for gateway in gateways for held in gateway.ip_configurations)


def _link(owner: VirtualNetwork, remote: VirtualNetwork, **flags: bool) -> VirtualNetworkPeering:
    fields = {"id": str(owner.id.child("virtualNetworkPeerings", f"avnm-{remote.name}")), "allowForwardedTraffic": True}
    return VirtualNetworkPeering.model_validate(fields | {"remoteVirtualNetwork": str(remote.id)} | flags)


# --- routing rules ------------------------------------------------------------------------------------------------
def routing_collections(snapshot: Snapshot, subnet: Subnet, network: VirtualNetwork) -> list[RoutingRuleCollection]:
    """The collections of routing rules, known to be deployed, whose groups hold the subnet or its network."""
    found: list[RoutingRuleCollection] = []
    if subnet.name.lower() in WITHOUT_TABLES:
        return found
    for manager in snapshot.all(NetworkManager):
        for configuration in manager.routing_configurations:
            if is_untold(snapshot, configuration.id) or not is_deployed(snapshot, configuration.id, network):
                continue
            for collection in configuration.rule_collections:
                groups = [find_group(snapshot, item.network_group_id) for item in collection.applies_to]
                if any(has_member(group, network.id) or has_member(group, subnet.id) for group in groups):
                    found.append(collection)
    return found


def routing_rules(snapshot: Snapshot, subnet: Subnet, network: VirtualNetwork) -> list[RoutingRule]:
    collections = routing_collections(snapshot, subnet, network)
    return [rule for collection in collections for rule in collection.rules]
