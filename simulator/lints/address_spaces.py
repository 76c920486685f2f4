"""Lints of address spaces that overlap where something joins them without a peering between the two.

Peered networks that overlap are an issue of the network (VNS2003).
Learn: azure/virtual-network/virtual-network-peering-overview,
azure/virtual-network-manager/concept-connectivity-configuration
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from simulator.azure.resource import ResourceId
from simulator.lints.finding import Finding
from simulator.lints.wording import listed
from simulator.network.managers.connected_groups import connected_groups
from simulator.network.model import Network
from simulator.network.peerings import gateways_serving
from simulator.network.prefixes import readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix


def overlapping_spaces(network: Network) -> Iterator[Finding]:
    yield from _peers_of_one(network)
    yield from _connected(network)
    yield from _premises(network)


def _peers_of_one(network: Network) -> Iterator[Finding]:
    """Two networks that are peered to the same third one: it can route to one of them only."""
    for hub, links in network.links.items():
        peers = sorted({link.remote_virtual_network for link in links} & network.virtual_networks.keys())
        for one, other, shared in _overlapping(network, peers):
            if (one, other) not in network.peerings:
                message = (
                    f"{one.name} and {other.name}, both peered to {hub.name}, share {listed(shared)}: {hub.name} "
                    "reaches one of them there"
                )
                yield Finding("warning", "VNS6060", message, str(one), "renumber one of them", (other, hub))


def _connected(network: Network) -> Iterator[Finding]:
    groups = {
        (group.group, frozenset((held.id, *group.members)))
        for held in network.snapshot.virtual_networks
        for group in connected_groups(network, held.id)
    }
    told: set[tuple[ResourceId, ResourceId, ResourceId]] = set()
    for group, members in sorted(groups, key=lambda held: (held[0], sorted(held[1]))):
        for one, other, shared in _overlapping(network, sorted(members)):
            if (group, one, other) not in told:
                told.add((group, one, other))
                message = (
                    f"{one.name} and {other.name} of the connected group {group.name} share {listed(shared)}: what its "
                    "members send there is dropped"
                )
                hint = "renumber one of them, or take one out of the group"
                yield Finding("warning", "VNS6060", message, str(one), hint, (other, group))


def _overlapping(
    network: Network, identities: Iterable[ResourceId]
) -> Iterator[tuple[ResourceId, ResourceId, list[str]]]:
    """Pairs of the networks that share prefixes, and which."""
    spaces = [(identity, readable_prefixes(network.virtual_networks[identity].prefixes)) for identity in identities]
    for (one, own), (other, far) in combinations(spaces, 2):
        shared = [str(max(a, b, key=lambda held: held.length)) for a in own for b in far if a.overlaps(b)]
        if shared:
            yield one, other, shared


def _premises(network: Network) -> Iterator[Finding]:
    """Prefixes behind a gateway within a network that it serves: the network's own route wins, however long theirs is.

    A larger prefix than the network's, such as all of 10.0.0.0/8, is usual and says nothing.
    """
    for held in network.snapshot.virtual_networks:
        own = readable_prefixes(held.prefixes)
        for gateway in gateways_serving(network, held.id):
            beyond = {str(prefix): prefix for prefix in _behind(network, gateway.id)}
            lost = [text for text, prefix in beyond.items() if any(part.covers(prefix) for part in own)]
            if lost:
                message = (
                    f"{held.name}: {listed(lost)} behind {gateway.name} lies in its own address space, so the hosts "
                    "there cannot be reached from it"
                )
                yield Finding("warning", "VNS6061", message, str(held.id), "renumber one of the two", (gateway.id,))


def _behind(network: Network, gateway: ResourceId) -> Iterator[Prefix]:
    texts = [
        text for site in network.snapshot.declarations.on_premises if site.gateway == gateway for text in site.prefixes
    ]
    texts += [route.prefix for held in network.gateways if held.id == gateway for route in held.known_routes]
    return (prefix for text in texts if (prefix := readable_prefix(text)) is not None)
