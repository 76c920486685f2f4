"""Whether what leaves by a public address takes the public network early, which has prices of its own.

Learn: azure/virtual-network/ip-services/routing-preference-overview
"""

from __future__ import annotations

from simulator.azure.network_interface import IpTag, PublicIpAddress
from simulator.azure.resource import ResourceId
from simulator.network.memo import per_network
from simulator.network.model import Network
from simulator.network.outbound import Outbound
from simulator.space.addresses import format_address


def prefers_internet(network: Network, endpoint: ResourceId | None, way: Outbound | None) -> bool:
    """Is ``Internet`` the preference of the addresses that the endpoint leaves by? Unsaid, it is Microsoft's network.

    `way` is the way out that was asked; without one the endpoint answers by its own public addresses.
    """
    if way is not None and way.pool is not None:
        addresses = [format_address(prefix.low) for prefix in way.pool]
    else:
        held = network.endpoint(endpoint) if endpoint is not None else None
        addresses = [*held.public_addresses] if held is not None else []
    return any(address in _internet_addresses(network) for address in addresses)


def _is_internet(tag: IpTag) -> bool:
    return tag.ip_tag_type.lower() == "routingpreference" and tag.tag.lower() == "internet"


@per_network
def _internet_addresses(network: Network) -> frozenset[str]:
    return frozenset(
        held.ip_address
        for held in network.snapshot.all(PublicIpAddress)
        if held.ip_address is not None and any(_is_internet(tag) for tag in held.ip_tags)
    )
