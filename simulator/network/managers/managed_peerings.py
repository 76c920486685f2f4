"""Peerings that deployed hub-and-spoke configurations make and remove.

Azure Virtual Network Manager makes real peerings, which an export shows. Here they are added where it does not and the
configuration is said to be deployed; where nobody said what is deployed, the export's own peerings are all there are.
Learn: azure/virtual-network-manager/concept-connectivity-configuration#hub-and-spoke-topology
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from simulator.azure.network_manager import ConnectivityConfiguration, GroupItem, NetworkManager
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Issue
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.network.managers.deployments import applies, is_deployed
from simulator.network.managers.manager_scopes import managers_over
from simulator.network.memo import per_network
from simulator.network.model import Network, grouped
from simulator.network.prefixes import readable_prefixes

Pair = frozenset[ResourceId]


class WantedPeering(Struct, frozen=True):
    """A peering that a deployed configuration wants; not `is_certain`: who is in its network group is not known."""

    hub: ResourceId
    spoke: ResourceId
    configuration: ResourceId
    uses_hub_gateway: bool
    is_certain: bool

    @property
    def pair(self) -> Pair:
        return frozenset({self.hub, self.spoke})


def managed_peerings(network: Network) -> tuple[dict[ResourceId, VirtualNetwork], list[Issue]]:
    """The VNets whose links differ from the export's once everything deployed is done, and what could not be done."""
    issues: list[Issue] = []
    made = grouped((link.virtual_network, link) for link in _made(network, issues))
    wanted = {peering.pair for peering in wanted_peerings(network)}
    enforced = _enforced(network)
    changed: dict[ResourceId, VirtualNetwork] = {}
    for held in network.virtual_networks.values():
        kept = (_kept(held.id, link, wanted, enforced) for link in held.virtual_network_peerings)
        links = (*(link for link in kept if link is not None), *made.get(held.id, ()))
        if links != held.virtual_network_peerings:
            changed[held.id] = held.model_copy(update={"virtual_network_peerings": links})
    return changed, issues


def may_be_peered_with(network: Network, virtual_network: ResourceId) -> tuple[ResourceId, ...]:
    """The VNets with which a configuration might peer this one, and to which the export shows no link."""
    doubtful = (
        peering for peering in wanted_peerings(network) if not peering.is_certain and not _is_linked(network, peering)
    )
    return tuple(
        peering.hub if virtual_network == peering.spoke else peering.spoke
        for peering in doubtful
        if virtual_network in peering.pair
    )


@per_network
def wanted_peerings(network: Network) -> tuple[WantedPeering, ...]:
    """Hub with spoke, for every spoke of the export; of several configurations that of the highest manager."""
    found: dict[Pair, WantedPeering] = {}
    for spoke in network.virtual_networks:
        for manager in managers_over(network, spoke):
            for configuration, item in _hub_and_spoke_items(manager):
                if is_deployed(network, configuration.id, spoke) is None:
                    continue
                for peering in _of_item(network, manager, configuration, item, spoke):
                    earlier = found.get(peering.pair)
                    if earlier is None or (peering.is_certain and not earlier.is_certain):
                        found[peering.pair] = peering
    return tuple(found.values())


def _hub_and_spoke_items(manager: NetworkManager) -> Iterator[tuple[ConnectivityConfiguration, GroupItem]]:
    for configuration in manager.connectivity_configurations:
        if configuration.connectivity_topology.lower() == "hubandspoke":
            for item in configuration.applies_to_groups:
                yield configuration, item


def _of_item(
    network: Network,
    manager: NetworkManager,
    configuration: ConnectivityConfiguration,
    item: GroupItem,
    spoke: ResourceId,
) -> Iterator[WantedPeering]:
    """A hub outside the manager's scope, or in a region without the deployment, is not peered."""
    is_spoke = applies(network, manager, configuration.id, (item,), spoke)
    for hub in (held.resource_id for held in configuration.hubs):
        if is_spoke is False or hub == spoke or not _works_on_hub(network, manager, configuration, hub):
            continue
        uses_gateway = item.use_hub_gateway.lower() == "true"
        yield WantedPeering(hub, spoke, configuration.id, uses_gateway, is_spoke is True)


def _works_on_hub(
    network: Network, manager: NetworkManager, configuration: ConnectivityConfiguration, hub: ResourceId
) -> bool:
    """A hub that the export does not hold is taken to be in order."""
    is_held = hub in network.virtual_networks
    in_scope = not is_held or manager in managers_over(network, hub)
    return in_scope and (not is_held or is_deployed(network, configuration.id, hub) is True)


