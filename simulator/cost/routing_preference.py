"""Whether what leaves by a public address takes the public network early, which has prices of its own.

Learn: azure/virtual-network/ip-services/routing-preference-overview
"""

from __future__ import annotations

from simulator.azure.nat_gateway import PublicIpPrefix
from simulator.azure.network_interface import IpTag, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.outbound import Outbound
from simulator.network.prefixes import host_prefix, readable_prefix, readable_prefixes
from simulator.space.addresses import Prefix


def prefers_internet(network: Network, endpoint: ResourceId | None, way: Outbound | None) -> bool:
    """Is ``Internet`` the preference of the addresses that the endpoint leaves by? Unsaid, it is Microsoft's network.

    `way` is the way out that was asked; without one the endpoint answers by its own public addresses.
    """
    if way is not None and way.pool is not None:
        leaves_by = way.pool
    else:
        held = network.endpoint(endpoint) if endpoint is not None else None
        leaves_by = tuple(readable_prefixes(held.public_addresses)) if held is not None else ()
    return any(held.overlaps(preferring) for held in leaves_by for preferring in _internet_addresses(network))


def _is_internet(tag: IpTag) -> bool:
    return tag.ip_tag_type.lower() == "routingpreference" and tag.tag.lower() == "internet"


@per_network
def _internet_addresses(network: Network) -> tuple[Prefix, ...]:
    """Of public addresses, and of prefixes of them, that prefer it."""
    addresses = (
        host_prefix(held.ip_address or "")
        for held in network.snapshot.all(PublicIpAddress)
        if any(map(_is_internet, held.ip_tags))
    )
    ranges = (
        readable_prefix(held.ip_prefix or "")
        for held in network.snapshot.all(PublicIpPrefix)
        if any(map(_is_internet, held.ip_tags))
    )
    return tuple(found for found in (*addresses, *ranges) if found is not None)
