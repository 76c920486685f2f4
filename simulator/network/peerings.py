"""Peering links: which prefixes each brings, and which gateways it lends.

Learn: azure/virtual-network/virtual-network-peering-overview, azure/virtual-network/how-to-configure-subnet-peering
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.network.managers.connected_groups import connected_groups
from simulator.network.memo import per_network
from simulator.network.model import Gateway, Network, grouped
from simulator.network.prefixes import holds, readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix


def connected_links(snapshot: Snapshot) -> dict[ResourceId, tuple[VirtualNetworkPeering, ...]]:
    """VNet → its links in state Connected; a link in any other state carries nothing."""
    return grouped(
        (network.id, link)
        for network in snapshot.virtual_networks
        for link in network.virtual_network_peerings
        if link.peering_state.lower() == "connected"
    )


@per_network
def remote_prefixes(network: Network, virtual_network: ResourceId, remote: ResourceId) -> tuple[str, ...]:
    """The prefixes that the VNet's link to `remote` turns into routes on all of its subnets; () without a link."""
    link = next(
        (held for held in network.links.get(virtual_network, ()) if held.remote_virtual_network == remote), None
    )
    return () if link is None else link_prefixes(network.virtual_networks.get(remote), link)


def link_prefixes(remote: VirtualNetwork | None, link: VirtualNetworkPeering) -> tuple[str, ...]:
    """The remote address space as it was last synced, or the listed remote subnets of a subnet peering.

    A link that holds no synced space (a template, a plan) stands for the remote VNet as it is in the snapshot.
    """
    synced = link.remote_address_space.address_prefixes if link.remote_address_space else ()
    current = link.remote_virtual_network_address_space
    if is_subnet_peering(link):
        prefixes = _listed_subnet_prefixes(remote, link) or synced
    else:
        prefixes = synced or (remote.prefixes if remote else ()) or (current.address_prefixes if current else ())
    read = ((text, readable_prefix(text)) for text in prefixes)
    ipv6_only = link.enable_only_ipv6_peering
    return tuple(text for text, prefix in read if prefix is not None and not (ipv6_only and prefix.is_ipv4))


def is_subnet_peering(link: VirtualNetworkPeering) -> bool:
    return not link.peer_complete_vnets


def _listed_subnet_prefixes(remote: VirtualNetwork | None, link: VirtualNetworkPeering) -> tuple[str, ...]:
    listed = {name.lower() for name in link.remote_subnet_names}
    subnets = remote.subnets if remote else ()
    return tuple(text for subnet in subnets if subnet.name.lower() in listed for text in subnet.prefixes)


@per_network
def peered_spaces(network: Network, virtual_network: ResourceId) -> tuple[tuple[ResourceId, tuple[Prefix, ...]], ...]:
    """Each directly peered VNet with the prefixes that its link brings."""
    return tuple(
        (
            link.remote_virtual_network,
            readable_prefixes(remote_prefixes(network, virtual_network, link.remote_virtual_network)),
        )
        for link in network.links.get(virtual_network, ())
    )


@per_network
def gateways_serving(network: Network, virtual_network: ResourceId) -> tuple[Gateway, ...]:
    """The VNet's own gateways, and those of each peer whose gateways it uses and which allows the transit."""
    lent = (
        gateway
        for link in network.links.get(virtual_network, ())
        if link.use_remote_gateways and lends_gateways(network, link.remote_virtual_network, virtual_network)
        for gateway in network.gateways_in(link.remote_virtual_network)
    )
    return (*network.gateways_in(virtual_network), *lent)


def lends_gateways(network: Network, hub: ResourceId, spoke: ResourceId) -> bool:
    """Whether the hub's own link to the spoke allows gateway transit."""
    link = network.peerings.get((hub, spoke))
    return link is not None and link.allow_gateway_transit


def hubs_outside_export(network: Network, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """VNets whose gateways the VNet uses, but which the export does not hold: what they learned cannot be known."""
    return tuple(
        link.remote_virtual_network
        for link in network.links.get(virtual_network, ())
        if link.use_remote_gateways and link.remote_virtual_network not in network.virtual_networks
    )


def unknown_gateways(network: Network, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """Gateways that serve the VNet and whose learned routes are not known, and hubs outside the export."""
    unknown = (gateway.id for gateway in gateways_serving(network, virtual_network) if gateway.routes is None)
    return (*unknown, *hubs_outside_export(network, virtual_network))


def peers_of_unknown_space(network: Network, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """Peers that the export does not hold and whose address space no link tells: what lies there cannot be known.

    Members of the VNet's connected groups count as peers.
    """
    peers = (
        link.remote_virtual_network
        for link in network.links.get(virtual_network, ())
        if link.remote_virtual_network not in network.virtual_networks and not link_prefixes(None, link)
    )
    members = (one for group in connected_groups(network, virtual_network) for one in group.outside)
    return tuple(dict.fromkeys((*peers, *members)))


@per_network
def home_of(network: Network, virtual_network: ResourceId, address: Prefix) -> ResourceId | None:
    """The VNet that holds `address` as seen from `virtual_network`: itself or a directly peered one; else None."""
    own = network.virtual_networks.get(virtual_network)
    if own is not None and _holds(readable_prefixes(own.prefixes), address):
        return virtual_network
    return next((peer for peer, space in peered_spaces(network, virtual_network) if _holds(space, address)), None)


def _holds(space: Iterable[Prefix], address: Prefix) -> bool:
    return any(holds(prefix, address) for prefix in space)
