"""Peering two virtual networks, and taking their peering away: both of its links at once.

Learn: azure/virtual-network/virtual-network-manage-peering
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from simulator.azure.snapshot import Snapshot
from simulator.azure.virtual_network import VirtualNetwork, VirtualNetworkPeering
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.network.peerings import peered_spaces
from simulator.network.prefixes import readable_prefixes
from simulator.whatif.lookup import find, free_name
from simulator.whatif.step import Body, Position

Pair = tuple[VirtualNetwork, VirtualNetwork]


class PeerVirtualNetworks(Struct, frozen=True):
    """Both links, connected; neither lends a gateway. `forwarded_traffic` is that of both."""

    vnets: tuple[str, str]
    forwarded_traffic: bool
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> PeerVirtualNetworks:
        body = Body.of(value, position, keys=("vnets", "forwarded_traffic"))
        forwarded = body.flag("forwarded_traffic") if body.has("forwarded_traffic") else False
        return cls(_two_names(body), forwarded, position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        one, other = pair = _pair(snapshot, self.vnets, self.position)
        network = build_network(snapshot)
        self._refuse_peered(network, pair)
        self._refuse_overlap_with_peers(network, pair)
        for owner, remote in (pair, pair[::-1]):
            link = _link(owner, remote, forwarded_traffic=self.forwarded_traffic)
            links = (*owner.virtual_network_peerings, link)
            snapshot = snapshot.with_resource(owner.model_copy(update={"virtual_network_peerings": links}))
        if not _is_peered(build_network(snapshot), pair):
            message = f"a network manager takes the peering of {one.name} and {other.name} away (deleteExistingPeering)"
            raise self.position.error("VNS4009", message, "peer them in its configuration")
        return snapshot

    def _refuse_peered(self, network: Network, pair: Pair) -> None:
        for link in _links(pair):
            message = (
                f"{link.virtual_network.name} has the link {link.name} to {link.remote_virtual_network.name} already"
            )
            raise self.position.error("VNS4007", message, f"it is {link.peering_state}; remove_peering takes it away")
        if _is_peered(network, pair):
            message = f"a network manager peers {pair[0].name} and {pair[1].name} already"
            raise self.position.error("VNS4007", message, "leave the step out")

    def _refuse_overlap_with_peers(self, network: Network, pair: Pair) -> None:
        """VnetAddressSpaceOverlapsWithAlreadyPeeredVnet; two that overlap each other are an issue of the result."""
        for owner, remote in (pair, pair[::-1]):
            own = readable_prefixes(owner.prefixes)
            for peer, space in peered_spaces(network, remote.id):
                for mine, far in ((mine, far) for mine in own for far in space if mine.overlaps(far)):
                    message = (
                        f"{owner.name} {mine} overlaps {peer.name} {far}, and {remote.name} is peered with that already"
                    )
                    raise self.position.error("VNS4009", message, "renumber one, or remove the other peering first")


class RemovePeering(Struct, frozen=True):
    """Both links; or the one that is there, in whatever state."""

    vnets: tuple[str, str]
    position: Position

    @classmethod
    def read(cls, value: object, position: Position) -> RemovePeering:
        return cls(_two_names(Body.of(value, position, keys=("vnets",))), position)

    def apply(self, snapshot: Snapshot) -> Snapshot:
        one, other = pair = _pair(snapshot, self.vnets, self.position)
        gone = {link.id for link in _links(pair)}
        for owner in pair if gone else ():
            links = tuple(link for link in owner.virtual_network_peerings if link.id not in gone)
            snapshot = snapshot.with_resource(owner.model_copy(update={"virtual_network_peerings": links}))
        if _is_peered(build_network(snapshot), pair):
            message = f"a network manager peers {one.name} and {other.name}, and would do so again"
            raise self.position.error("VNS4009", message, "change its configuration")
        if not gone:
            raise self.position.error("VNS4008", f"{one.name} and {other.name} are not peered", _peers(one))
        return snapshot


def _two_names(body: Body) -> tuple[str, str]:
    names = body.texts("vnets")
    if len(names) != 2:
        message = f"a peering joins two virtual networks, vnets names {len(names)}"
        raise (body.position / "vnets").error("VNS4004", message, "write vnets: [NAME, NAME]")
    return names[0], names[1]


def _pair(snapshot: Snapshot, names: tuple[str, str], position: Position) -> Pair:
    place = position / "vnets"
    one, other = (find(snapshot, VirtualNetwork, "virtual network", name, place / at) for at, name in enumerate(names))
    if one.id == other.id:
        raise (place / 1).error("VNS4004", f"both are {one.name}", "name two virtual networks")
    return one, other


def _links(pair: Pair) -> Iterator[VirtualNetworkPeering]:
    """The links between the two, whatever their state."""
    for owner, remote in (pair, pair[::-1]):
        yield from (link for link in owner.virtual_network_peerings if link.remote_virtual_network == remote.id)


def _is_peered(network: Network, pair: Pair) -> bool:
    """With what network managers make and remove."""
    one, other = pair
    return (one.id, other.id) in network.peerings


def _link(owner: VirtualNetwork, remote: VirtualNetwork, *, forwarded_traffic: bool) -> VirtualNetworkPeering:
    taken = {link.name.lower() for link in owner.virtual_network_peerings}
    identity = owner.id.child("virtualNetworkPeerings", free_name(f"{owner.name}-to-{remote.name}", taken))
    return VirtualNetworkPeering(
        id=identity,
        name=identity.name,
        remote_virtual_network=remote.id,
        allow_forwarded_traffic=forwarded_traffic,
    )


def _peers(held: VirtualNetwork) -> str:
    names = sorted({link.remote_virtual_network.name for link in held.virtual_network_peerings})
    return f"{held.name} is peered with {', '.join(names)}" if names else f"{held.name} has no peerings"