def _made(network: Network, issues: list[Issue]) -> Iterator[VirtualNetworkPeering]:
    """The links that are missing, both sides of each peering; one that Azure would refuse becomes an issue."""
    borrowing = {
        held.id
        for held in network.virtual_networks.values()
        if any(link.use_remote_gateways for link in held.virtual_network_peerings)
    }
    for peering in wanted_peerings(network):
        if not peering.is_certain or _is_linked(network, peering):
            continue
        refusal = _refusal(network, peering, borrowing)
        if refusal is not None:
            issues.append(_refused(peering, refusal))
            continue
        if peering.uses_hub_gateway:
            borrowing.add(peering.spoke)
        for owner, remote in ((peering.spoke, peering.hub), (peering.hub, peering.spoke)):
            if owner in network.virtual_networks and (owner, remote) not in _links(network):
                yield _link(owner, remote, peering)


def _link(owner: ResourceId, remote: ResourceId, peering: WantedPeering) -> VirtualNetworkPeering:
    """A link with the flags that network managers set: exported ones allow forwarded traffic on both sides."""
    name = f"ANM_{owner.name}_{remote.name}"
    return VirtualNetworkPeering.model_validate(
        {
            "id": owner.child("virtualNetworkPeerings", name),
            "name": name,
            "remoteVirtualNetwork": remote,
            "peeringState": "Connected",
            "allowForwardedTraffic": True,
            "allowGatewayTransit": peering.uses_hub_gateway and owner == peering.hub,
            "useRemoteGateways": peering.uses_hub_gateway and owner == peering.spoke,
        }
    )


def _refusal(network: Network, peering: WantedPeering, borrowing: Iterable[ResourceId]) -> str | None:
    """Why Azure makes no connected peering of it; the link of the spoke is missing then, and that of the hub waits."""
    hub, spoke = (network.virtual_networks.get(held) for held in (peering.hub, peering.spoke))
    spaces = [readable_prefixes(held.prefixes) if held else () for held in (hub, spoke)]
    if any(prefix.overlaps(other) for prefix in spaces[0] for other in spaces[1]):
        return "their address spaces overlap"
    if not peering.uses_hub_gateway:
        return None
    if hub is not None and not network.gateways_in(hub.id):
        return "the spokes are to use the hub's gateway, and the hub has none"
    if network.gateways_in(peering.spoke):
        return "the spoke is to use the hub's gateway, and has a gateway of its own"
    return "the spoke already uses the gateways of another peer" if peering.spoke in borrowing else None


def _refused(peering: WantedPeering, why: str) -> Issue:
    message = f"{peering.configuration.name}: {peering.spoke.name} is not peered with {peering.hub.name}: {why}"
    hint = "deploy the configuration again once that is mended"
    return Issue("warning", "VNS2067", message, str(peering.spoke), hint)


def _enforced(network: Network) -> frozenset[ResourceId]:
    """VNets of deployed configurations that delete every peering but those they want."""
    found: set[ResourceId] = set()
    for virtual_network in network.virtual_networks:
        for manager in managers_over(network, virtual_network):
            for configuration in manager.connectivity_configurations:
                deletes = configuration.delete_existing_peering.lower() == "true"
                items = configuration.applies_to_groups
                if deletes and applies(network, manager, configuration.id, items, virtual_network):
                    found.update((virtual_network, *_hubs_deployed(network, configuration)))
    return frozenset(found)


def _hubs_deployed(network: Network, configuration: ConnectivityConfiguration) -> Iterator[ResourceId]:
    for hub in (held.resource_id for held in configuration.hubs):
        if hub in network.virtual_networks and is_deployed(network, configuration.id, hub):
            yield hub


def _kept(
    owner: ResourceId, link: VirtualNetworkPeering, wanted: set[Pair], enforced: frozenset[ResourceId]
) -> VirtualNetworkPeering | None:
    """The link; None once it is deleted; Disconnected where its other side is."""
    remote = link.remote_virtual_network
    if frozenset({owner, remote}) in wanted or not {owner, remote} & enforced:
        return link
    return None if owner in enforced else link.model_copy(update={"peering_state": "Disconnected"})


def _is_linked(network: Network, peering: WantedPeering) -> bool:
    sides = ((peering.hub, peering.spoke), (peering.spoke, peering.hub))
    return all(side in _links(network) for side in sides if side[0] in network.virtual_networks)


@per_network
def _links(network: Network) -> frozenset[tuple[ResourceId, ResourceId]]:
    """(owner, remote) of every link of the export, whatever its state."""
    return frozenset(
        (held.id, link.remote_virtual_network)
        for held in network.virtual_networks.values()
        for link in held.virtual_network_peerings
    )
